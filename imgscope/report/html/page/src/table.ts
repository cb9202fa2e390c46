// Tables of any length: only the rows that can be seen are in the document. Sorted, filtered and copied in place.

import { button, copy, el, say } from "./dom";
import { number } from "./format";
import { order } from "./order";

export interface Column<Row> {
  key: string;
  title: string;
  /** What is shown. */
  text(row: Row): string;
  /** What is sorted by; the text where it is left out. Numbers stand right, largest first. */
  value?(row: Row): number;
  /** A number to sort a text by, where that is known: much faster for many rows. */
  rank?(row: Row): number;
  /** What is shown on hover: exact bytes. */
  hint?(row: Row): string;
  grow?: boolean;
  narrow?: boolean;
  width?: string;
}

export interface Choices<Row> {
  name: string;
  columns: Column<Row>[];
  rows: Row[];
  /** The column that is sorted by at first: the first of numbers where it is left out, none where it is empty. */
  sort?: string;
  open?(row: Row): void;
  check?: { title: string; on(row: Row): boolean; set(row: Row, on: boolean): void };
  json?(row: Row): unknown;
  empty?: string;
}

const ROW = 30;

export class Table<Row> {
  readonly root: HTMLElement;
  private shown: Row[] = [];
  private sorted: { key: string; down: boolean };
  private readonly view: HTMLElement;
  private readonly body: HTMLElement;
  private readonly head: HTMLElement;
  private readonly count: HTMLElement;
  private readonly grid: HTMLElement;
  private filter = "";
  private timer = 0;
  private first = -1;
  private at = 0;

