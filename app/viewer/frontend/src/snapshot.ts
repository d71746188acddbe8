// The view as a PNG: slide, map, contours, scale bar, legend and the banner, burned in.
import OpenSeadragon from "openseadragon";

import type { Display } from "./display";
import { countText, endsText, nameText, rangeText, shownText } from "./map_text";
import type { Marks } from "./marks";
import type { SceneData } from "./messages";
import { times } from "./number_text";
import type { ScaleBar } from "./scale_bar";
import type { ScoreMap } from "./score_map";
import type { View } from "./view";

export interface Picture {
  scene: SceneData;
  view: View;
  marks: Marks;
  scaleBar: ScaleBar;
  ramp: HTMLCanvasElement;
  /** The map, if it is to be seen. */
  map: ScoreMap | null;
  display: Display;
}

const FONT = '"IBM Plex Sans", sans-serif';
const FOOT = 84;
/** Pixels of the picture per screen pixel, at least. */
const LEAST_RATIO = 2;

/** Draw the picture and hand it to the browser as a download. */
export async function savePicture(picture: Picture): Promise<void> {
  const canvas = drawPicture(picture);
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
  if (!blob) return;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${picture.scene.case_id.replace(/[^\w-]+/g, "_")}_view.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function drawPicture(picture: Picture): HTMLCanvasElement {
  const { viewer } = picture.view;
  const ratio = Math.max(LEAST_RATIO, window.devicePixelRatio || 1);
  const size = viewer.viewport.getContainerSize();
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(size.x * ratio);
  canvas.height = Math.round((size.y + FOOT) * ratio);
  const context = canvas.getContext("2d")!;
  context.fillStyle = "#F2F3F5";
  context.fillRect(0, 0, canvas.width, canvas.height);
  withRatio(viewer, ratio, (drawn) => context.drawImage(drawn, 0, 0));
  context.save();
  picture.marks.drawOn(context, ratio, picture.map !== null);
  context.restore();
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  drawScaleBar(context, picture, size.x, size.y);
  drawFoot(context, picture, size.x, size.y);
  return canvas;
}

/** Have the slide and its map drawn at another resolution; the screen never shows it. */
function withRatio(viewer: OpenSeadragon.Viewer, ratio: number, use: (drawn: HTMLCanvasElement) => void): void {
  const density = OpenSeadragon as unknown as { pixelDensityRatio: number };
  const before = density.pixelDensityRatio;
  const draw = (value: number) => {
    density.pixelDensityRatio = value;
    viewer.raiseEvent("resize", {}); // a WebGL drawer measures its canvas only then
    viewer.world.draw();
  };
  draw(ratio);
  use(viewer.drawer.canvas as HTMLCanvasElement);
  draw(before);
}

function drawScaleBar(context: CanvasRenderingContext2D, { scaleBar }: Picture, width: number, height: number): void {
  const { text, width: length } = scaleBar.shown;
  context.font = `12px ${FONT}`;
  const box = Math.max(length, context.measureText(text).width) + 20;
  const middle = width - 8 - box / 2;
  context.fillStyle = "rgba(255,255,255,0.85)";
  context.fillRect(middle - box / 2, height - 42, box, 32);
  context.fillStyle = "#1F2933";
  context.fillRect(middle - length / 2, height - 18, length, 3);
  context.textAlign = "center";
  context.fillText(text, middle, height - 24);
}

function drawFoot(context: CanvasRenderingContext2D, picture: Picture, width: number, top: number): void {
  const { scene, map, display, ramp, view } = picture;
  context.fillStyle = "#FFFFFF";
  context.fillRect(0, top, width, FOOT);
  context.textAlign = "left";
  const magnification = view.magnification === null ? "" : ` · ${times(view.magnification)}`;
  const line = (words: string, x: number, y: number, font?: string) => text(context, words, x, y, width - x - 12, font);
  if (map) {
    const isTint = display.style === "tint";
    if (isTint) drawRamp(context, ramp, top);
    line(nameText(map.data), isTint ? 184 : 12, top + 21, "600 12px");
    const [lowest, highest] = endsText(map.data);
    const ends = isTint && map.data.signed ? `blue ${lowest}, orange ${highest}` : "";
    const facts = [ends, rangeText(map, display), countText(map, display), shownText(map, display)];
    line(facts.filter(Boolean).join(" · "), 12, top + 40);
  }
  line(`${scene.title}${magnification} · ${scene.model_label}`, 12, top + 58);
  line(scene.banner, 12, top + 75, "600 12px");
}

function drawRamp(context: CanvasRenderingContext2D, ramp: HTMLCanvasElement, top: number): void {
  context.imageSmoothingEnabled = true;
  context.drawImage(ramp, 12, top + 12, 160, 10);
  context.strokeStyle = "#D9DEE4";
  context.strokeRect(12, top + 12, 160, 10);
}

function text(context: CanvasRenderingContext2D, words: string, x: number, y: number, width: number, font = "12px"): void {
  context.fillStyle = "#1F2933";
  context.font = `${font} ${FONT}`;
  context.fillText(words, x, y, width);
}
