// The page on which the fields of one picture are marked. Saves by itself.

import { $, api, during, el, isTyping, pageData, say } from "./common.js";
import { COLOURS, Editor, freshId } from "./editor.js";
import * as quads from "./quads.js";
import { bindZoom } from "./viewer.js";

const PAUSE = 400; // milliseconds without a change before it is saved
const LARGEST_SHOWN = 2400;
const data = pageData();
const address = `/api/v1/models/${data.model}/pictures/${data.picture.id}`;
const { width, height } = data.picture;
const editor = new Editor($("stage"), data.labels);
let revision = data.picture.revision;
let timer = 0;
let saving = Promise.resolve();
let dirty = false;
let broken = false;
let draft = false; // boxes that the model has put there and nobody has looked at: they are saved by going on

// ---------------------------------------------------------------------------------------------------------- saving

function later() {
  dirty = true;
  draft = false;
  $("saved").textContent = "…";
  clearTimeout(timer);
  timer = setTimeout(save, PAUSE);
}

function save() {
  clearTimeout(timer);
  saving = saving.then(async () => {
    if (!dirty || broken) return;
    dirty = false;
    try {
      const boxes = editor.boxes.map(({ id, label, quad, text }) => ({ id, label, quad, text: text || null }));
      const saved = await api("PUT", `${address}/boxes`, { boxes, revision }, { keepalive: true });
      revision = saved.revision;
      $("saved").textContent = "Saved";
    } catch (error) {
      dirty = true;
      $("saved").textContent = "Not saved";
      broken = error.status === 409;
      say(error.message, true);
    }
  });
  return saving;
}

async function go(link) {
  await save();
  if (!dirty) location.assign(link);
}

addEventListener("beforeunload", (event) => {
  if (dirty && !broken) {
    save();
    event.preventDefault();
  }
});

// ------------------------------------------------------------------------------------------------- the list beside

function row(box) {
  const labels = data.labels.map((name) => el("option", { value: name, selected: name === box.label }, name));
  const choose = () => editor.chosen !== box.id && editor.choose(box.id);
  const text = el("input", {
    "aria-label": `Text of ${box.label}`, value: box.text ?? "", placeholder: "what it says", autocomplete: "off", spellcheck: "false",
    onfocus: choose,
    oninput: (event) => editor.edit({ text: event.target.value }, "text"),
    onkeydown: (event) => {
      if (event.key === "Enter" || event.key === "Escape") editor.viewer.root.focus();
    },
  });
  const select = el("select", { "aria-label": "Label", hidden: data.labels.length < 2, onfocus: choose, onchange: (event) => editor.edit({ label: event.target.value }) }, ...labels);
  const remove = () => {
    editor.choose(box.id);
    editor.remove();
    editor.viewer.root.focus();
  };
  return el("li", { "data-id": box.id, class: data.labels.length < 2 ? "one" : "" }, select, text,
    el("button", { type: "button", class: "small quiet", title: "Delete", "aria-label": `Delete ${box.label}`, onclick: remove }, "✕"));
}

function list() {
  const typing = document.activeElement.closest?.("#boxes li")?.dataset.id;
  const rows = [...$("boxes").children];
  const same = rows.length === editor.boxes.length && rows.every((item, index) => item.dataset.id === editor.boxes[index].id);
  if (!same) $("boxes").replaceChildren(...editor.boxes.map(row));
  [...$("boxes").children].forEach((item, index) => {
    const box = editor.boxes[index];
    item.classList.toggle("chosen", box.id === editor.chosen);
    item.querySelector("select").value = box.label;
    if (item.dataset.id !== typing) item.querySelector("input").value = box.text ?? "";
  });
  $("hint").hidden = editor.boxes.length > 0;
  $("undo").disabled = !editor.past.length;
  $("redo").disabled = !editor.future.length;
  for (const button of $("labels").children) button.setAttribute("aria-pressed", String(button.dataset.label === editor.label));
}

function label(name) {
  editor.label = name;
  if (editor.box) editor.edit({ label: name });
  list();
}

const toText = () => document.querySelector("#boxes li.chosen input")?.select();

// -------------------------------------------------------------------------------------------------------- pre-fill

/** What is new to a picture without boxes, before anybody has asked for it. */
async function fillIn() {
  if (data.picture.state !== "new" || data.picture.boxes.length) return;
  let found;
  try {
    found = await api("GET", `${address}/suggestion`);
  } catch {
    return; // nobody has asked; the button says what is wrong
  }
  if (editor.boxes.length || dirty) return;
  const fields = found.fields.filter((box) => data.labels.includes(box.label));
  editor.hints = found.words;
  editor.boxes = fields.map(({ label: name, quad, text }) => ({ id: freshId(), label: name, quad, text }));
  draft = fields.length > 0;
  editor.draw();
  list();
  if (draft) $("saved").textContent = `Filled in by the model: correct ${fields.length === 1 ? "it" : "them"}, then go on`;
}

