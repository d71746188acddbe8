// The legend in the viewport: what is shown, in which unit, over which range, and every control
// of the map. Nothing here asks the server for anything but a map that was not fetched yet.
import { ColourBar } from "./colour_bar";
import { COLOUR_NAMES } from "./colour_tables";
import { scalingFor, type ColourName, type Display, type DisplayState, type Scaling, type Style } from "./display";
import { el, fillSelect, iconButton, Segments } from "./dom";
import { ICONS } from "./icons";
import { otherKind } from "./map_kind";
import { countText, headText, layerText, openedText, rangeText, shownText, warningText } from "./map_text";
import type { MapData } from "./messages";
import { percent } from "./number_text";
import type { ScoreMap } from "./score_map";

const MIN_SHARE_LOG = -3; // 0.1 %
const FOLDED = "healnet-viewer-legend-folded";

export class Legend {
  readonly element: HTMLElement;
  private readonly title = el("div", { class: "hw-legend-title" });
  private readonly subtitle = el("div", { class: "hw-legend-subtitle" });
  private readonly facts = el("div", { class: "hw-legend-facts" });
  private readonly warningText = el("span", {});
  private readonly second: HTMLButtonElement;
  private readonly warning: HTMLElement;
  private readonly flag = el("span", { class: "hw-legend-flag" });
  private readonly fold: HTMLButtonElement;
  private readonly colourRow: HTMLElement;
  private readonly agreement = el("div", { class: "hw-legend-agreement" });
  private readonly opacityText = el("output", { class: "hw-slider-text" });
  private readonly shareText = el("output", { class: "hw-slider-text" });
  private readonly method = el("select", { class: "hw-select", "aria-label": "Map", title: "Map" });
  private readonly layer = el("select", { class: "hw-select", "aria-label": "Layer", title: "Layer (L)" });
  private readonly head = el("select", { class: "hw-select", "aria-label": "Head", title: "Head" });
  private readonly colours = el("select", { class: "hw-select", "aria-label": "Colour map", title: "Colour map" });
  private readonly opacity = slider("Opacity", 0, 100);
  private readonly share = slider("Show the strongest", 0, 100);
  private readonly bar: ColourBar;
  private readonly scaling: Segments<Scaling>;
  private readonly style: Segments<Style>;
  private readonly smooth: Segments<"blocky" | "smooth">;
  private maps: readonly MapData[] = [];

  constructor(
    private readonly state: DisplayState,
    private readonly onFold: () => void,
  ) {
    this.bar = new ColourBar((range) => state.change({ range }));
    this.scaling = new Segments<Scaling>(
      "Scaling",
      [["raw", "Raw", "Scores as they are"], ["percentile", "Percentile", "Rank within this slide: always paints something hot"]],
      (scaling) => state.change({ scaling }),
    );
    this.style = new Segments<Style>(
      "Overlay style",
      [
        ["tint", "Tint", "Colours over the tissue"],
        ["spotlight", "Spotlight", "Veil all but the strongest: the stain stays true"],
        ["outline", "Outline", "Contour of the strongest"],
      ],
      (style) => state.setStyle(style),
    );
    this.smooth = new Segments<"blocky" | "smooth">(
      "Cells",
      [["blocky", "Blocky", "One cell a patch (B)"], ["smooth", "Smooth", "Interpolated for display; readouts stay exact (B)"]],
      (choice) => state.change({ isSmooth: choice === "smooth" }),
    );
    this.second = el("button", { type: "button", class: "hw-link", click: () => this.showSecond() });
    this.warning = el("div", { class: "hw-legend-warning", role: "note", hidden: true }, this.warningText, " ", this.second);
    this.colourRow = el("div", { class: "hw-row" }, this.scaling.element, this.colours);
    this.fold = iconButton("Fold the legend", "K", ICONS.down, () => this.toggleFold());
    this.listen();
    this.element = this.build();
    this.setFolded(isFoldKept());
  }

