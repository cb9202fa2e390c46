// The tree of paths as columns: nodes in preorder, so that what lies below a node is the run of nodes after it.

import type { Columns, DifferenceColumns } from "./data";

export class Tree {
  readonly count: number;
  readonly parent: Int32Array;
  /** The first node after all that lies below a node. */
  readonly end: Int32Array;
  readonly folder: Uint8Array;

  constructor(readonly names: string[], depths: number[], readonly types: string) {
    const count = (this.count = depths.length);
    this.parent = new Int32Array(count);
    this.end = new Int32Array(count).fill(count);
    this.folder = new Uint8Array(count);
    const open: number[] = [];
    for (let node = 0; node < count; node++) {
      const depth = depths[node]!;
      while (open.length > depth) this.end[open.pop()!] = node;
      this.parent[node] = open.length ? open[open.length - 1]! : -1;
      open.push(node);
      this.folder[node] = types.charCodeAt(node) === 100 ? 1 : 0;
    }
  }

  /** Add up own weights below each node. */
  sums(own: ArrayLike<number>): Float64Array {
    const total = Float64Array.from(own);
    for (let node = this.count - 1; node > 0; node--) total[this.parent[node]!]! += total[node]!;
    return total;
  }

  path(node: number): string {
    let text = "";
    for (let at = node; at > 0; at = this.parent[at]!) text = "/" + this.names[at]! + text;
    return text || "/";
  }

  private readonly made: string[] = ["/"];
  private readonly small: string[] = ["/"];
  /** Make the paths of so many more nodes; tell whether there are still some to be made. */
  warm(count: number): boolean {
    const { made, small, parent, names } = this;
    const last = Math.min(this.count, made.length + count);
    for (let node = made.length; node < last; node++) {
      const above = parent[node]!;
      const path = (above > 0 ? made[above]! : "") + "/" + names[node]!;
      made.push(path);
      small.push(path.toLowerCase());
    }
    return last < this.count;
  }

  /** Every node's path; made once. */
  paths(): string[] {
    this.warm(this.count);
    return this.made;
  }

  /** The same in small letters, for searching. */
  lowered(): string[] {
    this.warm(this.count);
    return this.small;
  }

  children(node: number): number[] {
    const found: number[] = [];
    for (let child = node + 1; child < this.end[node]!; child = this.end[child]!) found.push(child);
    return found;
  }

  /** Find the node of a path; of several (a live one and ghosts) the first. -1 where there is none. */
  find(path: string): number {
    let node = 0;
    for (const name of path.split("/").filter(Boolean)) {
      const among = this.children(node).filter((child) => this.names[child] === name);
      const next = among.find((child) => this.folder[child]) ?? among[0];
      if (next === undefined) return -1;
      node = next;
    }
    return node;
  }

  within(node: number, above: number): boolean {
    return node >= above && node < this.end[above]!;
  }
}

export const REASONS = ["removed", "overwritten", "rewritten", "metadata_only", "shadowed", "repeated"] as const;

/** An image's tree: of each node its bytes, layer, day, package; of a ghost (``dead`` > 0) why, and by which layer. */
export class ImageTree extends Tree {
  readonly size: Float64Array;
  readonly layer: Int32Array;
  readonly day: Int32Array;
  readonly pack: Int32Array;
  readonly dead: Uint8Array;
  readonly by: Int32Array;

  constructor(columns: Columns) {
    super(columns.names.split("\n"), columns.depths, columns.types);
    this.size = Float64Array.from(columns.sizes);
    this.layer = Int32Array.from(columns.layers);
    this.day = Int32Array.from(columns.days);
    this.pack = Int32Array.from(columns.packages);
    this.dead = new Uint8Array(this.count);
    this.by = new Int32Array(this.count).fill(-1);
    columns.dead.forEach((node, row) => {
      this.dead[node] = REASONS.indexOf(columns.dead_why[row] as (typeof REASONS)[number]) + 1;
      this.by[node] = columns.dead_by[row]!;
    });
  }

  reason(node: number): string {
    return this.dead[node] ? REASONS[this.dead[node]! - 1]!.replace("_", " ") : "";
  }
}

/** The tree of two images: of each path its bytes in both. */
export class DifferenceTree extends Tree {
  readonly before: Float64Array;
  readonly after: Float64Array;
  readonly kinds: string;

  constructor(columns: DifferenceColumns) {
    super(columns.names.split("\n"), columns.depths, columns.types);
    this.before = Float64Array.from(columns.before);
    this.after = Float64Array.from(columns.after);
    this.kinds = columns.kinds;
  }
}
