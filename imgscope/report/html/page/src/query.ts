// What is typed into the search box: words, globs, sizes and a few marks, all of which have to fit.

import { parseSize } from "./format";

export interface Subject {
  count: number;
  parent: Int32Array;
  folder: Uint8Array;
  paths(): string[];
  lowered(): string[];
  size: ArrayLike<number>;
  layer?: ArrayLike<number>;
  dead?: ArrayLike<number>;
  packageOf?(node: number): string;
}

type Test = (node: number) => boolean;

/** Make a regular expression of a glob: * stays within a folder, ** does not; without a slash it fits any name. */
export function glob(pattern: string): RegExp {
  let text = "";
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]!;
    if (char === "*") {
      if (pattern[at + 1] === "*") {
        at += 1;
        if (pattern[at + 1] === "/") {
          at += 1;
          text += "(?:.*/)?";
        } else text += ".*";
      } else {
        // Stars in a row mean what one means, and would make the expression slow.
        text += "[^/]*";
      }
    } else if (char === "?") text += "[^/]";
    else text += char.replace(/[\\^$.|+()[\]{}]/, "\\$&");
  }
  return new RegExp((pattern.startsWith("/") ? "^" : "(?:^|/)") + text + "$", "i");
}

function test(term: string, subject: Subject): [Test, boolean] {
  const comparison = /^([<>]=?)(.+)$/.exec(term);
  if (comparison) {
    const limit = parseSize(comparison[2]!);
    const sizes = subject.size;
    if (!Number.isNaN(limit)) {
      const sign = comparison[1]!;
      const fits = (bytes: number): boolean =>
        sign === ">" ? bytes > limit : sign === ">=" ? bytes >= limit : sign === "<" ? bytes < limit : bytes <= limit;
      return [(node) => !subject.folder[node] && fits(sizes[node]!), false];
    }
  }
  const marked = /^(layer|is|package):(.+)$/i.exec(term);
  if (marked) {
    const value = marked[2]!.toLowerCase();
    const key = marked[1]!.toLowerCase();
    if (key === "layer" && subject.layer) {
      const wanted = parseRanges(value);
      return [(node) => !subject.folder[node] && wanted.has(subject.layer![node]!), false];
    }
    if (key === "is" && subject.dead) {
      const dead = value === "dead" || value === "waste";
      return [(node) => !subject.folder[node] && Boolean(subject.dead![node]) === dead, false];
    }
    if (key === "package" && subject.packageOf) {
      return [(node) => subject.packageOf!(node).toLowerCase().includes(value), false];
    }
  }
  if (/[*?]/.test(term)) {
    const paths = subject.paths();
    const pattern = glob(term);
    return [(node) => pattern.test(paths[node]!), true];
  }
  const lowered = subject.lowered();
  const word = term.toLowerCase();
  return [(node) => lowered[node]!.includes(word), true];
}

/** Tell of each node whether it fits all terms; what lies below a folder whose path fits does too. */
export function search(text: string, subject: Subject): Uint8Array | null {
  const terms = text.trim().split(/\s+/).filter(Boolean);
  if (!terms.length) return null;
  const found = new Uint8Array(subject.count).fill(1);
  for (const term of terms) {
    const negated = term.startsWith("!") && term.length > 1;
    const [fits, inherited] = test(negated ? term.slice(1) : term, subject);
    const own = new Uint8Array(subject.count);
    for (let node = 0; node < subject.count; node++) {
      const above = subject.parent[node]!;
      own[node] = (inherited && above > 0 && own[above]) || fits(node) ? 1 : 0;
    }
    for (let node = 0; node < subject.count; node++) if (Boolean(own[node]) === negated) found[node] = 0;
  }
  return found;
}

/** Read numbers and ranges: 0,2-4. */
export function parseRanges(text: string): Set<number> {
  const found = new Set<number>();
  for (const part of text.split(",")) {
    const range = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part);
    if (!range) continue;
    const last = Number(range[2] ?? range[1]);
    for (let number = Number(range[1]); number <= last; number++) found.add(number);
  }
  return found;
}

/** Write numbers as ranges; the shortest form of a set. */
export function writeRanges(numbers: Iterable<number>): string {
  const sorted = [...numbers].sort((one, two) => one - two);
  const parts: string[] = [];
  for (let at = 0; at < sorted.length; at++) {
    const first = sorted[at]!;
    while (sorted[at + 1] === sorted[at]! + 1) at += 1;
    parts.push(first === sorted[at] ? String(first) : `${first}-${sorted[at]}`);
  }
  return parts.join(",");
}
