// The sheet of keys (?).
import { el, iconButton } from "./dom";
import { ICONS } from "./icons";
import { KEY_SHEET } from "./keys";

export class Sheet {
  readonly element: HTMLElement;

  constructor() {
    const rows = KEY_SHEET.map(([keys, what]) => {
      const names = keys.split("  ").map((name) => el("kbd", {}, name));
      return el("div", { class: "hw-key-row" }, el("dt", {}, ...names), el("dd", {}, what));
    });
    const close = iconButton("Close", "Esc", ICONS.close, () => this.toggle(false));
    const head = el("div", { class: "hw-sheet-head" }, el("strong", {}, "Keys"), close);
    this.element = el("section", { class: "hw-sheet", hidden: true, role: "dialog", "aria-label": "Keys" }, head, el("dl", {}, ...rows));
  }

  toggle(isOpen = this.element.hidden): void {
    this.element.hidden = !isOpen;
  }
}
