"""Archives of every kind that the tests can make, small ones: all of them are read hundreds of times."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings

from tests.archive import images
from tests.compat.stacks import stack
from tests.conftest import FIXTURES
from tests.oracle import maketar
from tests.oracle.maketar import directory, file, hardlink, layer, opaque, symlink, whiteout
from tests.oracle.strategies import stacks
from tests.suggest.test_build_packages import debian, package

BIG = b"x" * 3000
ELF = b"\x7fELF\x02\x01\x01" + bytes(57)
# Enough names that an order by their hashes is another one with nearly every seed.
NAMES = [f"{letter}{number}" for letter in "abcdefgh" for number in range(3)]


def rewritten() -> list[bytes]:
    """Layers that write a directory's files again: one half the same, the other half changed, some removed first."""
    old = layer(*(file(f"d/{name}", name.encode() * 900, mtime=1) for name in NAMES))
    half = NAMES[::2]
    new = layer(*(file(f"d/{n}", (n if n in half else n[::-1]).encode() * 900, mtime=2) for n in reversed(NAMES)))
    gone = layer(opaque("d"), *(file(f"d/{name}", name.encode() * 900, mtime=1) for name in NAMES[:9]))
    back = layer(whiteout("d/a0"), whiteout("d/b1"), *(file(f"d/{name}", BIG) for name in NAMES[3:15]))
    return [old, new, gone, back]


def linked() -> list[bytes]:
    """Files with many names, some of which go."""
    names = [hardlink(f"b/{name}", "a/first") for name in NAMES]
    return [
        layer(file("a/first", BIG), *names),
        layer(whiteout("a/first"), *(whiteout(f"b/{name}") for name in NAMES[:7])),
        layer(*(hardlink(f"c/{name}", f"b/{NAMES[-1]}") for name in NAMES)),
    ]


def packaged() -> list[bytes]:
    """Packages of equal size, and of one name for two architectures: nothing but names to put them in order by."""
    base = debian(package("libc6"))
    tools = [package(f"lib{name}-dev", f"lib{name}", size=500) for name in NAMES[:8]]
    libraries = [package(f"lib{name}", size=500) for name in NAMES[:8]]
    twice = [(text.replace("amd64", "i386"), members) for text, members in libraries[:4]]
    need = package("build-essential", ", ".join(f"lib{name}-dev" for name in NAMES[:8]), size=500)
    return [base, debian(package("libc6"), need, *tools, *libraries, *twice, more=[file("usr/bin/app", ELF)])]


def scripts() -> list[bytes]:
    """A start script that names many programs, half of which are not there."""
    text = "#!/bin/sh\n" + "".join(f"{name} --x\n/opt/{name}/run\n" for name in NAMES)
    there = [file(f"usr/bin/{name}", b"#!/usr/bin/none-of-%s\n" % name.encode(), mode=0o755) for name in NAMES[::2]]
    inner = [file(f"opt/{name}/run", b"#!/bin/sh\n%s-two\n" % name.encode(), mode=0o755) for name in NAMES[1::2]]
    return [
        layer(file("etc/passwd", b"root:x:0:0::/:/bin/sh\n")),
        layer(file("start.sh", text.encode()), *there, *inner),
    ]


def node() -> list[bytes]:
    """A project whose packages for development are many."""

    def manifest(**fields: object) -> bytes:
        return json.dumps(fields).encode()

    names = dict.fromkeys(NAMES, "1")
    files = [file("app/package.json", manifest(name="app", dependencies={"a0": "1"}, devDependencies=names))]
    for name, needs in zip(NAMES, (*NAMES[4:], *NAMES[:4]), strict=True):
        home = f"app/node_modules/{name}"
        needed = manifest(name=name, version="1", dependencies={needs: "1"} if name > "c" else {})
        files += [file(f"{home}/package.json", needed), file(f"{home}/index.js", BIG)]
    return [layer(file("etc/os-release", b"ID=none")), layer(*files)]


