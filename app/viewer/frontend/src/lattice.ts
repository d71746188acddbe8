// Where the patches lie: one lattice per slide, and which patch stands in which cell.
import type { GridData } from "./messages";

export interface Box {
  x: number;
  y: number;
  size: number;
}

export class Lattice {
  /** Number of the patch in each cell, row by row; -1: no patch. */
  readonly cells: Int32Array;
  /** One cell of each patch (its first), or -1. */
  readonly anchors: Int32Array;

  private constructor(
    readonly grid: GridData,
    cells: Int32Array,
    readonly count: number,
    private readonly corners: Float32Array | null,
  ) {
    this.cells = cells;
    this.anchors = new Int32Array(count).fill(-1);
    for (let cell = cells.length - 1; cell >= 0; cell--) {
      const patch = cells[cell]!;
      if (patch >= 0 && patch < count) this.anchors[patch] = cell;
    }
  }

  /** From the published patch table: exact corners, patch numbers as in the exported files. */
  static fromTable(grid: GridData, numbers: Float32Array, corners: Float32Array): Lattice {
    const cells = Int32Array.from(numbers, (value) => (Number.isNaN(value) ? -1 : value));
    return new Lattice(grid, cells, corners.length / 2, corners);
  }

  /** From a map alone: patches are counted row by row. */
  static fromScores(grid: GridData, scores: Float32Array): Lattice {
    let count = 0;
    const cells = Int32Array.from(scores, (value) => (Number.isNaN(value) ? -1 : count++));
    return new Lattice(grid, cells, count, null);
  }

  /** Whether patch numbers mean the same patches on both. */
  isSame(other: Lattice): boolean {
    if (other === this) return true;
    const isSameGrid = JSON.stringify(this.grid) === JSON.stringify(other.grid);
    return isSameGrid && isEqual(this.cells, other.cells) && isEqual(this.corners ?? [], other.corners ?? []);
  }

  /** The patch at a level-0 point, or -1. */
  patchAt(x: number, y: number): number {
    const column = Math.floor((x - this.grid.origin_x) / this.grid.stride);
    const row = Math.floor((y - this.grid.origin_y) / this.grid.stride);
    if (column < 0 || row < 0 || column >= this.grid.columns || row >= this.grid.rows) return -1;
    return this.cells[row * this.grid.columns + column]!;
  }

  /** The true footprint of a patch in level-0 px. */
  box(patch: number): Box {
    const size = this.grid.patch_size;
    if (this.corners) return { x: this.corners[2 * patch]!, y: this.corners[2 * patch + 1]!, size };
    const cell = this.anchors[patch]!;
    const inset = (this.grid.stride - size) / 2;
    return {
      x: this.grid.origin_x + (cell % this.grid.columns) * this.grid.stride + inset,
      y: this.grid.origin_y + Math.floor(cell / this.grid.columns) * this.grid.stride + inset,
      size,
    };
  }
}

function isEqual(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
