// What colours mean. Palettes of Okabe and Ito, and of Paul Tol, which the colour-blind tell apart; hatches besides.

export interface Paint { fill: string; hatch: number }
export interface Key { label: string; paint: Paint; title?: string }

export interface Theme {
  dark: boolean; ground: string; folder: string[]; line: string; text: string; muted: string; live: string; rest: string;
  focus: string;
}

export function theme(): Theme {
  const dark = !matchMedia("print").matches && matchMedia("(prefers-color-scheme: dark)").matches;
  return dark
    ? {
        dark, ground: "#171d26", folder: ["#1e2631", "#242e3b", "#2a3544", "#303d4e"], line: "#0f141a", text: "#e6ebf2",
        muted: "#a3b0c2", live: "#415468", rest: "#364556", focus: "#ffd166",
      }
    : {
        dark, ground: "#eef1f5", folder: ["#e6ebf1", "#dfe5ed", "#d7dfe9", "#d0d9e5"], line: "#ffffff", text: "#17202b",
        muted: "#4d5a6a", live: "#b4c4d6", rest: "#c5d0dd", focus: "#b3261e",
      };
}

const REASONS = ["#e8702a", "#d6609c", "#f2b134", "#9b7fd1", "#e04f4f", "#d9c84a"];
const LIGHT = ["#77aadd", "#ee8866", "#eedd88", "#44bb99", "#ffaabb", "#99ddff", "#bbcc33", "#c8a2d8", "#d8b08c", "#9fb8ad"];
const AGES = ["#1d4877", "#1b8a8a", "#6fb56b", "#f0c05a", "#f79256"];

function channels(colour: string): [number, number, number] {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)) as [number, number, number];
}

export function mix(one: string, other: string, share: number): string {
  const [first, second] = [channels(one), channels(other)];
  return "#" + first.map((value, at) => Math.round(value + (second[at]! - value) * share).toString(16).padStart(2, "0")).join("");
}

/** Choose the text colour that can be read on a fill. */
export function ink(fill: string): string {
  const [red, green, blue] = channels(fill).map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.22 ? "#10161d" : "#f4f7fb";
}

function toned(colour: string, now: Theme): string {
  return now.dark ? mix(colour, "#12181f", 0.34) : colour;
}

export function reasonPaint(reason: number, now: Theme): Paint {
  return { fill: now.dark ? mix(REASONS[reason - 1]!, "#12181f", 0.12) : REASONS[reason - 1]!, hatch: reason };
}

/** What is live, and can be saved all the same. */
export function savingPaint(now: Theme): Paint {
  return { fill: now.dark ? "#9c8437" : "#ecd27a", hatch: 0 };
}

export function categoryPaint(number: number, now: Theme, hatch = 0): Paint {
  return { fill: toned(LIGHT[number % LIGHT.length]!, now), hatch };
}

export const CATEGORIES = LIGHT.length;

export function agePaint(share: number, now: Theme, hatch = 0): Paint {
  const step = Math.min(AGES.length - 1, Math.floor(share * AGES.length));
  return { fill: now.dark ? mix(AGES[step]!, "#12181f", 0.15) : mix(AGES[step]!, "#ffffff", 0.15), hatch };
}

export const AGE_STEPS = AGES.length;

export const GROWTH = { added: "#e8702a", grown: "#f2b07f", changed: "#e7d28a", lost: "#8fbbe0", removed: "#3b7fc4" };

export function growthPaint(kind: keyof typeof GROWTH, now: Theme): Paint {
  return { fill: toned(GROWTH[kind], now), hatch: kind === "added" ? 1 : kind === "removed" ? 2 : 0 };
}

/** What a file is, by its name. */
export const TYPES: [string, RegExp][] = [
  ["libraries and programs", /\.(so(\.[\d.]+)?|a|o|dll|dylib|exe|ko|node|wasm)$|\/(s?bin|libexec)\/[^/.]+$/i],
  ["source code", /\.(py|js|mjs|cjs|ts|tsx|jsx|rb|php|pl|pm|go|rs|c|h|cc|cpp|hpp|java|kt|lua|r|tcl|sh|css|html?|vue|scala|swift)$/i],
  ["bytecode", /\.(pyc|pyo|class|jar|war|elc|beam)$/i],
  ["archives", /\.(tar|t?gz|tgz|bz2|xz|zst|zip|whl|deb|rpm|apk|7z|rar|egg|gem|nupkg|crate)$/i],
  ["data", /\.(json|db|sqlite3?|xml|ya?ml|csv|tsv|dat|bin|mo|po|pickle|npy|npz|parquet|h5|pb|onnx|safetensors|pt|cache|list|md5sums)$|\/lib\/(dpkg|rpm|apk|apt)\//i],
  ["pictures, sound, fonts", /\.(png|jpe?g|gif|svg|webp|ico|mp[34]|ogg|wav|webm|ttf|otf|woff2?|pcf|pfb)$/i],
  ["documents", /\.(md|rst|txt|pdf|html?|info|[1-9]|tex|docx?)$|\/(share\/(doc|man|info)|licenses?)\//i],
  ["maps and debugging", /\.(map|debug|dbg|pdb|dwo)$|\/\.debug\//i],
];

export function typeOf(path: string): number {
  return TYPES.findIndex(([, pattern]) => pattern.test(path));
}

/** Make the pattern that is laid over a fill: lines at an angle of its own for each number. */
export function hatch(context: CanvasRenderingContext2D, number: number, ratio: number, colour: string): CanvasPattern | null {
  const side = Math.round(7 * ratio);
  const tile = document.createElement("canvas");
  tile.width = tile.height = side;
  const draw = tile.getContext("2d")!;
  draw.strokeStyle = colour;
  draw.fillStyle = colour;
  draw.lineWidth = Math.max(1, ratio * 1.2);
  draw.beginPath();
  const line = (x0: number, y0: number, x1: number, y1: number): void => {
    draw.moveTo(x0, y0);
    draw.lineTo(x1, y1);
  };
  const kind = (number - 1) % 6;
  if (kind === 0 || kind === 4) for (const at of [-side, 0, side]) line(at, side, at + side, 0);
  if (kind === 1 || kind === 4) for (const at of [-side, 0, side]) line(at, 0, at + side, side);
  if (kind === 2) line(0, side / 2, side, side / 2);
  if (kind === 3) line(side / 2, 0, side / 2, side);
  draw.stroke();
  if (kind === 5) draw.fillRect(side / 3, side / 3, side / 3, side / 3);
  return context.createPattern(tile, "repeat");
}
