// A map in words: the same in the legend, the crop, the readout and saved pictures.
import { scalingFor, type Display } from "./display";
import type { MapData } from "./messages";
import { percent, percentile, short, whole, withUnit } from "./number_text";
import type { ScoreMap } from "./score_map";

/** Quantity, range, clip and scaling in one line: what the colours mean. */
export function rangeText(map: ScoreMap, display: Display): string {
  const { signed, unit } = map.data;
  if (display.style !== "tint") return `scores ${short(map.minimum)} to ${withUnit(map.maximum, unit, signed)}`;
  if (scalingFor(map, display) === "percentile") {
    return signed ? "\u2212100 to 100: percentile of size, with sign" : "0 to 100: percentile within this slide";
  }
  const [low, high] = display.range ?? map.defaultRange();
  const most = Math.max(map.maximum, signed ? -map.minimum : map.maximum);
  const clip = most > high * 1.0001 ? `, clipped (max ${short(most)})` : "";
  return `${short(low)} to ${withUnit(high, unit)}${clip}`;
}

/** Scaling, number of patches and how far the reading is spread. */
export function countText(map: ScoreMap, display: Display): string {
  const scaling = display.style === "tint" ? `${scalingFor(map, display)} · ` : "";
  const share = map.effectiveShare;
  const spread = share === null ? "" : `, spread over ${percent(share)} of them`;
  return `${scaling}${whole(map.count)} patches${spread}`;
}

export function shownText(map: ScoreMap, display: Display): string {
  if (display.topShare >= 1) return "";
  const cut = map.cutFor(display.topShare);
  const shown = map.numAtLeast(cut);
  const size = map.data.signed ? "size " : "";
  return `top ${percent(display.topShare)}: ${whole(shown)} patches, ${size}≥ ${withUnit(cut, map.data.unit)}`;
}

/** What keeps a map from saying anything about place; empty for a map that does. */
export function warningText(map: ScoreMap): string {
  if (map.isConstant) return "The model returned the same score everywhere. No map is shown.";
  return map.isNearUniform ? "Nearly uniform: this map says little about place." : "";
}

export function nameText({ title, subtitle }: MapData): string {
  return subtitle ? `${title} (${subtitle})` : title;
}

/** Score of a patch with its unit; of a map with a sign, what the patch did. */
export function scoreText(map: ScoreMap, patch: number): string {
  const score = map.scores[patch]!;
  const { signed, unit } = map.data;
  if (!signed) return withUnit(score, unit);
  const quantity = unit || "risk";
  if (score === 0) return `no change of ${quantity}`;
  return `${score > 0 ? "raised" : "lowered"} ${quantity} by ${short(Math.abs(score))}`;
}

/** What the two ends of the colours of a map with a sign stand for: lowest, highest. */
export function endsText({ unit }: MapData): readonly [string, string] {
  return [`lowered ${unit || "risk"}`, `raised ${unit || "risk"}`];
}

/** Where a patch stands among all; maps with a sign are ranked by size. */
export function rankText(map: ScoreMap, patch: number): string {
  const rank = percentile(map.percentiles[patch]!);
  return map.data.signed ? `${rank} of size` : rank;
}

/** Layers, heads and models count from 1, as in the name of the map. */
export function layerText({ layer }: MapData): string {
  return layer === null ? "All layers" : `Layer ${layer + 1}`;
}

export function headText({ head, member }: MapData): string {
  const text = head === null ? "Mean of heads" : `Head ${head + 1}`;
  return member === null ? text : `${text}, model ${member + 1}`;
}
