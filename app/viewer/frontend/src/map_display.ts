// The chosen map on the slide: fetched, coloured, compared; driven by the display state.
import type { Display, DisplayState } from "./display";
import type { Legend } from "./legend";
import type { MapStore } from "./map_store";
import type { Marks } from "./marks";
import { openingMap, otherKind } from "./map_kind";
import type { MapData, SceneData } from "./messages";
import { short } from "./number_text";
import type { Overlay } from "./overlay";
import { contours, paint } from "./paint";
import { rankAgreement, type ScoreMap } from "./score_map";
import type { Statistics } from "./statistics";

interface Parts {
  state: DisplayState;
  store: MapStore;
  overlay: Overlay;
  marks: Marks;
  legend: Legend;
  statistics: Statistics;
}

const OPACITY_ONLY: readonly (keyof Display)[] = ["opacity", "veil"];

export class MapDisplay {
  map: ScoreMap | null = null;
  private isReady = false;

  constructor(
    private readonly parts: Parts,
    private scene: SceneData,
    private readonly onMap: (map: ScoreMap | null, isSameLattice: boolean) => void,
    private readonly onTrouble: (text: string) => void,
  ) {
    parts.state.watch((now, before) => this.changed(now, before));
  }

  /** The slide is on screen: the map may be laid over it. */
  ready(): void {
    this.isReady = true;
    this.draw();
  }

  /** New data of the same slide. What was chosen stays chosen if it is still there. */
  update(scene: SceneData): void {
    this.scene = scene;
    this.parts.legend.setMaps(scene.maps);
    const { mapId } = this.parts.state.now;
    const chosen = scene.maps.find((map) => map.id === mapId) ?? openingMap(scene.maps);
    if (chosen && chosen.id !== mapId) this.parts.state.change({ mapId: chosen.id });
    else this.load();
  }

  get opacity(): number {
    const { style, veil, opacity } = this.parts.state.now;
    return style === "spotlight" ? veil : opacity;
  }

  /** Whether anything of the map is to be seen. */
  get isShown(): boolean {
    return this.map !== null && this.parts.state.now.isVisible && !this.map.isConstant;
  }

  private load(): void {
    const data = this.scene.maps.find((map) => map.id === this.parts.state.now.mapId);
    if (!data) {
      this.change(null);
      return;
    }
    this.parts.store
      .get(data, this.scene)
      .then((map) => this.show(data, map))
      .catch(() => {
        this.onTrouble("The map could not be fetched. Reload the page.");
        this.draw(); // the choices name the map that is still on screen
      });
  }

  private show(data: MapData, map: ScoreMap): void {
    const isStill = this.scene.maps.some((each) => each.id === data.id && each.url === data.url);
    if (this.parts.state.now.mapId !== data.id || !isStill) return;
    this.change(map);
    this.compare(map);
  }

  /** From here on nothing on screen may still speak of the map before. */
  private change(map: ScoreMap | null): void {
    const isSameLattice = !!map && !!this.map && map.lattice.isSame(this.map.lattice);
    this.map = map;
    this.draw();
    this.onMap(map, isSameLattice);
  }

  /** Rank agreement with the first map of the other kind: reading is not the same as mattering. */
  private compare(map: ScoreMap): void {
    const { legend, store } = this.parts;
    legend.showAgreement("");
    const other = otherKind(this.scene.maps, map.data);
    if (!other) return;
    store
      .get(other, this.scene)
      .then((second) => {
        const agreement = rankAgreement(map, second);
        if (agreement === null || this.map !== map) return;
        legend.showAgreement(`Rank agreement with ${other.method_label.toLowerCase()}: ${short(agreement)} (Spearman)`);
      })
      .catch(() => legend.showAgreement(""));
  }

  private changed(now: Display, before: Display): void {
    if (now.mapId !== before.mapId) {
      this.load();
    } else if (this.map && isSameBut(now, before, OPACITY_ONLY)) {
      this.parts.overlay.setOpacity(this.opacity);
      this.parts.legend.update(this.map, now);
    } else {
      this.draw();
    }
  }

  private draw(): void {
    const { map } = this;
    const { state, marks, overlay, legend, statistics } = this.parts;
    const display = state.now;
    const asked = performance.now();
    if (map) legend.update(map, display);
    if (!this.isReady) return;
    const isShown = map && this.isShown;
    marks.contours = isShown && display.style === "outline" ? contours(map, display) : [];
    overlay.request(() => {
      const painting = isShown ? paint(map, display, this.scene.width, this.scene.height) : null;
      return painting && { painting, opacity: () => this.opacity };
    });
    marks.draw();
    if (marks.contours.length) statistics.overlayShown(performance.now() - asked);
  }
}

function isSameBut(now: Display, before: Display, names: readonly (keyof Display)[]): boolean {
  return (Object.keys(now) as (keyof Display)[]).every((name) => names.includes(name) || now[name] === before[name]);
}
