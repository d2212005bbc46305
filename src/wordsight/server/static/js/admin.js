// Keys and webhooks.

import { $, api, copyText, during, el } from "./common.js";

const DAY = 86400;

/** Shows a secret that is never to be seen again, with a button that copies it. */
function reveal(before, secret) {
  $("fresh").hidden = false;
  $("fresh").replaceChildren(before, el("br"), el("code", {}, secret), " ",
    el("button", { type: "button", class: "small", onclick: () => copyText(secret) }, "Copy"));
}

$("new-key")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  during(form.querySelector("button"), async () => {
    const days = form.elements.days?.value;
    const expires = days ? Date.now() / 1000 + Number(days) * DAY : null;
    const scopes = [form.dataset.scopes ?? form.elements.scope.value];
    const made = await api("POST", "/api/v1/keys", { name: form.elements.name.value, scopes, expires });
    reveal("The key, shown only now. Keep it where the program finds it:", made.secret);
    for (const code of document.querySelectorAll("pre code")) code.textContent = code.textContent.replaceAll("YOUR_KEY", made.secret);
  });
});

$("new-webhook")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.target;
  during(form.querySelector("button"), async () => {
    const events = [...form.querySelectorAll("[name=event]:checked")].map((box) => box.value);
    const body = { url: form.elements.url.value, events, model: form.elements.model.value || null };
    const made = await api("POST", "/api/v1/webhooks", body);
    reveal("Messages are signed with this secret, shown only now:", made.secret);
    form.reset();
  });
});

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => copyText($(button.dataset.copy).textContent));
}