  private build(): HTMLElement {
    const body = el(
      "div",
      { class: "hw-legend-body" },
      el("div", { class: "hw-row" }, this.method, this.layer, this.head),
      this.bar.element,
      this.facts,
      this.warning,
      this.colourRow,
      el("div", { class: "hw-row" }, this.style.element, this.smooth.element),
      el("label", { class: "hw-slider" }, el("span", {}, "Opacity"), this.opacity, this.opacityText),
      el("label", { class: "hw-slider" }, el("span", {}, "Show top"), this.share, this.shareText),
      this.agreement,
    );
    const names = el("div", { class: "hw-legend-names" }, this.title, this.subtitle, this.flag);
    const head = el("div", { class: "hw-legend-head" }, names, this.fold);
    return el("section", { class: "hw-legend", "aria-label": "Legend of the map" }, head, body);
  }

  private listen(): void {
    const choose = () => this.choose();
    for (const select of [this.method, this.layer, this.head]) select.addEventListener("change", choose);
    this.colours.addEventListener("change", () => this.state.change({ colours: this.colours.value as ColourName }));
    this.opacity.addEventListener("input", () => this.setOpacity(Number(this.opacity.value) / 100));
    this.share.addEventListener("input", () => this.state.change({ topShare: shareAt(Number(this.share.value)) }));
  }

  /** To one line and back; remembered on this computer. */
  toggleFold(): void {
    this.setFolded(!this.isFolded);
    keepFold(this.isFolded);
    this.onFold();
  }

  private get isFolded(): boolean {
    return this.element.classList.contains("hw-folded");
  }

  private setFolded(isFolded: boolean): void {
    this.element.classList.toggle("hw-folded", isFolded);
    this.fold.setAttribute("aria-expanded", String(!isFolded));
  }

  /** Screen pixels that it covers on the left of the stage. */
  get covers(): number {
    return !this.element.hidden && !this.isFolded ? this.element.offsetLeft + this.element.offsetWidth : 0;
  }

  setOpacity(value: number): void {
    const bounded = Math.min(1, Math.max(0, value));
    const isVeil = this.state.now.style === "spotlight";
    this.state.change(isVeil ? { veil: bounded } : { opacity: bounded });
  }

  /** The maps to choose from; the first is shown if the chosen one is gone. */
  setMaps(maps: readonly MapData[]): void {
    this.maps = maps;
    this.element.hidden = maps.length === 0;
  }

  /** Step to the next layer of the same method (key L). */
  nextLayer(): void {
    const now = this.current();
    const same = this.maps.filter((map) => map.method === now?.method && headKey(map) === headKey(now));
    if (!now || same.length < 2) return;
    this.state.change({ mapId: same[(same.indexOf(now) + 1) % same.length]!.id });
  }

  /** Draw everything from the state. */
  update(map: ScoreMap, display: Display): void {
    const { data } = map;
    this.title.textContent = data.title;
    this.subtitle.textContent = data.subtitle;
    this.showChoices(data);
    this.bar.update(map, display);
    // only the tint has colours to explain
    this.bar.element.hidden = this.colourRow.hidden = display.style !== "tint" || map.isConstant;
    this.showFacts(map, display);
    this.scaling.show(scalingFor(map, display));
    this.scaling.setEnabled("percentile", !map.isNearUniform, percentileTitle(map));
    this.style.show(display.style);
    this.smooth.show(display.isSmooth ? "smooth" : "blocky");
    this.colours.disabled = data.signed;
    fillSelect(this.colours, COLOUR_NAMES, display.colours);
    const opacity = display.style === "spotlight" ? display.veil : display.opacity;
    this.opacity.value = String(Math.round(opacity * 100));
    this.opacity.disabled = display.style === "outline";
    this.opacityText.textContent = display.style === "outline" ? "–" : percent(Math.round(opacity * 100) / 100);
    this.share.value = String(sliderAt(display.topShare));
    this.shareText.textContent = display.topShare >= 1 ? "all" : percent(display.topShare);
    this.element.classList.toggle("hw-off", !display.isVisible);
  }

