"""Modules that a program imports are found by its own interpreter; what lacks is read out of what programs say."""

import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest

from imgscope.fixes.containers import Ran
from imgscope.fixes.imports import imports
from imgscope.fixes.repair import _names
from imgscope.rootfs.start import Command


class Here:
    """Runs here what would run in a container."""

    def run(self, image, words, *, network=True, data=None):
        done = subprocess.run([*words], input=data, capture_output=True)
        return Ran(done.returncode, done.stdout.decode() + done.stderr.decode())


def looked(start, *files, directory="", python=True):
    app = SimpleNamespace(command=Command(start, directory=directory.strip("/").encode()), scripts={})
    reached = {str(path).strip("/").encode(): None for path in files}
    needs = SimpleNamespace(app=app, start=SimpleNamespace(files=reached))
    return SimpleNamespace(needs=needs, python=python, node=not python)


def test_pythons_imports_are_followed_through_its_own_files(tmp_path):
    (tmp_path / "app.py").write_text(
        "import json, helper\nfrom package.part import x\nimport not_there\nfrom . import y\n"
    )
    (tmp_path / "helper.py").write_text("import tomllib\n1/0\n")
    (tmp_path / "package").mkdir()
    (tmp_path / "package/__init__.py").write_text("def f():\n    import sqlite3\n")
    found = imports(Here(), "x", looked((sys.executable, "app.py"), tmp_path / "app.py", directory=str(tmp_path)))
    assert found == {"json", "helper", "package", "tomllib", "sqlite3"}


def test_modules_that_a_command_line_names(tmp_path):
    (tmp_path / "server.py").write_text("import json\n")
    command = (sys.executable, "-m", "server")
    assert imports(Here(), "x", looked(command, directory=str(tmp_path))) == {"server", "json"}


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_nodes_imports_are_followed_through_its_own_files(tmp_path):
    (tmp_path / "node_modules/ms").mkdir(parents=True)
    (tmp_path / "node_modules/ms/index.js").write_text("module.exports = 1\n")
    (tmp_path / "index.js").write_text("const ms = require('ms'), x = require('./lib/x'), no = require('none')\n")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/x.js").write_text("require('fs'); throw new Error('not run')\n")
    found = imports(
        Here(), "x", looked(("node", "index.js"), tmp_path / "index.js", directory=str(tmp_path), python=False)
    )
    assert found == {"ms", "./lib/x", "fs"}


def test_nothing_is_said_where_there_is_no_such_program():
    assert imports(Here(), "x", SimpleNamespace(python=False, node=False)) is None
    assert imports(Here(), "x", looked(("/bin/false",))) is None


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("app: error while loading shared libraries: libpq.so.5: cannot open shared object file", "libpq.so.5"),
        ("ModuleNotFoundError: No module named 'yaml.cyaml'", "yaml.cyaml"),
        ("Error: Cannot find module 'express'", "express"),
        ("/app/run.sh: line 3: envsubst: command not found", "envsubst"),
        ("/app/run.sh: 3: envsubst: not found", "envsubst"),
        ("FileNotFoundError: [Errno 2] No such file or directory: '/srv/templates/a.html'", "/srv/templates/a.html"),
        ("open /etc/app/config.yaml: no such file or directory", "/etc/app/config.yaml"),
        ('exec: "/usr/local/bin/app": stat /usr/local/bin/app: no such file', "/usr/local/bin/app"),
        ("library libssl.so.3 lacks, which /app/bin needs", "libssl.so.3"),
        ("modules are not found: yaml, requests", "requests"),
        ("cannot load such file -- bundler/setup (LoadError)", "bundler/setup"),
    ],
)
def test_what_programs_say_of_what_is_not_there(said, name):
    assert name in set(_names(said))
