// Making and changing models.

import { $, api, during, pageData, say } from "./common.js";

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

$("rules")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  const rules = pageData(); // what a program has set, such as a sum's tolerance, stays as it is
  for (const row of form.querySelectorAll("[data-field]")) {
    const name = row.dataset.field;
    const [required, pattern] = [row.querySelector("[name=required]").checked, row.querySelector("[name=pattern]").value.trim()];
    const rule = { ...rules.fields[name], required, pattern };
    if (required || pattern || rule.confidence != null) rules.fields[name] = rule;
    else delete rules.fields[name];
    const parts = split(row.querySelector("[name=parts]")?.value ?? "", ",");
    const sum = rules.sums.find((one) => one.total === name);
    if (parts.length && sum) sum.parts = parts;
    else if (parts.length) rules.sums.push({ total: name, parts });
    else rules.sums = rules.sums.filter((one) => one !== sum);
  }
  rules.confidence = Number(form.elements.least.value) / 100;
  rules.approve = form.elements.approve.checked;
  $("rules-problem").hidden = true;
  during(form.querySelector("button"), async () => {
    try {
      await api("PUT", `/api/v1/models/${form.dataset.model}/rules`, rules);
      say("The rules are saved. They hold for what is read from now on.");
    } catch (error) {
      $("rules-problem").textContent = error.message;
      $("rules-problem").hidden = false;
    }
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
