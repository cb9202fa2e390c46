// Builds the page: one script and one style, into ../assets (or the folder that is named). `npm ci && npm run build`.

import { build } from "esbuild";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = process.argv[2] ?? join(here, "..", "assets");
await mkdir(target, { recursive: true });
const licence = (await readFile(join(here, "node_modules", "d3-hierarchy", "LICENSE"), "utf8")).trim();
await build({
  entryPoints: [join(here, "src", "main.ts")],
  outfile: join(target, "page.js"),
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  charset: "ascii",
  legalComments: "none",
  banner: { js: `/* With d3-hierarchy:\n${licence}\n*/` },
});
await build({ entryPoints: [join(here, "src", "page.css")], outfile: join(target, "page.css"), minify: true });
await copyFile(join(here, "src", "page.html"), join(target, "page.html"));
const script = await readFile(join(target, "page.js"), "utf8");
// Between the tags of the page nothing may end the script, nor begin a comment in it.
if (/<\/script|<!--/i.test(script)) await writeFile(join(target, "page.js"), script.replace(/<(?=\/script|!--)/gi, "\\x3c"));
