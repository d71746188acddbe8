// The slide as an OpenSeadragon tile source: the levels the server names, however they are spaced.
import OpenSeadragon from "openseadragon";

import type { LevelData, SceneData } from "./messages";
import type { Statistics } from "./statistics";

/** Address of a route of this server, honouring a base path. */
export function address(path: string): string {
  return new URL(path, document.baseURI).href;
}

/** What can change while the slide stays open: a restarted server signs ids anew. */
export interface SlideAddress {
  token: string;
  version: string;
}

/** Level 0 of OpenSeadragon is the smallest; ours is the largest. */
export function slideSource(scene: SceneData, slide: SlideAddress, statistics: Statistics): OpenSeadragon.TileSource {
  const levels = [...scene.levels].reverse();
  const level = (index: number): LevelData => levels[Math.min(levels.length - 1, Math.max(0, index))]!;
  const full = levels[levels.length - 1]!;
  const source = new OpenSeadragon.TileSource({
    width: scene.width,
    height: scene.height,
    tileSize: full.tile_width,
    minLevel: 0,
    maxLevel: levels.length - 1,
  } as OpenSeadragon.TileSourceOptions);
  const start = source.downloadTileStart.bind(source);
  return Object.assign(source, {
    getLevelScale: (index: number) => level(index).width / scene.width,
    getTileWidth: (index: number) => level(index).tile_width,
    getTileHeight: (index: number) => level(index).tile_height,
    getNumTiles: (index: number) => numTiles(level(index)),
    getTileBounds: (index: number, x: number, y: number, isSource?: boolean) =>
      tileBounds(level(index), x, y, scene, isSource === true),
    getTileAtPoint: (index: number, point: OpenSeadragon.Point) => tileAt(level(index), point, scene),
    getTileUrl: (index: number, x: number, y: number) =>
      address(`wsi/${slide.token}/${levels.length - 1 - index}/${x}_${y}.jpg?v=${slide.version}`),
    getTileHashKey: (index: number, x: number, y: number) => `${slide.version}/${index}/${x}_${y}`,
    hasTransparency: () => false,
    downloadTileStart: (job: OpenSeadragon.ImageJob) => {
      statistics.tileRequests++;
      start(job);
    },
  });
}

function numTiles(level: LevelData): OpenSeadragon.Point {
  return new OpenSeadragon.Point(Math.ceil(level.width / level.tile_width), Math.ceil(level.height / level.tile_height));
}

/** In world units (slide width = 1), or in pixels of the tile itself. */
function tileBounds(level: LevelData, x: number, y: number, scene: SceneData, isSource: boolean): OpenSeadragon.Rect {
  const left = x * level.tile_width;
  const top = y * level.tile_height;
  const width = Math.min(level.tile_width, level.width - left);
  const height = Math.min(level.tile_height, level.height - top);
  if (isSource) return new OpenSeadragon.Rect(0, 0, width, height);
  const scaleX = 1 / level.width;
  const scaleY = scene.height / scene.width / level.height;
  return new OpenSeadragon.Rect(left * scaleX, top * scaleY, width * scaleX, height * scaleY);
}

function tileAt(level: LevelData, point: OpenSeadragon.Point, scene: SceneData): OpenSeadragon.Point {
  const most = numTiles(level);
  const column = Math.floor((point.x * level.width) / level.tile_width);
  const row = Math.floor((point.y * (scene.width / scene.height) * level.height) / level.tile_height);
  return new OpenSeadragon.Point(clamp(column, most.x - 1), clamp(row, most.y - 1));
}

function clamp(value: number, most: number): number {
  return Math.min(most, Math.max(0, value));
}
