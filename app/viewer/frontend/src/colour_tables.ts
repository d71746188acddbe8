// Colour tables: 256 entries of [r, g, b]. Perceptually uniform ones for unsigned maps, of which
// the darkest 15 % is left out (it would be mistaken for dark tissue); blue-white-orange for maps
// with a sign, white at zero.
import { interpolateInferno, interpolateMagma, interpolateViridis } from "d3-scale-chromatic";

import type { ColourName } from "./display";

export type Table = Uint8Array; // 256 x 3

const DARKEST = 0.15;
const DIVERGING: readonly (readonly [number, number, number])[] = [
  [15, 76, 129],
  [91, 146, 190],
  [247, 247, 247],
  [226, 145, 88],
  [178, 74, 14],
];

export const COLOUR_NAMES: readonly (readonly [ColourName, string])[] = [
  ["inferno", "Inferno"],
  ["viridis", "Viridis"],
  ["magma", "Magma"],
  ["grey", "Grey"],
];

const TABLES: Record<ColourName, Table> = {
  inferno: fromCss((t) => interpolateInferno(DARKEST + (1 - DARKEST) * t)),
  viridis: fromCss(interpolateViridis),
  magma: fromCss((t) => interpolateMagma(DARKEST + (1 - DARKEST) * t)),
  grey: fromStops([[70, 70, 70], [245, 245, 245]]),
};
const SIGNED = fromStops(DIVERGING);

/** The table for a map: maps with a sign have their own. */
export function tableFor(name: ColourName, isSigned: boolean): Table {
  return isSigned ? SIGNED : TABLES[name];
}

function fromCss(colourAt: (t: number) => string): Table {
  const table = new Uint8Array(256 * 3);
  for (let index = 0; index < 256; index++) table.set(parse(colourAt(index / 255)), index * 3);
  return table;
}

function parse(colour: string): number[] {
  if (colour.startsWith("#")) return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return (colour.match(/\d+/g) ?? []).slice(0, 3).map(Number);
}

function fromStops(stops: readonly (readonly number[])[]): Table {
  const table = new Uint8Array(256 * 3);
  for (let index = 0; index < 256; index++) {
    const place = (index / 255) * (stops.length - 1);
    const left = stops[Math.min(stops.length - 2, Math.floor(place))]!;
    const right = stops[Math.min(stops.length - 1, Math.floor(place) + 1)]!;
    const mix = place - Math.min(stops.length - 2, Math.floor(place));
    for (let channel = 0; channel < 3; channel++) {
      table[index * 3 + channel] = Math.round(left[channel]! * (1 - mix) + right[channel]! * mix);
    }
  }
  return table;
}
