// Uploading many pictures: two at a time, each told apart when it fails; and importing an annotated set.

import { $, el, takeFiles, upload } from "./common.js";

const AT_ONCE = 2;
const MOST_PROBLEMS = 200; // shown of one upload
const model = $("drop").dataset.model;
let failed = 0;

function start() {
  failed = 0;
  $("problems").replaceChildren();
  $("imported").hidden = true;
  $("uploading").hidden = false;
}

function problem(name, reason) {
  failed += 1;
  if (failed <= MOST_PROBLEMS) $("problems").append(el("li", {}, name ? `${name}: ${reason}` : reason));
  else if (failed === MOST_PROBLEMS + 1) $("problems").append(el("li", {}, "… and more"));
}

takeFiles($("drop"), [$("files")], async (files) => {
  start();
  const waiting = [...files];
  const parts = new Map();
  let done = 0;
  const show = () => {
    const under = [...parts.values()].reduce((sum, part) => sum + part, 0);
    $("upload-bar").value = (done + under) / files.length;
    $("upload-text").textContent = `${done} of ${files.length}${failed ? `, ${failed} not taken` : ""}`;
  };

  async function work() {
    for (let file = waiting.shift(); file; file = waiting.shift()) {
      const form = new FormData();
      form.append("file", file, file.name);
      try {
        const reply = await upload(`/api/v1/models/${model}/pictures`, form, (part) => {
          parts.set(file, part);
          show();
        });
        reply.failed.forEach(({ name, reason }) => problem(name, reason));
      } catch (error) {
        problem(file.name, error.message);
      }
      parts.delete(file);
      done += 1;
      show();
    }
  }
  show();
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  if (failed) taken(`${files.length - failed} of ${files.length} pictures were taken, ${failed} were not:`);
  else location.reload();
});

$("set").addEventListener("change", async () => {
  const [file] = $("set").files;
  $("set").value = "";
  if (!file) return;
  start();
  const form = new FormData();
  form.append("file", file, file.name);
  $("upload-text").textContent = `Sending ${file.name} …`;
  try {
    const reply = await upload(`/api/v1/models/${model}/pictures/import`, form, (part) => {
      if (part < 1) $("upload-bar").value = part;
      else $("upload-bar").removeAttribute("value");
      if (part === 1) $("upload-text").textContent = "Reading the pictures of the set …";
    });
    reply.failed.forEach(({ name, reason }) => problem(name, reason));
    const left = reply.failed.length ? " Not all of it could be taken:" : "";
    taken(`${reply.pictures} pictures with ${reply.boxes} boxes were taken from the set (${reply.format}).${left}`);
  } catch (error) {
    $("uploading").hidden = true;
    problem(file.name, error.message);
  }
});

/** What came of it stays to be read until the pictures are asked for. */
function taken(text) {
  $("uploading").hidden = true;
  $("imported").hidden = false;
  $("imported").replaceChildren(text, " ", el("a", { href: location.pathname }, "Show the pictures"));
}
