// The viewer of one slide: puts the parts together and lets the display state drive them.
import OpenSeadragon from "openseadragon";

import { readDisplay, readPlace, writeAddress } from "./address";
import { Crop } from "./crop";
import { DisplayState, type Display } from "./display";
import { el } from "./dom";
import { chooseDrawer, isTooSlow } from "./drawer";
import { Gallery } from "./gallery";
import { listenForKeys, type KeyActions } from "./keys";
import type { Box } from "./lattice";
import { Legend } from "./legend";
import { MapStore } from "./map_store";
import { Marks } from "./marks";
import type { Host, SceneData } from "./messages";
import { Overlay } from "./overlay";
import { contour, paint } from "./paint";
import { short } from "./number_text";
import { Readout } from "./readout";
import { ScaleBar } from "./scale_bar";
import { rankAgreement, type ScoreMap } from "./score_map";
import { Sheet } from "./sheet";
import { address, slideSource, type SlideAddress } from "./slide_source";
import { savePicture } from "./snapshot";
import { publish, Statistics } from "./statistics";
import { StatusBar } from "./status_bar";
import { Toolbar } from "./toolbar";
import { View } from "./view";

/** Screen pixels per slide pixel at most. */
const MAX_SCALE = 4;
const PATCH_MAGNIFICATION = 20;
const NAVIGATOR_PX = 148;

export class SlideViewer {
  readonly statistics = new Statistics();
  private readonly slide: SlideAddress;
  private readonly state: DisplayState;
  private readonly maps: MapStore;
  private readonly osd: OpenSeadragon.Viewer;
  private readonly view: View;
  private readonly overlay: Overlay;
  private readonly marks: Marks;
  private readonly legend: Legend;
  private readonly gallery: Gallery;
  private readonly crop: Crop;
  private readonly readout: Readout;
  private readonly scaleBar: ScaleBar;
  private readonly toolbar: Toolbar;
  private readonly status: StatusBar;
  private readonly sheet = new Sheet();
  private readonly notice = el("div", { class: "hw-notice", role: "status", hidden: true });
  private readonly banner = el("div", { class: "hw-banner" });
  private readonly stage = el("div", { class: "hw-stage" });
  private readonly ends: Array<() => void> = [];
  private map: ScoreMap | null = null;
  private chosen = -1;
  private areRegionsShown = false;
  private lastFrame = 0;

  constructor(
    private readonly root: HTMLElement,
    private scene: SceneData,
    private readonly host: Host,
  ) {
    this.slide = { token: scene.token, version: scene.version };
    this.state = new DisplayState(scene.deep_link ? readDisplay(scene.version) : {});
    this.maps = new MapStore(this.statistics);
    this.osd = this.open();
    this.view = new View(this.osd, scene);
    this.overlay = new Overlay(this.osd, scene.width, scene.height, this.statistics);
    this.marks = new Marks(this.view);
    this.legend = new Legend(this.state);
    const cropUrl = (box: Box, px: number) => this.cropUrl(box, px);
    this.gallery = new Gallery(cropUrl, (patch) => this.goToPatch(patch), (patch) => this.inspect(patch));
    this.crop = new Crop(cropUrl, scene.mpp, (step) => this.stepPatch(step));
    this.readout = new Readout(scene, this.view);
    this.scaleBar = new ScaleBar(this.view, scene.mpp, scene.mpp_source === "user");
    this.status = new StatusBar(() => this.retry());
    const actions = this.actions();
    this.toolbar = new Toolbar(this.view, MAX_SCALE, actions);
    this.assemble();
    this.listen(actions);
    this.update(scene);
  }

