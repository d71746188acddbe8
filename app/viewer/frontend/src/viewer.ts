// The viewer of one slide: puts the parts together.
import OpenSeadragon from "openseadragon";

import { readDisplay, readPlace, writeAddress } from "./address";
import { Crop } from "./crop";
import { DisplayState } from "./display";
import { el } from "./dom";
import { chooseDrawer, isTooSlow } from "./drawer";
import { Gallery } from "./gallery";
import { listenForKeys, type KeyActions } from "./keys";
import type { Box } from "./lattice";
import { Legend } from "./legend";
import { MapDisplay } from "./map_display";
import { MapStore } from "./map_store";
import { Marks } from "./marks";
import type { Host, SceneData } from "./messages";
import { Overlay } from "./overlay";
import { PatchBrowser } from "./patch_browser";
import { Readout } from "./readout";
import { ScaleBar } from "./scale_bar";
import type { ScoreMap } from "./score_map";
import { Sheet } from "./sheet";
import { address, slideSource, type SlideAddress } from "./slide_source";
import { savePicture } from "./snapshot";
import { MAX_SCALE, openStage, shield } from "./stage";
import { publish, Statistics } from "./statistics";
import { StatusBar } from "./status_bar";
import { Toolbar } from "./toolbar";
import { View } from "./view";

export class SlideViewer {
  readonly statistics = new Statistics();
  private readonly slide: SlideAddress;
  private readonly state: DisplayState;
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
  private readonly display: MapDisplay;
  private readonly patches: PatchBrowser;
  private readonly sheet = new Sheet();
  private readonly notice = el("div", { class: "hw-notice", role: "status", hidden: true });
  private readonly banner = el("div", { class: "hw-banner" });
  private readonly stage = el("div", { class: "hw-stage" });
  private readonly ends: Array<() => void> = [];
  private areRegionsShown = false;
  private isWhole = false;
  private lastFrame = 0;

  constructor(
    private readonly root: HTMLElement,
    private scene: SceneData,
    private readonly host: Host,
  ) {
    this.slide = { token: scene.token, version: scene.version };
    this.state = new DisplayState(scene.deep_link ? readDisplay(scene.version) : {});
    root.append(this.stage); // OpenSeadragon measures its element when it starts
    this.osd = this.open();
    this.view = new View(this.osd, scene);
    this.overlay = new Overlay(this.osd, scene.width, scene.height, this.statistics);
    this.marks = new Marks(this.view);
    this.legend = new Legend(this.state, () => this.isWhole && this.fit());
    const cropUrl = (box: Box, px: number) => this.cropUrl(box, px);
    this.gallery = new Gallery(cropUrl, (patch) => this.patches.goTo(patch), (patch) => this.patches.inspect(patch));
    this.crop = new Crop(cropUrl, scene.mpp, (step) => this.patches.step(step));
    this.readout = new Readout(scene, this.view);
    this.scaleBar = new ScaleBar(this.view, scene.mpp, scene.mpp_source === "user");
    this.status = new StatusBar(() => this.retry());
    this.overlay.keepCellsHard(() => !this.state.now.isSmooth);
    this.display = this.makeDisplay();
    this.patches = this.makePatches();
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
    this.root.classList.toggle("hw-mapless", scene.maps.length === 0);
    this.showToggles();
    this.display.update(scene);
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
    return openStage(this.stage, this.scene, slideSource(this.scene, this.slide, this.statistics), drawer);
  }

  private makeDisplay(): MapDisplay {
    const { state, overlay, marks, legend, statistics } = this;
    const parts = { state, store: new MapStore(statistics), overlay, marks, legend, statistics };
    const onMap = (map: ScoreMap | null, isSame: boolean) => this.patches.mapChanged(map, isSame);
    return new MapDisplay(parts, this.scene, onMap, (text) => this.status.showNote(text));
  }

  private makePatches(): PatchBrowser {
    const { view, marks, gallery, crop, readout, status } = this;
    return new PatchBrowser(
      { view, marks, gallery, crop, readout, status },
      this.scene,
      () => this.display.map,
      () => (this.isWhole = false),
      (picked) => this.scene.reports.includes("picked") && this.host.setTriggerValue("picked", picked),
    );
  }

  private assemble(): void {
    this.stage.append(this.marks.canvas, this.scaleBar.element, this.legend.element, this.readout.element);
    this.stage.append(this.notice, this.crop.element, this.sheet.element);
    this.stage.before(this.banner, this.toolbar.element);
    this.stage.after(this.gallery.element, this.status.element);
    this.status.showDrawer(this.statistics.drawer, this.statistics.renderer);
    for (const panel of [this.legend.element, this.crop.element, this.sheet.element]) shield(panel);
  }

