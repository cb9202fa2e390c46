"""What umoci unpacks is what the reference says, wherever the rules leave engines no choice.

Left out here, for engines differ or refuse: names through symlinks, hard links to what is not there yet, one path
as two types in one layer, and the modes of directories that no entry describes.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from . import maketar as tar
from . import reference

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(shutil.which("umoci") is None or os.geteuid() != 0, reason="needs umoci, and root to own files"),
]

paths = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map("/".join)
IMPLIED = ("directory", 0, 0o755, None)


@st.composite
def plain_layers(draw: st.DrawFn) -> bytes:
    files: list[str] = []
    members = []
    for what in draw(st.lists(st.integers(0, 11), max_size=7)):
        path = draw(paths)
        above = [tar.directory(parent) for parent in path.rpartition("/")[:1] if parent]
        if what < 4:
            files.append(path)
            members.append(tar.file(path, draw(st.sampled_from((b"", b"one", b"two"))), mode=0o4755))
        elif what < 6:
            members.append(tar.directory(path, mode=draw(st.sampled_from((0o755, 0o700)))))
        elif what < 8:
            members += [*above, tar.whiteout(path)]
        elif what == 8:
            members += [tar.directory(path), tar.opaque(path)]
        elif what == 9:
            members.append(tar.symlink(f"{path}.link", draw(st.sampled_from(("x", "/y", "a")))))
        elif what == 10 and files:
            members.append(tar.hardlink(path, draw(st.sampled_from(files))))
        else:
            members.append(tar.fifo(path))
    return tar.layer(*members)


def layout(folder: Path, layers: list[bytes]) -> Path:
    """Write an OCI layout with one image, tagged ``t``."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "blobs/sha256").mkdir(parents=True)

    def put(data: bytes, kind: str) -> dict[str, object]:
        name = hashlib.sha256(data).hexdigest()
        (folder / "blobs/sha256" / name).write_bytes(data)
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{name}", "size": len(data)}

    found = [put(data, "layer.v1.tar") for data in layers]
    rootfs = {"type": "layers", "diff_ids": [one["digest"] for one in found]}
    config = put(json.dumps({"os": "linux", "architecture": "amd64", "rootfs": rootfs}).encode(), "config.v1+json")
    manifest = put(json.dumps({"schemaVersion": 2, "config": config, "layers": found}).encode(), "manifest.v1+json") | {
        "annotations": {"org.opencontainers.image.ref.name": "t"}
    }
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [manifest]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return folder


KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink", stat.S_IFIFO: "fifo"}


def on_disk(root: Path) -> dict[str, tuple]:
    """List type, size, mode and symlink target of every path."""
    found = {}
    for folder, directories, files in os.walk(root):
        for name in directories + files:
            path = Path(folder, name)
            state = path.lstat()
            kind = KINDS[stat.S_IFMT(state.st_mode)]
            target = str(path.readlink()) if kind == "symlink" else None
            mode = 0 if kind == "symlink" else stat.S_IMODE(state.st_mode)
            found[f"/{path.relative_to(root)}"] = (kind, state.st_size if kind == "file" else 0, mode, target)
    return found


def as_on_disk(result: reference.Result) -> dict[str, tuple]:
    found = {}
    for row in result.rows:
        real = result.row(row.link_target) if row.type == "hardlink" else row
        mode = 0 if real.type == "symlink" else real.mode
        found[row.path] = (real.type, real.size, mode, real.link_target)
    return found


def changes_type(data: bytes) -> bool:
    layer = reference.Unpacked(data, 0, {})
    return any(
        name.path in layer.names and layer.names[name.path].inode.type != name.inode.type for name in layer.superseded
    )


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("umoci")


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(layers=st.lists(plain_layers(), min_size=1, max_size=3))
def test_the_merged_tree_is_what_umoci_unpacks(work, layers):
    assume(not any(map(changes_type, layers)))
    shutil.rmtree(work, ignore_errors=True)
    image = layout(work / "image", layers)
    unpacked = subprocess.run(
        ["umoci", "unpack", "--image", f"{image}:t", work / "bundle"], capture_output=True, text=True, check=False
    )
    # It refuses names below what is not a directory, and links to what has been replaced meanwhile.
    assume("mkdir" not in unpacked.stderr and "link:" not in unpacked.stderr)
    assert unpacked.returncode == 0, unpacked.stderr
    found = on_disk(work / "bundle/rootfs")
    expected = as_on_disk(reference.stack(layers))
    implied = {path for path, state in expected.items() if state == IMPLIED}
    assert {path: state for path, state in found.items() if path not in implied} == {
        path: state for path, state in expected.items() if path not in implied
    }
