// What if some of it were not there: findings, layers, paths struck out, and each byte counted once.

import type { Finding, Suggestions } from "./data";
import type { ImageTree } from "./tree";

export class Struck {
  findings = new Set<number>();
  layers = new Set<number>();
  paths = new Set<number>();

  get empty(): boolean {
    return !this.findings.size && !this.layers.size && !this.paths.size;
  }

  get count(): number {
    return this.findings.size + this.layers.size + this.paths.size;
  }

  clear(): void {
    this.findings.clear();
    this.layers.clear();
    this.paths.clear();
  }
}

export interface Saved { live: number; dead: number; of: Float64Array }

/**
 * Count the bytes that go. What findings claim is counted as imgscope's own ledger does: of a part of a file that
 * part, of an inode with several names all of it once the last of them is claimed.
 */
export function savings(tree: ImageTree, struck: Struck, suggestions: Suggestions | undefined): Saved {
  const of = new Float64Array(tree.count);
  const names = new Map<number, number>(suggestions?.names ?? []);
  const claimed = new Map<number, Set<number>>();
  for (const number of [...struck.findings].sort((one, two) => one - two)) {
    const finding: Finding | undefined = suggestions?.findings[number];
    const claims = finding?.claims ?? [];
    for (let at = 0; at < claims.length; at += 3) {
      const node = claims[at]!;
      const bytes = claims[at + 1]!;
      const whole = tree.size[node]!;
      const needed = names.get(node);
      if (needed !== undefined && bytes < 0) {
        const known = claimed.get(node) ?? new Set<number>();
        claimed.set(node, known.add(claims[at + 2]!));
        if (known.size < needed) continue;
      }
      of[node] = Math.min(whole, of[node]! + (bytes < 0 ? whole : bytes));
    }
  }
  if (struck.layers.size) {
    for (let node = 0; node < tree.count; node++) if (struck.layers.has(tree.layer[node]!)) of[node] = tree.size[node]!;
  }
  for (const top of struck.paths) for (let node = top; node < tree.end[top]!; node++) of[node] = tree.size[node]!;
  let live = 0;
  let dead = 0;
  for (let node = 0; node < tree.count; node++) {
    if (tree.dead[node]) dead += of[node]!;
    else live += of[node]!;
  }
  return { live, dead, of };
}