  private listen(actions: KeyActions): void {
    this.osd.addOnceHandler("open", () => this.opened());
    this.osd.addHandler("update-viewport", () => this.frame());
    this.osd.addHandler("animation-finish", () => this.rest());
    // after OpenSeadragon has set its own zoom for the new size
    this.osd.addHandler("after-resize", () => queueMicrotask(() => this.isWhole && this.fit(true)));
    for (const name of ["canvas-drag", "canvas-scroll", "canvas-pinch", "navigator-click", "navigator-drag"] as const) {
      this.osd.addHandler(name, () => (this.isWhole = false));
    }
    this.osd.addHandler("tile-load-failed", (event) => this.tileFailed(event));
    this.osd.addHandler("canvas-press", () => this.root.focus({ preventScroll: true }));
    this.osd.addHandler("canvas-click", (event) => event.quick && this.patches.click(event.position, false));
    this.osd.addHandler("canvas-double-click", (event) => this.patches.click(event.position, true));
    this.osd.canvas.addEventListener("pointermove", (event) => this.pointed(event));
    this.osd.canvas.addEventListener("pointerleave", () => this.patches.point(null, false));
    const resize = new ResizeObserver(() => this.marks.resize());
    resize.observe(this.stage);
    this.state.watch(() => {
      this.showToggles();
      this.keepAddress();
    });
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
      this.fit(true);
    }
    this.view.slide?.whenFullyLoaded(() => requestAnimationFrame(() => this.statistics.sharp()));
    this.marks.resize();
    this.display.ready();
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
    this.patches.refresh();
    this.keepAddress();
  }

  private keepAddress(): void {
    if (!this.scene.deep_link || !this.view.slide) return;
    const { viewport } = this.osd;
    const turned = { rotation: viewport.getRotation(true), isFlipped: viewport.getFlip() };
    writeAddress(this.scene.version, { ...this.view.centre(), scale: this.view.scale, ...turned }, this.state.now);
  }

  private tileFailed(event: OpenSeadragon.TileLoadFailedEvent): void {
    const { tile } = event;
    if (!tile || event.tiledImage !== this.view.slide) return;
    const { width } = this.scene;
    const { x, y, width: w, height: h } = tile.bounds;
    const area = { x: x * width, y: y * width, size: w * width, height: h * width };
    this.statistics.tileFailures = this.marks.addFailed(tile.cacheKey, area);
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

  private pointed(event: PointerEvent): void {
    const box = this.stage.getBoundingClientRect();
    this.patches.point({ x: event.clientX - box.left, y: event.clientY - box.top }, event.buttons !== 0);
  }

  private cropUrl(box: Box, px: number): string {
    const numbers = [box.x, box.y, box.size].map(Math.round);
    return address(`wsi/${this.slide.token}/region/${numbers.join("_")}_${px}.jpg?v=${this.slide.version}`);
  }

  // ---- actions

  private actions(): KeyActions {
    const { state } = this;
    return {
      fit: () => this.fit(),
      preset: (magnification) => this.move(() => this.view.zoomToMagnification(magnification)),
      zoomBy: (factor) => this.move(() => this.view.zoomBy(factor)),
      pan: (dx, dy) => this.move(() => this.view.pan(dx, dy)),
      rotate: (degrees) => this.view.rotate(degrees),
      mirror: () => this.view.mirror(),
      toggleOverlay: () => state.change({ isVisible: !state.now.isVisible }),
      toggleNavigator: () => this.toggleNavigator(),
      toggleGallery: () => this.toggleGallery(),
      toggleRegions: () => this.toggleRegions(),
      snapshot: () => this.snapshot(),
      fullScreen: () => this.fullScreen(),
      help: () => this.sheet.toggle(),
      hide: (isHidden) => this.hide(isHidden),
      changeOpacity: (step) => this.legend.setOpacity(this.display.opacity + step),
      nextPatch: (step) => this.patches.step(step),
      nextLayer: () => this.legend.nextLayer(),
      toggleSmooth: () => state.change({ isSmooth: !state.now.isSmooth }),
      toggleLegend: () => this.legend.toggleFold(),
      inspect: () => this.patches.inspect(this.patches.chosen),
      escape: () => this.escape(),
    };
  }

  private move(how: () => void): void {
    this.isWhole = false;
    how();
  }

  /** The whole slide; it stays whole when the window changes, until the reader moves. */
  private fit(isImmediate = false): void {
    this.isWhole = true;
    this.view.fit(this.legend.covers, isImmediate);
  }

  private hide(isHidden: boolean): void {
    if (this.root.classList.contains("hw-peek") === isHidden) return;
    this.root.classList.toggle("hw-peek", isHidden);
    this.overlay.setHidden(isHidden);
  }

  private get navigator(): HTMLElement {
    return (this.osd as unknown as { navigator: { element: HTMLElement } }).navigator.element;
  }

  private toggleNavigator(): void {
    this.navigator.hidden = !this.navigator.hidden;
    this.showToggles();
  }

  private toggleGallery(): void {
    this.gallery.element.hidden = !this.gallery.element.hidden;
    this.showToggles();
  }

  private toggleRegions(): void {
    this.areRegionsShown = !this.areRegionsShown && this.scene.regions.length > 0;
    this.marks.setRegions(this.areRegionsShown ? this.scene.regions : []);
    this.showToggles();
    this.marks.draw();
  }

  private showToggles(): void {
    const hasMaps = this.scene.maps.length > 0;
    this.toolbar.show("overlay", this.state.now.isVisible, hasMaps);
    this.toolbar.show("gallery", !this.gallery.element.hidden, hasMaps);
    this.toolbar.show("navigator", !this.navigator.hidden);
    this.toolbar.show("regions", this.areRegionsShown, this.scene.regions.length > 0);
  }

  private fullScreen(): void {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void this.root.requestFullscreen();
  }

  private snapshot(): void {
    const { scene, view, marks, scaleBar } = this;
    const ramp = this.legend.element.querySelector<HTMLCanvasElement>(".hw-ramp")!;
    const isShown = this.display.isShown && !this.root.classList.contains("hw-peek");
    void savePicture({ scene, view, marks, scaleBar, ramp, map: isShown ? this.display.map : null, display: this.state.now });
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
    const place = { centre: this.view.centre(), scale: this.view.scale, magnification: this.view.magnification };
    return {
      isOpen: true,
      version: this.slide.version,
      display: Object.freeze({ ...this.state.now }),
      chosen: this.patches.chosen,
      chosenBox: this.marks.chosen && Object.freeze({ ...this.marks.chosen }),
      shownMap: this.display.map?.data.id ?? null,
      ...place,
    };
  }
}