  constructor(private readonly choices: Choices<Row>) {
    const first = choices.sort ?? choices.columns.find((column) => column.value)?.key ?? choices.columns[0]!.key;
    this.sorted = { key: first, down: Boolean(choices.columns.find((column) => column.key === first)?.value) };
    const filter = el("input", { type: "search", placeholder: "filter", "aria-label": `Filter ${choices.name}`, spellcheck: "false" });
    filter.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.timer = window.setTimeout(() => {
        this.filter = filter.value.trim().toLowerCase();
        this.arrange();
      }, 120);
    });
    this.count = el("span", { class: "muted", role: "status" });
    this.head = el("div", { role: "row", class: "tr th", "aria-rowindex": "1" });
    this.body = el("div", { role: "rowgroup", class: "tbody" });
    this.grid = el("div", { role: "table", "aria-label": choices.name, class: "table" },
      el("div", { role: "rowgroup" }, this.head), this.body);
    this.view = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${choices.name}, rows` }, this.grid);
    this.view.addEventListener("scroll", () => requestAnimationFrame(() => this.fill()));
    this.view.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.fill(true)).observe(this.view);
    const done = (kind: string, made: string): void => {
      void copy(made).then((fine) => say(fine ? `${number(this.shown.length)} rows copied as ${kind}` : "the browser does not let this page copy"));
    };
    this.root = el("div", { class: "tablebox" },
      el("div", { class: "tablebar" }, filter, this.count, el("span", { class: "spring" }),
        button("Copy TSV", () => done("TSV", this.tsv()), { class: "quiet" }),
        button("Copy JSON", () => done("JSON", this.json()), { class: "quiet" })),
      this.view);
    const widths = choices.columns.map((column) => column.grow ? "minmax(9rem,1fr)" : column.width ?? (column.value ? "6.5rem" : "8rem"));
    const narrow = choices.columns.filter((column) => !column.narrow)
      .map((column) => column.grow ? "minmax(7rem,1fr)" : column.value ? "4.9rem" : "5.5rem");
    const ticks = choices.check ? "2.2rem " : "";
    this.grid.style.setProperty("--wide", ticks + widths.join(" "));
    this.grid.style.setProperty("--thin", ticks + narrow.join(" "));
    this.set(choices.rows);
  }

  /** Show other rows. */
  set(rows: Row[]): void {
    this.choices.rows = rows;
    this.arrange();
  }

  refresh(): void {
    this.fill(true);
  }

  get rows(): Row[] {
    return this.shown;
  }

  private arrange(): void {
    const { columns, rows } = this.choices;
    const texts = columns.filter((column) => !column.value);
    this.shown = this.filter
      ? rows.filter((row) => texts.some((column) => column.text(row).toLowerCase().includes(this.filter)))
      : rows.slice();
    const column = columns.find((one) => one.key === this.sorted.key);
    const sign = this.sorted.down ? -1 : 1;
    const value = column?.value ?? column?.rank;
    if (!column) {
      // As they were given.
    } else if (value) {
      const shown = this.shown;
      this.shown = Array.from(order(Float64Array.from(shown, (row) => value(row)), this.sorted.down), (place) => shown[place]!);
    } else {
      const compare = (one: string, two: string): number => (one < two ? -1 : one > two ? 1 : 0);
      this.shown.sort((one, two) => sign * compare(column.text(one), column.text(two)));
    }
    this.count.textContent = `${number(this.shown.length)}${this.filter ? ` of ${number(rows.length)}` : ""} ${this.shown.length === 1 ? "row" : "rows"}`;
    this.titles();
    this.grid.setAttribute("aria-rowcount", String(this.shown.length + 1));
    this.body.style.height = `${Math.max(this.shown.length, 1) * ROW}px`;
    this.view.scrollTop = 0;
    this.at = 0;
    this.fill(true);
  }

  private titles(): void {
    const focused = this.head.contains(document.activeElement) ? document.activeElement?.textContent : null;
    this.head.replaceChildren(
      ...(this.choices.check ? [el("span", { role: "columnheader", title: this.choices.check.title }, el("span", { class: "offscreen" }, this.choices.check.title), "✂")] : []),
      ...this.choices.columns.map((column) => {
        const own = column.key === this.sorted.key;
        const made = button(column.title + (own ? (this.sorted.down ? " ↓" : " ↑") : ""), () => {
          this.sorted = own ? { key: column.key, down: !this.sorted.down } : { key: column.key, down: Boolean(column.value) };
          this.arrange();
        });
        return el("span", {
          role: "columnheader", class: (column.value ? "num" : "") + (column.narrow ? " wideonly" : ""),
          "aria-sort": own ? (this.sorted.down ? "descending" : "ascending") : "none",
        }, made);
      }),
    );
    if (focused) {
      const again = [...this.head.querySelectorAll("button")].find((one) => one.textContent?.replace(/ [↓↑]$/, "") === focused.replace(/ [↓↑]$/, ""));
      again?.focus();
    }
  }

  private fill(anew = false): void {
    const top = Math.max(0, Math.floor(this.view.scrollTop / ROW) - 5);
    if (!anew && Math.abs(top - this.first) < 3) return;
    this.first = top;
    const last = Math.min(this.shown.length, top + Math.ceil((this.view.clientHeight || 400) / ROW) + 12);
    const held = this.body.contains(document.activeElement) ? Number((document.activeElement!.closest("[data-row]") as HTMLElement).dataset["row"]) : -1;
    const made: HTMLElement[] = [];
    for (let at = top; at < last; at++) made.push(this.row(at));
    if (!this.shown.length) made.push(el("div", { role: "row", class: "tr" }, el("span", { role: "cell", class: "muted none" }, this.choices.empty ?? "nothing")));
    this.body.replaceChildren(...made);
    if (held >= 0) (this.body.querySelector(`[data-row="${held}"] button`) as HTMLElement | null)?.focus();
  }

  private row(at: number): HTMLElement {
    const row = this.shown[at]!;
    const { columns, open, check } = this.choices;
    const made = el("div", { role: "row", class: "tr", "data-row": at, "aria-rowindex": at + 2 });
    made.style.top = `${at * ROW}px`;
    if (check) {
      const box = el("input", { type: "checkbox", "aria-label": `${check.title}: ${columns[0]!.text(row)}` });
      box.checked = check.on(row);
      made.classList.toggle("struck", box.checked);
      box.addEventListener("change", () => {
        made.classList.toggle("struck", box.checked);
        check.set(row, box.checked);
      });
      made.append(el("span", { role: "cell", class: "tick" }, box));
    }
    columns.forEach((column, place) => {
      const text = column.text(row);
      const inner = place === 0 && open ? button(text, () => open(row), { class: "link" }) : text;
      const hint = column.hint?.(row) ?? (column.value ? "" : text);
      made.append(el("span", {
        role: "cell", class: (column.value ? "num" : "") + (column.narrow ? " wideonly" : ""), title: hint || undefined,
      }, inner));
    });
    return made;
  }

  private key(event: KeyboardEvent): void {
    const step: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -1e9, End: 1e9 };
    const by = step[event.key];
    if (by === undefined || event.target instanceof HTMLInputElement) return;
    event.preventDefault();
    this.at = Math.max(0, Math.min(this.shown.length - 1, this.at + by));
    const top = this.at * ROW;
    if (top < this.view.scrollTop) this.view.scrollTop = top;
    else if (top + 2 * ROW > this.view.scrollTop + this.view.clientHeight) this.view.scrollTop = top + 2 * ROW - this.view.clientHeight;
    this.fill(true);
    (this.body.querySelector(`[data-row="${this.at}"] button`) as HTMLElement | null)?.focus({ preventScroll: true });
  }

  tsv(): string {
    const { columns } = this.choices;
    const cell = (column: Column<Row>, row: Row): string => (column.value ? String(column.value(row)) : column.text(row).replace(/[\t\n\r]/g, " "));
    const lines = [columns.map((column) => column.title).join("\t")];
    for (const row of this.shown) lines.push(columns.map((column) => cell(column, row)).join("\t"));
    return lines.join("\n") + "\n";
  }

  json(): string {
    const { columns, json } = this.choices;
    const plain = (row: Row): unknown => json ? json(row) : Object.fromEntries(columns.map((column) => [column.key, column.value ? column.value(row) : column.text(row)]));
    return JSON.stringify(this.shown.map(plain), null, 1);
  }

  /** Lay out the first rows for paper, where nobody scrolls. */
  print(on: boolean): void {
    this.body.classList.toggle("paper", on);
    if (on) this.body.replaceChildren(...this.shown.slice(0, 40).map((_, at) => this.row(at)));
    else this.fill(true);
  }
}
