// The parts that compute, without a browser. Run: npm test
import assert from "node:assert/strict";
import { test } from "node:test";

import { FIRST_VIEW } from "../src/display";
import { orderText } from "../src/gallery";
import { Lattice } from "../src/lattice";
import { openingMap, otherKind } from "../src/map_kind";
import { countText, headText, layerText, nameText, openedText, rangeText, rankText, scoreText, shownText, warningText } from "../src/map_text";
import { isSameSlide, type MapData, type SceneData } from "../src/messages";
import { duration, micrometres, percent, percentile, short, times, whole, withUnit } from "../src/number_text";
import { colourPosition, patchColours } from "../src/paint";
import { roundLength } from "../src/scale_bar";
import { rankAgreement, ScoreMap } from "../src/score_map";
import { analysisText } from "../src/status_bar";

const GRID = { origin_x: 100, origin_y: 50, stride: 10, columns: 3, rows: 2, patch_size: 10 };
const N = NaN;
const FLAT = [1.01, 0.99, 1, 1.02, 0.98, 1];
const PERCENTILE = { ...FIRST_VIEW, scaling: "percentile" as const };
const plain = (text: string) => text.replaceAll("\u202f", " ");

function mapOf(scores: number[], part: Partial<MapData> = {}): ScoreMap {
  const values = Float32Array.from(scores);
  const data = {
    id: "a", title: "", subtitle: "", method: "attention", method_label: "", layer: null, head: null, member: null, unit: "x uniform",
    signed: false, url: "", grid: GRID, count: 0, minimum: 0, maximum: 0, effective_share: null, models_apart: null, ...part,
  };
  return new ScoreMap(data, Lattice.fromScores(GRID, values), values);
}

test("a point finds the patch in its cell, and none beside the lattice", () => {
  const lattice = Lattice.fromScores(GRID, Float32Array.from([5, N, 5, N, 5, N]));

  assert.deepEqual([100, 105, 109.9].map((x) => lattice.patchAt(x, 55)), [0, 0, 0]);
  assert.equal(lattice.patchAt(110, 55), -1);
  assert.equal(lattice.patchAt(120, 55), 1);
  assert.equal(lattice.patchAt(115, 65), 2);
  assert.deepEqual([lattice.patchAt(99.9, 55), lattice.patchAt(130, 55), lattice.patchAt(105, 70)], [-1, -1, -1]);
});

test("the footprint comes from the exact corners where they are known", () => {
  const corners = Float32Array.from([101, 49, 121, 61]);
  const lattice = Lattice.fromTable(GRID, Float32Array.from([0, N, N, N, N, 1]), corners);

  assert.deepEqual(lattice.box(1), { x: 121, y: 61, size: 10 });
});

test("equal scores share a percentile, and the highest is not more than 100", () => {
  const map = mapOf([1, 1, 2, 4, N, N]);

  // places 1 and 2 share rank 1.5 of 4: (0 + 2) / 2 of 4; then 2.5 and 3.5 of 4
  assert.deepEqual([...map.percentiles], [25, 25, 62.5, 87.5]);
});

test("a share keeps the strongest, rounded up, and all that tie with the last", () => {
  const map = mapOf([1, 2, 2, 3, N, N]);

  assert.equal(map.cutFor(0.25), 3);
  assert.equal(map.cutFor(0.26), 2);
  assert.equal(map.numAtLeast(map.cutFor(0.5)), 3);
  assert.equal(map.cutFor(1), -Infinity);
});

test("maps with a sign are ranked by size and ordered by value", () => {
  const map = mapOf([-5, 1, 3, N, N, N], { signed: true, unit: "log-risk" });

  assert.deepEqual([...map.order], [2, 1, 0]);
  assert.equal(map.cutFor(0.3), 5);
  assert.deepEqual(map.defaultRange(), [-5, 5]);
});

test("a nearly uniform map keeps a range of 0 to 2 at least", () => {
  const map = mapOf(FLAT, { effective_share: 0.99 });

  assert.ok(map.isNearUniform);
  assert.deepEqual(map.defaultRange(), [0, 2]);
});

test("a patch without a score is not coloured, a zero is", () => {
  const map = mapOf([0, 4, N, N, N, N]);
  const running = new ScoreMap(map.data, map.lattice, Float32Array.from([0, N, N, N, N, N]));

  assert.ok(patchColours(map, FIRST_VIEW)[0]! > 0);
  assert.equal(patchColours(running, FIRST_VIEW)[1], 0);
  assert.equal(running.count, 1);
});

test("colours run over the range and stop at its ends", () => {
  const map = mapOf([0, 1, 2, 8, N, N]);
  const display = { ...FIRST_VIEW, range: [0, 4] as [number, number] };

  assert.deepEqual([0, 1, 2, 3].map((patch) => colourPosition(map, patch, display)), [0, 0.25, 0.5, 1]);
});

