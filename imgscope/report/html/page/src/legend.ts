// What the map's colours mean.

import * as colours from "./colours";
import type { Report } from "./data";
import { el } from "./dom";
import { day, exact, size } from "./format";
import { REASONS } from "./tree";

/** What the colours of an image's map are made from. */
export interface Shown {
  colour: string; ghosts: boolean; savable: number; palette: Map<number, number>; ages: [number, number];
}

// So many layers are named; the colours begin again with the next.
const LAYERS = 12;

export function growthKeys(): colours.Key[] {
  const now = colours.theme();
  const words = { added: "added", grown: "grown", changed: "changed, same size", lost: "shrunk", removed: "removed" } as const;
  const keys: colours.Key[] = Object.entries(words).map(([kind, label]) => ({ label, paint: colours.growthPaint(kind as keyof typeof words, now) }));
  return [...keys, { label: "the same", paint: { fill: now.live, hatch: 0 } }];
}

export function imageKeys(report: Report, shown: Shown): colours.Key[] {
  const now = colours.theme();
  const dead = shown.ghosts ? Object.entries(report.waste_by_reason ?? {}) : [];
  const number = (reason: string): number => REASONS.indexOf(reason as (typeof REASONS)[number]) + 1;
  if (shown.colour === "waste") {
    const merged = report.image!.merged_bytes;
    const keys: colours.Key[] = [{ label: `live ${size(merged)}`, title: exact(merged), paint: { fill: now.live, hatch: 0 } }];
    if (shown.savable) keys.push({ label: `live, can be saved ${size(shown.savable)}`, title: exact(shown.savable), paint: colours.savingPaint(now) });
    for (const [reason, totals] of dead) {
      keys.push({ label: `${reason.replace("_", " ")} ${size(totals.bytes)}`, title: exact(totals.bytes), paint: colours.reasonPaint(number(reason), now) });
    }
    return keys;
  }
  const keys = categories(report, shown, now);
  for (const [reason] of dead) keys.push({ label: reason.replace("_", " "), paint: { fill: now.rest, hatch: number(reason) } });
  return keys;
}

function categories(report: Report, shown: Shown, now: colours.Theme): colours.Key[] {
  if (shown.colour === "layer") {
    const layers = report.layers ?? [];
    const keys: colours.Key[] = layers.slice(0, LAYERS).map((layer) => ({ label: `${layer.index} ${layer.instruction}`, paint: colours.categoryPaint(layer.index, now) }));
    if (layers.length > LAYERS) keys.push({ label: `and ${layers.length - LAYERS} more, the colours again`, paint: { fill: now.rest, hatch: 0 } });
    return keys;
  }
  if (shown.colour === "package") {
    const keys: colours.Key[] = [...shown.palette].map(([pack, place]) => ({ label: report.packages!.top[pack]!.name, paint: colours.categoryPaint(place, now) }));
    return [...keys, { label: "other packages", paint: { fill: now.live, hatch: 0 } }, { label: "no package", paint: { fill: now.rest, hatch: 0 } }];
  }
  if (shown.colour === "type") {
    const keys: colours.Key[] = colours.TYPES.map(([label], at) => ({ label, paint: colours.categoryPaint(at, now) }));
    return [...keys, { label: "other", paint: { fill: now.live, hatch: 0 } }];
  }
  const [oldest, newest] = shown.ages;
  const keys: colours.Key[] = [];
  for (let step = 0; step < colours.AGE_STEPS; step++) {
    const from = oldest + ((newest - oldest) * step) / colours.AGE_STEPS;
    keys.push({ label: `from ${day(Math.floor(from))}`, paint: colours.agePaint((step + 0.5) / colours.AGE_STEPS, now) });
  }
  return [...keys, { label: "no date", paint: { fill: now.live, hatch: 0 } }];
}

/** Make the keys' elements. */
export function drawn(keys: colours.Key[]): HTMLElement[] {
  const now = colours.theme();
  return keys.map((key) => el("span", { title: key.title ?? key.label }, swatch(key.paint, now), el("b", {}, key.label)));
}

function swatch(paint: colours.Paint, now: colours.Theme): HTMLCanvasElement {
  const made = el("canvas", { width: 36, height: 28, "aria-hidden": "true" });
  const context = made.getContext("2d")!;
  context.fillStyle = paint.fill;
  context.fillRect(0, 0, 36, 28);
  if (paint.hatch) {
    context.fillStyle = colours.hatch(context, paint.hatch, 2, now.dark ? "rgba(0,0,0,.32)" : "rgba(255,255,255,.38)")!;
    context.fillRect(0, 0, 36, 28);
  }
  return made;
}
