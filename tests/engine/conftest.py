"""A real engine, the images that it builds, and what it says is in them."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import NamedTuple

import pytest

from .images import root_tar, write_context


def missing() -> str | None:
    """Say what keeps these tests from running; nothing may when CI=true."""
    for tool in ("docker", "skopeo"):
        if not shutil.which(tool):
            return f"needs {tool}"
    if not any(Path(path).exists() for path in ("/bin/busybox", "/usr/bin/busybox")):
        return "needs Debian's busybox-static"
    answer = subprocess.run(["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, text=True)
    if answer.returncode != 0:
        return f"needs a Docker engine: {answer.stderr.strip()}"
    return None


@pytest.fixture(scope="session")
def engine():
    why = missing()
    if why is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"the gate must run these: {why}")
        pytest.skip(why)


def docker(*arguments: object, **options: object) -> bytes:
    done = subprocess.run(
        ["docker", *map(str, arguments)], capture_output=True, env={**os.environ, "DOCKER_BUILDKIT": "0"}, **options
    )
    assert done.returncode == 0, f"docker {arguments}: {done.stderr.decode(errors='replace')}"
    return done.stdout


# Images are one worker's: another that builds the same would have their names lead to its own, or use what is removed.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")


@pytest.fixture(scope="session")
def base(engine):
    """Return the name of an image that others are built from."""
    name = f"imgscope-test:base-{WORKER}"
    docker("import", "--change", "ENV PATH=/bin", "-", name, input=root_tar())
    return name


class Node(NamedTuple):
    """What a listing says of a path; ``inode`` is the first path of its hard links."""

    type: str
    size: int
    mode: int
    uid: int
    gid: int
    target: str | None
    device: tuple[int, int] | None
    mtime: int | None
    inode: str | None
    capability: bytes | None


_TYPES = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.DIRTYPE: "directory",
    tarfile.SYMTYPE: "symlink",
    tarfile.CHRTYPE: "character",
    tarfile.BLKTYPE: "block",
    tarfile.FIFOTYPE: "fifo",
}


def _grouped(nodes: dict[str, Node], links: dict[str, str]) -> dict[str, Node]:
    """Give every name of an inode the same node, with the first of its names."""
    for path, first in links.items():
        while first in links:
            first = links[first]
        nodes[path] = nodes[first]
        links[path] = first
    groups: dict[str, list[str]] = {}
    for path, first in links.items():
        groups.setdefault(first, [first]).append(path)
    for names in groups.values():
        for path in names:
            nodes[path] = nodes[path]._replace(inode=min(names))
    return nodes


def listing(export: bytes) -> dict[str, Node]:
    """Read what `docker export` wrote."""
    nodes: dict[str, Node] = {}
    links: dict[str, str] = {}
    with tarfile.open(fileobj=io.BytesIO(export), errors="surrogateescape") as tar:
        for member in tar:
            path = "/" + member.name.strip("/").removeprefix("./")
            if path in ("/", "/."):
                continue
            if member.type == tarfile.LNKTYPE:
                links[path] = "/" + member.linkname.strip("/").removeprefix("./")
                continue
            kind = _TYPES[member.type]
            capability = member.pax_headers.get("SCHILY.xattr.security.capability")
            nodes[path] = Node(
                kind,
                member.size if kind == "file" else 0,
                member.mode & 0o7777,
                member.uid,
                member.gid,
                member.linkname if kind == "symlink" else None,
                (member.devmajor, member.devminor) if kind in ("character", "block") else None,
                int(member.mtime) if kind == "file" else None,
                None,
                capability.encode("utf-8", "surrogateescape") if capability else None,
            )
    return _grouped(nodes, links)


def merged(analysis) -> dict[str, Node]:
    """Write an analysis's merged tree in the same form."""
    nodes: dict[str, Node] = {}
    links: dict[str, str] = {}
    for file in analysis.files:
        if file.type == "hardlink":
            links[file.path] = file.link_target
            continue
        xattrs = file.xattrs or {}
        nodes[file.path] = Node(
            file.type,
            file.size,
            file.mode,
            file.uid,
            file.gid,
            file.link_target if file.type == "symlink" else None,
            file.device,
            file.mtime_ns // 10**9 if file.type == "file" else None,
            None,
            xattrs.get("security.capability"),
        )
    return _grouped(nodes, links)


@pytest.fixture(scope="session")
def container_extras(base, tmp_path_factory) -> dict[str, Node]:
    """What `docker create` and `docker export` add to any image: seen on one that holds a single file."""
    folder = tmp_path_factory.mktemp("empty")
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY only /only\n")
    (folder / "only").write_text("x")
    docker("build", "--quiet", "-t", "imgscope-test:empty", folder)
    extras = exported("imgscope-test:empty")
    del extras["/only"]
    return extras


def exported(image: str) -> dict[str, Node]:
    container = docker("create", image, "/none").decode().strip()
    try:
        return listing(docker("export", container))
    finally:
        docker("rm", container)


class Built(NamedTuple):
    name: str
    reference: str
    archive: Path
    folder: Path


_built: dict[str, Built] = {}


@pytest.fixture
def built(request, base, tmp_path_factory) -> Built:
    """Build the image that the test is for, once, and save it."""
    name = request.param
    if name not in _built:
        folder = tmp_path_factory.mktemp(name)
        context = folder / "context"
        context.mkdir()
        write_context(name, context)
        dockerfile = context / "Dockerfile"
        dockerfile.write_text(dockerfile.read_text().replace("FROM base", f"FROM {base}"))
        reference = f"imgscope-test:{name}-{WORKER}"
        docker("build", "--quiet", "--network=none", "-t", reference, context)
        archive = folder / "saved.tar"
        docker("save", "-o", archive, reference)
        _built[name] = Built(name, reference, archive, folder)
    return _built[name]
