// One map: a score per patch, and everything that is read off the scores.
import type { Lattice } from "./lattice";
import { isNearUniform } from "./map_kind";
import type { MapData } from "./messages";

/** The colour range ends at this quantile, so that a few outliers do not bleach the rest. */
const CLIP_QUANTILE = 0.98;

export class ScoreMap {
  /** Scores by patch number; NaN: this patch has none (yet). */
  readonly scores: Float32Array;
  /** 0 to 100, mid-ranks; of the size of the score for maps with a sign. */
  readonly percentiles: Float32Array;
  /** Patch numbers, highest score first. */
  readonly order: Int32Array;
  readonly minimum: number;
  readonly maximum: number;
  /** Upper end of the default colour range. */
  readonly clip: number;
  /** Effective number of patches, exp(entropy), as a share of all; null for maps with a sign. */
  readonly effectiveShare: number | null;
  private readonly strengths: Float64Array;

  constructor(
    readonly data: MapData,
    readonly lattice: Lattice,
    values: Float32Array,
  ) {
    this.scores = Float32Array.from(lattice.anchors, (cell) => (cell < 0 ? NaN : values[cell]!));
    const known = Int32Array.from(this.scores.keys()).filter((patch) => !Number.isNaN(this.scores[patch]!));
    const strengths = Float64Array.from(known, (patch) => this.strength(patch));
    this.strengths = strengths.slice().sort();
    this.percentiles = new Float32Array(lattice.count).fill(NaN);
    ranksOf(strengths, this.strengths).forEach((rank, at) => {
      this.percentiles[known[at]!] = (100 * (rank + 0.5)) / known.length;
    });
    this.order = highestFirst(known, this.scores);
    this.maximum = this.order.length ? this.scores[this.order[0]!]! : 0;
    this.minimum = this.order.length ? this.scores[this.order[this.order.length - 1]!]! : 0;
    this.clip = this.quantile(CLIP_QUANTILE) || 1;
    this.effectiveShare = data.signed ? null : data.effective_share;
  }

  get count(): number {
    return this.order.length;
  }

  get isConstant(): boolean {
    return this.count > 1 && this.minimum === this.maximum;
  }

  get isNearUniform(): boolean {
    return isNearUniform(this.data);
  }

  /** The smallest strength among the strongest `share` of all patches. */
  cutFor(share: number): number {
    if (!this.count || share >= 1) return -Infinity;
    const keep = Math.max(1, Math.ceil(share * this.count - 1e-9));
    return this.strengths[this.count - keep]!;
  }

  strength(patch: number): number {
    const score = this.scores[patch] ?? NaN;
    return this.data.signed ? Math.abs(score) : score;
  }

  numAtLeast(cut: number): number {
    return this.count - numBelow(this.strengths, cut);
  }

  /** Default colour range: from zero to the clip; symmetric for signed maps. */
  defaultRange(): [number, number] {
    if (this.data.signed) return [-this.clip, this.clip];
    if (this.isNearUniform) return [0, Math.max(2, this.clip)];
    return [Math.min(0, this.minimum), this.clip];
  }

  private quantile(share: number): number {
    return this.count ? this.strengths[Math.min(this.count - 1, Math.floor(share * this.count))]! : 0;
  }
}

/** How many of some sorted numbers lie below a value. */
function numBelow(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Places from 0 among the same numbers sorted; equal ones share the middle of their places. */
function ranksOf(values: Float64Array, sorted: Float64Array = values.slice().sort()): Float64Array {
  const lasts = new Float64Array(sorted.length);
  for (let at = sorted.length - 1; at >= 0; at--) {
    const isLast = at === sorted.length - 1 || sorted[at + 1] !== sorted[at];
    lasts[at] = isLast ? at : lasts[at + 1]!;
  }
  return values.map((value) => {
    const first = numBelow(sorted, value);
    return (first + lasts[first]!) / 2;
  });
}

/** Patches by falling score, equal ones by number. Sorting plain numbers is ten times as fast. */
function highestFirst(known: Int32Array, scores: Float32Array): Int32Array {
  const values = Float64Array.from(known, (patch) => -scores[patch]!);
  const sorted = values.slice().sort();
  const keys = values.map((value, at) => numBelow(sorted, value) * known.length + at).sort();
  return Int32Array.from(keys, (key) => known[key % known.length]!);
}

/** Spearman's rank agreement of two maps over the patches that both know; null below three. */
export function rankAgreement(first: ScoreMap, second: ScoreMap): number | null {
  const both = Int32Array.from(first.scores.keys()).filter(
    (patch) => !Number.isNaN(first.strength(patch)) && !Number.isNaN(second.strength(patch)),
  );
  if (both.length < 3) return null;
  const a = ranksOf(Float64Array.from(both, (patch) => first.strength(patch)));
  const b = ranksOf(Float64Array.from(both, (patch) => second.strength(patch)));
  return correlation(a, b);
}

function correlation(a: Float64Array, b: Float64Array): number | null {
  const centre = (a.length - 1) / 2;
  let ab = 0;
  let aa = 0;
  let bb = 0;
  for (let index = 0; index < a.length; index++) {
    const da = a[index]! - centre;
    const db = b[index]! - centre;
    ab += da * db;
    aa += da * da;
    bb += db * db;
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : null;
}
