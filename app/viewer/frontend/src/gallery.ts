// The strip of patches: highest, lowest and random ones on an equal footing (R9).
import { el, iconButton, Segments } from "./dom";
import { ICONS } from "./icons";
import type { Box } from "./lattice";
import { scoreText } from "./map_text";
import { short } from "./number_text";
import type { ScoreMap } from "./score_map";

export type Choice = "top" | "bottom" | "random";

const NUM_SHOWN = 16;
const THUMB_PX = 144; // drawn at 72: sharp on dense screens

export class Gallery {
  readonly element: HTMLElement;
  private readonly note = el("div", { class: "hw-gallery-note", role: "note", hidden: true });
  private readonly list = el("div", { class: "hw-thumbs", role: "list" });
  private readonly tabs: Segments<Choice>;
  private readonly shuffle: HTMLButtonElement;
  private choice: Choice = "top";
  private map: ScoreMap | null = null;
  private seed = 1;
  private drawn = "";
  private chosen = -1;

  constructor(
    private readonly cropUrl: (box: Box, px: number) => string,
    private readonly go: (patch: number) => void,
    private readonly inspect: (patch: number) => void,
  ) {
    this.tabs = new Segments<Choice>(
      "Patches",
      [["top", "Top", "Highest scores"], ["bottom", "Bottom", "Lowest scores"], ["random", "Random", "Any patches"]],
      (choice) => this.show(choice),
    );
    this.shuffle = iconButton("Other random patches", "", ICONS.shuffle, () => this.reshuffle());
    const tabs = el("div", { class: "hw-gallery-tabs" }, this.tabs.element, this.shuffle);
    this.element = el("section", { class: "hw-gallery", "aria-label": "Patches" }, tabs, this.note, this.list);
  }

  update(map: ScoreMap | null): void {
    this.map = map;
    this.draw();
  }

  /** The patch `step` places on in the list of the highest scores. */
  stepFrom(patch: number, step: number): number {
    const order = this.map?.order ?? new Int32Array();
    if (!order.length) return -1;
    const at = order.indexOf(patch);
    if (at < 0) return step > 0 ? order[0]! : order[order.length - 1]!;
    return order[(at + step + order.length) % order.length]!;
  }

  mark(patch: number): void {
    this.chosen = patch;
    for (const thumb of this.list.querySelectorAll<HTMLElement>("[data-patch]")) {
      const isHere = thumb.dataset["patch"] === String(patch);
      thumb.setAttribute("aria-current", String(isHere));
      if (isHere) thumb.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }

  private show(choice: Choice): void {
    this.choice = choice;
    this.draw();
  }

  private reshuffle(): void {
    this.seed++;
    this.show("random");
  }

  private draw(): void {
    this.tabs.show(this.choice);
    this.shuffle.hidden = this.choice !== "random";
    this.note.textContent = orderText(this.map, this.choice);
    this.note.hidden = !this.note.textContent;
    if (!this.map) {
      this.list.replaceChildren();
      this.drawn = "";
      return;
    }
    const patches = this.patches(this.map);
    const name = [this.map.data.id, this.map.data.url, this.choice, ...patches].join();
    if (name === this.drawn) return;
    this.drawn = name;
    this.list.replaceChildren(...patches.map((patch) => this.thumb(patch, this.map!)));
    this.list.scrollLeft = 0;
    this.mark(this.chosen);
  }

  private patches(map: ScoreMap): number[] {
    const order = [...map.order];
    if (this.choice === "top") return order.slice(0, NUM_SHOWN);
    if (this.choice === "bottom") return order.reverse().slice(0, NUM_SHOWN);
    const random = generator(this.seed);
    for (let last = order.length - 1; last > 0; last--) {
      const other = Math.floor(random() * (last + 1));
      [order[last], order[other]] = [order[other]!, order[last]!];
    }
    return order.slice(0, NUM_SHOWN);
  }

  private thumb(patch: number, map: ScoreMap): HTMLElement {
    const score = map.scores[patch]!;
    const sign = map.data.signed && score > 0 ? "+" : "";
    const unit = map.data.unit.startsWith("x ") ? "×" : "";
    const image = el("img", { src: this.cropUrl(map.lattice.box(patch), THUMB_PX), alt: "", loading: "lazy", draggable: "false" });
    image.addEventListener("error", () => image.classList.add("hw-unreadable"));
    const button = el(
      "button",
      { type: "button", class: "hw-thumb", "data-patch": patch, "aria-label": `Patch ${patch}, ${scoreText(map, patch)}` },
      image,
      el("span", {}, `${sign}${short(score)}${unit}`),
    );
    button.addEventListener("click", () => this.go(patch));
    button.addEventListener("dblclick", () => this.inspect(patch));
    return el("div", { role: "listitem" }, button);
  }
}

/** On a nearly uniform map hardly anything sets the first patch apart from the last. */
export function orderText(map: ScoreMap | null, choice: Choice): string {
  if (!map?.isNearUniform || choice === "random") return "";
  return "Nearly uniform map: this order means little.";
}

/** A small repeatable generator (mulberry32): the same random patches after every rerun. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
