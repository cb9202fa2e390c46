// Puts the page together: reads the data, keeps the state, draws what it says.

import * as colours from "./colours";
import { read, type Report } from "./data";
import { byId, button, copy, el, say } from "./dom";
import { day, exact, number, percent, quantity, signed, size } from "./format";
import type { Box } from "./layout";
import * as lead from "./lead";
import { drawn, growthKeys, imageKeys } from "./legend";
import { MapView, type Scene } from "./map";
import { panels, type Context, type Panel } from "./panels";
import { search } from "./query";
import { parse, write, type State } from "./state";
import { layerStrip, pairStrips } from "./strips";
import { tabbed } from "./tabs";
import { whatIfPanel } from "./todo";
import { DifferenceTree, ImageTree, type Tree } from "./tree";
import { savings, Struck, type Saved } from "./whatif";

const VIEWS: Record<string, string> = {
  waste: "waste", layer: "layer", package: "package", type: "file type", age: "age",
};

class App {
  readonly tree: ImageTree | null;
  readonly both: DifferenceTree | null;
  readonly struck = new Struck();
  readonly plain: State;
  state: State;
  selected = 0;
  saved: Saved = { live: 0, dead: 0, of: new Float64Array(0) };
  private own: Float64Array = new Float64Array(0);
  private total: Float64Array = new Float64Array(0);
  private found: Uint8Array | null = null;
  private matches: Float64Array | null = null;
  private tabs: Panel[] = [];
  private readonly made = new Map<string, HTMLElement>();
  private open = "";
  private maps: MapView[] = [];
  private ages: [number, number] = [0, 1];
  private palette = new Map<number, number>();
  /** Bytes that findings claim, and how many of them are live. */
  private claimed: Float64Array = new Float64Array(0);
  private savable = 0;
  private heaviest: Int32Array = new Int32Array(0);

  constructor(readonly report: Report) {
    this.tree = report.nodes ? new ImageTree(report.nodes) : null;
    this.both = report.difference ? new DifferenceTree(report.difference.nodes) : null;
    this.plain = {
      source: this.both ? "difference" : "image", at: "/", view: "treemap",
      colour: this.report.image?.wasted_bytes || this.report.suggestions?.total_bytes ? "waste" : "type", search: "",
      layers: new Set(), ghosts: true, side: "change",
    };
    this.state = parse(location.hash, this.plain);
    if (!this.both) this.state.source = "image";
    if (!(this.state.colour in VIEWS)) this.state.colour = this.plain.colour;
    if (this.tree && report.suggestions) {
      const all = new Struck();
      report.suggestions.findings.forEach((_, at) => all.findings.add(at));
      const found = savings(this.tree, all, report.suggestions);
      this.claimed = found.of;
      this.savable = found.live;
    }
  }

  get current(): Tree | null {
    return this.state.source === "difference" ? this.both : this.tree;
  }

  start(): void {
    document.title = `${this.report.title} – imgscope`;
    byId("top").replaceChildren(...lead.top(this.report));
    byId("foot").textContent = `imgscope ${this.report.version} · this file fetches nothing and sends nothing`;
    const told = lead.notes(this.report);
    byId("notes").hidden = !told.length;
    byId("notes").replaceChildren(...told);
    this.weigh();
    this.drawLead();
    this.drawLayers();
    if (this.current) {
      byId("map").hidden = false;
      this.drawBar();
      this.makeCanvases();
      this.look();
    }
    const context: Context = {
      report: this.report, tree: this.tree, struck: this.struck,
      weights: () => ({ own: this.imageOwn(), total: this.imageTotal() }),
      fits: (node) => this.state.source !== "image" || this.found === null || this.found[node] === 1,
      layers: () => this.state.layers,
      goto: (path, source) => this.goto(path, source),
      changed: () => this.change(),
    };
    this.tabs = panels(context);
    // The picture first.
    setTimeout(() => this.drawTabs(), 0);
    // What a search will want, while nobody waits for anything.
    const warm = (): void => {
      if ([this.tree, this.both].some((tree) => tree?.warm(10_000))) setTimeout(warm, 20);
    };
    setTimeout(warm, 300);
    addEventListener("hashchange", () => {
      this.state = parse(location.hash, this.plain);
      if (!this.both) this.state.source = "image";
      this.drawBar();
      this.makeCanvases();
      this.change(false);
    });
    addEventListener("beforeprint", () => this.print(true));
    addEventListener("afterprint", () => this.print(false));
    document.addEventListener("keydown", (event) => {
      if (event.key === "/" && !(event.target instanceof HTMLInputElement)) {
        event.preventDefault();
        byId("search")?.focus();
      }
    });
  }

