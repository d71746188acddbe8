// One patch at full resolution with the ring of tissue around it (R8).
import { el, iconButton, Segments } from "./dom";
import { ICONS } from "./icons";
import type { Box } from "./lattice";
import { nameText, rankText, scoreText } from "./map_text";
import { micrometres, short, whole } from "./number_text";
import type { ScoreMap } from "./score_map";

const SHOWN_PX = 384;
const MOST_PX = 1536;

type Ring = "1.5" | "3" | "5";

export class Crop {
  readonly element: HTMLElement;
  private readonly image = el("img", { class: "hw-crop-image", alt: "" });
  private readonly frame = el("div", { class: "hw-crop-frame" });
  private readonly heading = el("div", { class: "hw-crop-heading" });
  private readonly name = el("div", { class: "hw-crop-map" });
  private readonly facts = el("div", { class: "hw-crop-facts" });
  private readonly rings: Segments<Ring>;
  private ring: Ring = "1.5";
  private patch = -1;
  private map: ScoreMap | null = null;

  constructor(
    private readonly cropUrl: (box: Box, px: number) => string,
    private readonly mpp: number | null,
    step: (by: number) => void,
  ) {
    this.rings = new Segments<Ring>(
      "Context",
      [["1.5", "1.5×", "A narrow ring"], ["3", "3×", "Three patches wide"], ["5", "5×", "Five patches wide"]],
      (ring) => {
        this.ring = ring;
        this.draw();
      },
    );
    const head = el(
      "div",
      { class: "hw-crop-head" },
      this.heading,
      iconButton("Previous top patch", "Shift+T", ICONS.left, () => step(-1)),
      iconButton("Next top patch", "T", ICONS.right, () => step(1)),
      iconButton("Close", "Esc", ICONS.close, () => this.close()),
    );
    const box = el("div", { class: "hw-crop-box" }, this.image, this.frame);
    const foot = el("div", { class: "hw-crop-foot" }, this.facts, this.rings.element);
    this.element = el("section", { class: "hw-crop", hidden: true, "aria-label": "Patch at full resolution" }, head, this.name, foot, box);
  }

  get isOpen(): boolean {
    return !this.element.hidden;
  }

  open(map: ScoreMap, patch: number): void {
    this.map = map;
    this.patch = patch;
    this.element.hidden = false;
    this.draw();
  }

  close(): void {
    this.element.hidden = true;
  }

  private draw(): void {
    if (!this.map || this.patch < 0) return;
    const box = this.map.lattice.box(this.patch);
    const factor = Number(this.ring);
    const size = box.size * factor;
    const around = { x: box.x - (size - box.size) / 2, y: box.y - (size - box.size) / 2, size };
    const source = this.cropUrl(around, Math.min(MOST_PX, Math.max(SHOWN_PX, Math.round(size))));
    if (this.image.src !== source) this.image.src = source;
    const inset = (50 * (factor - 1)) / factor;
    this.frame.style.inset = `${inset}%`;
    this.rings.show(this.ring);
    this.heading.textContent = `Patch ${whole(this.patch)}`;
    this.name.textContent = nameText(this.map.data);
    this.image.alt = `Patch ${this.patch} with its surroundings`;
    this.facts.replaceChildren(...this.lines(this.map, box).map((text) => el("div", {}, text)));
  }

  private lines(map: ScoreMap, box: Box): string[] {
    const isScored = !Number.isNaN(map.scores[this.patch]!);
    const side = this.mpp ? ` = ${micrometres(box.size * this.mpp)}` : "";
    return [
      isScored ? `${scoreText(map, this.patch)} · ${rankText(map, this.patch)}` : "no score on this map",
      `${short(box.size)} px${side} wide · x ${whole(box.x)} y ${whole(box.y)}`,
    ];
  }
}
