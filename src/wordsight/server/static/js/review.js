// One doubtful file: correct its fields, accept it with one key.

import { $, api, during, el, isTyping, pageData, svg } from "./common.js";
import { pictureOf, percent, sureness } from "./sheets.js";
import { Viewer, bindZoom, points } from "./viewer.js";

const found = document.querySelector("[data-json]") && pageData();
if (found?.file) start(found);

function start({ file, labels }) {
  const viewer = new Viewer($("stage"), "Picture that was read");
  const pages = file.pages.map((page) => ({ page, boxes: structuredClone(page.corrected ?? page.fields), changed: false }));
  bindZoom(viewer);
  let shown = 0;

  function field(entry, box, outline) {
    const confidence = box.score ?? 1;
    const light = (on) => () => outline.classList.toggle("lit", on);
    const edit = (name) => (event) => {
      box[name] = event.target.value;
      entry.changed = true;
    };
    const options = labels.map((name) => el("option", { value: name, selected: name === box.label }, name));
    const drop = () => {
      entry.boxes.splice(entry.boxes.indexOf(box), 1);
      entry.changed = true;
      show(shown);
    };
    const look = () => {
      light(true)();
      viewer.zoomTo(box.quad, 5);
    };
    return el("li", { class: labels.length < 2 ? "one" : "", onfocusin: look, onfocusout: light(false), onpointerenter: light(true), onpointerleave: light(false) },
      el("select", { "aria-label": "Label", hidden: labels.length < 2, onchange: edit("label") }, ...options),
      el("input", { "aria-label": `Text of ${box.label}`, value: box.text ?? "", spellcheck: "false", autocomplete: "off", oninput: edit("text") }),
      el("button", { type: "button", class: "small quiet", "aria-label": `Delete ${box.label}`, onclick: drop }, "✕"),
      el("span", { class: `note ${confidence < 0.6 ? "problem" : "soft"}` }, `${percent(confidence)} sure`));
  }

  function show(index) {
    shown = index;
    const entry = pages[index];
    viewer.show(pictureOf(file, entry.page), entry.page.width, entry.page.height);
    const outlines = entry.boxes.map((box) => svg("polygon", { points: points(box.quad), class: sureness(box.score ?? 1) }));
    viewer.layer.replaceChildren(...outlines);
    $("fields").replaceChildren(...entry.boxes.map((box, number) => field(entry, box, outlines[number])));
    if (!entry.boxes.length) $("fields").append(el("li", {}, el("span", { class: "note soft" }, "No field was found. Reject it, or label the picture.")));
  }

  const decide = (approval) => during($(approval === "approved" ? "accept" : "reject"), async () => {
    for (const entry of pages.filter((one) => one.changed)) {
      await api("PUT", `/api/v1/pages/${entry.page.id}/boxes`, { boxes: entry.boxes });
    }
    await api("POST", `/api/v1/files/${file.id}/approval`, { approval });
    location.reload();
  });

  $("sheet").hidden = pages.length < 2;
  $("sheet").replaceChildren(...pages.map(({ page }, index) => el("option", { value: index }, `Page ${page.number + 1}`)));
  $("sheet").addEventListener("change", () => show(Number($("sheet").value)));
  $("problems").replaceChildren(...file.problems.map((problem) => el("li", {}, typeof problem === "string" ? problem : problem.message ?? JSON.stringify(problem))));
  $("accept").addEventListener("click", () => decide("approved"));
  $("reject").addEventListener("click", () => decide("rejected"));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey && event.key === "Enter") decide("approved");
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "a") decide("approved");
    if (event.key === "r") decide("rejected");
    if (event.key === "l" || event.key === "PageDown") $("skip")?.click();
  });
  if (pages.length) show(0);
}
