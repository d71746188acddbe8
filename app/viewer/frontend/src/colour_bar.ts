// The colour bar with its two handles: what each colour stands for, and where the range ends.
import { tableFor } from "./colour_tables";
import { scalingFor, type Display } from "./display";
import { el } from "./dom";
import { endsText } from "./map_text";
import { short } from "./number_text";
import type { ScoreMap } from "./score_map";

const RAMP_PX = 256;
const LABEL_PX_A_SIGN = 2.3; // per cent of the bar, at 11 px

type SetRange = (range: [number, number] | null) => void;

export class ColourBar {
  private readonly ramp = el("canvas", { class: "hw-ramp", width: RAMP_PX, height: 1 });
  private readonly cutMark = el("div", { class: "hw-cut", title: "Below the threshold: not shown" });
  private readonly uniform = el("div", { class: "hw-uniform", hidden: true, title: "Every patch read alike" });
  private readonly ticks = el("div", { class: "hw-ticks" });
  private readonly ends = el("div", { class: "hw-ends", hidden: true });
  private readonly handles: [HTMLElement, HTMLElement];
  private readonly track: HTMLElement;
  readonly element: HTMLElement;
  private axis: [number, number] = [0, 1];
  private range: [number, number] = [0, 1];
  private isSigned = false;

  constructor(private readonly setRange: SetRange) {
    this.handles = [this.handle(0, "Lower end of the colours"), this.handle(1, "Upper end of the colours")];
    this.track = el("div", { class: "hw-bar", title: "Drag the handles; double-click for the default range" });
    this.track.append(this.ramp, this.cutMark, this.uniform, ...this.handles);
    this.track.addEventListener("dblclick", () => this.setRange(null));
    this.element = el("div", { class: "hw-bar-box" }, this.track, this.ticks, this.ends);
  }

  update(map: ScoreMap, display: Display): void {
    const isPercentile = scalingFor(map, display) === "percentile";
    this.isSigned = map.data.signed;
    this.axis = isPercentile ? (this.isSigned ? [-100, 100] : [0, 100]) : axisOf(map);
    this.range = isPercentile ? this.axis : (display.range ?? map.defaultRange());
    this.drawRamp(tableFor(display.colours, this.isSigned));
    const [low, high] = this.range.map((value) => this.position(value));
    this.showHandles(isPercentile, [low!, high!]);
    this.showCut(map, display, isPercentile);
    this.showTicks(map, isPercentile);
    this.ends.hidden = !this.isSigned;
    this.ends.replaceChildren(...endsText(map.data).map((text) => el("span", {}, text)));
  }

  private drawRamp(table: Uint8Array): void {
    const image = new ImageData(RAMP_PX, 1);
    const [low, high] = this.range;
    for (let x = 0; x < RAMP_PX; x++) {
      const value = this.axis[0] + (x / (RAMP_PX - 1)) * (this.axis[1] - this.axis[0]);
      const place = Math.round(255 * Math.min(1, Math.max(0, (value - low) / (high - low || 1))));
      image.data.set([table[place * 3]!, table[place * 3 + 1]!, table[place * 3 + 2]!, 255], x * 4);
    }
    this.ramp.getContext("2d")!.putImageData(image, 0, 0);
  }

  private showHandles(isFixed: boolean, places: [number, number]): void {
    this.handles.forEach((handle, at) => {
      handle.hidden = isFixed;
      handle.style.left = `${places[at]}%`;
      handle.setAttribute("aria-valuenow", short(this.range[at]!));
      handle.setAttribute("aria-valuemin", short(this.axis[0]));
      handle.setAttribute("aria-valuemax", short(this.axis[1]));
    });
  }

  private showCut(map: ScoreMap, display: Display, isPercentile: boolean): void {
    const cut = isPercentile ? 100 * (1 - display.topShare) : map.cutFor(display.topShare);
    this.cutMark.hidden = display.topShare >= 1;
    if (this.cutMark.hidden) return;
    const from = this.isSigned ? this.position(-cut) : 0;
    this.cutMark.style.left = `${from}%`;
    this.cutMark.style.width = `${this.position(cut) - from}%`;
  }

