// Where nodes are drawn: a treemap (d3-hierarchy's squarified tiles) or an icicle. Only what can be seen is laid out,
// so the number of boxes depends on the screen and not on the image.

import { treemapSquarify } from "d3-hierarchy";
import type { Tree } from "./tree";

export interface Box {
  node: number;
  x0: number; y0: number; x1: number; y1: number;
  /** How many small nodes stand together here (0: it is the node itself; their folder is ``node``). */
  rest: number;
  /** Whether other boxes are drawn in it. */
  open: boolean;
  /** Height of the line with its name; 0 where there is none. */
  head: number;
  label: string;
  bytes: number;
  /** Whether it is a folder that is not coloured, since what is in it is drawn beside it. */
  quiet?: boolean;
  /** The node whose colour it has: itself, or the heaviest of those that stand together. */
  sample: number;
}

interface Tile { value: number; node: number; rest: number; sample: number; x0: number; y0: number; x1: number; y1: number }
interface Row { value: number; children: Tile[] }
// Its types know d3's own hierarchies alone; all that it reads is value and children.
const squarify = treemapSquarify as unknown as (row: Row, x0: number, y0: number, x1: number, y1: number) => void;

const LEAST_AREA = 14;

/** Order the children that weigh something, heaviest first; those too small to be seen become one. */
function tiles(tree: Tree, total: ArrayLike<number>, node: number, least: number): Tile[] {
  const found: Tile[] = [];
  let count = 0;
  let sum = 0;
  let sample = node;
  let heaviest = 0;
  for (let child = node + 1; child < tree.end[node]!; child = tree.end[child]!) {
    const value = total[child]!;
    if (value <= 0) continue;
    if (value < least) {
      count += 1;
      sum += value;
      if (value > heaviest) {
        heaviest = value;
        sample = child;
      }
    } else found.push({ value, node: child, rest: 0, sample: child, x0: 0, y0: 0, x1: 0, y1: 0 });
  }
  found.sort((one, two) => two.value - one.value || one.node - two.node);
  if (count) found.push({ value: sum, node, rest: count, sample, x0: 0, y0: 0, x1: 0, y1: 0 });
  return found;
}

/** Follow folders that hold a single folder and nothing else: they are drawn as one. */
export function chain(tree: Tree, total: ArrayLike<number>, node: number): number {
  for (;;) {
    let only = -1;
    for (let child = node + 1; child < tree.end[node]!; child = tree.end[child]!) {
      if (total[child]! <= 0) continue;
      if (only >= 0) return node;
      only = child;
    }
    if (only < 0 || !tree.folder[only]) return node;
    node = only;
  }
}

function label(tree: Tree, from: number, to: number): string {
  let text = tree.names[to]!;
  while (to !== from) {
    to = tree.parent[to]!;
    text = tree.names[to]! + "/" + text;
  }
  return text;
}

export function treemap(tree: Tree, total: ArrayLike<number>, root: number, width: number, height: number, line = 17): Box[] {
  const boxes: Box[] = [];
  const inside = (node: number, x0: number, y0: number, x1: number, y1: number): void => {
    const area = (x1 - x0) * (y1 - y0);
    const value = total[node]!;
    if (area <= 0 || value <= 0) return;
    const row: Row = { value, children: tiles(tree, total, node, (value * LEAST_AREA) / area) };
    squarify(row, x0, y0, x1, y1);
    for (const tile of row.children) place(tile);
  };
  const place = (tile: Tile): void => {
    const { x0, y0, x1, y1 } = tile;
    const wide = x1 - x0;
    const high = y1 - y0;
    if (tile.rest || !tree.folder[tile.node]) {
      const name = tile.rest ? `+${tile.rest}` : tree.names[tile.node]!;
      boxes.push({ node: tile.node, x0, y0, x1, y1, rest: tile.rest, open: false, head: 0, label: name, bytes: tile.value, sample: tile.sample });
      return;
    }
    const last = chain(tree, total, tile.node);
    const open = wide * high > 90 && wide > 5 && high > 5;
    const head = open && wide > 46 && high > 2 * line ? line : 0;
    boxes.push({ node: last, x0, y0, x1, y1, rest: 0, open, head, label: label(tree, tile.node, last), bytes: tile.value, sample: last });
    if (!open) return;
    const pad = wide > 24 && high > 24 ? 2 : wide > 10 && high > 10 ? 1 : 0;
    inside(last, x0 + pad, y0 + (head || pad), x1 - pad, y1 - pad);
  };
  inside(chain(tree, total, root), 0, 0, width, height);
  return boxes;
}

export function icicle(tree: Tree, total: ArrayLike<number>, root: number, width: number, height: number): Box[] {
  let levels = 0;
  let step = 0;
  const boxes: Box[] = [];
  const place = (node: number, x0: number, x1: number, level: number): void => {
    const value = total[node]!;
    if ((level + 1) * step > height + 0.5 || value <= 0) return;
    levels = Math.max(levels, level + 1);
    const y0 = level * step;
    const last = node === root ? node : chain(tree, total, node);
    const name = last === root ? tree.path(root) : label(tree, node, last);
    const open = tree.folder[last] === 1 && x1 - x0 >= 3;
    const box = { node: last, x0, y0, x1, y1: y0 + step, rest: 0, open: false, head: 0, label: name, bytes: value, sample: last, quiet: open };
    boxes.push(box);
    if (!open) return;
    let x = x0;
    for (const tile of tiles(tree, total, last, (value * 1.5) / (x1 - x0))) {
      const next = x + ((x1 - x0) * tile.value) / value;
      if (!tile.rest) place(tile.node, x, next, level + 1);
      else if (y0 + 2 * step <= height + 0.5) {
        levels = Math.max(levels, level + 2);
        boxes.push({
          node: last, x0: x, y0: y0 + step, x1: next, y1: y0 + 2 * step, rest: tile.rest, open: false, head: 0,
          label: `+${tile.rest}`, bytes: tile.value, sample: tile.sample,
        });
      }
      x = next;
    }
  };
  // Once to see how deep it goes, once with rows that fill the height.
  step = Math.max(20, height / 40);
  place(root, 0, width, 0);
  step = Math.max(step, Math.min(64, height / Math.max(levels, 1)));
  boxes.length = 0;
  place(root, 0, width, 0);
  return boxes;
}
