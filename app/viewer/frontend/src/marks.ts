// Thin lines above the slide, drawn afresh in every frame: contours, the patch under the pointer,
// the chosen patch, named areas, and a hatch where a tile could not be read.
import type { Box } from "./lattice";
import type { RegionData } from "./messages";
import type { Contour } from "./paint";
import type { View } from "./view";

const ACCENT = "#1B6CA8";
const INK = "#1F2933";
const PAPER = "rgba(255,255,255,0.9)";
const TRUTH = "#027A48";

export class Marks {
  readonly canvas = document.createElement("canvas");
  contours: readonly Contour[] = [];
  hovered: Box | null = null;
  chosen: Box | null = null;
  private regions: { label: string; path: Path2D; x: number; y: number }[] = [];
  private readonly failed = new Map<string, Box & { height: number }>();

  constructor(private readonly view: View) {
    this.canvas.className = "hw-marks";
  }

  setRegions(regions: readonly RegionData[]): void {
    this.regions = regions.map(({ label, rings }) => {
      const path = new Path2D();
      for (const ring of rings) {
        ring.forEach(([x, y], index) => (index ? path.lineTo(x!, y!) : path.moveTo(x!, y!)));
        path.closePath();
      }
      const longest = [...rings].sort((one, other) => other.length - one.length)[0];
      const [x, y] = longest?.[0] ?? [0, 0];
      return { label, path, x: x!, y: y! };
    });
  }

  /** Returns how many different tiles have failed; one that was tried again counts once. */
  addFailed(key: string, area: Box & { height: number }): number {
    this.failed.set(key, area);
    return this.failed.size;
  }

  clearFailed(): void {
    this.failed.clear();
  }

  resize(): void {
    const { clientWidth, clientHeight } = this.canvas;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(clientWidth * ratio);
    this.canvas.height = Math.round(clientHeight * ratio);
    this.draw();
  }

  draw(): void {
    const context = this.canvas.getContext("2d")!;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (!this.view.slide) return;
    this.drawOn(context, window.devicePixelRatio || 1);
  }

  /** Also used by the snapshot, on its own canvas. */
  drawOn(context: CanvasRenderingContext2D, ratio: number, isMapShown = true): void {
    const [a, b, c, d, e, f] = this.view.matrix();
    context.setTransform(a * ratio, b * ratio, c * ratio, d * ratio, e * ratio, f * ratio);
    const pixel = 1 / Math.hypot(a, b);
    for (const area of this.failed.values()) hatch(context, area, pixel);
    for (const { path } of this.regions) line(context, path, pixel, TRUTH, 2, [6, 3]);
    for (const { path, colour } of isMapShown ? this.contours : []) line(context, path, pixel, colour, 1.75);
    if (this.hovered) line(context, boxPath(this.hovered), pixel, INK, 1);
    if (this.chosen) line(context, boxPath(this.chosen), pixel, ACCENT, 2);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    for (const { label, x, y } of this.regions) tag(context, label, a * x + c * y + e, b * x + d * y + f);
  }
}

function boxPath({ x, y, size }: Box): Path2D {
  const path = new Path2D();
  path.rect(x, y, size, size);
  return path;
}

/** A line with a pale edge, so that it shows on dark and on bright tissue. */
function line(
  context: CanvasRenderingContext2D,
  path: Path2D,
  pixel: number,
  colour: string,
  width: number,
  dash: readonly number[] = [],
): void {
  context.lineJoin = "round";
  context.setLineDash([]);
  context.strokeStyle = PAPER;
  context.lineWidth = (width + 2) * pixel;
  context.stroke(path);
  context.setLineDash(dash.map((part) => part * pixel));
  context.strokeStyle = colour;
  context.lineWidth = width * pixel;
  context.stroke(path);
  context.setLineDash([]);
}

/** The name of an area, at a point of the screen. */
function tag(context: CanvasRenderingContext2D, label: string, x: number, y: number): void {
  context.font = "11px sans-serif";
  context.textBaseline = "middle";
  context.fillStyle = PAPER;
  context.fillRect(x, y - 8, context.measureText(label).width + 8, 16);
  context.fillStyle = TRUTH;
  context.fillText(label, x + 4, y);
}

function hatch(context: CanvasRenderingContext2D, area: Box & { height: number }, pixel: number): void {
  context.save();
  context.beginPath();
  context.rect(area.x, area.y, area.size, area.height);
  context.clip();
  context.strokeStyle = "rgba(31,41,51,0.5)";
  context.lineWidth = pixel;
  context.beginPath();
  const step = Math.max(12 * pixel, area.size / 64);
  for (let offset = -area.height; offset < area.size; offset += step) {
    context.moveTo(area.x + offset, area.y + area.height);
    context.lineTo(area.x + offset + area.height, area.y);
  }
  context.stroke();
  context.restore();
}
