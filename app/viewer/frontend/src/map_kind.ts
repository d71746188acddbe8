// Where the model read from, and what moved its estimate: each map has one of the other kind beside it.
import type { MapData } from "./messages";

/** Above this share of effectively read patches a map says nothing about place. */
const NEAR_UNIFORM = 0.8;

type Kind = "read" | "moved";

export function kindOf({ method }: MapData): Kind {
  return method === "attention" || method === "rollout" ? "read" : "moved";
}

/** The first map of the other kind that is not the same everywhere. */
export function otherKind(maps: readonly MapData[], data: MapData): MapData | undefined {
  return maps.find((map) => kindOf(map) !== kindOf(data) && map.minimum < map.maximum);
}

/** Whether hardly any patch was read more than another. */
export function isNearUniform({ signed, unit, effective_share: share }: MapData): boolean {
  return !signed && unit === "x uniform" && share !== null && share > NEAR_UNIFORM;
}

/** What is shown first: where the model read from, unless that says nothing about place. */
export function openingMap(maps: readonly MapData[]): MapData | undefined {
  const first = maps[0];
  return first && isNearUniform(first) ? (otherKind(maps, first) ?? first) : first;
}
