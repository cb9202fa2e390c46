// The tables, each behind a tab; made when they are first looked at.

import type { Finding, Layer, Report } from "./data";
import { button, copy, el, say } from "./dom";
import { day, exact, number, signed, size } from "./format";
import { Table, type Choices } from "./table";
import type { ImageTree } from "./tree";

export interface Context {
  report: Report;
  tree: ImageTree | null;
  /** Bytes that count now: the layers that are chosen, without what is struck out. */
  weights(): { own: Float64Array; total: Float64Array };
  fits(node: number): boolean;
  /** The layers that are chosen; none is all. */
  layers(): Set<number>;
  goto(path: string, source?: "image" | "difference"): void;
  struck: { findings: Set<number>; layers: Set<number>; paths: Set<number> };
  changed(): void;
}

export interface Panel { id: string; title: string; count: number | null; make(): HTMLElement; refresh?(): void; table?(): Table<never> | null }

function panel<Row>(id: string, title: string, choices: () => Choices<Row>, count: number | null, again = false): Panel {
  let table: Table<Row> | null = null;
  return {
    id, title, count,
    make: () => (table = new Table(choices())).root,
    refresh: () => (again ? table?.set(choices().rows) : table?.refresh()),
    table: () => table as unknown as Table<never> | null,
  };
}

const layerName = (report: Report, index: number): string => `${index}  ${report.layers?.[index]?.instruction ?? ""}`;