test("zero is the middle of a map with a sign, whatever the scaling", () => {
  const map = mapOf([-2, 0, 4, N, N, N], { signed: true });

  assert.equal(colourPosition(map, 1, FIRST_VIEW), 0.5);
  assert.equal(colourPosition(map, 1, { ...FIRST_VIEW, scaling: "percentile" }), 0.5);
  assert.ok(colourPosition(map, 0, FIRST_VIEW) < 0.5);
});

test("percentiles are never painted, nor named, on a nearly uniform map", () => {
  const map = mapOf(FLAT, { effective_share: 0.99 });

  for (const patch of FLAT.keys()) {
    assert.equal(colourPosition(map, patch, PERCENTILE), colourPosition(map, patch, FIRST_VIEW));
  }
  assert.equal(rangeText(map, PERCENTILE), rangeText(map, FIRST_VIEW));
  assert.equal(plain(countText(map, PERCENTILE)), "raw · 6 patches, reading spread over 99 % of them");
  assert.match(warningText(map), /^Nearly uniform/);
});

test("a map with a sign says that its percentiles go by size", () => {
  const map = mapOf([-5, 1, 3, N, N, N], { signed: true, unit: "risk" });

  assert.equal(rangeText(map, PERCENTILE), "\u2212100 to 100: percentile of size, with sign");
  assert.equal(rankText(map, 0), "rank 3 of 3 (1 raised most)");
  assert.equal(rankText(mapOf([5, 1, 3, N, N, N]), 0), "p83 · rank 1 of 3");
});

test("the score of a map with a sign says what the patch did to the risk", () => {
  const map = mapOf([-0.0092, 0.014, 0, N, N, N], { signed: true, unit: "risk" });
  const told = [0, 1, 2].map((patch) => scoreText(map, patch));

  assert.deepEqual(told, ["lowered risk by 0.0092", "raised risk by 0.014", "no change of risk"]);
  assert.equal(scoreText(mapOf([1, 2, 3, N, N, N]), 1), "2.00× uniform");
});

test("a map with a sign tells its true ends, where its colours stop, and how many did what", () => {
  const map = mapOf([-0.0092, 0.014, 0.001, -0.02, N, N], { signed: true, unit: "risk" });
  const cut = { ...FIRST_VIEW, range: [-0.0039, 0.0039] as [number, number], topShare: 0.75 };

  assert.equal(rangeText(map, cut), "\u22120.020 to 0.014 risk, clipped at \u00b10.0039");
  assert.equal(rangeText(map, FIRST_VIEW), "\u22120.020 to 0.014 risk, colours to \u00b10.020");
  assert.equal(plain(shownText(map, cut)), "top 75 %: 3 patches of 4, 1 raised, 2 lowered, size ≥ 0.0092 risk");
  assert.match(shownText(map, { ...cut, style: "outline" }), /1 raised \(orange\), 2 lowered \(blue\)/);
  assert.match(plain(shownText(mapOf([1, 2, 3, N, N, N]), { ...FIRST_VIEW, topShare: 0.01 })), /: 1 patch of 3, /);
});

test("where no colours are shown, the scores are told and not their colours", () => {
  const map = mapOf([1, 2, 8, N, N, N]);
  const outline = { ...PERCENTILE, style: "outline" as const, topShare: 0.1 };

  assert.equal(rangeText(map, outline), "scores 1.00 to 8.00× uniform");
  assert.equal(countText(map, outline), "3 patches");
});

test("layers, heads and models count from one, as they do in the name of the map", () => {
  const { data } = mapOf([1, 2, 3, N, N, N], { layer: 0, head: 0, member: 0 });

  assert.equal(layerText(data), "Layer 1");
  assert.equal(headText(data), "Head 1, model 1");
  assert.equal(headText({ ...data, head: null, member: null }), "Mean of heads");
  assert.equal(nameText({ ...data, title: "Read", subtitle: "layer 1" }), "Read (layer 1)");
});

test("the second map is the first of the other kind that is not the same everywhere", () => {
  const read = mapOf([1, 2, 3, N, N, N]).data;
  const flat = { ...read, id: "flat", method: "perturbation", minimum: 0, maximum: 0 };
  const moved = { ...read, id: "moved", method: "gradient", minimum: -1, maximum: 1 };

  assert.equal(otherKind([read, flat, moved], read), moved);
  assert.equal(otherKind([read, flat], read), undefined);
});

test("a map that says nothing about place is not the first to be seen, and the other one says why", () => {
  const read = mapOf([1, 2, 3, N, N, N], { effective_share: 0.6 }).data;
  const flat = { ...read, effective_share: 0.97 };
  const moved = { ...read, id: "moved", method: "gradient", minimum: -1, maximum: 1, signed: true, effective_share: null };

  assert.equal(openingMap([read, moved]), read);
  assert.equal(openingMap([flat, moved]), moved);
  assert.equal(openingMap([flat]), flat);
  assert.equal(openingMap([]), undefined);
  assert.match(plain(openedText([flat, moved], moved)), /nearly uniform \(spread over 97 % of the patches\)/);
  assert.match(plain(openedText([{ ...flat, effective_share: 0.999 }, moved], moved)), /spread over more than 99 %/);
  const third = { ...moved, id: "third" };
  assert.deepEqual([openedText([flat, moved], flat), openedText([read, moved], moved)], ["", ""]);
  assert.equal(openedText([flat, moved, third], third), "", "it was not this one that opened");
});

