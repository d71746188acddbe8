// A bar of a round length, 80 to 180 px wide.
import { el } from "./dom";
import { micrometres, whole } from "./number_text";
import type { View } from "./view";

const LONGEST = 180;

/** The largest of 1, 2, 5, 10, ... that fits. */
export function roundLength(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  return [5, 2, 1].map((step) => step * power).find((length) => length <= most) ?? power;
}

export class ScaleBar {
  private readonly text = el("span", { class: "hw-scale-text" });
  private readonly bar = el("span", { class: "hw-scale-line" });
  readonly element = el("div", { class: "hw-scale", role: "img" }, this.text, this.bar);

  /** What is on it now, for the snapshot. */
  shown = { text: "", width: 0 };

  constructor(
    private readonly view: View,
    private readonly mpp: number | null,
    private readonly isFromUser: boolean,
  ) {}

  update(): void {
    const perPixel = (this.mpp ?? 1) / this.view.scale;
    const length = roundLength(LONGEST * perPixel);
    const width = length / perPixel;
    const source = this.isFromUser ? " (pixel size entered by hand)" : "";
    const text = this.mpp === null ? `${whole(length)} px of the scan` : micrometres(length) + source;
    if (text === this.shown.text && Math.abs(width - this.shown.width) < 0.5) return;
    this.shown = { text, width };
    this.text.textContent = text;
    this.bar.style.width = `${width.toFixed(1)}px`;
    this.element.setAttribute("aria-label", `Scale bar: ${text}`);
  }
}
