"""Every command that the docs and the helps show is run, with images of ours in the place of those that are named.

Lines of code are run by bash as they stand; programs that aren't ours are small stand-ins, or the line is not run and
only its options are looked at. What stands in running text has its options looked at.
"""

import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import click
import pytest

from imgscope.cli import COMMANDS, cli

from .conftest import ROOT

PAGES = sorted(
    path
    for folder in (ROOT, ROOT / "docs", ROOT / "docs/rules")
    for path in folder.glob("*.md")
    if "imgscope " in path.read_text()
)
PROGRAMS = Path(sys.executable).parent
# Names of images, and what stands for each.
_IMAGES = {
    "myapp:1.0": "app.tar",
    "myapp:1.1": "new.tar",
    "myapp:1.2": "site.tar",
    "podman:myapp:1.0": "app.tar",
    "registry:python:3.12": "app.tar",
    "registry:ghcr.io/org/app:1.0": "app.tar",
    "registry:app:main": "old.tar",
    "registry:app:pr-12": "new.tar",
    "debian:bookworm-slim": "site.tar",
    "alpine:3.24": "site.tar",
    "IMAGE": "app.tar",
    "OLD": "old.tar",
    "NEW": "new.tar",
}
# Paths that another image would have.
_PATHS = {
    "/var/cache/apt/pkgcache.bin": "/etc/os-release",
    "/var/lib/dpkg/status": "/etc/os-release",
    "/etc/nginx": "/etc",
}
_STAND_INS = {
    "docker": """case $1 in
        save) exec cat app.tar ;;
        imgscope) exec docker-imgscope "$@" ;;
        --context) exec docker-imgscope "${@:3}" ;;
        *) exit 99 ;;
    esac""",
    "ssh": 'shift; exec "$@"',
    "nerdctl": "exec cat app.tar",
}
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_RUNNABLE = {"imgscope", "docker", "ssh", "zstd", "jq", "nerdctl", "cat"}


def code_lines(page: Path) -> list[str]:
    """Return the lines of code of a page that call imgscope: indented ones, and those in fences."""
    lines: list[str] = []
    fenced, before = False, ""
    for line in page.read_text().splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif fenced or (line.startswith("    ") and (not before.strip() or before.startswith("    "))):
            text = re.sub(r"^(- )?(run: |- )?", "", line.strip())
            if lines and lines[-1].endswith("\\"):
                lines[-1] = lines[-1][:-1] + text
            elif re.search(r"(^|[|;&] *|^docker .*)imgscope [a-z]", text) and ".ci/setup" not in text:
                lines.append(text)
        before = line
    return lines


def calls(text: str) -> list[list[str]]:
    """Return the words of every call of imgscope in a text, up to what ends a command; none that is cut."""
    found = []
    for match in re.finditer(r"(?<![\w./=-])imgscope ([a-z]+)((?: [^\n|;&>]*)?)", text):
        if match[1] in COMMANDS:
            found.append([match[1], *QUOTED.sub("x", match[2]).split()])
    return found


def below(command: click.Command) -> list[tuple[str, click.Command]]:
    """Return the commands of a group, by name."""
    if not isinstance(command, click.Group):
        return []
    context = click.Context(command)
    return [(name, command.get_command(context, name)) for name in command.list_commands(context)]


def options_of(name: str) -> set[str]:
    command = cli.get_command(click.Context(cli), name)
    commands = [command, *(found for _, found in below(command))]
    return {
        option
        for known in commands
        for parameter in known.get_params(click.Context(known))
        if isinstance(parameter, click.Option)
        for option in (*parameter.opts, *parameter.secondary_opts)
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_commands_that_are_named_have_the_options_that_are_shown(page):
    text = page.read_text()
    spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)
    for name, *words in calls("\n".join([*code_lines(page), *spans])):
        if name == "build":
            continue  # what is not its own goes to the builder
        for word in words:
            option = re.match(r"\[?(--?[a-zA-Z][\w-]*)", word)
            if option:
                assert option[1] in options_of(name), f"imgscope {name} has no {option[1]}"


def is_run(line: str) -> bool:
    """Tell whether all programs of a line are here or have a stand-in, and none would ask an engine to build or run."""
    bare = QUOTED.sub("x", line.partition(" #")[0])
    parts = [part.split() for part in re.split(r"\|\||&&|[|;]", bare)]
    firsts = {words[0] for words in parts if words}
    if "jq" in firsts and not shutil.which("jq"):
        return False
    if any(
        words[:2] in (["docker", "build"], ["docker", "run"], ["imgscope", "build"], ["imgscope", "fix"])
        for words in parts
    ):
        return False
    # What opens a view has no terminal here.
    if any(words[:3] == ["imgscope", "fleet", "open"] for words in parts):
        return False
    # A registry out there is not asked; nor can what is cut be run.
    if any(words[:2] == ["imgscope", "tags"] for words in parts) or "…" in line:
        return False
    if any(words[:2] in (["imgscope", "trend"], ["imgscope", "pull-cost"]) for words in parts) and re.search(
        r"ghcr\.io|localhost:5000", line
    ):
        return False
    # What is in a registry out there is not in our store either.
    if any(words[:3] in (["imgscope", "fleet", "scan"], ["imgscope", "fleet", "free"]) for words in parts):
        return False
    return firsts <= _RUNNABLE and not re.search(r"\b(ARGS|PATH|REF)\b", bare)


