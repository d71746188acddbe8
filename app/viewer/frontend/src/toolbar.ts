// The 36 px bar above the slide: magnification, orientation, what is shown.
import { el, iconButton } from "./dom";
import { ICONS } from "./icons";
import { percent, times } from "./number_text";
import type { View } from "./view";

export const PRESETS = [2, 5, 10, 20, 40] as const;

/** What the bar, the keys and the tests can ask of the viewer. */
export interface Actions {
  fit(): void;
  preset(magnification: number): void;
  zoomBy(factor: number): void;
  rotate(degrees: number): void;
  mirror(): void;
  toggleOverlay(): void;
  toggleNavigator(): void;
  toggleGallery(): void;
  toggleRegions(): void;
  snapshot(): void;
  fullScreen(): void;
  help(): void;
}

export class Toolbar {
  readonly element: HTMLElement;
  private readonly presets = new Map<(typeof PRESETS)[number], HTMLButtonElement>();
  private readonly field: HTMLInputElement;
  private readonly toggles: Record<"overlay" | "navigator" | "gallery" | "regions", HTMLButtonElement>;

  constructor(
    private readonly view: View,
    private readonly maxScale: number,
    actions: Actions,
  ) {
    this.field = el("input", {
      class: "hw-magnification",
      type: "text",
      inputmode: "decimal",
      title: "Magnification: type one and press Enter",
      "aria-label": "Magnification",
      keydown: (event) => this.typed(event as KeyboardEvent, actions),
      blur: () => this.update(),
    });
    this.toggles = {
      overlay: iconButton("Overlay on or off", "O", ICONS.eye, actions.toggleOverlay),
      navigator: iconButton("Navigator", "N", ICONS.map, actions.toggleNavigator),
      gallery: iconButton("Patch strip", "G", ICONS.strip, actions.toggleGallery),
      regions: iconButton("Marked areas", "A", ICONS.regions, actions.toggleRegions),
    };
    this.element = el(
      "div",
      { class: "hw-toolbar", role: "toolbar", "aria-label": "Slide viewer" },
      this.presetGroup(actions),
      this.field,
      el("div", { class: "hw-group" }, ...this.zoomButtons(actions)),
      el("div", { class: "hw-group" }, ...this.turnButtons(actions)),
      el("div", { class: "hw-fill" }),
      el("div", { class: "hw-group" }, ...this.showButtons(actions)),
    );
  }

  private presetGroup(actions: Actions): HTMLElement {
    const fit = el("button", { type: "button", class: "hw-button", title: "Whole slide (0)", click: actions.fit }, "Fit");
    const group = el("div", { class: "hw-group", role: "group", "aria-label": "Magnification presets" }, fit);
    PRESETS.forEach((magnification, index) => {
      const title = presetTitle(magnification, index);
      const act = () => actions.preset(magnification);
      const button = el("button", { type: "button", class: "hw-button", title, click: act }, `${magnification}x`);
      this.presets.set(magnification, button);
      group.append(button);
    });
    return group;
  }

  private zoomButtons(actions: Actions): HTMLElement[] {
    return [
      iconButton("Zoom out", "-", ICONS.minus, () => actions.zoomBy(1 / 1.5)),
      iconButton("Zoom in", "+", ICONS.plus, () => actions.zoomBy(1.5)),
    ];
  }

  private turnButtons(actions: Actions): HTMLElement[] {
    return [
      iconButton("Rotate left", "[", ICONS.rotateLeft, () => actions.rotate(-90)),
      iconButton("Rotate right", "]", ICONS.rotateRight, () => actions.rotate(90)),
      iconButton("Mirror", "M", ICONS.mirror, actions.mirror),
    ];
  }

  private showButtons(actions: Actions): HTMLElement[] {
    return [
      this.toggles.overlay,
      this.toggles.regions,
      this.toggles.gallery,
      this.toggles.navigator,
      iconButton("Save picture", "S", ICONS.camera, actions.snapshot),
      iconButton("Full screen", "F", ICONS.full, actions.fullScreen),
      iconButton("Keys", "?", ICONS.help, actions.help),
    ];
  }

  show(name: keyof Toolbar["toggles"], isOn: boolean, isUseful = true): void {
    this.toggles[name].setAttribute("aria-pressed", String(isOn));
    this.toggles[name].hidden = !isUseful;
  }

  update(): void {
    const magnification = this.view.magnification;
    if (this.field !== this.field.ownerDocument.activeElement) {
      const text = magnification === null ? percent(this.view.scale) : times(magnification);
      if (this.field.value !== text) this.field.value = text;
    }
    const native = this.view.nativeMagnification;
    for (const [preset, button] of this.presets) {
      const isBeyond = native !== null && preset > native * 1.02;
      button.title = `${presetTitle(preset, PRESETS.indexOf(preset))}${isBeyond ? ": digital enlargement beyond the scan" : ""}`;
      button.disabled = native === null || preset / native > this.maxScale * 1.001;
      const isHere = magnification !== null && Math.abs(magnification / preset - 1) < 0.02;
      button.setAttribute("aria-pressed", String(isHere));
    }
  }

  private typed(event: KeyboardEvent, actions: Actions): void {
    event.stopPropagation();
    if (event.key === "Escape") this.field.blur();
    if (event.key !== "Enter") return;
    const value = Number.parseFloat(this.field.value.replace(",", "."));
    this.field.blur();
    if (!(value > 0)) return;
    if (this.view.nativeMagnification === null) this.view.zoomToScale(value / 100);
    else actions.preset(value);
  }
}

function presetTitle(magnification: number, index: number): string {
  return `${magnification}x (${index + 1})`;
}
