// OpenSeadragon, set up for slides.
import OpenSeadragon from "openseadragon";

import type { DrawerName } from "./drawer";
import type { SceneData } from "./messages";

/** Screen pixels per slide pixel at most. */
export const MAX_SCALE = 4;
const NAVIGATOR_PX = 148;

export function openStage(
  element: HTMLElement,
  scene: SceneData,
  source: OpenSeadragon.TileSource,
  drawer: DrawerName,
): OpenSeadragon.Viewer {
  return new OpenSeadragon.Viewer({
    element,
    drawer,
    tileSources: [source] as never,
    showNavigationControl: false,
    showNavigator: true,
    navigatorPosition: "TOP_RIGHT",
    navigatorAutoFade: false,
    navigatorRotate: false,
    navigatorBackground: "#F2F3F5",
    navigatorBorderColor: "#D9DEE4",
    navigatorDisplayRegionColor: "#1B6CA8",
    ...navigatorSize(scene),
    animationTime: 0.3,
    blendTime: 0,
    zoomPerScroll: 1.3,
    zoomPerClick: 1,
    maxImageCacheCount: 1500,
    imageLoaderLimit: 8,
    maxZoomPixelRatio: MAX_SCALE,
    minZoomImageRatio: 0.6,
    visibilityRatio: 0.4,
    tileRetryMax: 1,
    tileRetryDelay: 700,
    silenceMultiImageWarnings: true,
    gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: false },
    gestureSettingsTouch: { pinchRotate: false, dblClickToZoom: false },
  } as OpenSeadragon.Options);
}

function navigatorSize({ width, height }: SceneData): { navigatorWidth: string; navigatorHeight: string } {
  const scale = NAVIGATOR_PX / Math.max(width, height);
  const side = (length: number) => `${Math.max(24, Math.round(length * scale))}px`;
  return { navigatorWidth: side(width), navigatorHeight: side(height) };
}

/** Panels over the slide keep their own pointer and wheel events. */
export function shield(panel: HTMLElement): void {
  for (const name of ["pointerdown", "pointerup", "pointermove", "wheel", "click", "dblclick"]) {
    panel.addEventListener(name, (event) => event.stopPropagation(), { passive: true });
  }
}
