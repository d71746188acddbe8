// What Python sends and what goes back. Mirrors app/viewer/messages.py, field for field.

export interface LevelData {
  width: number;
  height: number;
  tile_width: number;
  tile_height: number;
}

/** One lattice for all patches: cell (row, column) starts at origin + stride * (column, row). */
export interface GridData {
  origin_x: number;
  origin_y: number;
  stride: number;
  columns: number;
  rows: number;
  patch_size: number;
}

export interface MapData {
  id: string;
  title: string;
  subtitle: string;
  method: string;
  method_label: string;
  layer: number | null;
  head: number | null;
  member: number | null;
  unit: string;
  signed: boolean;
  url: string;
  grid: GridData;
  count: number;
  minimum: number;
  maximum: number;
  effective_share: number | null;
  models_apart: number | null;
}

/** Exact patch corners (n x 2, level-0 px) and, cell by cell, the number of the patch there. */
export interface PatchTableData {
  corners_url: string;
  cells_url: string;
  count: number;
}

/** A named area of the slide, as closed rings of level-0 points. */
export interface RegionData {
  label: string;
  rings: number[][][];
}

export interface AnalysisData {
  stage: string;
  done: number;
  total: number;
}

export interface SceneData {
  case_id: string;
  title: string;
  token: string;
  version: string;
  width: number;
  height: number;
  mpp: number | null;
  mpp_source: string | null;
  objective: number | null;
  levels: LevelData[];
  maps: MapData[];
  patches: PatchTableData | null;
  regions: RegionData[];
  model_label: string;
  banner: string;
  analysis: AnalysisData | null;
  notice: string;
  reports: string[];
  height_px: number | null;
  deep_link: boolean;
}

/** What every part of a viewer is built on. */
const BUILT_ON = ["case_id", "version", "width", "height", "mpp", "mpp_source", "objective"] as const;

/** Whether a viewer of `a` may go on showing `b`; if not, a new one is made. */
export function isSameSlide(a: SceneData, b: SceneData): boolean {
  return BUILT_ON.every((name) => a[name] === b[name]);
}

/** The argument that Streamlit hands to a component's default export. */
export interface Host {
  key: string;
  data: SceneData;
  parentElement: HTMLElement;
  setTriggerValue(name: string, value: unknown): void;
}
