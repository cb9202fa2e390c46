"""What `diff` says of two images that an engine built is what two `docker export` listings and a registry show."""

from __future__ import annotations

import hashlib
import io
import os
import random
import shutil
import socket
import subprocess
import tarfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import NamedTuple

import pytest

from imgscope.differences import Filter, diff

from .conftest import docker
from .images import root_tar

PAIRS = ["app", "base", "dependency", "reordered", "timestamps"]


class Pair(NamedTuple):
    old: str
    new: str
    folder: Path


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def noise(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


def build(name: str, context: Path, dockerfile: str, *options: str) -> None:
    (context / "Dockerfile").write_text(dockerfile)
    docker("build", "--quiet", "--network=none", *options, "-t", name, context)


def second_base() -> bytes:
    """The base image's root, bumped: one file more, one changed, one gone, and the binary only touched."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(root_tar())) as old, tarfile.open(fileobj=buffer, mode="w") as new:
        for member in old:
            data = old.extractfile(member).read() if member.isreg() else b""
            if member.name == "./bin/mkfifo":
                continue
            if member.name == "./etc/passwd":
                data += b"nobody:x:65534:65534::/:/bin/false\n"
                member.size = len(data)
            if member.name == "./bin/busybox":
                member.mtime += 60
            new.addfile(member, io.BytesIO(data))
        info = tarfile.TarInfo("./etc/os-release")
        info.size = 10
        new.addfile(info, io.BytesIO(b"VERSION=2\n"))
    return buffer.getvalue()


def make(kind: str, base: str, folder: Path) -> Pair:
    names = [f"imgscope-diff-{kind}:{tag}" for tag in ("old", "new")]
    library = {f"lib/part{n}.bin": noise(n, 300_000) for n in range(6)}
    app = {f"app/src/module{n}.py": b"x = %d\n" % n * 200 for n in range(30)} | {"app/data.bin": noise(99, 900_000)}
    write(folder, library | app)
    text = f"FROM {base}\nCOPY lib /usr/lib/app\nCOPY app /srv/app\nRUN chmod 750 /srv/app/src\n"
    if kind == "app":
        build(names[0], folder, text)
        write(
            folder,
            {"app/src/module3.py": b"x = 33\n", "app/src/new.py": b"y = 1\n", "app/data.bin": noise(98, 900_001)},
        )
        (folder / "app/src/module7.py").unlink()
        (folder / "app/src/module8.py").rename(folder / "app/renamed.py")
        build(names[1], folder, text.replace("chmod 750", "chmod 700"))
    elif kind == "base":
        build(names[0], folder, text)
        docker("import", "--change", "ENV PATH=/bin", "-", "imgscope-test:base2", input=second_base())
        build(names[1], folder, text.replace(base, "imgscope-test:base2"))
    elif kind == "dependency":
        for version, seed in (("1.0", 1), ("1.1", 2)):
            write(
                folder,
                {
                    f"{version}/site/foo/core.py": noise(seed, 700_000),
                    f"{version}/site/foo/same.py": b"same\n" * 100,
                    f"{version}/site/foo-{version}.dist-info/LICENSE": b"licence\n" * 500,
                    f"{version}/site/foo-{version}.dist-info/METADATA": b"Name: foo\nVersion: %b\n" % version.encode(),
                    f"{version}/site/foo-{version}.dist-info/RECORD": b"foo/core.py,,\nfoo/same.py,,\n",
                },
            )
        for name, version in zip(names, ("1.0", "1.1"), strict=True):
            build(
                name,
                folder,
                f"FROM {base}\nCOPY lib /usr/lib/app\nCOPY {version}/site /usr/lib/python3/site-packages\n",
            )
    elif kind == "reordered":
        steps = ["COPY lib /usr/lib/app\n", "COPY app /srv/app\n", "RUN cp /bin/busybox /tool && ln /tool /tool2\n"]
        build(names[0], folder, f"FROM {base}\n" + "".join(steps))
        build(names[1], folder, f"FROM {base}\n" + steps[1] + steps[0] + steps[2])
    else:
        text = f"FROM {base}\nRUN cp /bin/busybox /tool && echo made > /made && mkdir /d && ln -s /tool /d/link\n"
        build(names[0], folder, text)
        time.sleep(1.1)
        build(names[1], folder, text, "--no-cache")
    return Pair(*names, folder)


_made: dict[str, Pair] = {}


@pytest.fixture
def pair(request, base, tmp_path_factory) -> Pair:
    if request.param not in _made:
        _made[request.param] = make(request.param, base, tmp_path_factory.mktemp(request.param))
    return _made[request.param]


every_pair = pytest.mark.parametrize("pair", PAIRS, indirect=True)


def by_hand(image: str) -> dict[str, tuple]:
    """List what `docker export` writes of an image: path to (type, content, metadata, time)."""
    container = docker("create", image, "/none").decode().strip()
    try:
        export = docker("export", container)
    finally:
        docker("rm", container)
    found: dict[str, tuple] = {}
    with tarfile.open(fileobj=io.BytesIO(export)) as tar:
        members = {member.name: member for member in tar}
        for name, member in members.items():
            while member.islnk():
                member = members[member.linkname]
            content = member.linkname
            if member.isreg():
                content = hashlib.sha256(tar.extractfile(member).read()).hexdigest()
            time = None if member.isdir() else int(member.mtime)
            path = "/" + name.strip("/")
            found[path] = (member.type, content, (member.mode, member.uid, member.gid), time)
    return found


@every_pair
@pytest.mark.parametrize("how", ["engine", "archives", "gzip"])
def test_the_files_are_those_that_two_exports_tell(pair: Pair, how, tmp_path, container_extras):
    before, after = by_hand(pair.old), by_hand(pair.new)
    references = [pair.old, pair.new]
    if how != "engine":
        references = [str(tmp_path / name) for name in ("old.tar", "new.tar")]
        for image, path in zip((pair.old, pair.new), references, strict=True):
            docker("save", "-o", path, image)
            if how == "gzip":
                subprocess.run(
                    [
                        "skopeo",
                        "copy",
                        "--quiet",
                        "--dest-compress",
                        f"docker-archive:{path}",
                        f"oci-archive:{path}.oci",
                    ],
                    check=True,
                )
        references = [path + ".oci" if how == "gzip" else path for path in references]
    with diff(*references, cache=False) as difference:
        rows = list(difference.files)
        merged = difference.new.image.merged_bytes - difference.old.image.merged_bytes
    kinds: dict[str, set[str]] = {}
    for row in rows:
        kinds.setdefault(row.kind, set()).add(row.path)
    moved = [row for row in rows if row.kind == "moved"]
    for row in moved:
        assert before[row.path_before][1] == after[row.path][1], row

    both = before.keys() & after.keys()
    assert kinds.get("added", set()) | {row.path for row in moved} == after.keys() - before.keys()
    assert kinds.get("removed", set()) | {row.path_before for row in moved} == before.keys() - after.keys()
    assert kinds.get("type_changed", set()) == {path for path in both if before[path][0] != after[path][0]}
    same_type = {path for path in both if before[path][0] == after[path][0]}
    changed = {path for path in same_type if before[path][1] != after[path][1]}
    assert kinds.get("changed", set()) == changed
    # Times of directories are the container's own, once it is made.
    metadata = {row.path for row in rows if row.kind == "metadata_only" and row.differs != ("mtime",)}
    assert metadata == {path for path in same_type - changed if before[path][2] != after[path][2]}
    times = {row.path for row in rows if row.kind in ("metadata_only", "changed") and "mtime" in row.differs} - {
        row.path for row in rows if row.type_after == "directory"
    }
    # Nor does the image have what the engine puts into every container.
    others = same_type - container_extras.keys()
    assert times == {path for path in others if before[path][3] != after[path][3]}
    assert "unread" not in kinds
    assert sum(row.delta for row in rows) == merged
    assert rows, "the pair should differ"


def test_what_the_pairs_are_made_to_show(base, tmp_path_factory):
    """Each cause is named as what it is."""
    causes = {}
    for kind in PAIRS:
        if kind not in _made:
            _made[kind] = make(kind, base, tmp_path_factory.mktemp(kind))
        with diff(_made[kind].old, _made[kind].new, cache=False) as difference:
            broken = difference.broken
            causes[kind] = (broken.cause, broken.timestamps, broken.pair.new.instruction.split()[0])
            if kind == "dependency":
                [package] = difference.packages
                assert (package.kind, package.name, package.version_before, package.version_after) == (
                    "upgraded", "foo", "1.0", "1.1",
                )  # fmt: skip
                info = "/usr/lib/python3/site-packages/foo-1.1.dist-info/"
                assert {row.path for row in difference.by_kind("moved")} == {info + "LICENSE", info + "RECORD"}
            if kind == "reordered":
                assert difference.pull.changed_bytes == 0
                assert difference.pull.content_bytes > 2_000_000
                assert [pair.status for pair in difference.layers].count("reordered") == 1
    assert causes["app"][:2] == ("changed", False)
    assert causes["base"][0] in ("changed", "edited")
    assert causes["dependency"][:2] == ("changed", False)
    assert causes["reordered"][0] == "reordered"
    assert causes["timestamps"] == ("changed", True, "RUN")


# -- what a registry is really sent ----------------------------------------------------------------------------------


class Counter:
    """A relay on loopback that counts what clients send."""

    def __init__(self, target: int) -> None:
        self.sent = 0
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            upstream = socket.create_connection(("127.0.0.1", self._target))
            threading.Thread(target=self._relay, args=(client, upstream, True), daemon=True).start()
            threading.Thread(target=self._relay, args=(upstream, client, False), daemon=True).start()

    def _relay(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        try:
            while data := source.recv(1 << 16):
                if counted:
                    self.sent += len(data)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self) -> None:
        self._server.close()


@pytest.fixture(scope="module")
def registries(tmp_path_factory):
    """Two registries on loopback: their ports."""
    if not shutil.which("docker-registry"):
        if os.environ.get("CI") == "true":
            pytest.fail("the gate must run these: needs Debian's docker-registry")
        pytest.skip("needs Debian's docker-registry")
    ports, running = [], []
    for number in range(2):
        folder = tmp_path_factory.mktemp(f"registry{number}")
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        (folder / "config.yml").write_text(
            f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\n"
            f"http: {{addr: '127.0.0.1:{port}'}}\n"
        )
        running.append(subprocess.Popen(["docker-registry", "serve", folder / "config.yml"], stderr=subprocess.DEVNULL))
        ports.append(port)
    for port in ports:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/", timeout=1)
                break
            except OSError:
                time.sleep(0.1)
    yield ports
    for process in running:
        process.terminate()
        process.wait()


def copy(source: str, target: str) -> None:
    subprocess.run(
        ["skopeo", "copy", "--quiet", "--src-tls-verify=false", "--dest-tls-verify=false", source, target], check=True
    )


@every_pair
def test_the_pull_figure_is_what_one_registry_sends_to_another(pair: Pair, registries, tmp_path):
    first, second = registries
    name = pair.old.partition(":")[0]
    archives = []
    for image, tag in ((pair.old, "old"), (pair.new, "new")):
        saved = tmp_path / f"{tag}.saved"
        docker("save", "-o", saved, image)
        copy(f"docker-archive:{saved}", f"docker://127.0.0.1:{first}/{name}:{tag}")
        archives.append(tmp_path / f"{tag}.tar")
        copy(f"docker://127.0.0.1:{first}/{name}:{tag}", f"oci-archive:{archives[-1]}")
    copy(f"docker://127.0.0.1:{first}/{name}:old", f"docker://127.0.0.1:{second}/{name}:old")
    counter = Counter(second)
    copy(f"docker://127.0.0.1:{first}/{name}:new", f"docker://127.0.0.1:{counter.port}/{name}:new")
    counter.close()

    with diff(*archives, cache=False, wanted=Filter(sections=frozenset({"layers"}))) as difference:
        pull = difference.pull
    if pull.bytes > 300_000:
        assert pull.bytes == pytest.approx(counter.sent, rel=0.01)
    # Beside blobs only the config, the manifest and headers are sent.
    assert pull.bytes <= counter.sent <= pull.bytes + 20_000
