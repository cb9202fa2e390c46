// The layers as strips, a piece a layer, as wide as its content: of one image to choose from, of two to see what they share.

import type { Difference, Layer, Pair } from "./data";
import { button, el } from "./dom";
import { quantity, signed, size } from "./format";
import { writeRanges } from "./query";

// The least width of a piece, as a share of the widest.
const LEAST = 0.012;

/** The strip of an image; a click chooses a layer, with Shift all up to it. */
export function layerStrip(layers: Layer[], chosen: Set<number>, choose: (layer: number, range: boolean) => void, changed: () => void): HTMLElement {
  const most = Math.max(1, ...layers.map((layer) => layer.content_bytes));
  const strip = el("div", { class: `strip${chosen.size ? " some" : ""}`, role: "group", "aria-label": "Layers, bottom first" },
    ...layers.map((layer) => {
      const stored = layer.blob_bytes === null ? "" : `, ${size(layer.blob_bytes)} stored${layer.compression ? `, ${layer.compression}` : ""}`;
      const words = `Layer ${layer.index}: ${size(layer.content_bytes)}${stored}; added ${size(layer.added.bytes)}, modified ${size(layer.modified.bytes)}, removed ${size(layer.removed.bytes)}; makes ${size(layer.wasted_bytes)} waste, holds ${size(layer.stored_waste_bytes)}\n${layer.missing ?? (layer.instruction || "(no history)")}`;
      const made = el("button", {
        type: "button", "aria-pressed": String(chosen.has(layer.index)), title: words, "data-layer": layer.index,
      }, el("i", {}), el("span", {}, String(layer.index)), el("span", {}, layer.content_bytes * 14 > most ? size(layer.content_bytes) : ""), el("span", { class: "offscreen" }, words));
      made.style.flexGrow = String(Math.max(layer.content_bytes / most, LEAST));
      made.querySelector("i")!.style.width = `${layer.content_bytes ? Math.round((layer.stored_waste_bytes / layer.content_bytes) * 100) : 0}%`;
      made.addEventListener("click", (event) => choose(layer.index, event.shiftKey));
      return made;
    }));
  const all = chosen.size ? button(`Only layers ${writeRanges(chosen)}: show all`, () => {
    chosen.clear();
    changed();
  }, { class: "quiet" }) : null;
  return el("div", {}, strip,
    el("p", { class: "muted small" }, "Click: only this layer in map and tables; with Shift: a range. The orange line: how much of it is waste. ", all));
}

const SHARED = new Set(["shared", "same"]);

/** The strips of both images on one scale: what they share stands below in grey, what is pulled is filled. */
export function pairStrips(difference: Difference, goto: (path: string) => void): HTMLElement {
  const pairs = difference.layers ?? [];
  const sums = (["before", "after"] as const).map((side) => pairs.reduce((sum, pair) => sum + bytes(pair, side), 0));
  const most = Math.max(1, ...sums);
  const strip = (side: "before" | "after", label: string, whole: number): HTMLElement => {
    const number = side === "before" ? "old" : "new";
    const shown = pairs.filter((pair) => pair[number] !== null).sort((one, two) => one[number]! - two[number]!);
    const pieces = shown.map((pair) => {
      const made = el("span", { class: `piece ${kind(pair)}`, title: words(pair) },
        bytes(pair, side) * 24 > most ? `${pair[number]} · ${size(bytes(pair, side))}` : "");
      made.style.flexGrow = String(Math.max(bytes(pair, side) / most, LEAST / 4));
      return made;
    });
    const rest = el("span", { class: "rest" });
    rest.style.flexGrow = String(Math.max(0, (most - whole) / most));
    return el("div", { class: "pairs", role: "img", "aria-label": `${label}: ${quantity(shown.length, "layer")}, ${size(whole)}` },
      el("b", {}, label), ...pieces, rest);
  };
  const file = difference.broken?.file;
  return el("div", { id: "pairs" }, strip("before", "OLD", sums[0]!), strip("after", "NEW", sums[1]!),
    el("p", { class: "muted small" }, "Grey: both have it. Orange: not the same in both. The table «Layers paired» says the same in words. ",
      file ? button(`What first differs: ${file}`, () => goto(file), { class: "link" }) : null));
}

function bytes(pair: Pair, side: "before" | "after"): number {
  return (side === "before" ? pair.content_bytes_before : pair.content_bytes_after) ?? 0;
}

function kind(pair: Pair): string {
  if (SHARED.has(pair.status)) return "shared";
  return pair.status === "new" ? "new" : pair.status === "gone" ? "gone" : "other";
}

function words(pair: Pair): string {
  const before = pair.content_bytes_before;
  const after = pair.content_bytes_after;
  const sizes = before !== null && after !== null ? `${size(before)} → ${size(after)} (${signed(after - before)})` : size(after ?? before ?? 0);
  const pulled = pair.new === null ? "" : pair.pulled ? "; is pulled" : "; is there already";
  return `${pair.old ?? "–"} → ${pair.new ?? "–"} ${pair.status}: ${sizes}${pulled}\n${pair.instruction_after ?? pair.instruction_before ?? "(no history)"}`;
}
