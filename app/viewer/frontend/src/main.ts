// The entrance: Streamlit calls `mount` once when the component appears and again on each rerun.
import { isSameSlide, type Host, type SceneData } from "./messages";
import { SlideViewer } from "./viewer";

const LEAST_HEIGHT = 420;

interface Mounted {
  root: HTMLElement;
  viewer: SlideViewer;
  scene: SceneData;
  stop: () => void;
}

const mounted = new WeakMap<HTMLElement, Mounted>();

export function mount(host: Host): () => void {
  const parent = host.parentElement;
  const known = mounted.get(parent);
  if (known && isSameSlide(known.scene, host.data)) {
    known.viewer.statistics.reruns++;
    if (JSON.stringify(known.scene) !== JSON.stringify(host.data)) {
      known.scene = host.data;
      known.viewer.update(host.data);
    }
  } else {
    known?.stop(); // nothing of one patient may stay when another one is opened
    mounted.set(parent, open(host));
  }
  return () => {
    mounted.get(parent)?.stop();
    mounted.delete(parent);
  };
}

function open(host: Host): Mounted {
  const root = document.createElement("div");
  root.className = "hw-viewer";
  root.tabIndex = 0;
  root.setAttribute("role", "application");
  root.setAttribute("aria-label", `Slide viewer: ${host.data.title}. Press ? for keys.`);
  host.parentElement.append(root);
  const release = fitHeight(root, host.data.height_px);
  const viewer = new SlideViewer(root, host.data, host);
  let keyed: EventTarget | null = null; // the control that keys are working; it keeps the focus
  const noteInput = (event: Event) => {
    keyed = event.type === "keydown" ? event.target : null;
  };
  const returnFocus = (event: Event) => {
    const target = event.target as Element;
    if (target === keyed && target.matches("select, input[type=range]")) return;
    if (target.closest("button, select, input[type=range]")) root.focus({ preventScroll: true });
  };
  root.addEventListener("keydown", noteInput, true);
  root.addEventListener("pointerdown", noteInput, true);
  root.addEventListener("click", returnFocus, true);
  root.addEventListener("change", returnFocus, true);
  if (document.activeElement === document.body) root.focus({ preventScroll: true });
  const stop = () => {
    release();
    viewer.destroy();
    root.remove();
  };
  return { root, viewer, scene: host.data, stop };
}

/** Fill the window from here down, unless the page asks for a height. */
function fitHeight(root: HTMLElement, height: number | null): () => void {
  const fit = () => {
    const scrolled = root.closest('[data-testid="stMain"]')?.scrollTop ?? window.scrollY;
    const top = Math.max(0, root.getBoundingClientRect().top + scrolled);
    const room = height ?? Math.max(LEAST_HEIGHT, window.innerHeight - top - 8);
    root.style.height = `${Math.round(room)}px`;
  };
  const watch = new ResizeObserver(fit);
  watch.observe(root.closest('[data-testid="stMainBlockContainer"]') ?? document.body);
  const column = root.closest('[data-testid="stVerticalBlock"]');
  // The page may keep its size when something above in this column comes or goes: look at each.
  const watchColumn = () => {
    for (const child of column?.children ?? []) if (!child.contains(root)) watch.observe(child);
    fit();
  };
  watchColumn();
  const changes = new MutationObserver(watchColumn);
  if (column) changes.observe(column, { childList: true });
  window.addEventListener("resize", fit);
  return () => {
    watch.disconnect();
    changes.disconnect();
    window.removeEventListener("resize", fit);
  };
}
