// Building elements in one line each. Text always goes in as text, never as markup.

type Child = Node | string | null | undefined;
type Props = Record<string, string | number | boolean | null | EventListener>;

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) setProp(element, name, value);
  for (const child of children) if (child !== null && child !== undefined) element.append(child);
  return element;
}

function setProp(element: HTMLElement, name: string, value: Props[string] | undefined): void {
  if (value === null || value === undefined || value === false) return;
  if (typeof value === "function") element.addEventListener(name, value);
  else element.setAttribute(name, value === true ? "" : String(value));
}

const SVG = "http://www.w3.org/2000/svg";

/** A 16 px line icon from one path. */
export function icon(path: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "hw-icon");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

/** A button with an icon: its name is both the tooltip (with the key) and the label. */
export function iconButton(label: string, key: string, path: string, act: () => void): HTMLButtonElement {
  return el(
    "button",
    {
      type: "button",
      class: "hw-button hw-button-icon",
      title: key ? `${label} (${key})` : label,
      "aria-label": label,
      click: act,
    },
    icon(path),
  );
}

/** A row of buttons of which exactly one is chosen. */
export class Segments<T extends string> {
  readonly element: HTMLElement;
  private readonly buttons = new Map<T, HTMLButtonElement>();

  constructor(label: string, options: readonly (readonly [T, string, string])[], choose: (value: T) => void) {
    this.element = el("div", { class: "hw-segments", role: "group", "aria-label": label });
    for (const [value, text, title] of options) {
      const button = el("button", { type: "button", class: "hw-segment", title, click: () => choose(value) }, text);
      this.buttons.set(value, button);
      this.element.append(button);
    }
  }

  show(chosen: T): void {
    for (const [value, button] of this.buttons) button.setAttribute("aria-pressed", String(value === chosen));
  }

  setEnabled(value: T, isEnabled: boolean, title: string): void {
    const button = this.buttons.get(value);
    if (!button) return;
    button.disabled = !isEnabled;
    button.title = title;
  }
}

/** Fill a <select>; hidden if there is nothing to choose. */
export function fillSelect(select: HTMLSelectElement, options: readonly (readonly [string, string])[], chosen: string): void {
  const wanted = JSON.stringify(options);
  if (select.dataset["options"] !== wanted) {
    select.replaceChildren(...options.map(([value, text]) => el("option", { value }, text)));
    select.dataset["options"] = wanted;
  }
  select.value = chosen;
  select.hidden = options.length < 2;
}
