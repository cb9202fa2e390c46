"""What ``fleet free`` promises, held against what a registry's own garbage collection takes from the disk, and what is
stored, held against a slow sum over the registry's folder.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.request
from collections import defaultdict
from functools import cached_property
from pathlib import Path
from random import Random

import pytest

from imgscope.checks.config import matches
from imgscope.fleet.questions.stored import stored
from imgscope.fleet.store import Store
from tests.archive.images import Image, attestation, descriptor, index_of, layer, manifest_of, platform_of
from tests.registry.servers import Registry

IMAGE = "application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"
AMD, ARM = "linux/amd64", "linux/arm64"


def deleting(folder: Path, data: Path | None = None) -> Registry:
    """Start a docker-registry that lets manifests be deleted."""
    data = data or folder / "data"
    storage = {"filesystem": {"rootdirectory": str(data)}, "delete": {"enabled": True}}
    return Registry(folder, settings={"storage": storage}, data=data)


def piece(name: str, size: int = 3000) -> bytes:
    """A layer of its own for each name, which gzip can't shrink."""
    return layer(**{f"srv/{name}": Random(name).randbytes(size + sum(name.encode()))})


class Folder:
    """A registry's data, read file by file."""

    def __init__(self, data: Path, platforms: tuple[str, ...] = (AMD, ARM)) -> None:
        self.root = data / "docker/registry/v2"
        self.platforms = platforms

    @cached_property
    def sizes(self) -> dict[str, int]:
        found = self.root.glob("blobs/*/*/*/data")
        return {f"sha256:{path.parent.name}": path.stat().st_size for path in found}

    def document(self, digest: str) -> dict:
        return json.loads((self.root / f"blobs/sha256/{digest[7:9]}/{digest[7:]}/data").read_bytes())

    @cached_property
    def tags(self) -> dict[tuple[str, str], str]:
        """The digest that each tag of each repository points to."""
        found = {}
        for path in self.root.glob("repositories/**/_manifests/tags/*/current/link"):
            repository = path.parents[4].relative_to(self.root / "repositories")
            found[str(repository), path.parents[1].name] = path.read_text()
        return found

    @cached_property
    def indexes(self) -> set[str]:
        found: set[str] = set().union(*map(self.below, self.tags.values()))
        return {digest for digest in found if "manifests" in self.document(digest)}

    def below(self, digest: str) -> set[str]:
        """A manifest and all that it leads to: those of an index too."""
        inner = self.document(digest).get("manifests", ())
        return {digest}.union(*(self.below(one["digest"]) for one in inner))

    def images(self, digest: str) -> set[str]:
        """The images for the platforms that a digest leads to."""
        document, found = self.document(digest), set()
        for one in document.get("manifests", ()):
            stated = one.get("platform", {})
            if f"{stated.get('os')}/{stated.get('architecture')}" in self.platforms:
                found |= self.images(one["digest"])
        return {digest} if document.get("config", {}).get("mediaType") in IMAGE else found

    def pieces(self, image: str) -> set[str]:
        document = self.document(image)
        return {image, document["config"]["digest"], *(one["digest"] for one in document["layers"])}


def collect(data: Path, folder: Path, globs: tuple[str, ...] = ()) -> Folder:
    """Delete tags' manifests in a copy of a registry by its API, and let it collect its garbage."""
    shutil.copytree(data, folder / "data")
    before = Folder(folder / "data")
    gone, left = defaultdict(set), defaultdict(set)
    for (repository, tag), digest in before.tags.items():
        fits = any(matches(glob, [f"{repository}:{tag}"]) for glob in globs)
        (gone if fits else left)[repository].add(digest)
    registry = deleting(folder)
    try:
        untagged = False
        for repository in gone.keys() | left.keys():
            # An image stays while another tag, or an index that has one, leads to it.
            kept = set().union(*map(before.below, left[repository]))
            untagged |= bool(kept - gone[repository] - left[repository])
            for digest in set().union(*map(before.below, gone[repository])) - kept:
                url = f"http://{registry.address}/v2/{repository}/manifests/{digest}"
                request = urllib.request.Request(url, method="DELETE")
                with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
                    assert answer.status == 202
    finally:
        registry.stop()
    # This registry (2.8) takes an index's images for untagged ones, and with this option removes their layers.
    option = [] if untagged else ["--delete-untagged"]
    words = ["docker-registry", "garbage-collect", *option, str(folder / "config.json")]
    done = subprocess.run(words, capture_output=True, text=True, env={"OTEL_TRACES_EXPORTER": "none"})
    assert done.returncode == 0, done.stderr
    return Folder(folder / "data")


def upload(registry: Registry, image: Image, *names: str, **how) -> dict:
    members: dict[str, bytes] = {}
    top = manifest_of(image, members, **how)
    for name in names:
        registry.upload(*name.split(":"), members, top)
    return {**top, "platform": platform_of(image.platform)}


