// The view in the address: #view=... keeps place, zoom and overlay, so that a copied link opens
// the same picture. Only the hash is used; the query belongs to the page. Never sent to a server.
import type { ColourName, Display, Scaling, Style } from "./display";

export interface Place {
  x: number;
  y: number;
  scale: number;
  rotation: number;
  isFlipped: boolean;
}

const STYLES: readonly Style[] = ["tint", "spotlight", "outline"];
const SCALINGS: readonly Scaling[] = ["raw", "percentile"];
const COLOURS: readonly ColourName[] = ["inferno", "viridis", "magma", "grey"];

export function writeAddress(version: string, place: Place, display: Display): void {
  const hash = new URLSearchParams(window.location.hash.slice(1));
  const { x, y, scale, rotation, isFlipped } = place;
  const numbers = [x.toFixed(1), y.toFixed(1), scale.toPrecision(5), rotation, isFlipped ? 1 : 0];
  hash.set("view", [short(version), ...numbers].join("_"));
  if (display.mapId) hash.set("map", mapText(display));
  window.history.replaceState(window.history.state, "", `#${hash.toString()}`);
}

function mapText(display: Display): string {
  const range = display.range ? display.range.map((value) => value.toPrecision(4)) : ["", ""];
  const numbers = [display.isVisible ? 1 : 0, display.opacity.toFixed(2), display.topShare.toPrecision(3)];
  const names = [display.scaling, display.colours, display.style, display.isSmooth ? 1 : 0];
  return [...numbers, ...names, ...range, display.mapId].join("_");
}

/** The place in the address, if it is one on this slide. */
export function readPlace(version: string): Place | null {
  const [tag, ...rest] = (hashValue("view") ?? "").split("_");
  const [x, y, scale, rotation, flip] = rest.map(Number);
  if (tag !== short(version) || ![x, y, scale, rotation].every(Number.isFinite)) return null;
  if (!(scale! > 0)) return null;
  return { x: x!, y: y!, scale: scale!, rotation: rotation!, isFlipped: flip === 1 };
}

/** The overlay state in the address; anything that is not one of ours is left out. */
export function readDisplay(version: string): Partial<Display> {
  if ((hashValue("view") ?? "").split("_")[0] !== short(version)) return {};
  const parts = (hashValue("map") ?? "").split("_");
  if (parts.length < 10) return {};
  const [visible, opacity, share, scaling, colours, style, smooth, low, high] = parts;
  const result: Partial<Display> = { isVisible: visible !== "0", isSmooth: smooth === "1", mapId: parts.slice(9).join("_") };
  if (within(Number(opacity), 0, 1)) result.opacity = Number(opacity);
  if (within(Number(share), 0.001, 1)) result.topShare = Number(share);
  if (SCALINGS.includes(scaling as Scaling)) result.scaling = scaling as Scaling;
  if (COLOURS.includes(colours as ColourName)) result.colours = colours as ColourName;
  if (STYLES.includes(style as Style)) result.style = style as Style;
  if (low && high && Number(low) < Number(high)) result.range = [Number(low), Number(high)];
  return result;
}

function hashValue(name: string): string | null {
  return new URLSearchParams(window.location.hash.slice(1)).get(name);
}

function within(value: number, least: number, most: number): boolean {
  return Number.isFinite(value) && value >= least && value <= most;
}

function short(version: string): string {
  return version.slice(0, 8);
}
