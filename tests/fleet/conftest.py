"""A fleet of images in a real registry: shared bases, moving tags, platforms, artifacts, what tools push."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from imgscope.fleet.store import Store
from imgscope.fleet.store.schema import KEYS
from tests.archive.images import Image, attestation, descriptor, index_of, layer, manifest_of, platform_of
from tests.conftest import FIXTURES
from tests.registry.conftest import inside, nobody, tools  # noqa: F401
from tests.registry.servers import Registry, blob_of

SECRET = "hunter2-is-no-good-word-9f31"
STATUS = "Package: openssl\nStatus: install ok installed\nArchitecture: amd64\nVersion: 3.0.{}\n\n"


def lower(number: int) -> bytes:
    status = {"var/lib/dpkg/status": STATUS.format(number), "etc/os-release": "ID=debian\n", "usr/lib/big": "B" * 9000}
    return layer(**status, **{f"usr/share/doc/{number}/{one}": f"{number} {one}" * 50 for one in range(20)})


def image(app: int, version: int) -> Image:
    """An application's image: one of two bases, a layer of its own for each app, one for each version."""
    created = f"2026-01-{version + 1:02}T00:00:00Z"
    config = {"config": {"Cmd": ["/x"], "Env": [f"PASSWORD={SECRET}"]}, "created": created}
    history = [{"created_by": text} for text in ("ADD rootfs.tar / ", "RUN make", f"RUN export TOKEN={SECRET} && go")]
    files = {"lib.so": bytes([app]) * 4000, "same": "the same everywhere", "gone": "g" * 200}
    own = layer(**{f"srv/app/{name}": content for name, content in files.items()})
    files = {"version": f"{app}.{version}" * 30, ".wh.gone": "", ".env": f"PASSWORD={SECRET}\n"}
    top = layer(**{f"srv/app/{name}": content for name, content in files.items()})
    return Image((lower(app % 2), own, top), extra={**config, "history": history})


@dataclass
class Fleet:
    registry: Registry
    tags: int
    images: int

    @property
    def source(self) -> str:
        return f"registry:{self.registry.address}"

    def blobs(self) -> dict[str, int]:
        """Every blob that the registry has, by digest, with its bytes: as its files say."""
        found = {}
        for path in Path(self.registry.data).glob("docker/registry/v2/blobs/sha256/*/*/data"):
            found[f"sha256:{path.parent.name}"] = path.stat().st_size
        return found


def fill(registry: Registry, apps: int = 12, versions: int = 5) -> Fleet:
    for app in range(apps):
        sent: set[str] = set()
        for version in range(versions):
            members: dict[str, bytes] = {}
            top = manifest_of(image(app, version), members)
            # What the repository has need not be sent again.
            lacking = {name: data for name, data in members.items() if name not in sent}
            sent |= {name for name in members if name != blob_of(top["digest"])}
            registry.upload(f"team{app % 3}/app{app}", f"1.{version}", lacking, top)
            if version == versions - 1:
                last = {blob_of(top["digest"]): members[blob_of(top["digest"])]}
                registry.upload(f"team{app % 3}/app{app}", "latest", last, top)
    members = {}
    amd = {**manifest_of(image(0, 0), members), "platform": platform_of("linux/amd64")}
    other = Image(layers=(layer(arm="arm" * 100),), platform="linux/arm64")
    arm = {**manifest_of(other, members), "platform": platform_of("linux/arm64")}
    index = index_of(amd, arm, attestation(members, amd))
    registry.upload("several", "1", members, descriptor(index, members, "index.v1+json"))
    members = {}
    chart = {"mediaType": "application/vnd.cncf.helm.config.v1+json", **_blob(b"{}", members)}
    content = {"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", **_blob(b"chart", members)}
    top = descriptor({"schemaVersion": 2, "config": chart, "layers": [content]}, members, "manifest.v1+json")
    registry.upload("chart", "1", members, top)
    # Layers that others have, in blobs of their own.
    members = {}
    registry.upload("zstd", "1", members, manifest_of(image(1, 1), members, pack="zstd", media="tar+zstd"))
    registry.push(f"oci-archive:{FIXTURES / 'webapp.tar'}", "webapp:gzip")
    registry.push(f"docker-archive:{FIXTURES / 'site.tar'}", "site:1.0")
    return Fleet(registry, apps * (versions + 1) + 4, apps * versions + 3)


def _blob(data: bytes, members: dict[str, bytes]) -> dict:
    from tests.archive.images import blob, digest

    members[blob(data)] = data
    return {"digest": digest(data), "size": len(data)}


@pytest.fixture(scope="session")
def fleet(tools, tmp_path_factory) -> Fleet:  # noqa: F811
    registry = Registry(tmp_path_factory.mktemp("fleet"))
    yield fill(registry)
    registry.stop()


@pytest.fixture
def store(tmp_path) -> Path:
    return tmp_path / "store"


def rows(path: object, query: str) -> list:
    with Store.open(str(path)).connection() as connection:
        return connection.execute(query).fetchall()


def everything(path: object) -> dict[str, list[str]]:
    """All rows of a store but for when tags were seen, to compare two of them."""
    columns = {table: "DISTINCT * EXCLUDE (observed)" if table == "tags" else "*" for table in KEYS}
    return {table: sorted(map(repr, rows(path, f"SELECT {columns[table]} FROM {table}"))) for table in KEYS}


@pytest.fixture(scope="session")
def scanned(fleet, tmp_path_factory) -> Path:
    """A store of the fleet, by one process; nobody writes to it."""
    import os
    import subprocess
    import sys

    path = tmp_path_factory.mktemp("expected") / "store"
    done = subprocess.run(
        [sys.executable, "-m", "imgscope", "fleet", "scan", fleet.source, "--store", str(path), "--jobs", "1"],
        capture_output=True,
        text=True,
        env={**os.environ, "DOCKER_CONFIG": str(path.parent)},
    )
    assert done.returncode == 0, done.stderr
    return path


@pytest.fixture(scope="session")
def expected(scanned) -> dict[str, list[str]]:
    """What a store of the fleet holds: by one process, which is looked at closely in ``test_scan``."""
    return everything(scanned)


def events(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]
