// Making and changing models.

import { $, api, during, say } from "./common.js";

const split = (text, by) => text.split(by).map((part) => part.trim()).filter(Boolean);

$("new-model")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  during(form.querySelector("button"), async () => {
    const body = { name: form.elements.name.value, labels: split(form.elements.labels.value, ",") };
    const made = await api("POST", "/api/v1/models", body);
    location.assign(`/models/${made.id}/pictures`);
  });
});

$("change-model")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  during(form.querySelector("button"), async () => {
    const body = { name: form.elements.name.value, labels: split(form.elements.labels.value, "\n") };
    await api("PATCH", `/api/v1/models/${form.dataset.model}`, body);
    location.reload();
  });
});

$("import")?.addEventListener("change", async (event) => {
  const [file] = event.target.files;
  const form = new FormData();
  form.append("file", file, file.name);
  say(`Importing ${file.name} …`);
  try {
    await api("POST", `/api/v1/models/${$("import").dataset.model}/versions`, form);
    location.reload();
  } catch (error) {
    say(error.message, true);
  }
  event.target.value = "";
});
