// Every action has a key. Keys pressed inside the viewer stay there: the page has its own.
import type { Actions } from "./toolbar";
import { PRESETS } from "./toolbar";

export interface KeyActions extends Actions {
  pan(dx: number, dy: number): void;
  hide(isHidden: boolean): void;
  changeOpacity(step: number): void;
  nextPatch(step: number): void;
  nextLayer(): void;
  toggleSmooth(): void;
  toggleLegend(): void;
  inspect(): void;
  escape(): boolean;
}

/** For the sheet: key, what it does. */
export const KEY_SHEET: readonly (readonly [string, string])[] = [
  ["Arrows, drag", "Pan"],
  ["+  −", "Zoom in, out"],
  ["1 2 3 4 5", "2x, 5x, 10x, 20x, 40x"],
  ["0", "Whole slide"],
  ["[  ]", "Rotate left, right"],
  ["M", "Mirror"],
  ["O", "Overlay on or off"],
  ["Space (hold)", "Hide the overlay"],
  [",  .", "Less, more opacity"],
  ["T  Shift+T", "Next, previous top patch at 20x"],
  ["Enter", "Full-resolution crop of the patch"],
  ["L", "Next layer"],
  ["B", "Blocky or smooth"],
  ["A", "Marked areas"],
  ["G", "Patch strip"],
  ["K", "Fold the legend"],
  ["N", "Navigator"],
  ["F", "Full screen"],
  ["S", "Save picture"],
  ["?", "This sheet"],
  ["Esc", "Close"],
];

const STEP = 80;

function bindings(act: KeyActions): Record<string, (event: KeyboardEvent) => void> {
  const presets = Object.fromEntries(PRESETS.map((preset, at) => [String(at + 1), () => act.preset(preset)]));
  return {
    ...presets,
    "0": act.fit,
    "+": () => act.zoomBy(1.5),
    "=": () => act.zoomBy(1.5),
    "-": () => act.zoomBy(1 / 1.5),
    arrowleft: () => act.pan(-STEP, 0),
    arrowright: () => act.pan(STEP, 0),
    arrowup: () => act.pan(0, -STEP),
    arrowdown: () => act.pan(0, STEP),
    "[": () => act.rotate(-90),
    "]": () => act.rotate(90),
    k: act.toggleLegend,
    m: act.mirror,
    o: act.toggleOverlay,
    ",": () => act.changeOpacity(-0.1),
    ".": () => act.changeOpacity(0.1),
    t: (event) => act.nextPatch(event.shiftKey ? -1 : 1),
    enter: act.inspect,
    l: act.nextLayer,
    b: act.toggleSmooth,
    a: act.toggleRegions,
    g: act.toggleGallery,
    n: act.toggleNavigator,
    f: act.fullScreen,
    s: act.snapshot,
    "?": act.help,
  };
}

const TYPING = "input:not([type=range]), textarea";
const CHOOSING = "input[type=range], select, [role=slider]";

/** Listen on the root of the viewer; returns how to stop. */
export function listenForKeys(root: HTMLElement, act: KeyActions): () => void {
  const table = bindings(act);
  const down = (event: KeyboardEvent) => onKey(event, table, act);
  const up = (event: KeyboardEvent) => {
    if (event.key === " ") act.hide(false);
    event.stopPropagation();
  };
  const blur = () => act.hide(false);
  root.addEventListener("keydown", down, true);
  root.addEventListener("keyup", up);
  root.addEventListener("keydown", stay);
  root.addEventListener("focusout", blur);
  return () => {
    root.removeEventListener("keydown", down, true);
    root.removeEventListener("keyup", up);
    root.removeEventListener("keydown", stay);
    root.removeEventListener("focusout", blur);
  };
}

function stay(event: KeyboardEvent): void {
  event.stopPropagation();
}

function onKey(event: KeyboardEvent, table: Record<string, (event: KeyboardEvent) => void>, act: KeyActions): void {
  const target = event.target as Element;
  if (event.ctrlKey || event.metaKey || event.altKey || target.matches(TYPING)) return;
  const key = event.key.toLowerCase();
  if (key === "escape" && act.escape()) return consume(event);
  if (key === " ") {
    if (!target.matches("button") || event.repeat) {
      act.hide(true);
      consume(event);
    }
    return;
  }
  if (key.startsWith("arrow") && target.matches(CHOOSING)) return;
  if (key === "enter" && target.matches("button, select")) return;
  const action = table[key];
  if (!action) return;
  action(event);
  consume(event);
}

function consume(event: KeyboardEvent): void {
  event.preventDefault();
  event.stopPropagation();
}
