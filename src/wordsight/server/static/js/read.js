// The page that reads pictures at once, with a model or without.

import { $, during, el, takeFiles, upload } from "./common.js";
import { Sheets } from "./sheets.js";

const page = $("reading");
if (page) start();

function start() {
  const most = Number(page.dataset.most);
  const query = page.dataset.model ? `?model=${encodeURIComponent(page.dataset.model)}` : "";
  let sheets = null;
  let queue = Promise.resolve();

  const problem = (name, reason) => $("problems").append(el("li", {}, `${name}: ${reason}`));

  async function read(file) {
    if (file.size > most) {
      problem(file.name, `has ${file.size} bytes, ${most} are allowed`);
      return;
    }
    $("busy").hidden = false;
    $("busy-text").textContent = `Reading ${file.name} …`;
    const form = new FormData();
    form.append("file", file, file.name);
    try {
      const reply = await upload(`/api/v1/read${query}`, form, () => {});
      reply.failed.forEach(({ name, reason }) => problem(name, reason));
      page.classList.add("has-result");
      $("shown").hidden = false;
      sheets ??= new Sheets();
      reply.files.forEach((done) => sheets.add(done));
    } catch (error) {
      problem(file.name, error.message);
    } finally {
      $("busy").hidden = true;
    }
  }

  $("example")?.addEventListener("click", () => during($("example"), async () => {
    const reply = await fetch("/example");
    await read(new File([await reply.blob()], "example.jpg", { type: "image/jpeg" }));
  }));
  takeFiles($("drop"), [$("files"), $("photo")], (files) => {
    $("problems").replaceChildren();
    for (const file of files) queue = queue.then(() => read(file));
  });
}
