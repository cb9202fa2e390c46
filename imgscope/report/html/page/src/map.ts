// The map on the screen: draws boxes, tells what is under the pointer, and moves by keys.

import { hatch, ink, theme, type Paint, type Theme } from "./colours";
import { size } from "./format";
import { chain, icicle, treemap, type Box } from "./layout";
import type { Tree } from "./tree";

export interface Scene {
  tree: Tree;
  total: Float64Array;
  /** Bytes of what fits the search, below each node; null where nothing is looked for. */
  matches: Float64Array | null;
  paint(node: number, now: Theme): Paint;
  view: "treemap" | "icicle";
  root: number;
  selected: number;
}

export interface Listener {
  hover(box: Box | null, x: number, y: number): void;
  select(node: number): void;
  zoom(node: number): void;
  out(): void;
  strike(node: number): void;
}

const FONT = "px system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', 'DejaVu Sans', sans-serif";

export class MapView {
  private boxes: Box[] = [];
  private scene: Scene | null = null;
  private readonly context: CanvasRenderingContext2D;
  private widths = new Map<string, number>();
  private letters = 0;
  private hovered: Box | null = null;
  private queued = false;

  constructor(readonly canvas: HTMLCanvasElement, private readonly listener: Listener) {
    this.context = canvas.getContext("2d")!;
    new ResizeObserver(() => this.redraw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.redraw());
    canvas.addEventListener("pointermove", (event) => {
      const box = this.at(event.offsetX, event.offsetY);
      if (box !== this.hovered) {
        this.hovered = box;
        this.redraw(true);
      }
      listener.hover(box, event.clientX, event.clientY);
    });
    canvas.addEventListener("pointerleave", () => {
      this.hovered = null;
      this.redraw(true);
      listener.hover(null, 0, 0);
    });
    canvas.addEventListener("click", (event) => {
      const box = this.at(event.offsetX, event.offsetY);
      if (!box || !this.scene) return;
      if (box.node === this.scene.root && !box.rest) listener.out();
      else if (this.scene.tree.folder[box.node] && box.node !== this.scene.root) listener.zoom(box.node);
      else if (box.rest) listener.select(box.node);
      else listener.select(box.node);
    });
    canvas.addEventListener("keydown", (event) => this.key(event));
    canvas.addEventListener("focus", () => this.redraw(true));
    canvas.addEventListener("blur", () => this.redraw(true));
  }

  show(scene: Scene): void {
    this.scene = scene;
    this.redraw();
  }

  /** Draw in the next frame; the boxes stay where ``same``. */
  private keep = true;
  redraw(same = false): void {
    if (!same) this.keep = false;
    if (this.queued) return;
    this.queued = true;
    requestAnimationFrame(() => {
      this.queued = false;
      this.draw();
    });
  }

  private at(x: number, y: number): Box | null {
    for (let at = this.boxes.length - 1; at >= 0; at--) {
      const box = this.boxes[at]!;
      if (x >= box.x0 && x < box.x1 && y >= box.y0 && y < box.y1) return box;
    }
    return null;
  }

  private key(event: KeyboardEvent): void {
    const scene = this.scene;
    if (!scene || event.ctrlKey || event.metaKey || event.altKey) return;
    const { tree, total, root } = scene;
    // Folders that hold a single folder are one box, and one step.
    const ranked = (node: number): number[] =>
      tree.children(chain(tree, total, node)).filter((child) => total[child]! > 0)
        .sort((one, two) => total[two]! - total[one]! || one - two)
        .map((child) => (tree.folder[child] ? chain(tree, total, child) : child));
    const selected = tree.within(scene.selected, root) ? scene.selected : root;
    const above = (node: number): number => {
      let parent = tree.parent[node]!;
      while (parent > root && tree.folder[node] && chain(tree, total, parent) === node) parent = tree.parent[parent]!;
      return parent;
    };
    const move = (by: number): void => {
      if (selected === root) return go(ranked(root)[0]);
      const beside = ranked(above(selected));
      go(beside[beside.indexOf(selected) + by]);
    };
    const go = (node: number | undefined): void => {
      if (node !== undefined && node >= 0) this.listener.select(node);
    };
    const act: Record<string, () => void> = {
      ArrowRight: () => move(1),
      ArrowLeft: () => move(-1),
      ArrowDown: () => go(ranked(selected)[0]),
      ArrowUp: () => go(selected === root ? undefined : above(selected)),
      Enter: () => (tree.folder[selected] && selected !== root ? this.listener.zoom(selected) : undefined),
      Backspace: () => this.listener.out(),
      Escape: () => this.listener.out(),
      Home: () => this.listener.zoom(0),
      x: () => this.listener.strike(selected),
      Delete: () => this.listener.strike(selected),
    };
    const chosen = act[event.key];
    if (!chosen) return;
    event.preventDefault();
    chosen();
  }

