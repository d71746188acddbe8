// What the viewer did and how fast, for tests and the Diagnostics page: window.healnetViewer.
// Read-only; nothing in it belongs to a patient.

const KEPT_FRAMES = 2000;

export class Statistics {
  readonly mountedAt = performance.now();
  drawer = "";
  renderer = "";
  firstSharpPaintMs: number | null = null;
  firstOverlayMs: number | null = null;
  lastOverlayMs: number | null = null;
  overlaySwaps = 0;
  frames = 0;
  tileRequests = 0;
  tileFailures = 0;
  mapRequests = 0;
  reruns = 0;
  readonly frameMs: number[] = [];

  sharp(): void {
    this.firstSharpPaintMs ??= performance.now() - this.mountedAt;
  }

  overlayShown(tookMs: number): void {
    this.firstOverlayMs ??= performance.now() - this.mountedAt;
    this.lastOverlayMs = tookMs;
    this.overlaySwaps++;
  }

  frame(tookMs: number): void {
    this.frames++;
    this.frameMs.push(tookMs);
    if (this.frameMs.length > KEPT_FRAMES) this.frameMs.shift();
  }

  /** A frozen copy, with what the viewer shows right now. */
  report(view: Record<string, unknown>): Readonly<Record<string, unknown>> {
    return Object.freeze({
      drawer: this.drawer,
      renderer: this.renderer,
      firstSharpPaintMs: this.firstSharpPaintMs,
      firstOverlayMs: this.firstOverlayMs,
      lastOverlayMs: this.lastOverlayMs,
      overlaySwaps: this.overlaySwaps,
      frames: this.frames,
      frameMs: Object.freeze([...this.frameMs]),
      tileRequests: this.tileRequests,
      tileFailures: this.tileFailures,
      mapRequests: this.mapRequests,
      reruns: this.reruns,
      mountedAtMs: this.mountedAt,
      ...view,
    });
  }
}

const mounted: Array<() => Readonly<Record<string, unknown>>> = [];

/** Put `report` behind window.healnetViewer (the newest) and .all; returns how to take it back. */
export function publish(report: () => Readonly<Record<string, unknown>>): () => void {
  mounted.push(report);
  if (!("healnetViewer" in window)) {
    Object.defineProperty(window, "healnetViewer", {
      get: () => {
        const newest = mounted[mounted.length - 1];
        return newest ? Object.freeze({ ...newest(), all: mounted.map((each) => each()) }) : null;
      },
      configurable: false,
    });
  }
  return () => {
    const at = mounted.indexOf(report);
    if (at >= 0) mounted.splice(at, 1);
  };
}
