// Rectangles at any angle as four corners, top left first, clockwise.

export const middle = (quad) => [0, 1].map((axis) => quad.reduce((sum, corner) => sum + corner[axis], 0) / 4);
export const move = (quad, dx, dy) => quad.map(([x, y]) => [x + dx, y + dy]);

export function between([x1, y1], [x2, y2]) {
  const [left, right] = [Math.min(x1, x2), Math.max(x1, x2)];
  const [top, bottom] = [Math.min(y1, y2), Math.max(y1, y2)];
  return [[left, top], [right, top], [right, bottom], [left, bottom]];
}

export function rotate(quad, degrees) {
  const [mx, my] = middle(quad);
  const [cos, sin] = [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)];
  return quad.map(([x, y]) => [mx + (x - mx) * cos - (y - my) * sin, my + (x - mx) * sin + (y - my) * cos]);
}

/** In which direction a point lies from the middle, in degrees. */
export function angle(quad, [x, y]) {
  const [mx, my] = middle(quad);
  return (Math.atan2(y - my, x - mx) * 180) / Math.PI;
}

/** From the middle of the upper edge a way outwards; from the lower edge where that would end above a height. */
export function stalk(quad, length, least) {
  const [, down] = axes(quad);
  const edge = (one, other) => [0, 1].map((axis) => (quad[one][axis] + quad[other][axis]) / 2);
  const out = (from, sign) => from.map((value, axis) => value + sign * length * down[axis]);
  const [upper, lower] = [edge(0, 1), edge(2, 3)];
  const end = out(upper, -1);
  return end[1] >= least ? [upper, end] : [lower, out(lower, 1)];
}

/** Unit vectors along the top edge and down the left one. */
function axes(quad) {
  const along = [quad[1][0] - quad[0][0], quad[1][1] - quad[0][1]];
  const length = Math.hypot(...along) || 1;
  const right = along.map((value) => value / length);
  return [right, [-right[1], right[0]]];
}

/** Drag one corner; the opposite one stays, the angle too. */
export function drag(quad, corner, to) {
  const fixed = quad[(corner + 2) % 4];
  const [right, down] = axes(quad);
  const way = [to[0] - fixed[0], to[1] - fixed[1]];
  const across = way[0] * right[0] + way[1] * right[1];
  const below = way[0] * down[0] + way[1] * down[1];
  const [left, wide] = [Math.min(0, across), Math.abs(across)];
  const [top, high] = [Math.min(0, below), Math.abs(below)];
  const at = (u, v) => [fixed[0] + u * right[0] + v * down[0], fixed[1] + u * right[1] + v * down[1]];
  return [at(left, top), at(left + wide, top), at(left + wide, top + high), at(left, top + high)];
}

/** Make it wider and higher by pixels, the top left corner stays. */
export function grow(quad, wide, high) {
  const [right, down] = axes(quad);
  const size = [Math.hypot(quad[1][0] - quad[0][0], quad[1][1] - quad[0][1]), Math.hypot(quad[3][0] - quad[0][0], quad[3][1] - quad[0][1])];
  const [w, h] = [Math.max(3, size[0] + wide), Math.max(3, size[1] + high)];
  const at = (u, v) => [quad[0][0] + u * right[0] + v * down[0], quad[0][1] + u * right[1] + v * down[1]];
  return [at(0, 0), at(w, 0), at(w, h), at(0, h)];
}

/** Keep a box inside the picture; a whole move is cut, not the box bent. */
export function inside(quad, width, height) {
  const shift = (axis, most) => {
    const values = quad.map((corner) => corner[axis]);
    const low = Math.min(...values);
    const high = Math.max(...values);
    return low < 0 ? -low : high > most ? most - high : 0;
  };
  return move(quad, shift(0, width), shift(1, height));
}

export function holds(quad, [x, y]) {
  return quad.every(([ax, ay], index) => {
    const [bx, by] = quad[(index + 1) % 4];
    return (bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0;
  });
}
