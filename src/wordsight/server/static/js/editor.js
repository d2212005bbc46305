// Boxes over a picture that can be drawn, moved, resized, rotated and undone, with the pointer or keys.

import { svg } from "./common.js";
import * as quads from "./quads.js";
import { Viewer, points } from "./viewer.js";

const SMALLEST = 4; // pixels of the screen that a box needs on both sides
const HANDLE = 6;
const STALK = 26; // pixels of the screen between the upper edge and the knob that turns
export const COLOURS = 8;
const MOST_UNDO = 200;

export const freshId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Fires "change" (boxes have changed), "choose" (another one is chosen) and "drawn" (a new one). */
export class Editor extends EventTarget {
  constructor(stage, labels) {
    super();
    this.viewer = new Viewer(stage, "Picture to mark; N makes a box, arrow keys move it");
    this.viewer.pans = (event) => event.shiftKey;
    this.labels = labels;
    this.label = labels[0];
    this.boxes = [];
    this.hints = [];
    this.chosen = null;
    this.past = [];
    this.future = [];
    const root = this.viewer.root;
    root.addEventListener("pointerdown", (event) => this.#press(event));
    root.addEventListener("pointermove", (event) => this.#drag(event));
    root.addEventListener("pointerup", () => this.#release());
    root.addEventListener("pointercancel", () => this.#cancel());
    root.addEventListener("twofingers", () => this.#cancel());
    root.addEventListener("viewchange", () => this.draw());
  }

  /** Start with a picture and its boxes; nothing can be undone yet. */
  open(source, width, height, boxes) {
    this.boxes = boxes;
    this.viewer.show(source, width, height);
    this.draw();
  }

  get box() {
    return this.boxes.find((box) => box.id === this.chosen) ?? null;
  }

  choose(id) {
    this.chosen = id;
    if (this.box) this.label = this.box.label;
    this.draw();
    this.dispatchEvent(new Event("choose"));
  }

  step(by) {
    if (!this.boxes.length) return;
    const index = this.boxes.findIndex((box) => box.id === this.chosen);
    this.choose(this.boxes.at((Math.max(index, by > 0 ? -1 : 0) + by) % this.boxes.length).id);
  }

  /** Replace the boxes in a way that can be undone; changes of one kind in a row are undone together. */
  change(boxes, kind = "") {
    if (!kind || kind !== this.kind) this.past.push(this.boxes);
    this.past.splice(0, this.past.length - MOST_UNDO);
    this.kind = kind;
    this.future = [];
    this.#set(boxes);
  }

  undo() {
    this.#swap(this.past, this.future);
  }

  redo() {
    this.#swap(this.future, this.past);
  }

  #swap(from, to) {
    if (!from.length) return;
    to.push(this.boxes);
    this.kind = "";
    this.#set(from.pop());
  }

  #set(boxes) {
    this.boxes = boxes;
    if (!this.box) this.chosen = null;
    this.draw();
    this.dispatchEvent(new Event("change"));
  }

  add(quad, text = null, label = this.label) {
    const id = freshId();
    const { width, height } = this.viewer.size;
    this.change([...this.boxes, { id, label, quad: quads.inside(quad, width, height), text: text ?? this.#readIn(quad) }]);
    this.choose(id);
    return id;
  }

  addInTheMiddle() {
    const { x, y, width, height } = this.viewer.view;
    // What happens to lie there is not meant yet, so its text is not taken.
    this.add(quads.between([x + width * 0.4, y + height * 0.45], [x + width * 0.6, y + height * 0.55]), "");
  }

  /** What the reader has found inside a quad. */
  #readIn(quad) {
    return this.hints.filter((hint) => quads.holds(quad, quads.middle(hint.quad))).map((hint) => hint.text).join(" ");
  }

  edit(change, kind) {
    const { box } = this;
    if (box) this.change(this.boxes.map((other) => (other === box ? { ...box, ...change } : other)), kind && `${kind} ${box.id}`);
  }

  place(quad, kind) {
    const { width, height } = this.viewer.size;
    this.edit({ quad: quads.inside(quad, width, height) }, kind);
  }

  remove() {
    const index = this.boxes.findIndex((box) => box.id === this.chosen);
    if (index < 0) return;
    const left = this.boxes.filter((_, other) => other !== index);
    this.change(left);
    this.choose(left[Math.min(index, left.length - 1)]?.id ?? null);
  }

  draw() {
    const unit = this.viewer.unit;
    const hints = this.hints.map((hint, index) =>
      svg("polygon", { points: points(hint.quad), class: "hintbox", "data-hint": index }, svg("title", {}, hint.text)));
    const shown = this.boxes.map((box) =>
      svg("polygon", {
        points: points(box.quad),
        class: `c${Math.max(0, this.labels.indexOf(box.label)) % COLOURS}${box.id === this.chosen ? " chosen" : ""}`,
        "data-box": box.id,
      }, svg("title", {}, `${box.label}: ${box.text ?? ""}`)));
    const handles = (this.box?.quad ?? []).map(([x, y], corner) =>
      svg("rect", { class: "handle", x: x - HANDLE * unit, y: y - HANDLE * unit, width: 2 * HANDLE * unit, height: 2 * HANDLE * unit, "data-corner": corner }));
    handles.push(...this.#knob(unit));
    const drawn = this.act?.drawn ? [svg("polygon", { points: points(this.act.drawn), class: "chosen" })] : [];
    this.viewer.layer.replaceChildren(...hints, ...shown, ...handles, ...drawn);
  }

  /** What a box is turned by: a knob over its upper edge, or under the lower one where there is no room. */
  #knob(unit) {
    if (!this.box) return [];
    const [top, end] = quads.stalk(this.box.quad, STALK * unit, this.viewer.view.y + HANDLE * unit);
    return [
      svg("line", { class: "stalk", x1: top[0], y1: top[1], x2: end[0], y2: end[1] }),
      svg("circle", { class: "turn", cx: end[0], cy: end[1], r: 1.2 * HANDLE * unit, "data-turn": "yes" }, svg("title", {}, "Turn ([ and ])")),
    ];
  }

  #press(event) {
    if (event.button !== 0 || this.viewer.panning) return;
    const at = this.viewer.at(event);
    const { corner, box, hint, turn } = event.target.dataset;
    this.viewer.root.setPointerCapture(event.pointerId);
    if (corner !== undefined) {
      this.act = { corner: Number(corner), quad: this.box.quad, id: `resize${event.timeStamp}` };
    } else if (turn !== undefined) {
      this.act = { turned: quads.angle(this.box.quad, at), quad: this.box.quad, id: `turn${event.timeStamp}` };
    } else if (box !== undefined) {
      this.choose(box);
      this.act = { from: at, quad: this.box.quad, id: `move${event.timeStamp}` };
    } else {
      this.act = { from: at, hint, drawn: null };
    }
  }

  #drag(event) {
    if (!this.act) return;
    const at = this.viewer.at(event);
    const { act } = this;
    if (act.corner !== undefined) {
      this.place(quads.drag(act.quad, act.corner, at), act.id);
    } else if (act.turned !== undefined) {
      this.place(quads.rotate(act.quad, quads.angle(act.quad, at) - act.turned), act.id);
    } else if (act.quad) {
      const [dx, dy] = [at[0] - act.from[0], at[1] - act.from[1]];
      if (act.moved || Math.hypot(dx, dy) > SMALLEST * this.viewer.unit) {
        act.moved = true;
        this.place(quads.move(act.quad, dx, dy), act.id);
      }
    } else {
      const { width, height } = this.viewer.size;
      const cut = ([x, y]) => [Math.min(width, Math.max(0, x)), Math.min(height, Math.max(0, y))];
      act.drawn = quads.between(cut(act.from), cut(at));
      this.draw();
    }
  }

  #release() {
    const { act } = this;
    this.act = null;
    if (!act || act.quad) return;
    const least = SMALLEST * this.viewer.unit;
    const large = act.drawn && act.drawn[2][0] - act.drawn[0][0] > least && act.drawn[2][1] - act.drawn[0][1] > least;
    if (large) {
      this.add(act.drawn);
    } else if (act.hint !== undefined) {
      const [hint] = this.hints.splice(Number(act.hint), 1);
      this.add(hint.quad, hint.text);
    } else {
      this.choose(null);
      return;
    }
    this.dispatchEvent(new Event("drawn"));
  }

  #cancel() {
    this.act = null;
    this.draw();
  }
}
