// Fetches each published array once and keeps what was made of it.
import { Lattice } from "./lattice";
import type { MapData, SceneData } from "./messages";
import { ScoreMap } from "./score_map";
import { address } from "./slide_source";
import type { Statistics } from "./statistics";

const KEPT = 64;

export class MapStore {
  private readonly arrays = new Map<string, Promise<Float32Array>>();
  private readonly lattices = new Map<string, Promise<Lattice>>();
  private readonly maps = new Map<string, Promise<ScoreMap>>();

  constructor(private readonly statistics: Statistics) {}

  /** The map, fetched if it was not; rejects if the server no longer holds it. */
  get(data: MapData, scene: SceneData): Promise<ScoreMap> {
    return remember(this.maps, JSON.stringify([data, scene.patches]), async () => {
      const values = await this.array(data.url);
      const { columns, rows } = data.grid;
      if (values.length !== columns * rows) {
        throw new Error(`Map ${data.id}: ${values.length} values for ${columns} x ${rows} cells`);
      }
      return new ScoreMap(data, await this.lattice(data, scene, values), values);
    });
  }

  private lattice(data: MapData, scene: SceneData, values: Float32Array): Promise<Lattice> {
    const table = scene.patches;
    if (!table) return Promise.resolve(Lattice.fromScores(data.grid, values));
    const name = [table.cells_url, table.corners_url, JSON.stringify(data.grid)].join();
    return remember(this.lattices, name, async () => {
      const [cells, corners] = await Promise.all([this.array(table.cells_url), this.array(table.corners_url)]);
      return Lattice.fromTable(data.grid, cells, corners);
    });
  }

  private array(url: string): Promise<Float32Array> {
    return remember(this.arrays, url, async () => {
      this.statistics.mapRequests++;
      const answer = await fetch(address(url));
      if (!answer.ok) throw new Error(`Map not available (${answer.status})`);
      return new Float32Array(await answer.arrayBuffer());
    });
  }
}

/** Keep the newest entries; a failure is not remembered. */
function remember<T>(store: Map<string, Promise<T>>, name: string, make: () => Promise<T>): Promise<T> {
  const known = store.get(name);
  if (known) return known;
  const made = make();
  store.set(name, made);
  made.catch(() => store.delete(name));
  if (store.size > KEPT) store.delete(store.keys().next().value!);
  return made;
}