def upload_index(registry: Registry, name: str, *images: Image, attested: bool = False, tagged: bool = False) -> None:
    """Put in an index of images; where ``tagged``, each of them has a tag of its own too."""
    members: dict[str, bytes] = {}
    found = [{**manifest_of(one, members), "platform": platform_of(one.platform)} for one in images]
    more = [attestation(members, found[0])] if attested else []
    repository, tag = name.split(":")
    registry.upload(repository, tag, members, descriptor(index_of(*found, *more), members, "index.v1+json"))
    for number, one in enumerate(found if tagged else ()):
        registry.upload(repository, f"{tag}-{number}", members, one)


def scan(run, store: Path, registry: Registry, *arm: str) -> None:
    """Scan a registry for this machine's platform, then the indexes that are named for another one."""
    for sources, options in (([""], []), (arm, ["--platform", ARM])):
        if sources:
            sources = [f"registry:{registry.address}{source}" for source in sources]
            done = run("fleet", "scan", *sources, "--store", store, "--jobs", 1, *options)
            assert done.returncode == 0, done.stderr


BASE, OTHER = piece("base", 9000), piece("other base", 7000)


def shared_in_every_way(registry: Registry, run, store: Path) -> None:
    """Fill a registry, and scan it before and after tags moved."""
    upload(registry, Image((BASE, piece("moved"), piece("b old"))), "e:latest", "f/g:1")
    scan(run, store, registry)
    upload(registry, Image((BASE, piece("moved to"))), "e:latest")
    upload(registry, Image((OTHER, piece("moved to"), BASE)), "f/g:1")
    upload(registry, Image((BASE, piece("a1"))), "a:1", "a:latest", "c/deep:1")
    upload(registry, Image((BASE, piece("a2"))), "a:2")
    upload(registry, Image((BASE, piece("b1"), piece("b1"))), "b:1")
    upload(registry, Image((BASE, piece("b old"))), "b:old-1")
    upload(registry, Image((BASE, piece("b old"), piece("b2"))), "b:old-2")
    upload(registry, Image((OTHER, piece("c2"))), "c/deep:2")
    # The same config (and diff_ids), other blobs.
    same = Image((piece("d1"), piece("d2")))
    upload(registry, same, "d:gzip")
    upload(registry, same, "d:zstd", pack="zstd", media="tar+zstd")
    upload(registry, Image(()), "d:nothing")
    amd = Image((OTHER, piece("amd")))
    upload_index(registry, "several:1", amd, Image((piece("arm 1"),), platform=ARM), tagged=True)
    upload_index(registry, "several:2", amd, Image((piece("arm 2"), BASE), platform=ARM), tagged=True)
    scan(run, store, registry, "/several:[12]")


def indexes(registry: Registry, run, store: Path) -> None:
    """Fill a registry with indexes, of whose images only one has a tag of its own."""
    amd, arm = Image((BASE, piece("amd"))), Image((OTHER, piece("arm 1")), platform=ARM)
    upload_index(registry, "multi:1", amd, arm)
    upload_index(registry, "multi:2", amd, Image((piece("arm 2"), piece("amd")), platform=ARM))
    upload_index(registry, "multi:3", amd, Image((piece("arm 3"),), platform=ARM))
    upload_index(registry, "copy:3", amd, Image((piece("arm 3"),), platform=ARM))
    upload(registry, arm, "copy:arm")
    upload(registry, Image((OTHER, piece("one"))), "one:1")
    scan(run, store, registry, "/multi", "/copy:3")


TAGGED = [
    ("a:1",),
    ("a",),
    ("a", "c/*:1"),
    ("a:2", "b:1"),
    ("*:old-*",),
    ("b", "a", "c/*", "e"),
    ("*:latest",),
    ("d:zstd",),
    ("d",),
    ("e", "f/*"),
    ("several:1",),
    ("several:1-0",),
    ("several:1*",),
    ("several",),
    ("*",),
]
PLAIN = [("multi:1",), ("multi:[12]",), ("multi:3",), ("multi:3", "copy:3"), ("copy",), ("multi",), ("one",), ("*",)]


@pytest.mark.parametrize(
    ("fill", "chosen"), [(shared_in_every_way, TAGGED), (indexes, PLAIN)], ids=["tagged", "indexes"]
)
def test_what_is_freed_is_what_garbage_collection_frees(tools, tmp_path, store, inside, fill, chosen):
    registry = deleting(tmp_path / "registry")
    try:
        fill(registry, inside, store)
    finally:
        registry.stop()
    # What nothing leads to goes anyway.
    full = collect(registry.data, tmp_path / "full")
    some = 0
    for number, globs in enumerate(chosen):
        done = inside("fleet", "free", *globs, "--store", store, "-o", f"json={tmp_path / 'said'}", "-o", "text=-")
        assert done.returncode == 0, done.stderr
        said = json.loads((tmp_path / "said").read_text())
        left = collect(registry.data, tmp_path / str(number), globs)
        assert left.sizes.items() <= full.sizes.items()
        went = {digest: size for digest, size in full.sizes.items() if digest not in left.sizes}
        gone = {digest for digest in went if digest in full.indexes}
        some += bool(went)
        assert said["indexes"] == len(gone), globs
        assert said["bytes"] == sum(size for digest, size in went.items() if digest not in gone), globs
        assert sum(one["count"] for one in said["pieces"]) == len(went) - len(gone), globs
        assert ("their own bytes" in done.stdout) == bool(gone), globs
    assert some > len(chosen) / 2


