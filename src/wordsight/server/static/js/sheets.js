// What was read: sheets (pages of files) with boxes over the picture and text beside it.

import { $, copyText, el, saveFile, svg } from "./common.js";
import { Viewer, bindZoom, points } from "./viewer.js";

const SURE = 0.9;
const DOUBTFUL = 0.6;
export const LARGEST_SHOWN = 2400;

/** How sure a reading is, as the class of its box and text. */
export const sureness = (confidence) => (confidence >= SURE ? "sure" : confidence >= DOUBTFUL ? "unsure" : "doubtful");
export const percent = (share) => `${Math.floor(share * 100)} %`;
export const pictureOf = (file, page) =>
  `/api/v1/files/${file.id}/picture?page=${page.number}&width=${Math.min(LARGEST_SHOWN, Math.max(16, page.width))}`;

/** The readings of a page, fields or words, all in one form. */
function readings(page) {
  const fields = page.corrected ?? page.fields;
  if (fields.length) {
    return fields.map((box) => ({ name: box.label, text: box.text ?? "", quad: box.quad, confidence: box.score ?? 1 }));
  }
  return page.words;
}

/** Words as lines, by the line breaks of the page's text. */
function lines(page) {
  const found = [[]];
  let cursor = 0;
  page.words.forEach((word, index) => {
    const at = page.text.indexOf(word.text, cursor);
    if (at >= 0) {
      if (index && page.text.slice(cursor, at).includes("\n")) found.push([]);
      cursor = at + word.text.length;
    }
    found.at(-1).push(index);
  });
  return found;
}

export class Sheets {
  constructor(searched = []) {
    this.sheets = [];
    this.searched = searched.map((word) => word.toLowerCase());
    this.viewer = new Viewer($("stage"), "Picture; drag moves it, the wheel zooms");
    bindZoom(this.viewer);
    $("sheet").addEventListener("change", () => this.show(Number($("sheet").value)));
    $("copy")?.addEventListener("click", () => copyText(this.#plain(this.sheets[this.shown])));
    $("doubtful")?.addEventListener("click", () => this.#nextDoubtful());
    for (const button of document.querySelectorAll("[data-save]")) {
      button.addEventListener("click", () => this.#save(button.dataset.save));
    }
  }

  /** Add all pages of a file; shows the first of them. */
  add(file) {
    const first = this.sheets.length;
    for (const page of file.pages) this.sheets.push({ file, page });
    $("sheet").replaceChildren(
      ...this.sheets.map(({ file: { name, pages }, page }, index) =>
        el("option", { value: index }, pages.length > 1 ? `${name}, page ${page.number + 1}` : name),
      ),
    );
    $("sheet").hidden = this.sheets.length < 2;
    if (file.pages.length) this.show(first);
  }

  show(index) {
    this.shown = index;
    $("sheet").value = index;
    const { file, page } = this.sheets[index];
    this.viewer.show(pictureOf(file, page), page.width, page.height);
    this.items = readings(page);
    for (const link of document.querySelectorAll("[data-document]")) {
      link.href = `/api/v1/files/${file.id}/document?kind=${link.dataset.document}`;
    }
    this.boxes = this.items.map((item, number) =>
      svg("polygon", { points: points(item.quad), class: this.#classOf(item) }, svg("title", {}, this.#told(item))),
    );
    this.words = this.items.map((item) =>
      el("span", { class: `word ${this.#classOf(item)}`, title: this.#told(item) }, item.text || "(no text)"),
    );
    this.viewer.layer.replaceChildren(...this.boxes);
    this.#write(page);
    this.items.forEach((_, number) => this.#connect(number));
    this.last = -1;
  }

  #classOf(item) {
    const hit = this.searched.some((word) => item.text.toLowerCase().includes(word));
    return sureness(item.confidence) + (hit ? " hit" : "");
  }

  #told(item) {
    return `${item.name ? `${item.name}: ` : ""}${item.text}, ${percent(item.confidence)} sure`;
  }

  #write(page) {
    const named = this.items.some((item) => item.name);
    const shown = named
      ? this.items.map((item, index) =>
          el("p", {}, el("span", { class: "field-name" }, `${item.name}, ${percent(item.confidence)} sure`), this.words[index]))
      : lines(page).map((line) => el("p", {}, ...line.flatMap((index) => [this.words[index], " "])));
    $("text").replaceChildren(...(this.items.length ? shown : [el("p", { class: "soft" }, "No text was found in this picture.")]));
    const doubtful = this.items.filter((item) => item.confidence < DOUBTFUL).length;
    const what = named ? "fields" : "words";
    $("summary").textContent = `${this.items.length} ${what}, ${doubtful ? `${doubtful} doubtful: check ${doubtful === 1 ? "it" : "them"}` : "none doubtful"}.`;
    if ($("doubtful")) $("doubtful").disabled = !doubtful;
  }

  #connect(number) {
    for (const part of [this.boxes[number], this.words[number]]) {
      part.addEventListener("pointerenter", () => this.#light(number, true));
      part.addEventListener("pointerleave", () => this.#light(number, false));
    }
    this.words[number].addEventListener("click", () => this.viewer.zoomTo(this.items[number].quad));
    this.boxes[number].addEventListener("click", () => this.words[number].scrollIntoView({ block: "nearest" }));
  }

  #light(number, on) {
    this.boxes[number].classList.toggle("lit", on);
    this.words[number].classList.toggle("lit", on);
  }

  #nextDoubtful() {
    const order = this.items.map((item, index) => (item.confidence < DOUBTFUL ? index : -1)).filter((index) => index >= 0);
    if (this.last >= 0) this.#light(this.last, false);
    this.last = order.find((index) => index > this.last) ?? order[0];
    this.#light(this.last, true);
    this.words[this.last].scrollIntoView({ block: "nearest" });
    this.viewer.zoomTo(this.items[this.last].quad, 4);
  }

  #plain({ page }) {
    const fields = page.corrected ?? page.fields;
    return fields.length ? fields.map((box) => `${box.label}: ${box.text ?? ""}`).join("\n") : page.text;
  }

  #save(kind) {
    const stem = this.sheets[this.shown].file.name.replace(/\.[^.]*$/, "") || "text";
    if (kind === "txt") saveFile(`${stem}.txt`, "text/plain", this.sheets.map((sheet) => this.#plain(sheet)).join("\n\f") + "\n");
    if (kind === "json") saveFile(`${stem}.json`, "application/json", JSON.stringify([...new Set(this.sheets.map((sheet) => sheet.file))], null, 1));
    if (kind === "csv") saveFile(`${stem}.csv`, "text/csv", "\ufeff" + this.#rows().map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n");
  }

  #rows() {
    const head = ["file", "page", "label", "text", "confidence", "x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4"];
    const rows = this.sheets.flatMap(({ file, page }) =>
      readings(page).map((item) => [file.name, page.number + 1, item.name ?? "", item.text, item.confidence, ...item.quad.flat()]));
    return [head, ...rows];
  }
}

/** A cell of a CSV file that no spreadsheet takes for a formula. */
function cell(value) {
  const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) && Number.isNaN(Number(value)) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