test("effects that drown in the disagreement of the models are called small", () => {
  const part = { signed: true, unit: "risk", models_apart: 0.6 };

  assert.equal(
    warningText(mapOf([-0.001, 0.0005, 0, N, N, N], part)),
    "Small: the strongest patch moves the risk by 0.0010, the models differ by 0.60.",
  );
  assert.equal(warningText(mapOf([-0.001, 0.0061, 0, N, N, N], part)), "");
  assert.equal(warningText(mapOf([-0.001, 0, 0, N, N, N], { ...part, models_apart: null })), "");
});

test("the order of a nearly uniform map is called what it is", () => {
  const flat = mapOf(FLAT, { effective_share: 0.99 });

  assert.deepEqual([orderText(flat, "top"), orderText(flat, "bottom")].map((text) => text.includes("means little")), [true, true]);
  assert.equal(orderText(flat, "random"), "");
  assert.equal(orderText(mapOf([1, 9, 1, 1, 1, 1], { effective_share: 0.6 }), "top"), "");
});

test("another case, another pixel size or another scan magnification is another slide", () => {
  const scene = { case_id: "a", version: "1", width: 9, height: 9, mpp: 0.5, mpp_source: "file", objective: 20, token: "x" } as SceneData;

  assert.ok(isSameSlide(scene, { ...scene, token: "y" }));
  for (const part of [{ case_id: "b" }, { version: "2" }, { width: 8 }, { mpp: 0.25 }, { mpp_source: "user" }, { objective: 40 }]) {
    assert.ok(!isSameSlide(scene, { ...scene, ...part }), JSON.stringify(part));
  }
});

test("patch numbers carry over only between lattices with the same patches", () => {
  const corners = Float32Array.from([100, 50, 110, 50]);
  const cells = Float32Array.from([0, 1, N, N, N, N]);
  const lattice = Lattice.fromTable(GRID, cells, corners);

  assert.ok(lattice.isSame(Lattice.fromTable({ ...GRID }, cells.slice(), corners.slice())));
  assert.ok(!lattice.isSame(Lattice.fromTable(GRID, Float32Array.from([1, 0, N, N, N, N]), corners)));
  assert.ok(!lattice.isSame(Lattice.fromTable(GRID, cells, Float32Array.from([100, 50, 111, 50]))));
  assert.ok(!lattice.isSame(Lattice.fromTable({ ...GRID, origin_x: 90 }, cells, corners)));
});

test("the status bar says no more of an analysis than stays true until the next news", () => {
  const told = [4, 10, 67, 100].map((done) => plain(analysisText({ stage: "Reading patches", done, total: 100 })));

  assert.deepEqual(told, ["Reading patches", ...["10", "60", "100"].map((share) => `Reading patches, past ${share} %`)]);
  assert.equal(analysisText({ stage: "Starting", done: 0, total: 0 }), "Starting");
});

test("maps of opposite order disagree", () => {
  assert.equal(rankAgreement(mapOf([1, 2, 3, N, N, N]), mapOf([9, 5, 1, N, N, N])), -1);
  assert.equal(rankAgreement(mapOf([1, 2, N, N, N, N]), mapOf([1, 2, N, N, N, N])), null);
});

test("the scale bar is 1, 2 or 5 times a power of ten, and as long as it may be", () => {
  assert.deepEqual([99, 100, 199, 230, 500, 0.7, 4999].map(roundLength), [50, 100, 100, 200, 500, 0.5, 2000]);
});

test("numbers read the same everywhere", () => {
  assert.equal(plain(whole(1234567)), "1 234 567");
  assert.deepEqual([0, 3.804, 12.34, 123.4, 0.0421, 1e-5].map(short), ["0", "3.80", "12.3", "123", "0.042", "1.0e-5"]);
  assert.equal(short(-0.5), "\u22120.50");
  assert.equal(withUnit(3.8, "x uniform"), "3.80× uniform");
  assert.equal(withUnit(0.12, "log-risk", true), "+0.12 log-risk");
  assert.deepEqual([0.05, 0.001, 0.123, 1].map((share) => plain(percent(share))), ["5 %", "0.1 %", "12 %", "100 %"]);
  assert.deepEqual([0.2, 50, 99.9].map(percentile), ["p1", "p50", "p99"]);
  assert.deepEqual([128, 500, 2000].map((um) => plain(micrometres(um))), ["128 µm", "500 µm", "2 mm"]);
  assert.deepEqual([20, 12.43, 0.831].map(times), ["20x", "12.4x", "0.83x"]);
  assert.deepEqual([100, 7500].map((s) => plain(duration(s))), ["1:40", "2 h 05"]);
});
