// Where the model read from, and what moved its estimate: each map has one of the other kind beside it.
import type { MapData } from "./messages";

type Kind = "read" | "moved";

export function kindOf({ method }: MapData): Kind {
  return method === "attention" || method === "rollout" ? "read" : "moved";
}

/** The first map of the other kind that is not the same everywhere. */
export function otherKind(maps: readonly MapData[], data: MapData): MapData | undefined {
  return maps.find((map) => kindOf(map) !== kindOf(data) && map.minimum < map.maximum);
}
