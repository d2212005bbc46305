// A picture with polygons over it, in pixels of the picture; zooms and pans.

import { svg } from "./common.js";

const MOST_ZOOM = 40;

export class Viewer {
  /** @param stage the element to fill  @param label what the picture is called for who cannot see it */
  constructor(stage, label) {
    this.image = svg("image", { x: 0, y: 0 });
    this.layer = svg("g");
    this.root = svg("svg", { role: "application", "aria-label": label, tabindex: 0 }, this.image, this.layer);
    stage.replaceChildren(this.root);
    this.root.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.#bindPan();
  }

  show(source, width, height) {
    this.size = { width, height };
    this.root.parentElement.style.aspectRatio = `${width} / ${height}`;
    this.image.setAttribute("width", width);
    this.image.setAttribute("height", height);
    this.image.setAttribute("href", source);
    this.fit();
  }

  fit() {
    this.#setView({ x: 0, y: 0, width: this.size.width, height: this.size.height });
  }

  /** Zoom by a factor around a point of the picture, the middle where none is given. */
  zoom(factor, at) {
    const { x, y, width, height } = this.view;
    const wanted = Math.min(this.size.width * 1.2, Math.max(this.size.width / MOST_ZOOM, width / factor));
    const scale = wanted / width;
    const point = at ?? [x + width / 2, y + height / 2];
    this.#setView({
      x: point[0] - (point[0] - x) * scale,
      y: point[1] - (point[1] - y) * scale,
      width: wanted,
      height: height * scale,
    });
  }

  /** Show a quad large, with room around it. */
  zoomTo(quad, room = 3) {
    const xs = quad.map((corner) => corner[0]);
    const ys = quad.map((corner) => corner[1]);
    const [left, top] = [Math.min(...xs), Math.min(...ys)];
    const span = Math.max(Math.max(...xs) - left, ((Math.max(...ys) - top) * this.size.width) / this.size.height, 20);
    const width = Math.min(this.size.width, span * room);
    const height = (width * this.size.height) / this.size.width;
    const middle = [(left + Math.max(...xs)) / 2, (top + Math.max(...ys)) / 2];
    this.#setView({ x: middle[0] - width / 2, y: middle[1] - height / 2, width, height });
  }

  /** Pixels of the picture that one pixel of the screen covers. */
  get unit() {
    return 1 / this.root.getScreenCTM().a;
  }

  /** Where an event is, in pixels of the picture. */
  at(event) {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.root.getScreenCTM().inverse());
    return [point.x, point.y];
  }

  #setView(view) {
    this.view = view;
    this.root.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
    this.root.dispatchEvent(new Event("viewchange"));
  }

  #wheel(event) {
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY / 400), this.at(event));
  }

  pan(dx, dy) {
    this.#setView({ ...this.view, x: this.view.x - dx, y: this.view.y - dy });
  }

  /** Whether a press of the pointer is meant to move the picture; an editor says otherwise. */
  pans() {
    return true;
  }

  #bindPan() {
    const fingers = new Map();
    this.root.addEventListener("pointerdown", (event) => {
      fingers.set(event.pointerId, [event.clientX, event.clientY]);
      if (fingers.size === 2) this.root.dispatchEvent(new Event("twofingers"));
      this.panning = fingers.size === 2 || event.button === 1 || this.pans(event);
      if (this.panning) this.root.setPointerCapture(event.pointerId);
    });
    this.root.addEventListener("pointermove", (event) => {
      const before = fingers.get(event.pointerId);
      if (!before || !this.panning) return;
      const now = [event.clientX, event.clientY];
      if (fingers.size === 2) {
        const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
        const apart = (a) => Math.hypot(a[0] - other[0], a[1] - other[1]) || 1;
        this.zoom(apart(now) / apart(before), this.at({ clientX: other[0], clientY: other[1] }));
      } else {
        this.pan((now[0] - before[0]) * this.unit, (now[1] - before[1]) * this.unit);
      }
      fingers.set(event.pointerId, now);
    });
    for (const name of ["pointerup", "pointercancel"]) {
      this.root.addEventListener(name, (event) => fingers.delete(event.pointerId));
    }
  }
}

/** Connects the buttons and keys for zooming. */
export function bindZoom(viewer) {
  const acts = { "zoom-in": () => viewer.zoom(1.4), "zoom-out": () => viewer.zoom(1 / 1.4), "zoom-fit": () => viewer.fit() };
  for (const [id, act] of Object.entries(acts)) document.getElementById(id).addEventListener("click", act);
  const keys = { "+": acts["zoom-in"], "=": acts["zoom-in"], "-": acts["zoom-out"], 0: acts["zoom-fit"] };
  document.addEventListener("keydown", (event) => {
    if (event.target.closest("input, select, textarea, dialog") || event.ctrlKey || event.metaKey) return;
    keys[event.key]?.();
  });
}

export const points = (quad) => quad.map((corner) => corner.join(",")).join(" ");
