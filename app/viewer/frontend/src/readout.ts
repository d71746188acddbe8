// What is under the pointer: patch number, score, percentile, and how large a patch really is.
import { el } from "./dom";
import type { SceneData } from "./messages";
import { rankText, scoreText } from "./map_text";
import { micrometres, short, times, whole } from "./number_text";
import type { ScoreMap } from "./score_map";
import type { View } from "./view";

export class Readout {
  private readonly first = el("div", { class: "hw-readout-first" });
  private readonly second = el("div", { class: "hw-readout-second" });
  readonly element = el("div", { class: "hw-readout", hidden: true }, this.first, this.second);

  constructor(
    private readonly scene: SceneData,
    private readonly view: View,
  ) {}

  show(map: ScoreMap, patch: number, x: number, y: number): void {
    if (Number.isNaN(map.scores[patch]!)) return this.hide();
    this.first.textContent = `patch ${whole(patch)}   ${scoreText(map, patch)}   ${rankText(map, patch)}`;
    this.second.textContent = this.sizeText(map.lattice.box(patch).size);
    this.element.hidden = false;
    this.place(x, y);
  }

  hide(): void {
    this.element.hidden = true;
  }

  private sizeText(size: number): string {
    const { mpp } = this.scene;
    const native = this.view.nativeMagnification;
    const length = mpp ? ` = ${micrometres(size * mpp)}` : "";
    const at = native ? ` at ${times(native)}` : "";
    return `${short(size)} px${length}${at}`;
  }

  /** Beside the pointer, never outside the viewport. */
  private place(x: number, y: number): void {
    const parent = this.element.parentElement!;
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const left = x + 18 + width > parent.clientWidth ? x - 14 - width : x + 18;
    const top = y + 18 + height > parent.clientHeight ? y - 14 - height : y + 18;
    this.element.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }
}