  // -- weights -------------------------------------------------------------------------------------------

  private imageWeights: { own: Float64Array; total: Float64Array } | null = null;
  private imageOwn(): Float64Array {
    return this.weighImage().own;
  }
  private imageTotal(): Float64Array {
    return this.weighImage().total;
  }

  private weighImage(): { own: Float64Array; total: Float64Array } {
    if (this.imageWeights) return this.imageWeights;
    const tree = this.tree!;
    const own = new Float64Array(tree.count);
    const { layers, ghosts } = this.state;
    for (let node = 0; node < tree.count; node++) {
      if (layers.size && !layers.has(tree.layer[node]!)) continue;
      if (tree.dead[node] && !ghosts) continue;
      own[node] = tree.size[node]! - (this.saved.of[node] ?? 0);
    }
    return (this.imageWeights = { own, total: tree.sums(own) });
  }

  /** Work out what counts now. */
  private weigh(): void {
    const tree = this.current;
    this.imageWeights = null;
    if (this.tree) this.saved = savings(this.tree, this.struck, this.report.suggestions);
    if (!tree) return;
    if (tree instanceof ImageTree) ({ own: this.own, total: this.total } = this.weighImage());
    else if (tree instanceof DifferenceTree) {
      this.own = tree.before.map((before, node) => Math.max(before, tree.after[node]!));
      this.total = tree.sums(this.own);
    }
    const image = this.tree;
    const packages = this.report.packages?.top ?? [];
    this.found = tree instanceof ImageTree
      ? search(this.state.search, {
          count: tree.count, parent: tree.parent, folder: tree.folder, paths: () => tree.paths(), lowered: () => tree.lowered(), size: tree.size,
          layer: tree.layer, dead: tree.dead, packageOf: (node) => packages[tree.pack[node]!]?.name ?? "",
        })
      : search(this.state.search, { count: tree.count, parent: tree.parent, folder: tree.folder, paths: () => tree.paths(), lowered: () => tree.lowered(), size: this.own });
    const { found, own } = this;
    this.matches = found ? tree.sums(own.map((bytes, node) => (found[node] ? bytes : 0))) : null;
    this.heaviest = new Int32Array(tree.count).fill(-1);
    for (let node = tree.count - 1; node > 0; node--) {
      const above = tree.parent[node]!;
      const best = this.heaviest[above]!;
      if (this.total[node]! > 0 && (best < 0 || this.total[node]! > this.total[best]!)) this.heaviest[above] = node;
    }
    if (image && this.state.colour === "package") {
      const sums = new Map<number, number>();
      for (let node = 0; node < image.count; node++) {
        if (image.pack[node]! >= 0) sums.set(image.pack[node]!, (sums.get(image.pack[node]!) ?? 0) + image.size[node]!);
      }
      const ranked = [...sums].sort((one, two) => two[1] - one[1]).slice(0, colours.CATEGORIES);
      this.palette = new Map(ranked.map(([pack], at) => [pack, at]));
    }
    if (image && this.state.colour === "age") {
      const days = Float64Array.from([...image.day].filter((value, node) => value > 0 && image.size[node]! > 0)).sort();
      this.ages = days.length ? [days[Math.floor(days.length * 0.02)]!, days[Math.floor(days.length * 0.98)]!] : [0, 1];
    }
  }

  // -- the map -------------------------------------------------------------------------------------------

  private leaf(node: number): number {
    while (this.heaviest[node]! >= 0) node = this.heaviest[node]!;
    return node;
  }

