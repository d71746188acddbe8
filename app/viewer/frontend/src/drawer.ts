// Which drawer: WebGL on a real GPU; plain canvas where WebGL is computed on the processor, which
// takes a tenth of a second a frame. Some drivers are slow without saying so: see `isTooSlow`.

export type DrawerName = "webgl" | "canvas";

const SOFTWARE = /swiftshader|llvmpipe|software|basic render|softpipe|mesa offscreen/i;

export interface DrawerChoice {
  drawer: DrawerName;
  renderer: string;
}

export function chooseDrawer(): DrawerChoice {
  const renderer = rendererName();
  const isReal = renderer !== "" && !SOFTWARE.test(renderer);
  return { drawer: isReal ? "webgl" : "canvas", renderer: renderer || "none" };
}

function rendererName(): string {
  const context = document.createElement("canvas").getContext("webgl");
  if (!context) return "";
  const info = context.getExtension("WEBGL_debug_renderer_info");
  const name = String(context.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : context.RENDERER));
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return name;
}

/** True once 30 frames in motion took more than 40 ms each on average. */
export function isTooSlow(frames: readonly number[]): boolean {
  if (frames.length < 30) return false;
  const first = frames.slice(0, 30);
  return first.reduce((sum, frame) => sum + frame, 0) / first.length > 40;
}
