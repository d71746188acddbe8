// Reads two lists of scores from standard input and prints what score_map.ts makes of them, so
// that another implementation can be asked the same.
import { readFileSync } from "node:fs";

import { Lattice } from "../src/lattice";
import type { MapData } from "../src/messages";
import { rankAgreement, ScoreMap } from "../src/score_map";

const { first, second } = JSON.parse(readFileSync(0, "utf8")) as Record<string, number[]>;
const grid = { origin_x: 0, origin_y: 0, stride: 1, columns: first!.length, rows: 1, patch_size: 1 };

function mapOf(scores: number[]): ScoreMap {
  const values = Float32Array.from(scores);
  const data = { signed: false, unit: "x uniform", effective_share: null } as MapData;
  return new ScoreMap(data, Lattice.fromScores(grid, values), values);
}

const map = mapOf(first!);
const answer = {
  percentiles: [...map.percentiles],
  agreement: rankAgreement(map, mapOf(second!)),
};
process.stdout.write(JSON.stringify(answer));