  private paint(from: number, now: colours.Theme): colours.Paint {
    const tree = this.current!;
    const node = this.leaf(from);
    if (tree instanceof DifferenceTree) {
      const [before, after] = [tree.before[node]!, tree.after[node]!];
      const kind = tree.kinds[node]!;
      if (kind === "a" || (!before && after)) return colours.growthPaint("added", now);
      if (kind === "r" || (before && !after)) return colours.growthPaint("removed", now);
      if (after > before) return colours.growthPaint("grown", now);
      if (after < before) return colours.growthPaint("lost", now);
      if (kind === "c" || kind === "t" || kind === "u") return colours.growthPaint("changed", now);
      return { fill: now.live, hatch: 0 };
    }
    if (!(tree instanceof ImageTree)) return { fill: now.live, hatch: 0 };
    const dead = tree.dead[node]!;
    switch (this.state.colour) {
      case "layer":
        return colours.categoryPaint(tree.layer[node]!, now, dead);
      case "package": {
        const place = this.palette.get(tree.pack[node]!);
        return place === undefined ? { fill: tree.pack[node]! >= 0 ? now.live : now.rest, hatch: dead } : colours.categoryPaint(place, now, dead);
      }
      case "type": {
        const type = this.typeOf(tree, node);
        return type < 0 ? { fill: now.live, hatch: dead } : colours.categoryPaint(type, now, dead);
      }
      case "age": {
        const [oldest, newest] = this.ages;
        if (!tree.day[node]) return { fill: now.live, hatch: dead };
        return colours.agePaint(Math.max(0, Math.min(1, (tree.day[node]! - oldest) / (newest - oldest || 1))), now, dead);
      }
      default:
        if (dead) return colours.reasonPaint(dead, now);
        return this.claimed[node] ? colours.savingPaint(now) : { fill: now.live, hatch: 0 };
    }
  }

  private types: Int8Array | null = null;
  private typeOf(tree: ImageTree, node: number): number {
    this.types ??= new Int8Array(tree.count).fill(-2);
    if (this.types[node] === -2) this.types[node] = colours.typeOf(tree.path(node));
    return this.types[node]!;
  }

  private scene(own?: Float64Array): Scene {
    const tree = this.current!;
    const total = own ? tree.sums(own) : this.total;
    return {
      tree, total, matches: this.matches, paint: (node, now) => this.paint(node, now), view: this.state.view,
      root: this.root(), selected: this.selected,
    };
  }

  private root(): number {
    const node = this.current!.find(this.state.at);
    return node < 0 ? 0 : this.current!.folder[node] ? node : Math.max(0, this.current!.parent[node]!);
  }

  private makeCanvases(): void {
    const holder = byId("canvases");
    const two = this.state.source === "difference" && this.state.side === "both";
    const make = (name: string): [HTMLElement, HTMLCanvasElement] => {
      const canvas = el("canvas", { tabindex: "0", role: "application", "aria-label": name, "aria-describedby": "keys" });
      return [two ? el("figure", {}, el("figcaption", { title: name }, name), canvas) : canvas, canvas];
    };
    const names = two ? [`OLD: ${this.report.difference!.old.reference}`, `NEW: ${this.report.difference!.new.reference}`] : ["Map of the bytes"];
    const pairs = names.map(make);
    holder.replaceChildren(...pairs.map(([outer]) => outer));
    this.maps = pairs.map(([, canvas]) => new MapView(canvas, {
      hover: (box, x, y) => this.tip(box, x, y),
      select: (node) => this.select(node),
      zoom: (node) => this.zoom(node),
      out: () => this.out(),
      strike: (node) => this.strike(node),
    }));
  }

  private showMaps(): void {
    if (!this.current) return;
    if (this.maps.length === 2 && this.both) {
      const scenes = [this.scene(this.both.before), this.scene(this.both.after)];
      const sums = scenes.map((scene) => scene.total[scene.root]!);
      // One scale: the widths are as the bytes are, the heights the same.
      this.maps.forEach((map, at) => {
        const figure = map.canvas.parentElement!;
        figure.style.flex = `${Math.max(0.05, sums[at]! / (Math.max(...sums) || 1))} 1 0`;
        map.show(scenes[at]!);
      });
      return;
    }
    this.maps[0]?.show(this.scene());
  }

  private look(): void {
    if (!this.current) return;
    this.showMaps();
    this.drawCrumbs();
    this.drawLegend();
    this.drawSide();
  }

