// Coordinates of the view: level-0 pixels <-> screen, magnification <-> zoom. The one place.
import OpenSeadragon from "openseadragon";

import type { SceneData } from "./messages";

/** Micrometres per screen pixel at 1x: 20x is 0.5 µm, 40x is 0.25 µm. */
const UM_AT_1X = 10;
/** Screen pixels around the whole slide. */
const MARGIN = 12;
/** Beside the legend the slide may be this much smaller than over the whole stage. */
const LEAST_BESIDE = 0.8;

export class View {
  constructor(
    readonly viewer: OpenSeadragon.Viewer,
    private readonly scene: SceneData,
  ) {}

  get slide(): OpenSeadragon.TiledImage | null {
    return this.viewer.world.getItemCount() > 0 ? this.viewer.world.getItemAt(0) : null;
  }

  /** Magnification of the scan itself: one slide pixel on one screen pixel. */
  get nativeMagnification(): number | null {
    const { mpp, objective } = this.scene;
    const byPixel = mpp ? UM_AT_1X / mpp : null;
    if (byPixel && objective && Math.abs(objective / byPixel - 1) < 0.2) return objective;
    return byPixel ?? null;
  }

  /** Screen pixels per level-0 pixel. */
  get scale(): number {
    return this.slide ? this.slide.viewportToImageZoom(this.viewer.viewport.getZoom(true)) : 1;
  }

  get magnification(): number | null {
    const native = this.nativeMagnification;
    return native === null ? null : native * this.scale;
  }

  /** Level-0 point at a point of the viewer element. */
  toSlide(x: number, y: number): { x: number; y: number } {
    const point = this.slide!.viewerElementToImageCoordinates(new OpenSeadragon.Point(x, y));
    return { x: point.x, y: point.y };
  }

  toScreen(x: number, y: number): { x: number; y: number } {
    const point = this.slide!.imageToViewerElementCoordinates(new OpenSeadragon.Point(x, y));
    return { x: point.x, y: point.y };
  }

  /** Level-0 -> screen as [a, b, c, d, e, f] of a canvas transform; rotation and mirror included. */
  matrix(): [number, number, number, number, number, number] {
    const { width, height } = this.scene;
    const origin = this.toScreen(0, 0);
    const right = this.toScreen(width, 0);
    const down = this.toScreen(0, height);
    return [
      (right.x - origin.x) / width,
      (right.y - origin.y) / width,
      (down.x - origin.x) / height,
      (down.y - origin.y) / height,
      origin.x,
      origin.y,
    ];
  }

  /** The level-0 point in the middle of the view. */
  centre(): { x: number; y: number } {
    const centre = this.viewer.viewport.getCenter(true);
    return { x: centre.x * this.scene.width, y: centre.y * this.scene.width };
  }

  zoomBy(factor: number): void {
    this.viewer.viewport.zoomBy(factor);
    this.viewer.viewport.applyConstraints();
  }

  /** Pan by screen pixels. */
  pan(dx: number, dy: number): void {
    const { viewport } = this.viewer;
    viewport.panBy(viewport.deltaPointsFromPixels(new OpenSeadragon.Point(dx, dy)));
    viewport.applyConstraints();
  }

  zoomToMagnification(magnification: number): void {
    const native = this.nativeMagnification;
    if (native === null) return;
    this.zoomToScale(magnification / native);
  }

  zoomToScale(scale: number): void {
    if (!this.slide) return;
    this.viewer.viewport.zoomTo(this.slide.imageToViewportZoom(scale));
    this.viewer.viewport.applyConstraints();
  }

  /** Centre a level-0 point at a scale (screen px per level-0 px), at once or gliding. */
  go(x: number, y: number, scale: number, isImmediate = false): void {
    if (!this.slide) return;
    const { viewport } = this.viewer;
    const centre = new OpenSeadragon.Point(x / this.scene.width, y / this.scene.width);
    viewport.panTo(centre, isImmediate);
    viewport.zoomTo(this.slide.imageToViewportZoom(scale), undefined, isImmediate);
  }

  /** The whole slide, upright; beside what covers `inset` px on the left, unless too small there. */
  fit(inset: number, isImmediate = false): void {
    const { viewport } = this.viewer;
    const size = viewport.getContainerSize();
    const aspect = this.scene.height / this.scene.width;
    const scaleIn = (width: number) => Math.min(width - 2 * MARGIN, (size.y - 2 * MARGIN) / aspect);
    const left = scaleIn(size.x - inset) >= LEAST_BESIDE * scaleIn(size.x) ? inset : 0;
    const scale = Math.max(1, scaleIn(size.x - left));
    const x = -(left + (size.x - left - scale) / 2) / scale;
    const y = -(size.y - scale * aspect) / 2 / scale;
    viewport.setRotation(0, isImmediate);
    viewport.fitBounds(new OpenSeadragon.Rect(x, y, size.x / scale, size.y / scale), isImmediate);
  }

  rotate(degrees: number): void {
    this.viewer.viewport.setRotation((this.viewer.viewport.getRotation() + degrees + 360) % 360);
  }

  mirror(): void {
    this.viewer.viewport.toggleFlip();
  }
}
