/**
 * The demo's classes as signed distances: negative inside, in units of the shape's radius, for a point turned and
 * scaled into the shape's own frame. Formulas after Inigo Quilez, "2D distance functions" (iquilezles.org/articles).
 */

export type SignedDistance = (x: number, y: number) => number;

const TRIANGLE_HALF_SIDE = 0.85;
const SQRT_3 = Math.sqrt(3);
const STAR_POINTS = 5;
const STAR_INNER_RADIUS = 0.42;

export const demoShapes: readonly { readonly name: string; readonly distance: SignedDistance }[] = [
  { name: 'disk', distance: (x, y) => Math.hypot(x, y) - 0.8 },
  { name: 'square', distance: (x, y) => box(x, y, 0.72, 0.72) },
  { name: 'triangle', distance: triangle },
  { name: 'star', distance: star },
  { name: 'cross', distance: (x, y) => Math.min(box(x, y, 0.92, 0.28), box(x, y, 0.28, 0.92)) },
  { name: 'ring', distance: (x, y) => Math.abs(Math.hypot(x, y) - 0.68) - 0.2 },
  {
    name: 'crescent',
    distance: (x, y) => Math.max(Math.hypot(x, y) - 0.85, 0.68 - Math.hypot(x - 0.42, y)),
  },
  { name: 'stripes', distance: (x, y) => Math.max(box(x, y, 0.82, 0.78), bands(y, 0.3)) },
  {
    name: 'checker',
    distance: (x, y) =>
      Math.max(box(x, y, 0.84, 0.84), Math.max(Math.min(cell(x), -cell(y)), Math.min(-cell(x), cell(y)))),
  },
  {
    name: 'dots',
    distance: (x, y) => Math.hypot(Math.abs(x) - 0.5, Math.abs(y) - 0.5) - 0.33,
  },
];

function box(x: number, y: number, halfWidth: number, halfHeight: number): number {
  const outX = Math.abs(x) - halfWidth;
  const outY = Math.abs(y) - halfHeight;
  return Math.hypot(Math.max(outX, 0), Math.max(outY, 0)) + Math.min(Math.max(outX, outY), 0);
}

function triangle(x: number, y: number): number {
  const r = TRIANGLE_HALF_SIDE;
  let px = Math.abs(x) - r;
  let py = y + r / SQRT_3;
  if (px + SQRT_3 * py > 0) [px, py] = [(px - SQRT_3 * py) / 2, (-SQRT_3 * px - py) / 2];
  px -= Math.min(Math.max(px, -2 * r), 0);
  return -Math.hypot(px, py) * Math.sign(py);
}

/** Folds the plane into one half of one point, whose edge runs from the tip to the inner corner. */
function star(x: number, y: number): number {
  const sector = (2 * Math.PI) / STAR_POINTS;
  const angle = Math.abs(((Math.atan2(x, y) + sector * 10.5) % sector) - sector / 2);
  const radius = Math.hypot(x, y);
  const innerX = STAR_INNER_RADIUS * Math.sin(sector / 2);
  const innerY = STAR_INNER_RADIUS * Math.cos(sector / 2);
  const length = Math.hypot(innerX, innerY - 1);
  const px = radius * Math.sin(angle);
  const py = radius * Math.cos(angle);
  return (px * (1 - innerY) + (py - 1) * innerX) / length;
}

/** Bands across the whole plane, one of them centered, each as wide as the gaps; negative where filled. */
function bands(y: number, width: number): number {
  const position = Math.abs(y / width) % 2;
  return (0.5 - Math.abs(position - 1)) * width;
}

/** Columns of a board of 3 x 3 fields; negative in the middle one. */
function cell(x: number): number {
  return Math.abs(x) - 0.28;
}
