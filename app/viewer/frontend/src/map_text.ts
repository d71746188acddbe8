// A map in words: the same in the legend, the crop, the readout and saved pictures.
import { scalingFor, type Display } from "./display";
import { openingMap } from "./map_kind";
import type { MapData } from "./messages";
import { mostPercent, percent, percentile, short, whole, withUnit } from "./number_text";
import type { ScoreMap } from "./score_map";

/** Quantity, range, clip and scaling in one line: what the colours mean. */
export function rangeText(map: ScoreMap, display: Display): string {
  const { signed, unit } = map.data;
  if (display.style !== "tint") return `scores ${short(map.minimum)} to ${withUnit(map.maximum, unit, signed)}`;
  if (scalingFor(map, display) === "percentile") {
    return signed ? "\u2212100 to 100: percentile of size, with sign" : "0 to 100: percentile within this slide";
  }
  const [low, high] = display.range ?? map.defaultRange();
  if (signed) {
    const isClipped = Math.max(map.maximum, -map.minimum) > high * 1.0001;
    const ends = `${isClipped ? "clipped at" : "colours to"} \u00b1${short(high)}`;
    return `${short(map.minimum)} to ${withUnit(map.maximum, unit)}, ${ends}`;
  }
  const verb = map.maximum > high * 1.0001 ? "clipped at" : "colours";
  return `${short(map.minimum)} to ${withUnit(map.maximum, unit)}, ${verb} ${short(low)} to ${short(high)}`;
}

/** Scaling, number of patches and how far the reading is spread. */
export function countText(map: ScoreMap, display: Display): string {
  const scaling = display.style === "tint" ? `${scalingFor(map, display)} · ` : "";
  const share = map.effectiveShare;
  const spread = share === null ? "" : `, reading spread over ${mostPercent(share)} of them`;
  return `${scaling}${patchesText(map.count)}${spread}`;
}

/** How many patches are shown; of a map with a sign also what they did, and in which colour. */
export function shownText(map: ScoreMap, display: Display): string {
  if (display.topShare >= 1) return "";
  const cut = map.cutFor(display.topShare);
  const shown = map.numAtLeast(cut);
  const [top, least] = [`top ${percent(display.topShare)}`, `≥ ${withUnit(cut, map.data.unit)}`];
  const many = `${patchesText(shown)} of ${whole(map.count)}`;
  if (!map.data.signed) return `${top}: ${many}, ${least}`;
  const [raised, lowered] = signsAtLeast(map, cut);
  const [orange, blue] = display.style === "outline" ? [" (orange)", " (blue)"] : ["", ""];
  return `${top}: ${many}, ${whole(raised)} raised${orange}, ${whole(lowered)} lowered${blue}, size ${least}`;
}

function patchesText(count: number): string {
  return `${whole(count)} ${count === 1 ? "patch" : "patches"}`;
}

/** How many patches of at least this size raised the risk, and how many lowered it. */
function signsAtLeast(map: ScoreMap, cut: number): [number, number] {
  const shown = map.scores.filter((_, patch) => map.strength(patch) >= cut);
  return [shown.filter((score) => score > 0).length, shown.filter((score) => score < 0).length];
}

/** What keeps a map from saying anything about place; empty for a map that does. */
export function warningText(map: ScoreMap): string {
  if (map.isConstant) return "The model returned the same score everywhere. No map is shown.";
  if (map.isNearUniform) return "Nearly uniform: this map says little about place.";
  return smallText(map);
}

/** Below this share of what the models disagree about, an effect is too small to read much into. */
const SMALL = 0.01;

/** That all effects are small beside the disagreement of the models; empty where they are not. */
function smallText(map: ScoreMap): string {
  const apart = map.data.models_apart;
  const strongest = Math.max(map.maximum, -map.minimum);
  if (apart === null || strongest >= SMALL * apart) return "";
  const unit = map.data.unit || "risk";
  return `Small: the strongest patch moves the ${unit} by ${short(strongest)}, the models differ by ${short(apart)}.`;
}

/** Why the reader does not see where the model read from at first; empty where it comes first. */
export function openedText(maps: readonly MapData[], data: MapData): string {
  const read = maps[0];
  if (!read || data.id === read.id || data.id !== openingMap(maps)?.id) return "";
  return `Opened first: attention is nearly uniform (spread over ${mostPercent(read.effective_share ?? 1)} of the patches).`;
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

/** Where a patch stands among all: "p99 · rank 1 of 210"; with a sign, the highest raised most. */
export function rankText(map: ScoreMap, patch: number): string {
  const rank = `rank ${whole(map.order.indexOf(patch) + 1)} of ${whole(map.count)}`;
  return map.data.signed ? `${rank} (1 raised most)` : `${percentile(map.percentiles[patch]!)} · ${rank}`;
}

/** Layers, heads and models count from 1, as in the name of the map. */
export function layerText({ layer }: MapData): string {
  return layer === null ? "All layers" : `Layer ${layer + 1}`;
}

export function headText({ head, member }: MapData): string {
  const text = head === null ? "Mean of heads" : `Head ${head + 1}`;
  return member === null ? text : `${text}, model ${member + 1}`;
}
