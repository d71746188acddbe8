// The view as a PNG: slide, map, contours, scale bar, legend and the banner, burned in.
import type { Display } from "./display";
import { countText, rangeText, shownText } from "./legend";
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
  map: ScoreMap | null;
  display: Display;
}

const FONT = '"IBM Plex Sans", sans-serif';
const FOOT = 84;

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
  const drawn = picture.view.viewer.drawer.canvas as HTMLCanvasElement;
  const ratio = window.devicePixelRatio || 1;
  const canvas = document.createElement("canvas");
  canvas.width = drawn.width;
  canvas.height = drawn.height + FOOT * ratio;
  const context = canvas.getContext("2d")!;
  context.fillStyle = "#F2F3F5";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(drawn, 0, 0);
  context.save();
  picture.marks.drawOn(context, ratio);
  context.restore();
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  drawScaleBar(context, picture, canvas.width / ratio, drawn.height / ratio);
  drawFoot(context, picture, canvas.width / ratio, drawn.height / ratio);
  return canvas;
}

function drawScaleBar(context: CanvasRenderingContext2D, { scaleBar }: Picture, width: number, height: number): void {
  const { text, width: length } = scaleBar.shown;
  const right = width - 16;
  context.fillStyle = "rgba(255,255,255,0.85)";
  context.fillRect(right - length - 10, height - 42, length + 20, 32);
  context.fillStyle = "#1F2933";
  context.fillRect(right - length, height - 18, length, 3);
  context.font = `12px ${FONT}`;
  context.textAlign = "center";
  context.fillText(text, right - length / 2, height - 24);
}

function drawFoot(context: CanvasRenderingContext2D, picture: Picture, width: number, top: number): void {
  const { scene, map, display, ramp, view } = picture;
  context.fillStyle = "#FFFFFF";
  context.fillRect(0, top, width, FOOT);
  context.textAlign = "left";
  const magnification = view.magnification === null ? "" : ` · ${times(view.magnification)}`;
  const lines = [`${scene.title}${magnification} · ${scene.model_label}`, scene.banner];
  if (map && display.isVisible) {
    context.imageSmoothingEnabled = true;
    context.drawImage(ramp, 12, top + 12, 160, 10);
    context.strokeStyle = "#D9DEE4";
    context.strokeRect(12, top + 12, 160, 10);
    text(context, `${map.data.title} (${map.data.subtitle})`, 184, top + 21, "600 12px");
    text(context, [rangeText(map, display), countText(map, display), shownText(map, display)].filter(Boolean).join(" · "), 12, top + 40);
  }
  text(context, lines[0]!, 12, top + 58);
  text(context, lines[1]!, 12, top + 75, "600 12px");
}

function text(context: CanvasRenderingContext2D, words: string, x: number, y: number, font = "12px"): void {
  context.fillStyle = "#1F2933";
  context.font = `${font} ${FONT}`;
  context.fillText(words, x, y);
}
