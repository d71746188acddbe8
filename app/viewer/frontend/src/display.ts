// How the map is shown: one small state, changed in one place, watched by those who draw.

export type Style = "tint" | "spotlight" | "outline";
export type Scaling = "raw" | "percentile";
export type ColourName = "inferno" | "viridis" | "magma" | "grey";

export interface Display {
  mapId: string;
  isVisible: boolean;
  /** Opacity of the colours (tint). The veil of the spotlight has its own. */
  opacity: number;
  veil: number;
  /** The strongest share of patches that is shown; 1 = all. */
  topShare: number;
  scaling: Scaling;
  /** Colour range in the unit of the map; null = the map's default. */
  range: [number, number] | null;
  colours: ColourName;
  style: Style;
  isSmooth: boolean;
}

/** Ranks would paint contrast into a nearly uniform map that is not there: it stays raw. */
export function scalingFor(map: { isNearUniform: boolean }, display: Display): Scaling {
  return map.isNearUniform ? "raw" : display.scaling;
}

/** First view: the tissue first, colours at 40 %. */
export const FIRST_VIEW: Display = {
  mapId: "",
  isVisible: true,
  opacity: 0.4,
  veil: 0.6,
  topShare: 1,
  scaling: "raw",
  range: null,
  colours: "inferno",
  style: "tint",
  isSmooth: false,
};

type Watcher = (now: Display, before: Display) => void;

export class DisplayState {
  private current: Display;
  private readonly watchers: Watcher[] = [];

  constructor(start: Partial<Display> = {}) {
    this.current = { ...FIRST_VIEW, ...start };
  }

  get now(): Display {
    return this.current;
  }

  change(part: Partial<Display>): void {
    const before = this.current;
    this.current = { ...before, ...part };
    // a range in the unit of one map means nothing on another
    if (before.mapId && part.mapId && part.mapId !== before.mapId) this.current.range = null;
    for (const watcher of this.watchers) watcher(this.current, before);
  }

  /** Spotlight and outline need a threshold: with "all patches" they would show nothing. */
  setStyle(style: Style): void {
    const needsCut = style !== "tint" && this.current.topShare >= 1;
    this.change(needsCut ? { style, topShare: 0.1, isVisible: true } : { style, isVisible: true });
  }

  watch(watcher: Watcher): void {
    this.watchers.push(watcher);
  }
}
