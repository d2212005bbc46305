// What every page uses: requests to the API, elements, messages, buttons that act.

const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";

/** Asks the API; gives the reply's JSON, or null where it has none. Throws an Error with the server's own words. */
export async function api(method, path, body, more = {}) {
  const headers = { "X-CSRF-Token": token };
  if (body !== undefined && !(body instanceof FormData)) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(body);
  }
  let reply;
  try {
    reply = await fetch(path, { method, headers, body, ...more });
  } catch {
    throw new Error("The service does not answer. Check that it runs, then try again.");
  }
  return finished(reply.status, await reply.text());
}

function finished(status, text) {
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch { /* not JSON: told by its status below */ }
  if (status === 401) location.assign(`/sign-in?next=${encodeURIComponent(location.pathname + location.search)}`);
  if (status >= 400) {
    throw Object.assign(new Error(sentence(value?.message ?? `The service answered ${status}. Try again.`)), { status });
  }
  return value;
}

/** Sends a form and tells how much of it is under way, 0 to 1. */
export function upload(path, form, tell) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", path);
    request.setRequestHeader("X-CSRF-Token", token);
    request.upload.addEventListener("progress", (event) => event.lengthComputable && tell(event.loaded / event.total));
    request.addEventListener("error", () => reject(new Error("The connection broke. Try again.")));
    request.addEventListener("load", () => {
      try {
        resolve(finished(request.status, request.responseText));
      } catch (error) {
        reject(error);
      }
    });
    request.send(form);
  });
}

const SVG = "http://www.w3.org/2000/svg";

function fill(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children); // text becomes text nodes, never markup
  return made;
}

export const el = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);
export const svg = (name, attributes = {}, ...children) =>
  fill(document.createElementNS(SVG, name), attributes, children);
export const $ = (id) => document.getElementById(id);
export const pageData = () => JSON.parse(document.querySelector("[data-json]").dataset.json);

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

/** Shows a message for a while; problems stay until the next one. */
export function say(text, bad = false) {
  const shown = el("p", { class: bad ? "bad" : "" }, text);
  $("messages").replaceChildren(shown);
  if (!bad) setTimeout(() => shown.remove(), 4000);
}

/** Asks before something that cannot be undone. */
export function ask(text) {
  const dialog = $("ask");
  $("ask-text").textContent = text;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }),
  );
}

/** Runs something that may fail with its button disabled; says what was wrong. */
export async function during(button, act) {
  button.disabled = true;
  try {
    return await act();
  } catch (error) {
    say(error.message, true);
    return undefined;
  } finally {
    button.disabled = false;
  }
}

/** Lets files be dropped on an element, chosen with inputs, and pasted anywhere. */
export function takeFiles(zone, inputs, take) {
  for (const input of inputs) {
    input.addEventListener("change", () => {
      const files = [...input.files];
      input.value = "";
      if (files.length) take(files);
    });
  }
  const over = (on) => (event) => {
    event.preventDefault();
    zone.classList.toggle("over", on);
  };
  document.addEventListener("dragover", over(true));
  document.addEventListener("dragleave", over(false));
  document.addEventListener("drop", (event) => {
    over(false)(event);
    if (event.dataTransfer.files.length) take([...event.dataTransfer.files]);
  });
  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) take([...event.clipboardData.files]);
  });
}

export function saveFile(name, type, text) {
  const link = el("a", { href: URL.createObjectURL(new Blob([text], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

export async function copyText(text) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
  } else { // not offered over plain HTTP from another machine
    const area = el("textarea", { class: "sr" });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  say("Copied.");
}

export const isTyping = (event) => event.target.closest("input, select, textarea, dialog") !== null;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-act]");
  if (!button) return;
  const [method, path] = button.dataset.act.split(" ");
  if (button.dataset.ask && !(await ask(button.dataset.ask))) return;
  await during(button, async () => {
    await api(method, path, button.dataset.body ? JSON.parse(button.dataset.body) : undefined);
    if (button.dataset.then) location.assign(button.dataset.then);
    else location.reload();
  });
});

// Forms that scripts send stay inert until those scripts have run: a press before that would send them as a link.
addEventListener("DOMContentLoaded", () => document.querySelectorAll("form[inert]").forEach((form) => { form.inert = false; }));

for (const current of document.querySelectorAll("nav [aria-current]")) {
  current.scrollIntoView({ block: "nearest", inline: "center" }); // on a phone not all of them fit
}

for (const time of document.querySelectorAll("time[data-seconds]")) {
  const date = new Date(Number(time.dataset.seconds) * 1000);
  time.dateTime = date.toISOString();
  time.textContent = date.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}