export function panels(context: Context): Panel[] {
  const { report, tree } = context;
  const found: Panel[] = [];
  const difference = report.difference;
  if (difference?.files) {
    const rows = difference.files;
    found.push(panel("differences", "Differences", () => ({
      name: "Files that differ", rows, sort: "delta", open: (row) => context.goto(row[0], "difference"),
      columns: [
        { key: "path", title: "Path", text: (row) => (row[5] ? `${row[0]} (was ${row[5]})` : row[0]), grow: true },
        { key: "kind", title: "What", text: (row) => row[1].replace("_", " "), width: "7.5rem" },
        { key: "delta", title: "Difference", text: (row) => signed((row[3] ?? 0) - (row[2] ?? 0)), value: (row) => (row[3] ?? 0) - (row[2] ?? 0), hint: (row) => exact((row[3] ?? 0) - (row[2] ?? 0)) },
        { key: "before", title: "Before", text: (row) => size(row[2]), value: (row) => row[2] ?? -1, hint: (row) => exact(row[2]), narrow: true },
        { key: "after", title: "After", text: (row) => size(row[3]), value: (row) => row[3] ?? -1, hint: (row) => exact(row[3]), narrow: true },
        { key: "differs", title: "In", text: (row) => row[4], narrow: true },
      ],
    }), rows.length));
  }
  if (difference?.packages?.length) {
    const rows = difference.packages;
    found.push(panel("packagediff", "Packages up and down", () => ({
      name: "Packages that differ", rows, sort: "delta",
      columns: [
        { key: "name", title: "Package", text: (row) => row.name, grow: true },
        { key: "kind", title: "What", text: (row) => row.kind },
        { key: "before", title: "Version before", text: (row) => row.version_before ?? "-", narrow: true, width: "11rem" },
        { key: "after", title: "after", text: (row) => row.version_after ?? "-", width: "11rem", narrow: true },
        { key: "delta", title: "Difference", text: (row) => signed(row.delta), value: (row) => row.delta, hint: (row) => exact(row.delta) },
      ],
    }), rows.length));
  }
  if (difference?.layers) {
    const rows = difference.layers;
    found.push(panel("pairs", "Layers paired", () => ({
      name: "Layers of both images", rows, sort: "",
      columns: [
        { key: "instruction", title: "Instruction", text: (row) => row.instruction_after ?? row.instruction_before ?? "(no history)", grow: true },
        { key: "status", title: "What", text: (row) => row.status },
        { key: "layers", title: "Old → new", text: (row) => `${row.old ?? "–"} → ${row.new ?? "–"}`, width: "6rem" },
        { key: "before", title: "Before", text: (row) => size(row.content_bytes_before), value: (row) => row.content_bytes_before ?? -1, hint: (row) => exact(row.content_bytes_before), narrow: true },
        { key: "after", title: "After", text: (row) => size(row.content_bytes_after), value: (row) => row.content_bytes_after ?? -1, hint: (row) => exact(row.content_bytes_after) },
        { key: "new", title: "Really new", text: (row) => size(row.really_new_bytes), value: (row) => row.really_new_bytes ?? -1, hint: (row) => exact(row.really_new_bytes), narrow: true },
        { key: "pull", title: "Pulled", text: (row) => (row.pulled ? "yes" : "no"), width: "4rem", narrow: true },
      ],
    }), rows.length));
  }
  if (difference?.config?.length) {
    const rows = difference.config;
    found.push(panel("configdiff", "Config changed", () => ({
      name: "Settings that differ", rows,
      columns: [
        { key: "field", title: "Setting", text: (row) => [row.field, row.key].filter(Boolean).join(" "), width: "14rem" },
        { key: "before", title: "Before", text: (row) => row.before ?? "-", grow: true },
        { key: "after", title: "After", text: (row) => row.after ?? "-", grow: true },
      ],
    }), rows.length));
  }
  if (report.suggestions) found.push(findings(context));
  if (report.waste_groups?.length) {
    const rows = report.waste_groups;
    const chosen = (): typeof rows => rows.filter((row) => !context.layers().size || context.layers().has(row.stored_in));
    found.push(panel("waste", "Waste", () => ({
      name: "Waste, rolled up to folders", rows: chosen(), sort: "bytes", open: (row) => context.goto(row.path),
      columns: [
        { key: "path", title: "Folder or file", text: (row) => row.path, grow: true },
        { key: "bytes", title: "Wasted", text: (row) => size(row.bytes), value: (row) => row.bytes, hint: (row) => exact(row.bytes) },
        { key: "files", title: "Files", text: (row) => number(row.files), value: (row) => row.files, narrow: true, width: "5rem" },
        { key: "reason", title: "Why", text: (row) => row.reason.replace("_", " "), width: "7.5rem" },
        { key: "stored", title: "In layer", text: (row) => layerName(report, row.stored_in), width: "14rem", narrow: true },
        { key: "by", title: "Wasted by layer", text: (row) => layerName(report, row.wasted_by), width: "14rem", narrow: true },
      ],
    }), rows.length, true));
  }
  if (tree) found.push(...places(context, tree));
  const layers = report.layers;
  if (layers) {
    found.push(panel("layertable", "Layers", () => ({
      name: "Layers", rows: layers, sort: "",
      check: {
        title: "Strike out", on: (row) => context.struck.layers.has(row.index),
        set: (row, on) => {
          if (on) context.struck.layers.add(row.index);
          else context.struck.layers.delete(row.index);
          context.changed();
        },
      },
      columns: [
        { key: "instruction", title: "Instruction", text: (row) => row.missing ?? (row.instruction || "(no history)"), grow: true },
        { key: "index", title: "Layer", text: (row) => String(row.index), value: (row) => row.index, width: "4.5rem" },
        { key: "content", title: "Content", text: (row) => size(row.content_bytes), value: (row) => row.content_bytes, hint: (row) => exact(row.content_bytes) },
        { key: "stored", title: "Stored", text: (row) => size(row.blob_bytes), value: (row) => row.blob_bytes ?? -1, hint: (row) => exact(row.blob_bytes), narrow: true },
        ...(layers.some((row) => row.compressed_estimate) ? [{
          key: "pull", title: "About, to pull", width: "7.5rem", narrow: true,
          text: (row: Layer) => size(row.compressed_estimate?.bytes ?? row.blob_bytes), value: (row: Layer) => row.compressed_estimate?.bytes ?? row.blob_bytes ?? -1,
          hint: (row: Layer) => (row.compressed_estimate ? `compressed, give or take ${size(row.compressed_estimate.error)}` : exact(row.blob_bytes)),
        }] : []),
        { key: "added", title: "Added", text: (row) => size(row.added.bytes), value: (row) => row.added.bytes, hint: (row) => `${number(row.added.count)} paths, ${exact(row.added.bytes)}`, narrow: true },
        { key: "changed", title: "Modified", text: (row) => size(row.modified.bytes), value: (row) => row.modified.bytes, hint: (row) => `${number(row.modified.count)} paths, ${exact(row.modified.bytes)}`, narrow: true },
        { key: "removed", title: "Removed", text: (row) => size(row.removed.bytes), value: (row) => row.removed.bytes, hint: (row) => `${number(row.removed.count)} paths, ${exact(row.removed.bytes)}`, narrow: true },
        { key: "makes", title: "Makes waste", text: (row) => size(row.wasted_bytes), value: (row) => row.wasted_bytes, hint: (row) => exact(row.wasted_bytes), narrow: true },
        { key: "holds", title: "Holds waste", text: (row) => size(row.stored_waste_bytes), value: (row) => row.stored_waste_bytes, hint: (row) => exact(row.stored_waste_bytes), narrow: true },
      ],
    }), layers.length));
  }
  const packages = report.packages?.top;
  if (packages?.length) {
    found.push(panel("packages", "Packages", () => ({
      name: "Packages", rows: packages, sort: "bytes",
      columns: [
        { key: "name", title: "Package", text: (row) => row.name, grow: true },
        { key: "version", title: "Version", text: (row) => row.version, width: "12rem" },
        { key: "ecosystem", title: "Kind", text: (row) => row.ecosystem, narrow: true },
        { key: "bytes", title: "Size", text: (row) => size(row.bytes), value: (row) => row.bytes, hint: (row) => exact(row.bytes) },
      ],
    }), packages.length));
  }
  const duplicates = report.duplicates;
  if (duplicates) {
    found.push(panel("duplicates", "Duplicates", () => ({
      name: "Equal files at several paths", rows: duplicates, sort: "bytes", open: (row) => context.goto(row.paths[0]!),
      columns: [
        { key: "path", title: "First of them", text: (row) => row.paths[0]!, grow: true },
        { key: "others", title: "The others", text: (row) => row.paths.slice(1).join("  "), grow: true, narrow: true },
        { key: "copies", title: "Copies", text: (row) => number(row.paths.length), value: (row) => row.paths.length, width: "5rem" },
        { key: "bytes", title: "Too much", text: (row) => size(row.redundant_bytes), value: (row) => row.redundant_bytes, hint: (row) => exact(row.redundant_bytes) },
      ],
    }), duplicates.length));
  }
  if (report.bases) {
    const rows = report.bases.candidates;
    found.push(panel("bases", "Base images", () => ({
      name: `Bases that could take the place of ${report.bases!.base.name || "this one"}`, rows, sort: "bytes", empty: "no other base was compared",
      columns: [
        { key: "name", title: "Base", text: (row) => row.name, grow: true },
        { key: "verdict", title: "Does it fit?", text: (row) => row.verdict },
        { key: "missing", title: "Missing there", text: (row) => row.missing.map((one) => one.what ?? one.words ?? one.name ?? one.path ?? one.kind ?? "").filter(Boolean).join(", "), grow: true, narrow: true },
        { key: "bytes", title: "Content", text: (row) => size(row.content_bytes), value: (row) => row.content_bytes ?? -1, hint: (row) => exact(row.content_bytes) },
      ],
    }), rows.length));
  }
  const settings = report.image?.settings;
  if (settings?.length) {
    found.push({
      id: "settings", title: "Settings", count: null,
      make: () => el("dl", { class: "settings" }, ...settings.flatMap(([name, value]) => [el("dt", {}, name), el("dd", { class: "mono" }, value)])),
    });
  }
  return found;
}