  /** Rank agreement with the other method, once both are there. */
  showAgreement(text: string): void {
    this.agreement.textContent = text;
  }

  private showFacts(map: ScoreMap, display: Display): void {
    const lines = [rangeText(map, display), countText(map, display), shownText(map, display)];
    this.facts.replaceChildren(...lines.filter(Boolean).map((text) => el("div", {}, text)));
    this.facts.title = "Spread: effective number of patches, exp(entropy), as a share of all";
    const warning = warningText(map);
    const note = [warning, openedText(this.maps, map.data)].filter(Boolean).join(" ");
    this.warning.hidden = !note;
    this.warning.classList.toggle("hw-note", !warning);
    this.warningText.textContent = note;
    this.flag.textContent = map.isNearUniform ? "Nearly uniform" : "";
    const second = note ? otherKind(this.maps, map.data) : undefined;
    this.second.hidden = !second;
    if (second) this.second.textContent = `Show ${second.title.charAt(0).toLowerCase()}${second.title.slice(1)}`;
  }

  private showChoices(data: MapData): void {
    const methods = unique(this.maps.map((map) => [map.method, map.method_label] as const));
    const ofMethod = this.maps.filter((map) => map.method === data.method);
    const layers = unique(ofMethod.map((map) => [key(map.layer), layerText(map)] as const));
    const ofLayer = ofMethod.filter((map) => map.layer === data.layer);
    const heads = unique(ofLayer.map((map) => [headKey(map), headText(map)] as const));
    fillSelect(this.method, methods, data.method);
    fillSelect(this.layer, layers, key(data.layer));
    fillSelect(this.head, heads, headKey(data));
  }

  /** The map that fits the three choices best, in their order. */
  private choose(): void {
    const fit = (map: MapData): number =>
      (map.method === this.method.value ? 4 : 0) +
      (key(map.layer) === this.layer.value ? 2 : 0) +
      (headKey(map) === this.head.value ? 1 : 0);
    const best = [...this.maps].sort((a, b) => fit(b) - fit(a))[0];
    if (best) this.state.change({ mapId: best.id });
  }

  /** One click from a map that says little to the one of the other kind. */
  private showSecond(): void {
    const now = this.current();
    const second = now && otherKind(this.maps, now);
    if (second) this.state.change({ mapId: second.id });
  }

  private current(): MapData | undefined {
    return this.maps.find((map) => map.id === this.state.now.mapId);
  }
}

function percentileTitle(map: ScoreMap): string {
  return map.isNearUniform
    ? "Off for a nearly uniform map: ranks would paint contrast that is not there"
    : "Rank within this slide: always paints something hot";
}

function slider(label: string, min: number, max: number): HTMLInputElement {
  return el("input", { type: "range", class: "hw-range", min, max, step: 1, "aria-label": label });
}

/** Slider position 0..100 <-> share 0.1 %..100 %, evenly in the logarithm. */
function shareAt(position: number): number {
  return position >= 100 ? 1 : 10 ** (MIN_SHARE_LOG * (1 - position / 100));
}

function sliderAt(share: number): number {
  return Math.round(100 * (1 - Math.log10(share) / MIN_SHARE_LOG));
}

function unique(pairs: readonly (readonly [string, string])[]): (readonly [string, string])[] {
  return [...new Map(pairs)];
}

function key(value: number | null): string {
  return value === null ? "mean" : String(value);
}

function headKey({ head, member }: MapData): string {
  return `${key(head)} ${key(member)}`;
}

function isFoldKept(): boolean {
  try {
    return window.localStorage.getItem(FOLDED) === "1";
  } catch {
    return false; // storage is off: the legend starts open
  }
}

function keepFold(isFolded: boolean): void {
  try {
    window.localStorage.setItem(FOLDED, isFolded ? "1" : "0");
  } catch {
    // storage is off: nothing to remember it in
  }
}
