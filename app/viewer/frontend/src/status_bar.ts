// The 24 px bar below the slide: what this scan is, where the pointer is, what goes on.
import { el } from "./dom";
import type { AnalysisData, SceneData } from "./messages";
import { percent, whole } from "./number_text";

export class StatusBar {
  private readonly scan = el("span", { class: "hw-status-item" });
  private readonly pointer = el("span", { class: "hw-status-item hw-status-pointer" });
  private readonly work = el("span", { class: "hw-status-item hw-status-work", role: "status" });
  private readonly failures: HTMLButtonElement;
  private readonly drawer = el("span", { class: "hw-status-item hw-quiet" });
  readonly element: HTMLElement;

  constructor(retry: () => void) {
    this.failures = el("button", { type: "button", class: "hw-status-failures", hidden: true, click: retry });
    this.element = el(
      "div",
      { class: "hw-status" },
      this.scan,
      this.pointer,
      el("div", { class: "hw-fill" }),
      this.work,
      this.failures,
      this.drawer,
    );
  }

  showScan(scene: SceneData): void {
    const source = scene.mpp_source === "user" ? "entered by hand" : "from the file";
    const size = `${whole(scene.width)} × ${whole(scene.height)} px`;
    const pixel = scene.mpp ? `${scene.mpp.toPrecision(3)} µm/px ${source}` : "pixel size unknown";
    const objective = scene.objective ? ` · ${scene.objective}x scan` : "";
    this.scan.textContent = `${size} · ${pixel}${objective}`;
  }

  showPointer(at: { x: number; y: number } | null): void {
    this.pointer.textContent = at ? `x ${whole(at.x)}  y ${whole(at.y)}` : "";
  }

  showDrawer(name: string, renderer: string): void {
    this.drawer.textContent = name === "webgl" ? "GPU" : "canvas";
    this.drawer.title = `Drawn by ${name} (${renderer})`;
  }

  showFailures(count: number): void {
    this.failures.hidden = count === 0;
    this.failures.textContent = `${whole(count)} ${count === 1 ? "tile" : "tiles"} could not be read · retry`;
  }

  showAnalysis(analysis: AnalysisData | null): void {
    this.work.textContent = analysis ? analysisText(analysis) : "";
  }

  showNote(text: string): void {
    this.work.textContent = text;
  }
}

/** The page sends news at every tenth, so no more than that is said: rate and time left would be stale. */
export function analysisText({ stage, done, total }: AnalysisData): string {
  const tenths = total > 0 ? Math.floor((10 * done) / total) : 0;
  return tenths > 0 ? `${stage}, past ${percent(tenths / 10)}` : stage;
}
