// What follows from what was struck out: how much less there would be, and what is to be done for it.

import type { Report } from "./data";
import { button, copy, el, say } from "./dom";
import { exact, percent, size } from "./format";
import type { ImageTree } from "./tree";
import type { Saved, Struck } from "./whatif";

export function whatIfPanel(report: Report, tree: ImageTree, struck: Struck, saved: Saved, takeBack: () => void): HTMLElement {
  const gone = saved.live + saved.dead;
  const whole = report.image!.content_bytes;
  const sorted = (numbers: Set<number>): number[] => [...numbers].sort((one, two) => one - two);
  const findings = report.suggestions?.findings ?? [];
  const list: [string, string][] = [
    ...sorted(struck.findings).map((at): [string, string] => [`${findings[at]!.code}: ${findings[at]!.title}`, findings[at]!.fix]),
    ...sorted(struck.layers).map((at): [string, string] => [`do without layer ${at}`, report.layers![at]!.instruction]),
    ...sorted(struck.paths).map((at): [string, string] => [`keep out ${tree.path(at)}`, size(below(tree, at))]),
  ];
  const text = [`# ${size(gone)} less: ${size(whole - gone)} of ${size(whole)}`, ...list.map(([title, more]) => `- ${title}${more ? `\n  ${more}` : ""}`)].join("\n");
  return el("section", { "aria-label": "What if", id: "whatif" },
    el("h3", {}, `What if: ${size(gone)} less`),
    el("p", { class: "muted small", title: `${exact(whole - gone)} of ${exact(whole)}` }, `${size(whole - gone)} of ${size(whole)} would be left (${percent(gone, whole)} saved)`),
    el("p", { class: "small" }, "To do:"),
    el("ol", {}, ...list.map(([title, more]) => el("li", {}, title, more ? el("div", { class: "muted small" }, more) : null))),
    el("div", { class: "buttons" },
      button("Copy the list", () => void copy(text).then((fine) => say(fine ? "copied" : "the browser does not let this page copy"))),
      button("Take all back", takeBack)));
}

function below(tree: ImageTree, node: number): number {
  let sum = 0;
  for (let at = node; at < tree.end[node]!; at++) sum += tree.size[at]!;
  return sum;
}