  goto(path: string, source: "image" | "difference" = "image"): void {
    if (source !== this.state.source && this.both) {
      this.state.source = source;
      this.weigh();
      this.drawBar();
      this.makeCanvases();
    }
    const node = this.current!.find(path.replace(/\/$/, ""));
    if (node < 0) return say(`${path} is not in the map`);
    this.selected = node;
    this.state.at = this.current!.path(this.current!.folder[node] ? node : this.current!.parent[node]!);
    this.remember();
    this.look();
    byId("map").scrollIntoView({ behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth", block: "start" });
  }

  private select(node: number): void {
    this.selected = node;
    const tree = this.current!;
    say(`${tree.path(node)}, ${size(this.total[node])}${tree.folder[node] ? ", folder" : ""}${tree instanceof ImageTree && tree.dead[node] ? `, wasted: ${tree.reason(node)}` : ""}`);
    this.showMaps();
    this.drawSide();
  }

  private zoom(node: number): void {
    const tree = this.current!;
    this.state.at = tree.path(node);
    this.selected = node;
    this.remember();
    say(`in ${this.state.at}, ${size(this.total[node])}`);
    this.look();
  }

  private out(): void {
    const tree = this.current!;
    let node = this.root();
    const before = node;
    // Out of a chain of folders that is drawn as one.
    do node = Math.max(0, tree.parent[node]!);
    while (node > 0 && this.total[node] === this.total[before]);
    if (before === 0) return;
    this.zoom(node);
    this.selected = before;
    this.look();
  }

  private strike(node: number): void {
    if (!(this.current instanceof ImageTree) || node <= 0) return;
    if (this.struck.paths.has(node)) this.struck.paths.delete(node);
    else this.struck.paths.add(node);
    say(`${this.current.path(node)} ${this.struck.paths.has(node) ? "struck out" : "is back"}`);
    this.change();
  }

  /** Something has changed that figures, map and tables depend on. */
  change(remember = true): void {
    this.weigh();
    this.drawLead();
    this.drawLayers();
    this.look();
    // Tables that nobody looks at are made anew when somebody does.
    for (const tab of this.tabs) if (this.made.has(tab.id)) this.stale.add(tab.id);
    setTimeout(() => this.refresh(), 0);
    if (remember) this.remember();
  }

  private readonly stale = new Set<string>();
  private refresh(): void {
    const tab = this.tabs.find((one) => one.id === this.open);
    if (tab && this.stale.delete(tab.id)) tab.refresh?.();
  }

  private remember(): void {
    const text = write(this.state, this.plain);
    try {
      history.replaceState(null, "", text ? `#${text}` : location.pathname + location.search);
    } catch {
      // In a frame without an origin there is no place to keep it.
    }
  }

  // -- around the map --------------------------------------------------------------------------------------

  private drawLead(): void {
    const parts = [...lead.verdict(this.report), lead.why(this.report), lead.figures(this.report, this.saved)];
    byId("lead").replaceChildren(...parts.filter((part) => part !== null));
  }

  private drawLayers(): void {
    const section = byId("layers");
    const { layers, difference } = this.report;
    const held = section.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset["layer"] : undefined;
    const parts = [
      difference?.layers?.length ? pairStrips(difference, (path) => this.goto(path, "difference")) : null,
      layers?.length ? layerStrip(layers, this.state.layers, (layer, range) => this.choose(layer, range), () => this.change()) : null,
    ].filter((part) => part !== null);
    section.hidden = !parts.length;
    section.replaceChildren(el("h2", { id: "layers-title" }, "Layers"), ...parts);
    if (held !== undefined) (section.querySelector(`[data-layer="${held}"]`) as HTMLElement | null)?.focus();
  }

  private last = -1;
  private choose(layer: number, range: boolean): void {
    const chosen = this.state.layers;
    if (range && this.last >= 0) {
      for (let at = Math.min(layer, this.last); at <= Math.max(layer, this.last); at++) chosen.add(at);
    } else if (chosen.has(layer)) chosen.delete(layer);
    else chosen.add(layer);
    this.last = layer;
    if (this.state.source !== "image" && this.tree) {
      this.state.source = "image";
      this.drawBar();
      this.makeCanvases();
    }
    this.change();
  }

  private drawBar(): void {
    const { state } = this;
    const set = <Key extends "view" | "source" | "side">(key: Key, value: State[Key]) => (): void => {
      state[key] = value;
      if (key !== "view") {
        if (key === "source") state.at = "/";
        this.selected = 0;
        this.makeCanvases();
      }
      this.drawBar();
      this.change();
    };
    const group = (label: string, ...pairs: [string, boolean, () => void][]): HTMLElement =>
      el("div", { class: "group", role: "group", "aria-label": label },
        ...pairs.map(([text, on, act]) => button(text, act, { "aria-pressed": String(on) })));
    const find = el("input", {
      type: "search", id: "search", placeholder: "search: *.so  /usr/lib  >10MB  is:waste  layer:2", spellcheck: "false",
      "aria-label": "Search: words, globs like *.so, sizes like >10MB, is:waste, layer:2, package:NAME, ! before what must not fit",
    });
    find.value = state.search;
    let timer = 0;
    find.addEventListener("input", () => {
      clearTimeout(timer);
      timer = window.setTimeout(() => {
        state.search = find.value;
        this.change();
      }, 150);
    });
    const colour = el("select", { id: "colour" }, ...Object.entries(VIEWS).map(([value, text]) => el("option", { value }, text)));
    colour.value = state.colour;
    colour.addEventListener("change", () => {
      state.colour = colour.value;
      this.change();
    });
    const ghosts = el("input", { type: "checkbox", id: "ghosts" });
    ghosts.checked = state.ghosts;
    ghosts.addEventListener("change", () => {
      state.ghosts = ghosts.checked;
      this.change();
    });
    const image = state.source === "image";
    const focused = document.activeElement?.textContent;
    const inside = byId("bar").contains(document.activeElement);
    byId("bar").replaceChildren(
      this.both && this.tree ? group("What the map is of", ["Difference", !image, set("source", "difference")], ["New image", image, set("source", "image")]) : "",
      image ? "" : group("How both are shown", ["One map", state.side === "change", set("side", "change")], ["Both, one scale", state.side === "both", set("side", "both")]),
      group("Form of the map", ["Treemap", state.view === "treemap", set("view", "treemap")], ["Icicle", state.view === "icicle", set("view", "icicle")]),
      image ? el("label", {}, "Colour by ", colour) : "",
      image && this.report.image?.wasted_bytes ? el("label", {}, ghosts, " wasted files too") : "",
      find,
    );
    if (inside) [...byId("bar").querySelectorAll("button")].find((one) => one.textContent === focused)?.focus();
  }

  private drawCrumbs(): void {
    const tree = this.current!;
    const root = this.root();
    const way: number[] = [];
    for (let node = root; node > 0; node = tree.parent[node]!) way.unshift(node);
    const parts: (HTMLElement | string)[] = [button("/", () => this.zoom(0), { "aria-label": "the whole image", "aria-current": root === 0 ? "location" : null })];
    way.forEach((node, at) => {
      if (at) parts.push("/");
      parts.push(button(tree.names[node]!, () => this.zoom(node), { "aria-current": node === root ? "location" : null }));
    });
    let text = size(this.total[root]);
    if (this.matches && this.found) {
      let count = 0;
      for (let node = root; node < tree.end[root]!; node++) if (this.found[node] && !tree.folder[node] && this.own[node]! > 0) count += 1;
      text = `${quantity(count, "file")} fit: ${size(this.matches[root])} of ${text} (${percent(this.matches[root]!, this.total[root]!)})`;
    } else if (root) text += ` of ${size(this.total[0])} (${percent(this.total[root]!, this.total[0]!)})`;
    const sum = el("span", { class: "sum", id: "sum", role: "status", title: exact(this.matches ? this.matches[root] : this.total[root]) }, text);
    byId("crumbs").replaceChildren(...parts, sum);
  }

  private drawLegend(): void {
    const keys = this.state.source === "difference" ? growthKeys() : this.tree ? imageKeys(this.report, {
      colour: this.state.colour, ghosts: this.state.ghosts, savable: this.savable, palette: this.palette, ages: this.ages,
    }) : [];
    byId("legend").replaceChildren(...drawn(keys));
  }

  private facts(node: number, bytes: number, rest: number): [string, string, string?][] {
    const tree = this.current!;
    const root = this.root();
    const rows: [string, string, string?][] = [["size", `${size(bytes)}  (${exact(bytes)})`], ["share", `${percent(bytes, this.total[root]!)} of ${root ? tree.names[root] : "all"}`]];
    if (tree instanceof DifferenceTree) {
      const before = tree.folder[node] ? this.side("before", node) : tree.before[node]!;
      const after = tree.folder[node] ? this.side("after", node) : tree.after[node]!;
      if (!rest) rows.push(["before", size(before), exact(before)], ["after", size(after), exact(after)], ["difference", signed(after - before), exact(after - before)]);
      return rows;
    }
    if (!(tree instanceof ImageTree) || rest) return rows;
    if (tree.folder[node]) {
      rows.push(["paths", number(tree.end[node]! - node - 1)]);
      let dead = 0;
      for (let at = node; at < tree.end[node]!; at++) if (tree.dead[at]) dead += this.own[at]!;
      if (dead) rows.push(["wasted", `${size(dead)} (${percent(dead, bytes)})`, exact(dead)]);
      return rows;
    }
    const layer = this.report.layers?.[tree.layer[node]!];
    rows.push(["layer", `${tree.layer[node]} ${layer?.instruction ?? ""}`]);
    if (tree.dead[node]) {
      const by = this.report.layers?.[tree.by[node]!];
      rows.push(["wasted", `${tree.reason(node)}, by layer ${tree.by[node]} ${by?.instruction ?? ""}`]);
    }
    const pack = this.report.packages?.top[tree.pack[node]!];
    if (pack) rows.push(["package", `${pack.name} ${pack.version} (${pack.ecosystem})`]);
    if (tree.day[node]) rows.push(["changed", day(tree.day[node]!)]);
    return rows;
  }

  private sides: { before: Float64Array; after: Float64Array } | null = null;
  private side(which: "before" | "after", node: number): number {
    this.sides ??= { before: this.both!.sums(this.both!.before), after: this.both!.sums(this.both!.after) };
    return this.sides[which][node]!;
  }

  private tip(box: Box | null, x: number, y: number): void {
    const tip = byId("tip");
    tip.hidden = !box;
    if (!box) return;
    const tree = this.current!;
    const name = box.rest ? `${quantity(box.rest, "small one", "small ones")} in ${tree.path(box.node)}` : tree.path(box.node);
    tip.replaceChildren(el("strong", { class: "path" }, name),
      ...this.facts(box.node, box.bytes, box.rest).map(([key, value]) => el("div", {}, el("span", { class: "muted" }, key + " "), value.length > 160 ? value.slice(0, 160) + "…" : value)));
    const wide = tip.offsetWidth;
    const high = tip.offsetHeight;
    tip.style.left = `${Math.max(4, x + 16 + wide > innerWidth ? x - wide - 12 : x + 16)}px`;
    tip.style.top = `${Math.max(4, y + 16 + high > innerHeight ? y - high - 12 : y + 16)}px`;
  }

  private drawSide(): void {
    const tree = this.current!;
    const root = this.root();
    const node = this.selected > 0 ? this.selected : root;
    const parts: (HTMLElement | null)[] = [
      el("h3", { class: "path" }, tree.path(node)),
      el("dl", {}, ...this.facts(node, this.total[node]!, 0).flatMap(([key, value, hint]) => [el("dt", {}, key), el("dd", { title: hint }, value)])),
      el("div", { class: "buttons" },
        tree.folder[node] && node !== root ? button("Zoom in", () => this.zoom(node)) : null,
        root ? button("Zoom out", () => this.out()) : null,
        tree instanceof ImageTree && node > 0 ? button(this.struck.paths.has(node) ? "Take back" : "Strike out", () => this.strike(node), { "aria-pressed": String(this.struck.paths.has(node)) }) : null,
        button("Copy path", () => void copy(tree.path(node)).then((fine) => say(fine ? "copied" : "the browser does not let this page copy")))),
    ];
    if (!this.struck.empty) parts.push(el("hr"), this.whatIf());
    byId("side").replaceChildren(...parts.filter((part) => part !== null));
  }

  private whatIf(): HTMLElement {
    return whatIfPanel(this.report, this.tree!, this.struck, this.saved, () => {
      this.struck.clear();
      this.change();
    });
  }

  // -- tables ---------------------------------------------------------------------------------------------

  private drawTabs(): void {
    if (!this.tabs.length) return;
    byId("tables").replaceChildren(...tabbed(this.tabs, (tab) => {
      this.open = tab.id;
      this.fill(tab);
    }));
    byId(`tab-${this.tabs[0]!.id}`).click();
  }

  private fill(tab: Panel): void {
    if (this.made.has(tab.id)) return this.refresh();
    const made = tab.make();
    this.made.set(tab.id, made);
    byId(`panel-${tab.id}`).append(made);
  }

  private print(on: boolean): void {
    for (const tab of this.tabs) {
      if (on) this.fill(tab);
      const box = byId(`panel-${tab.id}`);
      if (on && !box.querySelector("h2")) box.prepend(el("h2", { class: "papertitle" }, tab.title));
      if (!on) box.querySelector("h2.papertitle")?.remove();
      tab.table?.()?.print(on);
    }
    for (const map of this.maps) map.redraw(true);
  }
}

async function start(): Promise<void> {
  const text = byId("data").textContent ?? "";
  try {
    const report = await read(text);
    const app = new App(report);
    app.start();
    setTimeout(() => (document.documentElement.dataset["ready"] = "yes"), 0);
  } catch (error) {
    byId("lead").replaceChildren(el("p", { class: "banner fail" }, `This page can't be shown: ${String(error)}`));
    document.documentElement.dataset["ready"] = "no";
  }
}

void start();