/** Files and folders as the map has them: of the chosen layers, and what fits the search. */
function places(context: Context, tree: ImageTree): Panel[] {
  const { report } = context;
  const files = (): number[] => {
    const { own } = context.weights();
    const rows: number[] = [];
    for (let node = 1; node < tree.count; node++) if (!tree.folder[node] && own[node]! > 0 && context.fits(node)) rows.push(node);
    return rows;
  };
  const folders = (): number[] => {
    const { total } = context.weights();
    const rows: number[] = [];
    for (let node = 1; node < tree.count; node++) if (tree.folder[node] && total[node]! > 0 && context.fits(node)) rows.push(node);
    return rows;
  };
  const packageName = (node: number): string => report.packages?.top[tree.pack[node]!]?.name ?? "";
  const named = report.packages?.top ?? [];
  const ranks: number[] = [];
  [...named.keys()].sort((one, two) => (named[one]!.name < named[two]!.name ? -1 : 1)).forEach((pack, place) => (ranks[pack] = place));
  return [
    panel<number>("files", "Files", () => ({
      name: "Files by size", rows: files(), sort: "bytes", open: (node) => context.goto(tree.paths()[node]!),
      json: (node) => ({ path: tree.paths()[node], bytes: tree.size[node], layer: tree.layer[node], wasted: tree.reason(node) || null, package: packageName(node) || null }),
      columns: [
        { key: "path", title: "Path", text: (node) => tree.paths()[node]!, rank: (node) => node, grow: true },
        { key: "bytes", title: "Size", text: (node) => size(context.weights().own[node]), value: (node) => context.weights().own[node]!, hint: (node) => exact(context.weights().own[node]) },
        { key: "layer", title: "Layer", text: (node) => String(tree.layer[node]), value: (node) => tree.layer[node]!, width: "4.5rem" },
        { key: "state", title: "Wasted", text: (node) => tree.reason(node) || "–", rank: (node) => tree.dead[node]!, width: "8rem", narrow: true },
        { key: "package", title: "Package", text: packageName, rank: (node) => ranks[tree.pack[node]!] ?? -1, width: "11rem", narrow: true },
        { key: "day", title: "Changed", text: (node) => day(tree.day[node]!), rank: (node) => tree.day[node]!, width: "6.5rem", narrow: true },
      ],
    }), null, true),
    panel<number>("folders", "Folders", () => ({
      name: "Folders by size", rows: folders(), sort: "bytes", open: (node) => context.goto(tree.paths()[node]!),
      json: (node) => ({ path: tree.paths()[node], bytes: context.weights().total[node] }),
      columns: [
        { key: "path", title: "Folder", text: (node) => tree.paths()[node]!, rank: (node) => node, grow: true },
        { key: "bytes", title: "All below it", text: (node) => size(context.weights().total[node]), value: (node) => context.weights().total[node]!, hint: (node) => exact(context.weights().total[node]) },
        { key: "below", title: "Paths", text: (node) => number(tree.end[node]! - node - 1), value: (node) => tree.end[node]! - node - 1, narrow: true },
      ],
    }), null, true),
  ];
}