  private draw(): void {
    const scene = this.scene;
    const { canvas, context } = this;
    const wide = canvas.clientWidth;
    const high = canvas.clientHeight;
    if (!scene || !wide || !high) return;
    const ratio = Math.min(devicePixelRatio || 1, 3);
    if (canvas.width !== Math.round(wide * ratio) || canvas.height !== Math.round(high * ratio)) {
      canvas.width = Math.round(wide * ratio);
      canvas.height = Math.round(high * ratio);
      this.keep = false;
    }
    // On a large screen people sit farther from it.
    const letters = wide > 1900 ? 16 : 12;
    if (!this.keep) {
      this.boxes = scene.view === "icicle"
        ? icicle(scene.tree, scene.total, scene.root, wide, high)
        : treemap(scene.tree, scene.total, scene.root, wide, high, Math.round(letters * 1.42));
      this.keep = true;
      this.hovered = null;
    }
    const now = theme();
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = now.ground;
    context.fillRect(0, 0, wide, high);
    if (letters !== this.letters) this.widths.clear();
    this.letters = letters;
    context.font = letters + FONT;
    context.textBaseline = "middle";
    context.direction = "ltr";
    const hatches = new Map<number, CanvasPattern | null>();
    let level = 0;
    const opened: number[] = [];
    for (const box of this.boxes) {
      const width = box.x1 - box.x0;
      const height = box.y1 - box.y0;
      const dim = scene.matches !== null && scene.matches[box.sample]! <= 0;
      if (box.open) {
        while (opened.length && !scene.tree.within(box.node, opened[opened.length - 1]!)) opened.pop();
        level = opened.length;
        opened.push(box.node);
        context.globalAlpha = 1;
        context.fillStyle = now.folder[Math.min(level, now.folder.length - 1)]!;
        context.fillRect(box.x0 + 0.5, box.y0 + 0.5, Math.max(width - 1, 0.5), Math.max(height - 1, 0.5));
        if (box.head) {
          context.globalAlpha = dim ? 0.45 : 1;
          this.name(box.label, box.x0 + 5, box.y0 + box.head / 2 + 1, width - 9, now.text, box.bytes);
        }
        continue;
      }
      const paint = box.quiet ? { fill: now.folder[1]!, hatch: 0 } : scene.paint(box.sample, now);
      const fill = box.rest && paint.hatch === 0 ? now.rest : paint.fill;
      context.globalAlpha = dim ? 0.16 : 1;
      context.fillStyle = fill;
      const gap = width > 3 && height > 3 ? 0.5 : 0.15;
      context.fillRect(box.x0 + gap, box.y0 + gap, Math.max(width - 2 * gap, 0.3), Math.max(height - 2 * gap, 0.3));
      if (paint.hatch && width > 4 && height > 4) {
        if (!hatches.has(paint.hatch)) hatches.set(paint.hatch, hatch(context, paint.hatch, ratio, now.dark ? "rgba(0,0,0,.32)" : "rgba(255,255,255,.38)"));
        const pattern = hatches.get(paint.hatch);
        if (pattern) {
          context.save();
          context.setTransform(1, 0, 0, 1, 0, 0);
          context.fillStyle = pattern;
          context.fillRect((box.x0 + gap) * ratio, (box.y0 + gap) * ratio, (width - 2 * gap) * ratio, (height - 2 * gap) * ratio);
          context.restore();
        }
      }
      if (width > 34 && height > letters * 1.25) {
        const colour = ink(fill);
        const two = height > letters * 3 && width > 48;
        context.globalAlpha = dim ? 0.45 : 1;
        const x = box.x0 + 5;
        const plate = paint.hatch ? fill : "";
        const named = this.name(box.rest ? `${box.label} small` : box.label, x, two ? box.y0 + letters : box.y0 + Math.min(height / 2, letters), width - 9, colour, 0, plate);
        if (named && two && this.measure(size(box.bytes)) <= width - 9) {
          context.globalAlpha = dim ? 0.3 : 0.85;
          this.name(size(box.bytes), x, box.y0 + letters * 2.3, width - 9, colour, 0, plate);
        }
      }
    }
    context.globalAlpha = 1;
    if (this.hovered) this.outline(this.hovered, now.text, 1.5);
    const shown = this.seen(scene.selected);
    if (shown) this.outline(shown, now.focus, document.activeElement === canvas ? 3 : 2);
    performance.mark?.("imgscope-drawn");
    canvas.dataset["boxes"] = String(this.boxes.length);
  }

