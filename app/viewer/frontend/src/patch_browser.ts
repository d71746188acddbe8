// Patches under the pointer and patches chosen: readout, outline, jump, crop.
import type OpenSeadragon from "openseadragon";

import type { Crop } from "./crop";
import type { Gallery } from "./gallery";
import type { Box } from "./lattice";
import type { Marks } from "./marks";
import type { SceneData } from "./messages";
import type { Readout } from "./readout";
import type { ScoreMap } from "./score_map";
import { MAX_SCALE } from "./stage";
import type { StatusBar } from "./status_bar";
import type { View } from "./view";

const PATCH_MAGNIFICATION = 20;

interface Parts {
  view: View;
  marks: Marks;
  gallery: Gallery;
  crop: Crop;
  readout: Readout;
  status: StatusBar;
}

export interface Picked {
  patch: number;
  map: string;
  x: number;
  y: number;
  size: number;
}

export class PatchBrowser {
  chosen = -1;
  private pointer: { x: number; y: number } | null = null;

  constructor(
    private readonly parts: Parts,
    private readonly scene: SceneData,
    private readonly currentMap: () => ScoreMap | null,
    private readonly onMove: () => void,
    private readonly onPicked: (picked: Picked) => void,
  ) {}

  /** The pointer is at a point of the viewer element, or has left it. */
  point(at: { x: number; y: number } | null, isDragging: boolean): void {
    const { view, status, readout } = this.parts;
    this.pointer = at;
    if (!view.slide) return;
    const point = at && view.toSlide(at.x, at.y);
    const isInside = point && point.x >= 0 && point.y >= 0 && point.x < this.scene.width && point.y < this.scene.height;
    status.showPointer(isInside ? point : null);
    const map = this.currentMap();
    const patch = map && point && !isDragging ? map.lattice.patchAt(point.x, point.y) : -1;
    if (!map || !at || patch < 0) {
      readout.hide();
      this.hover(null);
      return;
    }
    readout.show(map, patch, at.x, at.y);
    this.hover(map.lattice.box(patch));
  }

  /** A click chooses the patch; a double click opens it, or zooms where there is none. */
  click(position: OpenSeadragon.Point, isDouble: boolean): void {
    const { view } = this.parts;
    if (!view.slide) return;
    const point = view.toSlide(position.x, position.y);
    const patch = this.currentMap()?.lattice.patchAt(point.x, point.y) ?? -1;
    if (patch >= 0 && isDouble) this.inspect(patch);
    else if (patch >= 0) this.choose(patch);
    else if (isDouble) {
      this.onMove();
      view.viewer.viewport.zoomBy(2, view.viewer.viewport.pointFromPixel(position, true));
    }
  }

  choose(patch: number): void {
    const map = this.currentMap();
    if (!map || patch < 0) return;
    const { marks, gallery, crop } = this.parts;
    const box = map.lattice.box(patch);
    this.chosen = patch;
    marks.chosen = box;
    gallery.mark(patch);
    marks.draw();
    if (crop.isOpen) crop.open(map, patch);
    this.onPicked({ patch, map: map.data.id, ...box });
  }

  /** Centre a patch at 20x and draw its outline. */
  goTo(patch: number): void {
    const map = this.currentMap();
    if (!map || patch < 0) return;
    const { view } = this.parts;
    const { x, y, size } = map.lattice.box(patch);
    const native = view.nativeMagnification;
    const scale = native === null ? 1 : Math.min(MAX_SCALE, PATCH_MAGNIFICATION / native);
    this.onMove();
    view.go(x + size / 2, y + size / 2, scale);
    this.choose(patch);
  }

  step(by: number): void {
    this.goTo(this.parts.gallery.stepFrom(this.chosen, by));
  }

  inspect(patch: number): void {
    const map = this.currentMap();
    if (!map || patch < 0) return;
    this.choose(patch);
    this.parts.crop.open(map, patch);
  }

  /** Another map is on screen, or none: no number and no outline of the one before stays. */
  mapChanged(map: ScoreMap | null, isSameLattice: boolean): void {
    const { crop, marks, gallery } = this.parts;
    gallery.update(map);
    if (!map || !isSameLattice) {
      this.chosen = -1;
      marks.chosen = null;
      gallery.mark(-1);
      crop.close();
      marks.draw();
    } else if (crop.isOpen) {
      crop.open(map, this.chosen);
    }
    this.refresh();
  }

  /** What is under the pointer may have changed although the pointer has not moved. */
  refresh(): void {
    this.point(this.pointer, false);
  }

  private hover(box: Box | null): void {
    const { marks } = this.parts;
    if (marks.hovered?.x === box?.x && marks.hovered?.y === box?.y) return;
    marks.hovered = box;
    marks.draw();
  }
}
