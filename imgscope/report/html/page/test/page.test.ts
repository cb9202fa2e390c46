import assert from "node:assert/strict";
import { test } from "node:test";
import { number, parseSize, size } from "../src/format";
import { chain, icicle, treemap } from "../src/layout";
import { order } from "../src/order";
import { glob, parseRanges, search, writeRanges } from "../src/query";
import { parse, write, type State } from "../src/state";
import { ImageTree } from "../src/tree";
import { savings, Struck } from "../src/whatif";

// /a/b.so 60, /a/c/d.txt 30 (dead), /e 10
const tree = new ImageTree({
  names: ["", "a", "b.so", "c", "d.txt", "e"].join("\n"), depths: [0, 1, 2, 2, 3, 1], types: "ddfdff",
  sizes: [0, 0, 60, 0, 30, 10], layers: [0, 0, 0, 0, 1, 2], days: [0, 0, 1, 0, 1, 1], packages: [-1, -1, -1, -1, -1, -1],
  dead: [4], dead_by: [2], dead_why: ["removed"],
});
const total = tree.sums(tree.size);

test("sizes are written to three digits, in decimal units", () => {
  assert.equal(size(0), "0 B");
  assert.equal(size(999), "999 B");
  assert.equal(size(1000), "1 kB");
  assert.equal(size(999_600), "1 MB");
  assert.equal(size(1_236_000_000), "1.24 GB");
  assert.equal(size(null), "-");
  assert.equal(number(1234567), "1,234,567");
});

test("sizes are read as people write them", () => {
  assert.equal(parseSize("10MB"), 10_000_000);
  assert.equal(parseSize("1.5KiB"), 1536);
  assert.equal(parseSize("7"), 7);
  assert.ok(Number.isNaN(parseSize("ten")));
});

test("a tree is told from the depths of its nodes", () => {
  assert.deepEqual([...total], [100, 90, 60, 30, 30, 10]);
  assert.equal(tree.path(4), "/a/c/d.txt");
  assert.deepEqual(tree.children(1), [2, 3]);
  assert.equal(tree.find("/a/c"), 3);
  assert.equal(tree.find("/a/x"), -1);
  assert.equal(tree.reason(4), "removed");
});

const subject = { count: tree.count, parent: tree.parent, folder: tree.folder, paths: () => tree.paths(), lowered: () => tree.lowered(), size: tree.size, layer: tree.layer, dead: tree.dead };
const fits = (text: string): number[] => [...search(text, subject)!].flatMap((own, node) => (own ? [node] : []));

test("a search takes words, globs, sizes and marks, and all have to fit", () => {
  assert.equal(search("  ", subject), null);
  assert.deepEqual(fits("*.so"), [2]);
  assert.deepEqual(fits("/a/**"), [2, 3, 4]);
  assert.deepEqual(fits("/a/*"), [2, 3, 4]);
  assert.deepEqual(fits("C/d"), [4]);
  assert.deepEqual(fits(">10"), [2, 4]);
  assert.deepEqual(fits(">=10 <60"), [4, 5]);
  assert.deepEqual(fits("is:waste"), [4]);
  assert.deepEqual(fits("layer:1-2"), [4, 5]);
  assert.deepEqual(fits("/a !*.so !/a/c"), [1]);
});

test("a glob takes every character but its own marks as it stands", () => {
  assert.ok(glob("a+(b)[c].$").test("/x/a+(b)[c].$"));
  assert.ok(!glob("*.so").test("/x.so/y"));
  assert.ok(glob("**/y").test("/x.so/y"));
});

test("ranges are read and written", () => {
  assert.deepEqual([...parseRanges("0,2-4,x,9")], [0, 2, 3, 4, 9]);
  assert.equal(writeRanges([4, 0, 3, 2, 9]), "0,2-4,9");
});

test("a place that was linked to is found again", () => {
  const plain: State = { source: "image", at: "/", view: "treemap", colour: "waste", search: "", layers: new Set(), ghosts: true, side: "change" };
  const state: State = { ...plain, at: "/a b/&#=%", view: "icicle", search: "*.so >1&2", layers: new Set([1, 2]), ghosts: false };
  assert.deepEqual(parse("#" + write(state, plain), plain), state);
  assert.equal(write(plain, plain), "");
  assert.deepEqual(parse("#at=%ff&view=x&colour=<b>&nothing", plain), plain);
});

test("boxes lie within their map, do not overlap, and are as large as their bytes", () => {
  const boxes = treemap(tree, total, 0, 400, 300).filter((box) => !box.open);
  for (const box of boxes) assert.ok(box.x0 >= 0 && box.y0 >= 0 && box.x1 <= 400.01 && box.y1 <= 300.01);
  for (const one of boxes) {
    for (const other of boxes) {
      const wide = Math.min(one.x1, other.x1) - Math.max(one.x0, other.x0);
      const high = Math.min(one.y1, other.y1) - Math.max(one.y0, other.y0);
      assert.ok(one === other || wide < 0.01 || high < 0.01);
    }
  }
  const row = icicle(tree, total, 0, 400, 300);
  assert.equal(row[0]!.x1, 400);
  assert.ok(Math.abs(row.find((box) => box.node === 5)!.x1 - row.find((box) => box.node === 5)!.x0 - 40) < 0.01);
  assert.equal(chain(tree, total, 3), 3);
});

test("many small files are few boxes", () => {
  const count = 50_000;
  const many = new ImageTree({
    names: ["", ...Array.from({ length: count }, (_, at) => `f${at}`)].join("\n"), depths: [0, ...new Array<number>(count).fill(1)],
    types: "d" + "f".repeat(count), sizes: [0, ...new Array<number>(count).fill(5)], layers: new Array<number>(count + 1).fill(0),
    days: new Array<number>(count + 1).fill(0), packages: new Array<number>(count + 1).fill(-1), dead: [], dead_by: [], dead_why: [],
  });
  const boxes = treemap(many, many.sums(many.size), 0, 300, 300);
  assert.ok(boxes.length < 7000);
  assert.equal(boxes.reduce((sum, box) => sum + box.bytes, 0), 5 * count);
});

test("what is struck out is counted once", () => {
  const findings = [[4, -1, 1, 2, 20, 2], [4, -1, 1, 2, 50, 2]].map((claims) => ({ claims }));
  const struck = new Struck();
  const of = (): number => {
    const saved = savings(tree, struck, { findings, names: [] } as never);
    return saved.live + saved.dead;
  };
  assert.equal(of(), 0);
  struck.findings.add(0);
  assert.equal(of(), 50);
  struck.findings.add(1);
  assert.equal(of(), 90);
  struck.layers.add(2);
  assert.equal(of(), 100);
  struck.paths.add(1);
  assert.equal(of(), 100);
});

test("an inode with two names goes with the last of them", () => {
  const findings = [{ claims: [2, -1, 7] }, { claims: [2, -1, 8] }];
  const struck = new Struck();
  struck.findings.add(0);
  assert.equal(savings(tree, struck, { findings, names: [[2, 2]] } as never).live, 0);
  struck.findings.add(1);
  assert.equal(savings(tree, struck, { findings, names: [[2, 2]] } as never).live, 60);
});

test("rows are ordered by large numbers, and equal ones stay in their order", () => {
  const keys = Float64Array.from([5, -1, 2 ** 45, 5, 0, 65_536]);
  assert.deepEqual([...order(keys, false)], [1, 4, 0, 3, 5, 2]);
  assert.deepEqual([...order(keys, true)], [2, 5, 0, 3, 4, 1]);
  assert.deepEqual([...order(new Float64Array(0), true)], []);
});