  private showTicks(map: ScoreMap, isPercentile: boolean): void {
    const [low, high] = this.axis;
    const isUniform = !isPercentile && map.data.unit === "x uniform" && low < 1 && high > 1;
    const reading = isPercentile ? (this.isSigned ? "0" : "50th percentile") : "";
    const ends = isPercentile ? [] : [this.range[1], this.range[0]]; // as the legend's line names them
    const wanted: [number, string][] = [
      ...ends.map((end): [number, string] => [end, short(end)]),
      [high, isPercentile ? "100" : short(high)],
      [low, short(low)],
      ...(isUniform ? ([[1, "1× uniform"]] as [number, string][]) : []),
      ...(reading || this.isSigned ? ([[(low + high) / 2, reading || "0"]] as [number, string][]) : []),
    ];
    this.ticks.replaceChildren(...this.fitting(wanted).map(([at, text]) => tick(at, text)));
    this.uniform.hidden = !isUniform;
    this.uniform.style.left = `${this.position(1)}%`;
  }

  /** The labels that find room, the first ones first. */
  private fitting(wanted: readonly [number, string][]): [number, string][] {
    const taken: [number, number][] = [];
    const result: [number, string][] = [];
    for (const [value, text] of wanted) {
      const at = this.position(value);
      const width = text.length * LABEL_PX_A_SIGN;
      const from = side(at) === "start" ? at : side(at) === "end" ? at - width : at - width / 2;
      if (taken.some(([left, right]) => from < right + 2 && from + width > left - 2)) continue;
      taken.push([from, from + width]);
      result.push([at, text]);
    }
    return result;
  }

  private position(value: number): number {
    const [low, high] = this.axis;
    return Math.min(100, Math.max(0, (100 * (value - low)) / (high - low || 1)));
  }

  private handle(at: 0 | 1, label: string): HTMLElement {
    const handle = el("div", { class: "hw-handle", role: "slider", tabindex: 0, "aria-label": label, title: label });
    handle.addEventListener("pointerdown", (event) => {
      handle.setPointerCapture(event.pointerId);
      event.preventDefault();
      handle.focus({ preventScroll: true });
    });
    handle.addEventListener("pointermove", (event) => {
      if (!handle.hasPointerCapture(event.pointerId)) return;
      const box = this.track.getBoundingClientRect();
      const share = (event.clientX - box.left) / box.width;
      this.move(at, this.axis[0] + share * (this.axis[1] - this.axis[0]));
    });
    handle.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      this.move(at, this.range[at]! + (step * (this.axis[1] - this.axis[0])) / 50);
    });
    return handle;
  }

  private move(at: 0 | 1, value: number): void {
    const [low, high] = this.axis;
    const least = (high - low) / 100;
    if (this.isSigned) {
      const reach = Math.min(high, Math.max(least, Math.abs(value)));
      this.setRange([-reach, reach]);
      return;
    }
    const range: [number, number] = [...this.range];
    range[at] = Math.min(high, Math.max(low, value));
    if (range[1] - range[0] < least) return;
    this.setRange(range);
  }
}

/** The axis reaches a little past the default clip, and always to the maximum if that is near. */
function axisOf(map: ScoreMap): [number, number] {
  const [low, high] = map.defaultRange();
  if (map.data.signed) {
    const most = Math.min(Math.max(map.maximum, -map.minimum), high * 1.5);
    return [-Math.max(most, high), Math.max(most, high)];
  }
  return [low, Math.max(high, Math.min(map.maximum, low + (high - low) * 1.5))];
}

function side(at: number): "start" | "middle" | "end" {
  return at < 8 ? "start" : at > 92 ? "end" : "middle";
}

function tick(at: number, text: string): HTMLElement {
  return el("span", { class: `hw-tick hw-tick-${side(at)}`, style: `left:${at}%` }, text);
}