def test_of_an_index_what_was_scanned_counts_and_that_is_said(tools, tmp_path, store, inside):
    registry = deleting(tmp_path / "registry")
    try:
        arm = Image((OTHER, piece("arm")), platform=ARM)
        for tag in ("1", "2"):
            upload_index(registry, f"app:{tag}", Image((BASE, piece(tag))), arm, attested=tag == "1")
        upload(registry, Image((OTHER, piece("one"))), "one:1")
        scan(inside, store, registry)
        full, amd = Folder(registry.data), Folder(registry.data, (AMD,))

        def freed(glob: str) -> tuple[int, set[str], str]:
            done = inside("fleet", "free", glob, "--store", store, "-o", f"json={tmp_path / 'said'}", "-o", "text=-")
            assert done.returncode == 0, done.stderr
            left = collect(registry.data, tmp_path / f"{glob} {len(list(tmp_path.iterdir()))}", (glob,))
            return (
                json.loads((tmp_path / "said").read_text())["bytes"],
                full.sizes.keys() - left.sizes,
                " ".join(done.stdout.split()),
            )

        # More goes than counts: the index, and its attestation.
        said, went, text = freed("app:1")
        (own,) = amd.images(full.tags["app", "1"])
        counted = went & full.pieces(own)
        assert said == sum(full.sizes[one] for one in counted)
        assert len(counted) == 3 and len(went) == 7
        assert "1 index would go too" in text and "not counted" in text
        # Less goes than counts: the images for the other platform stand on that layer too.
        said, went, text = freed("one:1")
        (layers,) = [full.document(own)["layers"] for own in full.images(full.tags["one", "1"])]
        assert said == sum(full.sizes[one] for one in went | {layers[0]["digest"]})
        assert layers[0]["digest"] not in went
        note = "2 indexes would stay: images in them that were not scanned may need some of this"
        assert note in text
        scan(inside, store, registry, "/app")
        said, again, _ = freed("one:1")
        assert again == went and said == sum(full.sizes[one] for one in went)
    finally:
        registry.stop()


def slow(folder: Folder, level: str) -> dict[tuple, tuple]:
    """Add up what a registry's folder has, for each repository, image, tag, or all of it."""
    keys = {"repository": lambda name, tag, image: name, "tag": lambda name, tag, image: (name, tag)}
    key_of = {**keys, "image": lambda name, tag, image: image, "host": lambda *_: ""}[level]
    members, tags = defaultdict(set), defaultdict(set)
    for (name, tag), digest in folder.tags.items():
        for image in folder.images(digest):
            # On the whole, an image of two repositories is counted in each.
            members[key_of(name, tag, image)].add((name if level == "host" else "", image))
            tags[key_of(name, tag, image)].add((name, tag))
    used, found = defaultdict(set), {}
    for key, images in members.items():
        for _, image in images:
            for one in folder.pieces(image):
                # Of all of it, what one image alone has.
                used[one].add(image if level == "host" else key)
    for key, images in members.items():
        pieces = set().union(*(folder.pieces(image) for _, image in images))
        physical = sum(folder.sizes[one] for one in pieces)
        unique = sum(folder.sizes[one] for one in pieces if len(used[one]) == 1)
        logical = sum(folder.sizes[one] for _, image in images for one in folder.pieces(image))
        numbers = len({image for _, image in images}), len(tags[key])
        found[key] = (*numbers, logical, physical, unique, physical - unique)
    return found


def figures(store: Path) -> dict[str, dict[tuple, tuple]]:
    with Store.open(str(store)).connection() as connection:
        said = stored(connection)
    keys = {"repository": lambda row: row.repository, "tag": lambda row: (row.repository, row.name)}
    keys |= {"image": lambda row: row.name, "host": lambda row: ""}
    lists = {"repository": said.repositories, "tag": said.tags, "image": said.images, "host": said.hosts}
    assert said.hosts[0].physical == said.total.physical
    return {
        level: {
            keys[level](row): (row.images, row.tags, row.logical, row.physical, row.unique, row.shared) for row in rows
        }
        for level, rows in lists.items()
    }


@pytest.mark.parametrize("fill", [shared_in_every_way, indexes], ids=["tagged", "indexes"])
def test_all_figures_of_what_is_stored(tools, tmp_path, store, inside, fill):
    registry = deleting(tmp_path / "registry")
    try:
        fill(registry, inside, store)
    finally:
        registry.stop()
    folder = Folder(registry.data)
    for level, rows in figures(store).items():
        assert rows == slow(folder, level), level


def test_all_figures_of_a_larger_fleet(fleet, store, inside):
    scan(inside, store, fleet.registry)
    folder = Folder(fleet.registry.data, (AMD,))
    for level, rows in figures(store).items():
        assert rows == slow(folder, level), level
