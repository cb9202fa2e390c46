// What stands on top: what it is of, the verdict, why it is larger, the figures; at the end, notes and settings.

import type { Report, Rule } from "./data";
import { el } from "./dom";
import { exact, number, percent, quantity, signed, size } from "./format";

export function top(report: Report): HTMLElement[] {
  const difference = report.difference;
  const image = report.image;
  const about = difference
    ? `${difference.old.reference} compared with ${difference.new.reference}`
    : image
      ? [image.platform, image.created?.slice(0, 10), image.id.slice(0, 19)].filter(Boolean).join(" · ")
      : "";
  return [el("h1", {}, report.title), el("p", { class: "muted small" }, about)];
}

const WORDS: Record<string, string> = { pass: "Passed", warn: "Passed with warnings", fail: "Failed", error: "Not checked" };

function rule(row: Rule): HTMLElement {
  const causes = row.causes.slice(0, 3).map((cause) => cause.path ?? cause.code ?? "").filter(Boolean);
  return el("li", {}, el("b", {}, row.subject ? `${row.rule} ${row.subject}` : row.rule), ": ", row.message,
    causes.length ? el("span", { class: "muted" }, ` (${causes.join(", ")}${row.cause_count > causes.length ? ", …" : ""})`) : null);
}

export function verdict(report: Report): HTMLElement[] {
  return (report.verdict?.images ?? []).map((image) => {
    const rules = image.rules ?? [];
    const told = rules.filter((row) => row.status === "fail" || row.status === "warn" || (row.status === "skipped" && row.blocking));
    const passed = rules.filter((row) => row.status === "pass").length;
    const many = report.verdict!.images.length > 1;
    return el("section", { class: `banner ${image.verdict}`, "aria-label": "Verdict" },
      el("strong", { class: image.verdict === "pass" ? "good" : image.verdict === "warn" ? "" : "bad" }, WORDS[image.verdict] ?? image.verdict),
      el("span", {}, many ? ` ${image.reference}` : ""),
      el("span", { class: "muted" }, image.error ? `: ${image.error}` : ` · ${quantity(rules.length, "rule")}, ${number(passed)} passed`),
      told.length ? el("ul", {}, ...told.slice(0, 50).map(rule)) : null);
  });
}

export function why(report: Report): HTMLElement | null {
  const found = report.difference;
  if (!found) return null;
  return el("section", { class: "banner", "aria-label": "The difference in short" },
    el("strong", {}, found.why), el("ul", {}, ...[...found.sharing, ...found.pulling].map((line) => el("li", {}, line))));
}

function figure(name: string, bytes: number | null | undefined, under: string, kind = ""): HTMLElement {
  return el("div", { class: "figure" }, el("dt", {}, name),
    el("dd", { class: kind, title: exact(bytes) }, size(bytes)), el("dd", { class: "sub" }, under));
}

/** The figures; with what is struck out, what they would be. */
export function figures(report: Report, saved: { live: number; dead: number }): HTMLElement | null {
  const { image, difference, layers } = report;
  if (!image) return null;
  const gone = saved.live + saved.dead;
  const before = difference?.old;
  const against = (now: number, was: number | undefined): string => (was === undefined ? "" : ` · ${signed(now - was)}`);
  const stored = layers?.length && layers.every((layer) => layer.missing || layer.compression !== null);
  const rows = [
    figure("Content", image.content_bytes - gone, gone ? `without ${size(gone)} of ${size(image.content_bytes)}`
      : `${quantity(image.file_count, "path")} in ${quantity(layers?.length ?? 0, "layer")}${against(image.content_bytes, before?.content_bytes)}`),
    figure("Seen by a container", image.merged_bytes - saved.live, percent(image.merged_bytes - saved.live, image.content_bytes - gone) + against(image.merged_bytes, before?.merged_bytes)),
    figure("Wasted", image.wasted_bytes - saved.dead, percent(image.wasted_bytes - saved.dead, image.content_bytes - gone) + against(image.wasted_bytes, before?.wasted_bytes), image.wasted_bytes ? "waste" : ""),
    figure(stored ? "To pull" : "As stored", image.blob_bytes, stored ? "compressed, as stored" : "layers as they lie in the archive"),
  ];
  if (!stored && image.compressed_estimate) {
    rows.push(figure("To pull, about", image.compressed_estimate.bytes, `give or take ${size(image.compressed_estimate.error)}`));
  }
  if (report.suggestions) {
    const found = report.suggestions;
    rows.push(figure("Can be saved", found.total_bytes, quantity(found.findings.filter((one) => !one.note).length, "finding"), found.total_bytes ? "good" : ""));
  }
  return el("dl", { class: "figures" }, ...rows);
}

export function notes(report: Report): HTMLElement[] {
  const all = [...(report.notes ?? []), ...(report.difference?.notes ?? []), ...(report.bases?.notes ?? []),
    ...(report.suggestions?.skipped ?? []).map((row) => `${row.code} not evaluated: ${row.reason}`)];
  return all.length ? [el("h2", {}, "Notes"), el("ul", {}, ...[...new Set(all)].map((note) => el("li", {}, note)))] : [];
}