def leftovers() -> list[bytes]:
    """What rules find: caches, secrets, bytecode, sources, tests, the same file again and again."""
    paths = ["root/.cache/pip/x", "var/cache/apt/x.bin", "tmp/x", "root/.npmrc", "app/.env", "app/.git/config"]
    paths += [f"app/{name}/tests/test_{name}.py" for name in NAMES] + [f"app/{name}/core" for name in NAMES]
    paths += [f"app/__pycache__/{name}.cpython-31{number}.pyc" for name in NAMES for number in (1, 2)]
    paths += [f"usr/share/man/{name}/x.gz" for name in NAMES] + ["root/.ssh/id_rsa", "home/x/.aws/credentials"]
    text = b"_authToken = 0123456789abcdef\naws_secret_access_key = 0123456789abcdef\nPASSWORD=hunter22\n"
    return [
        layer(file("etc/os-release", b"ID=none")),
        layer(directory("app"), *(file(path, text) for path in paths), *(symlink(f"l/{n}", f"../{n}") for n in NAMES)),
        layer(*(file(path, text, uid=1000) for path in paths)),
        layer(*(whiteout(path) for path in paths[::2])),
    ]


STACKS = {
    "rewritten": rewritten,
    "linked": linked,
    "packaged": packaged,
    "scripts": scripts,
    "node": node,
    "leftovers": leftovers,
}
CONFIG = {
    "Cmd": ["/start.sh"],
    "Env": ["PATH=/usr/bin:/bin", *(f"{name.upper()}=1" for name in NAMES)],
    "Labels": {name: name for name in reversed(NAMES)},
    "Volumes": {f"/{name}": {} for name in NAMES},
}
# Of an image whose config holds a secret only the layers are kept.
SECRET = {"User": "app", "Env": ["API_TOKEN=q9wZ3hL0xT7vB2nK5mR8"]}
FIRST = ("ADD file:0123 in / ", "COPY . /app", "RUN apt-get install -y build-essential", "RUN chown -R 1000 /app")


def _write(folder: Path, name: str, layers: list[bytes], config: dict, steps: tuple[str, ...] = FIRST) -> Path:
    history = [{"created_by": steps[number % len(steps)]} for number in range(len(layers))]
    image = images.Image(tuple(layers), extra={"history": history, "config": config})
    return images.write_tar(folder / f"{name}.tar", images.docker_archive(image))


def _hypothesis(folder: Path, count: int) -> list[Path]:
    """Write stacks that hypothesis makes, always the same ones."""
    made: list[Path] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(stack=stacks(max_layers=5, max_members=25))
    def write(stack: list[bytes]) -> None:
        made.append(maketar.docker_archive(folder / f"hypothesis-{len(made)}.tar", stack))

    write()
    return made


def archives(folder: Path) -> list[dict[str, str | None]]:
    """Make them all; each with another one to compare it with and a path to ask for."""
    made: list[tuple[Path, str]] = []
    for name, layers in STACKS.items():
        made.append((_write(folder, name, layers(), CONFIG), "/d/a0"))
        # The same the other way round: other layers on top, other steps, another config.
        made.append((_write(folder, f"{name}-2", layers()[::-1], SECRET, FIRST[::-1]), "/app/.env"))
    several = images.Image(tuple(linked()))
    for style, pack in (("legacy", ""), ("blobs", ""), ("blobs", "gzip")):
        members = images.docker_archive(several, style=style, pack=pack)
        made.append((images.write_tar(folder / f"{style}{pack}.tar", members), "/b/a0"))
    oci = images.oci(several)
    made.append((images.write_tar(folder / "oci.tar", oci, seed=3), "/b/a0"))
    made.append((images.write_directory(folder / "layout", oci), "/b/a0"))
    # Two layers that can't be read, the larger one on top: whoever comes to it first, the lower one is told.
    cut = images.Image((linked()[0], layer(file("a", BIG))[:2000], layer(file("b", BIG * 99))[:200_000]))
    made.append((images.write_tar(folder / "broken.tar", images.oci(cut)), "/a"))
    made += [(maketar.docker_archive(folder / f"stack-{seed}.tar", stack(seed)), "/a") for seed in range(2)]
    made += [(path, "/a") for path in _hypothesis(folder, 6)]
    fixtures = [(shutil.copy(FIXTURES / name, folder), "/etc/passwd") for name in ("webapp.tar", "site.tar")]
    made += [(Path(path), asked) for path, asked in fixtures]
    return [
        {
            "image": str(path),
            "other": str(made[number - 1][0]),
            "path": asked,
            "dockerfile": str(FIXTURES / "webapp" / "Dockerfile") if path.name == "webapp.tar" else None,
        }
        for number, (path, asked) in enumerate(made)
    ]