function findings(context: Context): Panel {
  const rows = context.report.suggestions!.findings;
  let root: HTMLElement | null = null;
  const card = (row: Finding, number_: number): HTMLElement => {
    const fix = [row.fix, ...row.lines, ...row.ignore_lines].filter(Boolean).join("\n");
    const code = [...row.lines, ...row.ignore_lines.map((line) => `${line}    (in .dockerignore)`)].join("\n");
    const strike = button(context.struck.findings.has(number_) ? "Struck out" : "Strike out", () => {
      if (context.struck.findings.has(number_)) context.struck.findings.delete(number_);
      else context.struck.findings.add(number_);
      context.changed();
    }, { "aria-pressed": String(context.struck.findings.has(number_)), "aria-label": `Strike out ${row.code}: ${row.title}` });
    const places = (row.evidence ?? []).slice(0, 3);
    return el("li", { class: `finding${context.struck.findings.has(number_) ? " struck" : ""}` },
      el("header", {}, el("h3", {}, row.title), el("b", { class: row.bytes ? "good" : "muted", title: exact(row.bytes) }, row.note ? "note" : size(row.bytes))),
      el("p", { class: "muted small" }, `${row.code} ${row.name} · ${row.certainty}`, row.layers.length ? ` · layer ${row.layers.map((layer) => layer.index).join(", ")}` : ""),
      el("p", {}, row.fix), code ? el("pre", {}, code) : null,
      places.length ? el("p", { class: "small" }, ...places.map((place) => el("span", {}, button(place.path, () => context.goto(place.path), { class: "link path" }), " ", el("span", { class: "muted", title: exact(place.bytes) }, `${place.bytes ? size(place.bytes) : place.kind} `)))) : null,
      el("div", { class: "buttons" }, row.note ? null : strike, button("Copy the fix", () => void copy(fix).then((fine) => say(fine ? "copied" : "the browser does not let this page copy")), { "aria-label": `Copy the fix of ${row.code}: ${row.title}` })));
  };
  const cards = (): HTMLElement[] => rows.map(card);
  return {
    id: "findings", title: "Findings", count: rows.length,
    make: () => (root = el("div", {}, rows.length ? el("ul", { class: "findings" }, ...cards()) : el("p", { class: "muted" }, "nothing found that this image does not need"))),
    refresh: () => {
      const held = root?.contains(document.activeElement) ? document.activeElement?.getAttribute("aria-label") : null;
      root?.querySelector("ul")?.replaceChildren(...cards());
      if (held) [...root!.querySelectorAll("button")].find((one) => one.getAttribute("aria-label") === held)?.focus();
    },
  };
}

