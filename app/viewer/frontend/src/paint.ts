// From scores to a canvas: one texel per cell, then enlarged (blocky or smooth) so that the
// drawer, whose own smoothing is all or nothing, cannot blur the slide or the cells.
import { tableFor, type Table } from "./colour_tables";
import { scalingFor, type Display } from "./display";
import type { Lattice } from "./lattice";
import type { ScoreMap } from "./score_map";

const MAX_CANVAS = 4096;
const GOOD_CANVAS = 2048;
const SURROUND = [0xf2, 0xf3, 0xf5] as const;

const INK = "#1F2933";
const LOWERED = "#0F4C81"; // the ends of the table of maps with a sign
const RAISED = "#B24A0E";

/** A line around patches, in level-0 px. */
export interface Contour {
  path: Path2D;
  colour: string;
}

/** The painted map and where it lies, in level-0 px. */
export interface Painting {
  canvas: HTMLCanvasElement;
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Frame {
  column: number;
  row: number;
  columns: number;
  rows: number;
}

/** Where a score falls on the colour table, in [0, 1]. */
export function colourPosition(map: ScoreMap, patch: number, display: Display): number {
  const score = map.scores[patch]!;
  const isSigned = map.data.signed;
  if (scalingFor(map, display) === "percentile") {
    const share = map.percentiles[patch]! / 100;
    return isSigned ? 0.5 + Math.sign(score) * 0.5 * share : share;
  }
  const [low, high] = display.range ?? map.defaultRange();
  return Math.min(1, Math.max(0, (score - low) / (high - low || 1)));
}

/** RGBA per patch, packed; 0 = not shown. */
export function patchColours(map: ScoreMap, display: Display): Uint32Array {
  const colours = new Uint32Array(map.scores.length);
  const table = tableFor(display.colours, map.data.signed);
  const cut = map.cutFor(display.topShare);
  for (let patch = 0; patch < colours.length; patch++) {
    if (!(map.strength(patch) >= cut)) continue;
    colours[patch] = display.style === "tint" ? pack(table, colourPosition(map, patch, display)) : 0xff000000;
  }
  return colours;
}

function pack(table: Table, position: number): number {
  const at = Math.round(position * 255) * 3;
  return (0xff000000 | (table[at + 2]! << 16) | (table[at + 1]! << 8) | table[at]!) >>> 0;
}

/** Paint a map; null where the style needs no raster (outline). */
export function paint(map: ScoreMap, display: Display, slideWidth: number, slideHeight: number): Painting | null {
  if (display.style === "outline" || map.count === 0) return null;
  const isVeil = display.style === "spotlight";
  const { grid } = map.lattice;
  const frame = isVeil ? wholeSlide(map.lattice, slideWidth, slideHeight) : { column: 0, row: 0, columns: grid.columns, rows: grid.rows };
  const texels = texelImage(map.lattice, patchColours(map, display), frame, isVeil);
  return {
    canvas: enlarge(texels, display.isSmooth),
    x: grid.origin_x + frame.column * grid.stride,
    y: grid.origin_y + frame.row * grid.stride,
    width: frame.columns * grid.stride,
    height: frame.rows * grid.stride,
  };
}

function wholeSlide(lattice: Lattice, width: number, height: number): Frame {
  const { origin_x, origin_y, stride } = lattice.grid;
  const column = Math.floor(-origin_x / stride);
  const row = Math.floor(-origin_y / stride);
  return {
    column,
    row,
    columns: Math.ceil((width - origin_x) / stride) - column,
    rows: Math.ceil((height - origin_y) / stride) - row,
  };
}

/** Tint: the patch's colour, nothing elsewhere. Spotlight: nothing on hot patches, veil elsewhere. */
function texelImage(lattice: Lattice, colours: Uint32Array, frame: Frame, isVeil: boolean): ImageData {
  const image = new ImageData(frame.columns, frame.rows);
  const texels = new Uint32Array(image.data.buffer);
  const veil = (0xff000000 | (SURROUND[2] << 16) | (SURROUND[1] << 8) | SURROUND[0]) >>> 0;
  if (isVeil) texels.fill(veil);
  const { columns, rows } = lattice.grid;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const patch = lattice.cells[row * columns + column]!;
      if (patch < 0 || !colours[patch]) continue;
      const at = (row - frame.row) * frame.columns + (column - frame.column);
      texels[at] = isVeil ? veil & 0x00ffffff : colours[patch]!;
    }
  }
  return image;
}

function enlarge(image: ImageData, isSmooth: boolean): HTMLCanvasElement {
  const small = canvasOf(image.width, image.height);
  small.getContext("2d")!.putImageData(image, 0, 0);
  const longest = Math.max(image.width, image.height);
  const scale = Math.min(16, Math.max(1, Math.floor(GOOD_CANVAS / longest)), Math.max(1, Math.floor(MAX_CANVAS / longest)));
  if (scale === 1) return small;
  const large = canvasOf(image.width * scale, image.height * scale);
  const context = large.getContext("2d")!;
  context.imageSmoothingEnabled = isSmooth;
  context.imageSmoothingQuality = "high";
  context.drawImage(small, 0, 0, large.width, large.height);
  return large;
}

function canvasOf(width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas;
}

/** The contours of the shown patches; of a map with a sign one for each, in its colour. */
export function contours(map: ScoreMap, display: Display): Contour[] {
  if (!map.data.signed) return [{ path: contour(map, display), colour: INK }];
  return [-1, 1].map((sign) => ({ path: contour(map, display, sign), colour: sign < 0 ? LOWERED : RAISED }));
}

/** One path in level-0 px, around all shown patches or those of one sign. */
function contour(map: ScoreMap, display: Display, sign?: number): Path2D {
  const { grid, cells } = map.lattice;
  const cut = map.cutFor(display.topShare);
  const isIn = (column: number, row: number): boolean => {
    if (column < 0 || row < 0 || column >= grid.columns || row >= grid.rows) return false;
    const patch = cells[row * grid.columns + column]!;
    if (patch < 0 || !(map.strength(patch) >= cut)) return false;
    return sign === undefined || Math.sign(map.scores[patch]!) === sign;
  };
  const path = new Path2D();
  runs(grid.rows, grid.columns, (line, at) => isIn(at, line - 1) !== isIn(at, line), (line, from, to) => {
    path.moveTo(grid.origin_x + from * grid.stride, grid.origin_y + line * grid.stride);
    path.lineTo(grid.origin_x + to * grid.stride, grid.origin_y + line * grid.stride);
  });
  runs(grid.columns, grid.rows, (line, at) => isIn(line - 1, at) !== isIn(line, at), (line, from, to) => {
    path.moveTo(grid.origin_x + line * grid.stride, grid.origin_y + from * grid.stride);
    path.lineTo(grid.origin_x + line * grid.stride, grid.origin_y + to * grid.stride);
  });
  return path;
}

/** Join neighbouring edges of a line into one stroke each. */
function runs(
  lines: number,
  length: number,
  isEdge: (line: number, at: number) => boolean,
  draw: (line: number, from: number, to: number) => void,
): void {
  for (let line = 0; line <= lines; line++) {
    let start = -1;
    for (let at = 0; at <= length; at++) {
      const edge = at < length && isEdge(line, at);
      if (edge && start < 0) start = at;
      if (!edge && start >= 0) {
        draw(line, start, at);
        start = -1;
      }
    }
  }
}
