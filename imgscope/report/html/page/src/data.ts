// What Python wrote into the page, and how it is had out of it.

export interface Totals { count: number; bytes: number }

export interface Layer {
  index: number; diff_id: string | null; digest: string | null; compression: string | null; instruction: string;
  created: string | null; comment: string; content_bytes: number; tar_bytes: number; blob_bytes: number | null;
  entry_count: number; wasted_bytes: number; stored_waste_bytes: number; added: Totals; modified: Totals;
  metadata_only: Totals; rewritten: Totals; removed: Totals; repeated: Totals; missing: string | null;
  compressed_estimate: { bytes: number; error: number } | null;
}

export interface Image {
  reference: string; names: string[]; id: string; manifest_digest: string | null; platform: string;
  created: string | null; content_bytes: number; merged_bytes: number; wasted_bytes: number; tar_bytes: number;
  blob_bytes: number | null; file_count: number; efficiency: number;
  compressed_estimate: { bytes: number; error: number } | null;
  settings: [string, string][];
  secrets: { kind: string; where: string; layer: number | null }[];
}

export interface Columns {
  names: string; depths: number[]; types: string; sizes: number[]; layers: number[]; days: number[];
  packages: number[]; dead: number[]; dead_by: number[]; dead_why: string[];
}

export interface DifferenceColumns {
  names: string; depths: number[]; types: string; kinds: string; before: number[]; after: number[];
}

export interface Package { ecosystem: string; name: string; version: string; bytes: number }
export interface WasteGroup {
  path: string; files: number; bytes: number; stored_in: number; wasted_by: number; reason: string;
}
export interface Duplicate { size: number; redundant_bytes: number; paths: string[] }

export interface Finding {
  code: string; name: string; title: string; bytes: number; alone_bytes: number; certainty: string; note: boolean;
  layers: { index: number; instruction: string }[]; fix: string; lines: string[]; ignore_lines: string[];
  location: { path?: string; line?: number } | null;
  evidence_count: number; evidence?: { path: string; bytes: number; layer: number; kind: string }[];
  claims: number[];
}
export interface Suggestions {
  total_bytes: number; findings: Finding[]; names: [number, number][]; proposal: string[];
  base: { name: string; layers: number };
  skipped: { code: string; reason: string }[];
}

export interface Rule {
  rule: string; subject: string | null; status: string; blocking: boolean; message: string; note: string | null;
  causes: { kind: string; path: string | null; layer: number | null; bytes: number; detail: string; code: string }[];
  cause_count: number;
}
export interface Verdict {
  verdict: string;
  images: { reference: string; verdict: string; error?: string; rules?: Rule[]; notes?: string[] }[];
}

export interface Pair {
  status: string; old: number | null; new: number | null; instruction_before: string | null;
  instruction_after: string | null; content_bytes_before: number | null; content_bytes_after: number | null;
  blob_bytes_after: number | null; pulled: boolean; really_new_bytes: number | null;
}
export interface Side {
  reference: string; content_bytes: number; merged_bytes: number; wasted_bytes: number; blob_bytes: number | null;
  file_count: number; layers: number;
}
export type FileDifference = [string, string, number | null, number | null, string, string];
export interface PackageDifference {
  kind: string; ecosystem: string; name: string; version_before: string | null; version_after: string | null;
  size_before: number | null; size_after: number | null; delta: number;
}
export interface Difference {
  equal: boolean; old: Side; new: Side; growth_bytes: number; why: string; sharing: string[]; pulling: string[];
  layers?: Pair[]; broken?: (Pair & { cause: string; file: string | null }) | null; files?: FileDifference[];
  packages?: PackageDifference[]; nodes: DifferenceColumns; notes: string[];
  config?: { field: string; key: string | null; before: string | null; after: string | null }[];
}

export interface Bases {
  base: { name: string; layers: number; brings?: Record<string, unknown> };
  candidates: {
    name: string; verdict: string; content_bytes: number | null; merged_bytes: number | null;
    missing: { what?: string; words?: string; kind?: string; name?: string; path?: string }[];
  }[];
  notes: string[];
}

export interface Report {
  version: string; title: string; image?: Image; layers?: Layer[]; notes?: string[];
  waste_by_reason?: Record<string, Totals>; packages?: { count: number; bytes: number; top: Package[] };
  waste_groups?: WasteGroup[]; duplicates?: Duplicate[]; nodes?: Columns; suggestions?: Suggestions;
  verdict?: Verdict; difference?: Difference; bases?: Bases;
}

/** Read the data: base64 of JSON that is compressed as zlib does it. */
export async function read(text: string): Promise<Report> {
  const plain = atob(text.trim());
  const bytes = new Uint8Array(plain.length);
  for (let at = 0; at < plain.length; at++) bytes[at] = plain.charCodeAt(at);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text()) as Report;
}
