// What can be linked to: the place, the colour, the view, the search and the layers, kept in the URL's fragment.

import { parseRanges, writeRanges } from "./query";

export interface State {
  source: "image" | "difference";
  at: string;
  view: "treemap" | "icicle";
  colour: string;
  search: string;
  layers: Set<number>;
  ghosts: boolean;
  side: "change" | "both";
}

export function write(state: State, plain: State): string {
  const parts: string[] = [];
  const put = (key: string, value: string): void => void parts.push(`${key}=${encodeURIComponent(value).replace(/%2F/g, "/")}`);
  if (state.source !== plain.source) put("map", state.source);
  if (state.at !== "/") put("at", state.at);
  if (state.view !== plain.view) put("view", state.view);
  if (state.colour !== plain.colour) put("colour", state.colour);
  if (state.search) put("search", state.search);
  if (state.layers.size) put("layers", writeRanges(state.layers));
  if (state.ghosts !== plain.ghosts) put("ghosts", state.ghosts ? "1" : "0");
  if (state.side !== plain.side) put("side", state.side);
  return parts.join("&");
}

/** Read a fragment; what is not understood is left as it is in ``plain``. */
export function parse(fragment: string, plain: State): State {
  const state: State = { ...plain, layers: new Set(plain.layers) };
  for (const part of fragment.replace(/^#/, "").split("&")) {
    const at = part.indexOf("=");
    let value = "";
    try {
      value = decodeURIComponent(part.slice(at + 1));
    } catch {
      continue;
    }
    const key = part.slice(0, at);
    if (key === "map" && (value === "image" || value === "difference")) state.source = value;
    else if (key === "at") state.at = value || "/";
    else if (key === "view" && (value === "treemap" || value === "icicle")) state.view = value;
    else if (key === "colour" && /^[a-z]+$/.test(value)) state.colour = value;
    else if (key === "search") state.search = value;
    else if (key === "layers") state.layers = parseRanges(value);
    else if (key === "ghosts") state.ghosts = value !== "0";
    else if (key === "side" && (value === "change" || value === "both")) state.side = value;
  }
  return state;
}
