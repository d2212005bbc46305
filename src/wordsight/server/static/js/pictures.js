// Uploading many pictures: two at a time, each told apart when it fails.

import { $, el, say, takeFiles, upload } from "./common.js";

const AT_ONCE = 2;
const model = $("drop").dataset.model;

takeFiles($("drop"), [$("files")], async (files) => {
  $("problems").replaceChildren();
  $("uploading").hidden = false;
  const waiting = [...files];
  const parts = new Map();
  let done = 0;
  let failed = 0;
  const show = () => {
    const under = [...parts.values()].reduce((sum, part) => sum + part, 0);
    $("upload-bar").value = (done + under) / files.length;
    $("upload-text").textContent = `${done} of ${files.length}${failed ? `, ${failed} not taken` : ""}`;
  };
  const problem = (name, reason) => {
    failed += 1;
    $("problems").append(el("li", {}, `${name}: ${reason}`));
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
  if (failed) say(`${files.length - failed} pictures were taken, ${failed} were not. Load the page again to see them.`, true);
  else location.reload();
});
