// Sizes and numbers as people read them: the same as imgscope's other outputs write.

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Write bytes to three digits, in decimal units: 1.24 GB, 276 kB, 26 B. */
export function size(count: number | null | undefined): string {
  if (count === null || count === undefined) return "-";
  if (count < 0) return "-" + size(-count);
  let value = Number(count.toPrecision(3));
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${Number(value.toPrecision(3))} ${UNITS[unit]}`;
}

/** Write a difference of bytes with its sign. */
export function signed(count: number): string {
  return (count > 0 ? "+" : "") + size(count);
}

/** Write a number with separators: 28,529. */
export function number(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

/** Write bytes exactly: 1,234,567 B. */
export function exact(count: number | null | undefined): string {
  return count === null || count === undefined ? "not known" : `${number(count)} B`;
}

export function percent(part: number, whole: number): string {
  return whole ? `${((part / whole) * 100).toFixed(1)} %` : "0.0 %";
}

export function quantity(count: number, noun: string, plural = noun + "s"): string {
  return `${number(count)} ${count === 1 ? noun : plural}`;
}

/** Write a day, a number since 1970, as 2024-05-31; nothing for day 0, which reproducible builds write. */
export function day(days: number): string {
  return days ? new Date(days * 86_400_000).toISOString().slice(0, 10) : "1970-01-01";
}

/** Read a size as people write it: 10MB, 1.5 GiB, 300k. NaN where it is none. */
export function parseSize(text: string): number {
  const found = /^(\d+(?:\.\d+)?)\s*(?:([kmgt])(i)?b?|b)?$/i.exec(text);
  if (!found) return NaN;
  const power = found[2] ? "kmgt".indexOf(found[2].toLowerCase()) + 1 : 0;
  return Number(found[1]) * (found[3] ? 1024 : 1000) ** power;
}