def place(line: str, secret: str) -> str:
    """Put our images and paths in the place of those of the docs."""
    for name, file in sorted(_IMAGES.items(), key=lambda pair: -len(pair[0])):
        line = re.sub(rf"(?<![\w:./-]){re.escape(name)}(?![\w:./-])", file, line)
    for name, path in _PATHS.items():
        line = re.sub(rf"(?<= ){re.escape(name)}(?= |$)", path, line)
    return line.replace("/app/secret.env", secret)


def renamed(archive: Path, to: str) -> bytes:
    """Return the bytes of an OCI archive whose image has another name."""
    out = io.BytesIO()
    with tarfile.open(archive) as old, tarfile.open(fileobj=out, mode="w") as new:
        for member in old:
            data = old.extractfile(member).read() if member.isfile() else b""
            if member.name == "index.json":
                index = json.loads(data)
                index["manifests"][0]["annotations"] = {
                    "io.containerd.image.name": f"docker.io/library/{to}",
                    "org.opencontainers.image.ref.name": to.partition(":")[2],
                }
                data = json.dumps(index).encode()
                member.size = len(data)
            new.addfile(member, io.BytesIO(data) if member.isfile() else None)
    return out.getvalue()


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """A folder with everything that the docs' commands name."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "app.tar").write_bytes(renamed(ROOT / "fixtures/webapp.tar", "myapp:1.0"))
    for name in ("old.tar", "a.tar", "image.tar", "base.tar"):
        shutil.copy(folder / "app.tar", folder / name)
    for name in ("new.tar", "b.tar", "slim.tar", "site.tar"):
        shutil.copy(ROOT / "fixtures/site.tar", folder / name)
    shutil.copy(ROOT / "fixtures/webapp/Dockerfile", folder)
    (folder / "plan.toml").write_text('version = 1\n[[layers]]\npaths = ["/usr"]\n[[layers]]\n')
    (folder / ".dive-ci").write_text("rules:\n  lowestEfficiency: 0.1\n")
    for name in ("layout", "build/layout"):
        with tarfile.open(folder / "app.tar") as archive:
            archive.extractall(folder / name, filter="data")
        index = json.loads((folder / name / "index.json").read_text())
        first = index["manifests"][0]
        index["manifests"] = [
            {**first, "annotations": {"org.opencontainers.image.ref.name": tag}} for tag in ("1.0", "1.1", "latest")
        ]
        (folder / name / "index.json").write_text(json.dumps(index))
    for name in ("ci", ".local/share/bash-completion/completions", ".zfunc", ".config/fish/completions", "bin"):
        (folder / name).mkdir(parents=True)
    for name, script in _STAND_INS.items():
        (folder / "bin" / name).write_text(f"#!/bin/bash\n{script}\n")
        (folder / "bin" / name).chmod(0o755)
    for command in (
        "analyze app.tar --format json --fingerprints -o json=saved.json -o json=app.json -o json=baseline.json",
        "baseline save app.tar -o ci/baseline.json",
        "baseline save app.tar -o imgscope-baseline.json",
        "fleet scan app.tar site.tar --store fleet",
    ):
        done = run(folder, f"imgscope {command} > /dev/null")
        assert done.returncode == 0, done.stderr
    return folder


def run(folder: Path, line: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DOCKER_", "GITHUB_"))}
    environment = {
        "PATH": f"{folder}/bin:{PROGRAMS}:{kept['PATH']}",
        "HOME": str(folder),
        "DOCKER_HOST": "unix:///nobody/there.sock" if "doctor" not in line else "",
    }
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", line],
        cwd=folder,
        env={**kept, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )


def python_of(page: Path) -> str:
    """Return the Python that a page shows, as one program."""
    return "\n".join(re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("page", [page for page in PAGES if python_of(page)], ids=lambda page: page.name)
def test_the_python_that_is_shown_runs(page, stage, tmp_path):
    (tmp_path / "shown.py").write_text(python_of(page))
    done = run(stage, f"IMGSCOPE_CACHE_DIR={tmp_path}/cache python {tmp_path}/shown.py")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "page", [page for page in PAGES if code_lines(page)], ids=lambda page: page.relative_to(ROOT).as_posix()
)
def test_what_is_shown_runs(page, stage, tmp_path):
    folder = tmp_path / "stage"
    shutil.copytree(stage, folder, symlinks=True)
    saved = json.loads((stage / "saved.json").read_text())
    rows = [*saved["files"], *saved["hidden"]]
    secret = next(row["path"] for row in rows if row["type"] == "file" and row["layer"] == 2)
    for line in code_lines(page):
        if not is_run(line):
            continue
        done = run(folder, place(line, secret))
        failing = re.search(r"\bcheck\b|--fail", line)
        assert done.returncode in ((0, 1) if failing else (0,)), f"{line}\n{done.stdout[-500:]}\n{done.stderr[-1000:]}"
        assert "Traceback" not in done.stderr


def test_enough_is_run():
    """The rules above must not come to run nothing."""
    assert {page.name for page in PAGES if python_of(page)} >= {"README.md", "api.md"}
    shown = [line for page in PAGES for line in code_lines(page)]
    assert len([line for line in shown if is_run(line)]) > 60
    left = [line for line in shown if not is_run(line)]
    reasons = re.compile(
        r"build|docker run|imgscope (fix|tags|trend|pull-cost|fleet (scan|free|open))\b|…|\b[A-Z]{3,}\b"
    )
    assert [line for line in left if not reasons.search(line)] == []
    assert all(shlex.split(line, comments=True) for line in shown)
