"""Asks an image's own Python or Node which of the modules that its program imports can be found.

Modules are looked for, not run; only what the program's own files say is followed.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .containers import Containers
    from .loading import Needing

# The program's own files: a directory of installed packages is asked for whole names only.
_PYTHON = r"""
import ast, importlib.util, json, os, sys
given = json.loads(sys.stdin.readline())
sys.path[:0] = [given["folder"], *{os.path.dirname(f) for f in given["files"]}]
pending, seen, found = list(given["files"]), set(), {}
def look(name):
    if name in found or len(found) > 2000: return
    try: spec = importlib.util.find_spec(name)
    except BaseException: spec = None
    found[name] = spec is not None
    origin = getattr(spec, "origin", None)
    if origin and origin.endswith(".py") and "-packages" not in origin and "/lib/python" not in origin:
        pending.append(origin)
for name in given["modules"]: look(name)
while pending and len(seen) < 2000:
    path = pending.pop()
    if path in seen: continue
    seen.add(path)
    try: tree = ast.parse(open(path, "rb").read())
    except Exception: continue
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names: look(alias.name.partition(".")[0])
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            look(node.module.partition(".")[0])
print(json.dumps(sorted(n for n, there in found.items() if there)))
"""
_NODE = r"""
const fs = require('fs'), path = require('path'), {createRequire} = require('module');
const given = JSON.parse(fs.readFileSync(0, 'utf8').split('\n')[0]);
const pending = given.files.slice(), seen = new Set(), found = new Set();
const call = /(?:\brequire\s*\(\s*|\bfrom\s+|\bimport\s*\(?\s*)['"]([^'"\n]{1,200})['"]/g;
while (pending.length && seen.size < 2000) {
  const file = pending.pop();
  if (seen.has(file)) continue;
  seen.add(file);
  let text;
  try { text = fs.readFileSync(file, 'utf8').slice(0, 2000000); } catch (e) { continue; }
  const find = createRequire(file);
  for (const match of text.matchAll(call)) {
    let place = null;
    try { place = find.resolve(match[1]); } catch (e) {
      const name = match[1].split('/').slice(0, match[1][0] === '@' ? 2 : 1).join('/');
      if (/^[.\/]/.test(match[1])) continue;
      for (let here = path.dirname(file); ; here = path.dirname(here)) {
        if (fs.existsSync(path.join(here, 'node_modules', name))) { place = name; break; }
        if (here === path.dirname(here)) break;
      }
    }
    if (place === null) continue;
    found.add(match[1]);
    if (/^[.\/]/.test(match[1]) && /\.[cm]?js$/.test(place)) pending.push(place);
  }
}
console.log(JSON.stringify([...found].sort()));
"""
_MARK = "["


def imports(containers: Containers, image: str, looked: Needing) -> frozenset[str] | None:
    """Return the modules that the image's program imports and that are found; ``None`` where nothing can be said."""
    if not looked.python and not looked.node:
        return None
    start = looked.needs.start
    endings = (b".py",) if looked.python else (b".js", b".mjs", b".cjs")
    files, modules, interpreter = [], [], ""
    for path in start.files:
        name = path.rpartition(b"/")[2]
        if name.startswith((b"python", b"node")) and not interpreter:
            interpreter = "/" + path.decode("utf-8", "surrogateescape")
        elif name.endswith(endings) or looked.needs.app.scripts.get(path) is not None:
            files.append("/" + path.decode("utf-8", "surrogateescape"))
    words = list(looked.needs.app.command.start)
    interpreter = next(
        (word for word in words[:3] if word.rpartition("/")[2].startswith(("python", "node"))), interpreter
    )
    for one, other in pairwise(words):
        # python -m app, gunicorn app:create, uvicorn app.main:app
        if one == "-m" or ":" in other:
            modules.append(other.partition(":")[0].partition(".")[0])
    if not interpreter or not (files or modules):
        return None
    folder = "/" + looked.needs.app.command.directory.decode("utf-8", "surrogateescape")
    asked = {"files": files, "modules": [name for name in modules if name.isidentifier()], "folder": folder}
    option, program = ("-c", _PYTHON) if looked.python else ("-e", _NODE)
    done = containers.run(image, [interpreter, option, program], network=False, data=json.dumps(asked).encode() + b"\n")
    line = next((line for line in reversed(done.output.splitlines()) if line.startswith(_MARK)), "")
    try:
        return frozenset(json.loads(line)) if done.code == 0 else None
    except ValueError:
        return None
