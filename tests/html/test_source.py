"""The page's source: its types hold, its own tests pass, and what is shipped is what it builds."""

from __future__ import annotations

import filecmp
import subprocess

from tests.html.conftest import SOURCE


def _node(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["node", *map(str, arguments)], cwd=SOURCE, capture_output=True, text=True, check=False)


def test_what_is_shipped_is_what_the_source_builds(tools, tmp_path):
    done = _node("build.mjs", tmp_path)
    assert done.returncode == 0, done.stderr
    names = ["page.css", "page.html", "page.js"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assets = SOURCE.parent / "assets"
    same, _, _ = filecmp.cmpfiles(tmp_path, assets, names, shallow=False)
    assert same == names, "run: npm run build in imgscope/report/html/page"


def test_the_types_hold(tools):
    done = _node(tools / "node_modules" / "typescript" / "bin" / "tsc", "--noEmit")
    assert done.returncode == 0, done.stdout


def test_the_sources_own_tests_pass(tools):
    done = _node("test.mjs")
    assert done.returncode == 0, done.stdout[-3000:]


def test_the_licence_of_what_is_bundled_goes_with_it():
    script = (SOURCE.parent / "assets" / "page.js").read_text()
    assert "Copyright 2010-2021 Mike Bostock" in script and "Permission to use, copy, modify" in script