/** The model chooses which picture comes next: one that it doubts, unlike those that are labelled. */
async function chooseNext() {
  if (!data.trained || !data.nextNew) return;
  try {
    const chosen = await api("GET", `/api/v1/models/${data.model}/next-picture?besides=${data.picture.id}`);
    if (!chosen.picture) return;
    $("next").href = `/models/${data.model}/label/${chosen.picture}`;
    $("why").textContent = `Next comes the picture that teaches most, of ${chosen.looked} that the model has looked at: one that it doubts, unlike those that are labelled.`;
  } catch { /* the next one in order is as good a choice */ }
}

async function suggest() {
  $("suggest").textContent = "Reading …";
  const found = await during($("suggest"), () => api("GET", `${address}/suggestion`));
  $("suggest").textContent = "Pre-fill";
  if (!found) return;
  if (found.fields.length) {
    const old = editor.boxes.map((box) => box.quad);
    const fresh = found.fields.filter((box) => data.labels.includes(box.label) && !old.some((quad) => quads.holds(quad, quads.middle(box.quad))));
    fresh.forEach((box) => editor.add(box.quad, box.text, box.label));
    say(fresh.length === 1 ? "One field was filled in. Correct what is wrong." : `${fresh.length} fields were filled in. Correct what is wrong.`);
    return;
  }
  editor.hints = found.words;
  editor.draw();
  say(found.words.length ? `${found.words.length} words were found. Click one to make it a field, or draw around several.` : "No text was found.");
}

// ------------------------------------------------------------------------------------------------------------ keys

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function arrow(event) {
  const { box } = editor;
  if (!box) return;
  const step = Math.max(1, Math.round(editor.viewer.unit)) * (event.ctrlKey ? 10 : 1);
  const [dx, dy] = ARROWS[event.key].map((value) => value * step);
  editor.place(event.shiftKey ? quads.grow(box.quad, dx, dy) : quads.move(box.quad, dx, dy), event.shiftKey ? "grow" : "nudge");
}

const KEYS = {
  n: () => editor.addInTheMiddle(),
  s: suggest,
  z: () => editor.box && editor.viewer.zoomTo(editor.box.quad),
  ",": () => editor.step(-1),
  ".": () => editor.step(1),
  "[": () => editor.box && editor.place(quads.rotate(editor.box.quad, -1), "turn"),
  "]": () => editor.box && editor.place(quads.rotate(editor.box.quad, 1), "turn"),
  Delete: () => editor.remove(),
  Backspace: () => editor.remove(),
  Escape: () => editor.choose(null),
  PageDown: () => $("next").click(),
  PageUp: () => $("previous")?.click(),
};

function onKey(event) {
  const command = event.ctrlKey || event.metaKey;
  if (isTyping(event) && !event.key.startsWith("Page")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (command && (key === "z" || key === "y")) {
    if (key === "y" || event.shiftKey) editor.redo();
    else editor.undo();
  } else if (ARROWS[key] && editor.box) {
    arrow(event);
  } else if (key === "Enter" && editor.box && !event.target.closest("a, button, summary")) {
    toText();
  } else if (!command && /^[1-9]$/.test(key) && data.labels[key - 1]) {
    label(data.labels[key - 1]);
  } else if (!command && KEYS[key]) {
    KEYS[key]();
  } else {
    return;
  }
  event.preventDefault();
}

// ----------------------------------------------------------------------------------------------------------- start

$("labels").replaceChildren(...data.labels.map((name, index) =>
  el("button", { type: "button", "data-label": name, "aria-pressed": "false", onclick: () => label(name) },
    el("span", { class: `dot c${index % COLOURS}` }), index < 9 ? `${index + 1} ${name}` : name)));
editor.addEventListener("change", () => {
  list();
  later();
});
editor.addEventListener("choose", list);
editor.addEventListener("drawn", toText);
$("undo").addEventListener("click", () => editor.undo());
$("redo").addEventListener("click", () => editor.redo());
$("new-box").addEventListener("click", () => editor.addInTheMiddle());
$("suggest").addEventListener("click", suggest);
$("nothing").addEventListener("click", async () => {
  if (editor.boxes.length) editor.change([]);
  dirty = true;
  await go($("next").href);
});
for (const link of document.querySelectorAll("#label a, .tabs a")) {
  link.addEventListener("click", (event) => {
    if (draft && link.id === "next") dirty = true;
    if (!dirty || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    go(link.href);
  });
}
document.addEventListener("keydown", onKey);
bindZoom(editor.viewer);
editor.open(`${address}/image?width=${Math.min(LARGEST_SHOWN, Math.max(16, width))}`, width, height, data.picture.boxes);
list();
addEventListener("resize", () => editor.draw());
fillIn().then(chooseNext);