  /** The box of a node, or of the nearest folder above it that has one. */
  private seen(node: number): Box | null {
    const scene = this.scene!;
    if (node <= 0 || node === scene.root || !scene.tree.within(node, scene.root)) return null;
    const drawn = new Map<number, Box>();
    for (const box of this.boxes) if (!box.rest && !drawn.has(box.node)) drawn.set(box.node, box);
    for (let at = node; at > scene.root; at = scene.tree.parent[at]!) {
      const box = drawn.get(at);
      if (box) return box;
    }
    return null;
  }

  private outline(box: Box, colour: string, width: number): void {
    this.context.strokeStyle = colour;
    this.context.lineWidth = width;
    const inset = width / 2;
    this.context.strokeRect(box.x0 + inset, box.y0 + inset, Math.max(box.x1 - box.x0 - width, 1), Math.max(box.y1 - box.y0 - width, 1));
  }

  private measure(text: string): number {
    let found = this.widths.get(text);
    if (found === undefined) {
      if (this.widths.size > 20_000) this.widths.clear();
      this.widths.set(text, (found = this.context.measureText(text).width));
    }
    return found;
  }

  /** Write a name as wide as there is room: cut in its middle, or not at all where too little would be left. */
  private name(text: string, x: number, y: number, room: number, colour: string, bytes = 0, plate = ""): boolean {
    const { context } = this;
    let shown = text.length > 200 ? text.slice(0, 120) + "…" + text.slice(-60) : text;
    if (this.measure(shown) > room) {
      let low = 0;
      let high = shown.length;
      const cut = (count: number): string => {
        const front = Math.ceil(count * 0.6);
        return shown.slice(0, front) + "…" + (count - front ? shown.slice(-(count - front)) : "");
      };
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (context.measureText(cut(middle)).width <= room) low = middle;
        else high = middle - 1;
      }
      if (low < Math.min(6, shown.length - 1)) return false;
      shown = cut(low);
    }
    const width = this.measure(shown);
    if (plate) {
      const alpha = context.globalAlpha;
      context.globalAlpha = alpha * 0.8;
      context.fillStyle = plate;
      context.fillRect(x - 2, y - this.letters * 0.6, width + 4, this.letters * 1.2);
      context.globalAlpha = alpha;
    }
    context.fillStyle = colour;
    context.fillText(shown, x, y);
    if (!bytes) return true;
    const right = size(bytes);
    const need = this.measure(right);
    if (width + need + 12 > room) return true;
    const alpha = context.globalAlpha;
    context.globalAlpha = alpha * 0.65;
    context.fillText(right, x + room - need, y);
    context.globalAlpha = alpha;
    return true;
  }
}