  /** New data of the same slide (a rerun): zoom and display stay. */
  update(scene: SceneData): void {
    this.scene = scene;
    this.slide.token = scene.token;
    this.banner.textContent = scene.banner;
    this.status.showScan(scene);
    this.status.showAnalysis(scene.analysis);
    this.notice.textContent = scene.notice;
    this.notice.hidden = !scene.notice;
    this.marks.setRegions(this.areRegionsShown ? scene.regions : []);
    this.legend.setMaps(scene.maps);
    this.gallery.element.hidden ||= scene.maps.length === 0;
    this.toolbar.show("overlay", this.state.now.isVisible, scene.maps.length > 0);
    this.toolbar.show("gallery", !this.gallery.element.hidden, scene.maps.length > 0);
    this.toolbar.show("regions", this.areRegionsShown, scene.regions.length > 0);
    const chosen = scene.maps.find((map) => map.id === this.state.now.mapId) ?? scene.maps[0];
    if (chosen && chosen.id !== this.state.now.mapId) this.state.change({ mapId: chosen.id });
    else this.loadMap();
    this.marks.draw();
  }

  destroy(): void {
    for (const end of this.ends) end();
    this.osd.destroy();
    this.root.replaceChildren();
  }

  // ---- set-up

  private open(): OpenSeadragon.Viewer {
    const { drawer, renderer } = chooseDrawer();
    this.statistics.drawer = drawer;
    this.statistics.renderer = renderer;
    return new OpenSeadragon.Viewer({
      element: this.stage,
      drawer,
      tileSources: [slideSource(this.scene, this.slide, this.statistics)] as never,
      showNavigationControl: false,
      showNavigator: true,
      navigatorPosition: "TOP_RIGHT",
      navigatorAutoFade: false,
      navigatorRotate: false,
      navigatorBackground: "#F2F3F5",
      navigatorBorderColor: "#D9DEE4",
      navigatorDisplayRegionColor: "#1B6CA8",
      ...navigatorSize(this.scene),
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

  private assemble(): void {
    this.stage.append(this.marks.canvas, this.scaleBar.element, this.legend.element, this.readout.element);
    this.stage.append(this.notice, this.crop.element, this.sheet.element);
    this.root.replaceChildren(
      this.banner,
      this.toolbar.element,
      this.stage,
      this.gallery.element,
      this.status.element,
    );
    this.status.showDrawer(this.statistics.drawer, this.statistics.renderer);
    this.toolbar.show("navigator", true);
    for (const panel of [this.legend.element, this.crop.element, this.sheet.element]) shield(panel);
  }

  private listen(actions: KeyActions): void {
    this.osd.addOnceHandler("open", () => this.opened());
    this.osd.addHandler("update-viewport", () => this.frame());
    this.osd.addHandler("animation-finish", () => this.rest());
    this.osd.addHandler("tile-load-failed", (event) => this.tileFailed(event));
    this.osd.addHandler("canvas-click", (event) => event.quick && this.clicked(event.position, false));
    this.osd.addHandler("canvas-double-click", (event) => this.clicked(event.position, true));
    const move = (event: PointerEvent) => this.pointed(event);
    const leave = () => this.pointed(null);
    this.osd.canvas.addEventListener("pointermove", move);
    this.osd.canvas.addEventListener("pointerleave", leave);
    const resize = new ResizeObserver(() => this.marks.resize());
    resize.observe(this.stage);
    this.state.watch((now, before) => this.changed(now, before));
    this.ends.push(
      listenForKeys(this.root, actions),
      publish(() => this.statistics.report(this.shown())),
      () => resize.disconnect(),
    );
  }

  private opened(): void {
    const place = this.scene.deep_link ? readPlace(this.scene.version) : null;
    if (place) {
      this.osd.viewport.setRotation(place.rotation, true);
      if (place.isFlipped) this.osd.viewport.setFlip(true);
      this.view.go(place.x, place.y, place.scale, true);
    } else {
      this.view.fit(true);
    }
    this.view.slide?.whenFullyLoaded(() => requestAnimationFrame(() => this.statistics.sharp()));
    this.marks.resize();
    this.redraw();
  }

  // ---- the map

  private loadMap(): void {
    const data = this.scene.maps.find((map) => map.id === this.state.now.mapId);
    if (!data) {
      this.map = null;
      return this.redraw();
    }
    const isStill = () => this.scene.maps.some((map) => map.id === data.id && map.url === data.url);
    this.maps
      .get(data, this.scene)
      .then((map) => {
        if (this.state.now.mapId !== data.id || !isStill()) return;
        this.map = map;
        this.redraw();
        this.compare(map);
      })
      .catch(() => this.status.showNote("The map could not be fetched. Reload the page."));
  }

  /** Rank agreement with the first map of another method: reading is not the same as mattering. */
  private compare(map: ScoreMap): void {
    this.legend.showAgreement("");
    const other = this.scene.maps.find((each) => each.method !== map.data.method && each.method !== "coverage");
    if (!other || map.data.method === "coverage") return;
    this.maps
      .get(other, this.scene)
      .then((second) => {
        const agreement = rankAgreement(map, second);
        if (agreement === null || this.map !== map) return;
        this.legend.showAgreement(`Rank agreement with ${other.method_label.toLowerCase()}: ${short(agreement)} (Spearman)`);
      })
      .catch(() => undefined);
  }

  private redraw(): void {
    const { map } = this;
    const display = this.state.now;
    this.root.dataset["map"] = map ? map.data.id : "";
    if (map) {
      this.legend.update(map, display);
      this.gallery.update(map);
    }
    if (!this.view.slide) return;
    const isShown = map && display.isVisible && (!map.isConstant || map.data.method === "coverage");
    this.marks.contour = isShown && display.style === "outline" ? contour(map, display) : null;
    this.overlay.request(() => {
      const painting = isShown ? paint(map, display, this.scene.width, this.scene.height) : null;
      return painting && { painting, opacity: this.opacityNow(this.state.now) };
    });
    this.marks.draw();
  }

  private opacityNow(display: Display): number {
    return display.style === "spotlight" ? display.veil : display.opacity;
  }

  private changed(now: Display, before: Display): void {
    this.toolbar.show("overlay", now.isVisible, this.scene.maps.length > 0);
    const onlyOpacity = isSameBut(now, before, ["opacity", "veil"]);
    if (now.mapId !== before.mapId) {
      if (before.mapId) this.state.now.range = null;
      this.loadMap();
    } else if (onlyOpacity && this.map) {
      this.overlay.setOpacity(this.opacityNow(now));
      this.legend.update(this.map, now);
    } else {
      this.redraw();
    }
    this.keepAddress();
  }

  // ---- each frame, and at rest

  private frame(): void {
    const now = performance.now();
    if (this.lastFrame && now - this.lastFrame < 500) this.statistics.frame(now - this.lastFrame);
    this.lastFrame = now;
    if (!this.view.slide) return;
    this.marks.draw();
    this.scaleBar.update();
    this.toolbar.update();
    if (this.statistics.drawer === "webgl" && isTooSlow(this.statistics.frameMs)) this.useCanvas();
  }

  private useCanvas(): void {
    this.statistics.drawer = "canvas";
    this.status.showDrawer("canvas", this.statistics.renderer);
    this.osd.requestDrawer("canvas", { mainDrawer: true, redrawImmediately: true, drawerOptions: {} });
  }

  private rest(): void {
    this.lastFrame = 0;
    this.keepAddress();
  }

  private keepAddress(): void {
    if (!this.scene.deep_link || !this.view.slide) return;
    const { viewport } = this.osd;
    const place = { ...this.view.centre(), scale: this.view.scale, rotation: viewport.getRotation(true), isFlipped: viewport.getFlip() };
    writeAddress(this.scene.version, place, this.state.now);
  }

  private tileFailed(event: OpenSeadragon.TileLoadFailedEvent): void {
    const { tile } = event;
    if (!tile || event.tiledImage !== this.view.slide) return;
    this.statistics.tileFailures++;
    const { width } = this.scene;
    const { x, y, width: w, height: h } = tile.bounds;
    const area = { x: x * width, y: y * width, size: w * width, height: h * width };
    this.marks.addFailed(tile.cacheKey, area);
    this.status.showFailures(this.statistics.tileFailures);
    this.marks.draw();
  }

  private retry(): void {
    this.statistics.tileFailures = 0;
    this.marks.clearFailed();
    this.status.showFailures(0);
    this.view.slide?.reset();
    this.osd.forceRedraw();
  }

  // ---- patches

  private pointed(event: PointerEvent | null): void {
    if (!this.view.slide) return;
    if (!event) {
      this.status.showPointer(null);
      this.readout.hide();
      this.hover(null);
      return;
    }
    const box = this.stage.getBoundingClientRect();
    const at = { x: event.clientX - box.left, y: event.clientY - box.top };
    const point = this.view.toSlide(at.x, at.y);
    const isInside = point.x >= 0 && point.y >= 0 && point.x < this.scene.width && point.y < this.scene.height;
    this.status.showPointer(isInside ? point : null);
    const patch = this.map && event.buttons === 0 ? this.map.lattice.patchAt(point.x, point.y) : -1;
    if (patch < 0 || !this.map) {
      this.readout.hide();
      return this.hover(null);
    }
    this.readout.show(this.map, patch, at.x, at.y);
    this.hover(this.map.lattice.box(patch));
  }

  private hover(box: Box | null): void {
    if (this.marks.hovered?.x === box?.x && this.marks.hovered?.y === box?.y) return;
    this.marks.hovered = box;
    this.marks.draw();
  }

  private clicked(position: OpenSeadragon.Point, isDouble: boolean): void {
    this.root.focus({ preventScroll: true });
    if (!this.view.slide) return;
    const point = this.view.toSlide(position.x, position.y);
    const patch = this.map ? this.map.lattice.patchAt(point.x, point.y) : -1;
    if (patch >= 0) {
      if (isDouble) this.inspect(patch);
      else this.choose(patch);
    } else if (isDouble) {
      this.osd.viewport.zoomBy(2, this.osd.viewport.pointFromPixel(position, true));
    }
  }

  private choose(patch: number): void {
    if (!this.map) return;
    this.chosen = patch;
    this.marks.chosen = this.map.lattice.box(patch);
    this.gallery.mark(patch);
    this.marks.draw();
    if (this.crop.isOpen) this.crop.open(this.map, patch);
    if (this.scene.reports.includes("picked")) {
      const { x, y, size } = this.map.lattice.box(patch);
      this.host.setTriggerValue("picked", { patch, map: this.map.data.id, x, y, size });
    }
  }

  /** Centre a patch at 20x and draw its outline. */
  private goToPatch(patch: number): void {
    if (!this.map || patch < 0) return;
    const { x, y, size } = this.map.lattice.box(patch);
    const native = this.view.nativeMagnification;
    const scale = native === null ? 1 : Math.min(MAX_SCALE, PATCH_MAGNIFICATION / native);
    this.view.go(x + size / 2, y + size / 2, scale);
    this.choose(patch);
  }

  private stepPatch(step: number): void {
    this.goToPatch(this.gallery.stepFrom(this.chosen, step));
  }

  private inspect(patch: number): void {
    if (!this.map || patch < 0) return;
    this.choose(patch);
    this.crop.open(this.map, patch);
  }

  private cropUrl(box: Box, px: number): string {
    const numbers = [box.x, box.y, box.size].map(Math.round);
    return address(`wsi/${this.slide.token}/region/${numbers.join("_")}_${px}.jpg?v=${this.slide.version}`);
  }

  // ---- actions

  private actions(): KeyActions {
    return {
      fit: () => this.view.fit(),
      preset: (magnification) => this.view.zoomToMagnification(magnification),
      zoomBy: (factor) => {
        this.osd.viewport.zoomBy(factor);
        this.osd.viewport.applyConstraints();
      },
      pan: (dx, dy) => {
        this.osd.viewport.panBy(this.osd.viewport.deltaPointsFromPixels(new OpenSeadragon.Point(dx, dy)));
        this.osd.viewport.applyConstraints();
      },
      rotate: (degrees) => this.view.rotate(degrees),
      mirror: () => this.view.mirror(),
      toggleOverlay: () => this.state.change({ isVisible: !this.state.now.isVisible }),
      toggleNavigator: () => this.toggleNavigator(),
      toggleGallery: () => this.toggleGallery(),
      toggleRegions: () => this.toggleRegions(),
      snapshot: () => this.snapshot(),
      fullScreen: () => this.fullScreen(),
      help: () => this.sheet.toggle(),
      hide: (isHidden) => this.hide(isHidden),
      changeOpacity: (step) => this.legend.setOpacity(this.opacityNow(this.state.now) + step),
      nextPatch: (step) => this.stepPatch(step),
      nextLayer: () => this.legend.nextLayer(),
      toggleSmooth: () => this.state.change({ isSmooth: !this.state.now.isSmooth }),
      inspect: () => this.inspect(this.chosen),
      escape: () => this.escape(),
    };
  }

  private hide(isHidden: boolean): void {
    if (this.root.classList.contains("hw-peek") === isHidden) return;
    this.root.classList.toggle("hw-peek", isHidden);
    this.overlay.setHidden(isHidden);
  }

  private toggleNavigator(): void {
    const element = (this.osd as unknown as { navigator: { element: HTMLElement } }).navigator.element;
    element.hidden = !element.hidden;
    this.toolbar.show("navigator", !element.hidden);
  }

  private toggleGallery(): void {
    this.gallery.element.hidden = !this.gallery.element.hidden;
    this.toolbar.show("gallery", !this.gallery.element.hidden, this.scene.maps.length > 0);
  }

  private toggleRegions(): void {
    if (!this.scene.regions.length) return;
    this.areRegionsShown = !this.areRegionsShown;
    this.marks.setRegions(this.areRegionsShown ? this.scene.regions : []);
    this.toolbar.show("regions", this.areRegionsShown);
    this.marks.draw();
  }

  private fullScreen(): void {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void this.root.requestFullscreen();
  }

  private snapshot(): void {
    const { scene, view, marks, scaleBar, map } = this;
    const ramp = this.legend.element.querySelector<HTMLCanvasElement>(".hw-ramp")!;
    void savePicture({ scene, view, marks, scaleBar, ramp, map, display: this.state.now });
  }

  private escape(): boolean {
    if (!this.sheet.element.hidden) this.sheet.toggle(false);
    else if (this.crop.isOpen) this.crop.close();
    else return false;
    return true;
  }

  /** For the statistics object: what is on the screen right now. */
  private shown(): Record<string, unknown> {
    if (!this.view.slide) return { isOpen: false };
    const display = Object.freeze({ ...this.state.now });
    const place = { centre: this.view.centre(), scale: this.view.scale, magnification: this.view.magnification };
    return { isOpen: true, version: this.slide.version, display, chosen: this.chosen, ...place, shownMap: this.map?.data.id ?? null };
  }
}

function navigatorSize({ width, height }: SceneData): { navigatorWidth: string; navigatorHeight: string } {
  const scale = NAVIGATOR_PX / Math.max(width, height);
  return { navigatorWidth: `${Math.round(width * scale)}px`, navigatorHeight: `${Math.round(height * scale)}px` };
}

function isSameBut(now: Display, before: Display, names: readonly (keyof Display)[]): boolean {
  return (Object.keys(now) as (keyof Display)[]).every((name) => names.includes(name) || now[name] === before[name]);
}

/** Panels over the slide keep their own pointer and wheel events. */
function shield(panel: HTMLElement): void {
  for (const name of ["pointerdown", "pointerup", "pointermove", "wheel", "click", "dblclick"]) {
    panel.addEventListener(name, (event) => event.stopPropagation(), { passive: true });
  }
}
