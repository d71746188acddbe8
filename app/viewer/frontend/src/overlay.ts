// The painted map as a second image of the viewer. A new painting is added unseen, and takes the
// place of the old one when it is ready: no flash, and never more than one on its way.
import OpenSeadragon from "openseadragon";

import type { Painting } from "./paint";
import type { Statistics } from "./statistics";

type Painter = () => { painting: Painting; opacity: () => number } | null;

let serial = 0;

export class Overlay {
  private item: OpenSeadragon.TiledImage | null = null;
  private waiting: Painter | null = null;
  private isBusy = false;
  private opacity = 0;
  private isHidden = false;

  constructor(
    private readonly viewer: OpenSeadragon.Viewer,
    private readonly slideWidth: number,
    private readonly slideHeight: number,
    private readonly statistics: Statistics,
  ) {}

  /** Paint as soon as possible; a later call replaces one that still waits. */
  request(painter: Painter): void {
    this.waiting = painter;
    if (!this.isBusy) this.next();
  }

  setOpacity(opacity: number): void {
    this.opacity = opacity;
    this.item?.setOpacity(this.isHidden ? 0 : opacity);
  }

  /** Hard cells at any zoom, where the drawer lets one decide image by image. */
  keepCellsHard(isHard: () => boolean): void {
    if (this.statistics.drawer !== "canvas") return;
    this.viewer.addHandler("tile-drawing", ({ tiledImage, context }) => {
      if (tiledImage === this.item && isHard()) context.imageSmoothingEnabled = false;
    });
  }

  setHidden(isHidden: boolean): void {
    this.isHidden = isHidden;
    this.setOpacity(this.opacity);
  }

  private next(): void {
    const painter = this.waiting;
    this.waiting = null;
    if (!painter) return;
    const asked = performance.now();
    const result = painter();
    if (!result) {
      this.remove(this.item);
      this.item = null;
      return;
    }
    this.isBusy = true;
    this.add(result.painting, (item) => {
      this.remove(this.item);
      this.item = item;
      this.setOpacity(result.opacity());
      this.statistics.overlayShown(performance.now() - asked);
      this.isBusy = false;
      this.next();
    });
  }

  private add(painting: Painting, ready: (item: OpenSeadragon.TiledImage) => void): void {
    this.viewer.addTiledImage({
      tileSource: canvasSource(painting.canvas),
      x: painting.x / this.slideWidth,
      y: painting.y / this.slideWidth,
      width: painting.width / this.slideWidth,
      opacity: 0,
      preload: true,
      clip: this.clipOf(painting),
      success: (event) => {
        const { item } = event as unknown as { item: OpenSeadragon.TiledImage };
        item.whenFullyLoaded(() => ready(item));
      },
    });
  }

  /** Cells may reach past the slide; colours may not. In pixels of the canvas. */
  private clipOf(painting: Painting): OpenSeadragon.Rect {
    const scale = painting.canvas.width / painting.width;
    const left = Math.max(0, -painting.x);
    const top = Math.max(0, -painting.y);
    const right = Math.min(painting.width, this.slideWidth - painting.x);
    const bottom = Math.min(painting.height, this.slideHeight - painting.y);
    return new OpenSeadragon.Rect(left * scale, top * scale, (right - left) * scale, (bottom - top) * scale);
  }

  private remove(item: OpenSeadragon.TiledImage | null): void {
    if (item && this.viewer.world.getIndexOfItem(item) >= 0) this.viewer.world.removeItem(item);
  }
}

/** One tile, whose download "ends" at once with the canvas itself. */
function canvasSource(canvas: HTMLCanvasElement): OpenSeadragon.TileSource {
  const name = `overlay-${++serial}`;
  const source = new OpenSeadragon.TileSource({
    width: canvas.width,
    height: canvas.height,
    tileSize: Math.max(canvas.width, canvas.height),
    minLevel: 0,
    maxLevel: 0,
  } as OpenSeadragon.TileSourceOptions);
  return Object.assign(source, {
    getTileWidth: () => canvas.width,
    getTileHeight: () => canvas.height,
    getTileUrl: () => name,
    getTileHashKey: () => name,
    // it has, but the drawer would wipe the slide from under an image that says so
    hasTransparency: () => false,
    downloadTileStart: (job: OpenSeadragon.ImageJob) => job.finish(canvas.getContext("2d"), null, "context2d"),
    downloadTileAbort: () => undefined,
  });
}
