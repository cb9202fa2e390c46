"""Makes the archives that the benchmarks read: the same bytes on every machine, from nothing but a seed.

Contents are words and tables drawn from a pool far larger than a compressor's window, so that they compress about as
well as programs and documents do. Each archive is what Docker 25 and newer save (an OCI layout with a
``manifest.json``), which is what both tools read in every compression.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import random
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

# Part of every archive's stamp: raise it when what is made changes.
VERSION = 2
CODECS = ("plain", "gzip", "zstd")
CHUNK = 1 << 16
POOL = 48 << 20
ZEROS = bytes(1 << 20)
EPOCH = 1_700_000_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A member of a layer. ``seed`` decides a file's content: equal seeds and sizes are equal files."""

    path: str
    kind: bytes = tarfile.REGTYPE
    size: int = 0
    seed: int = 0
    link: str = ""
    uid: int = 0
    mtime: int = EPOCH


Layer = list[Entry]


# -- contents ----------------------------------------------------------------------------------------------------------


class Pool:
    """Text and tables to cut contents from."""

    def __init__(self, size: int = POOL) -> None:
        rng = random.Random(20240229)
        letters = "etaoinshrdlucmfwypvbgk"
        words = ["".join(rng.choices(letters, k=rng.choice((2, 3, 4, 5, 5, 6, 7, 8, 9, 11)))) for _ in range(5000)]
        weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(words))))
        pieces: list[bytes] = []
        made = 0
        table = [rng.randbytes(12) for _ in range(4096)]
        while made < size:
            text = " ".join(rng.choices(words, cum_weights=weights, k=200_000))
            text = text.replace(" the", "\n    ").replace("et ", "(").replace("a t", ") =")
            binary = b"".join(known + rng.randbytes(9) for known in rng.choices(table, k=10_000))
            pieces += [text.encode(), binary]
            made += len(pieces[-2]) + len(pieces[-1])
        self.data = b"".join(pieces)

    def content(self, size: int, seed: int) -> Iterator[bytes]:
        """Yield a file's content in pieces."""
        state = zlib.crc32(b"%d" % seed)
        first = b"%d " % seed
        yield first[:size]
        left = size - len(first)
        while left > 0:
            state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
            start = state % (len(self.data) - CHUNK)
            yield self.data[start : start + min(left, CHUNK)]
            left -= CHUNK


# -- trees -------------------------------------------------------------------------------------------------------------

ROOTS = (
    "usr/lib/python3/dist-packages",
    "usr/lib/x86_64-linux-gnu",
    "usr/local/lib/node_modules",
    "usr/share/doc",
    "usr/share/locale",
    "app/node_modules",
    "app/src/main/resources/static/assets/generated/components",
    "opt/service/vendor/github.com",
    "var/lib/service",
)
ENDINGS = (".py", ".pyc", ".js", ".d.ts", ".js.map", ".json", ".so.1", ".h", ".md", ".html", ".txt", "")


def directories(rng: random.Random, count: int) -> list[str]:
    """Return ``count`` directories, some so deep that their files' names need a PAX header."""
    syllables = ("ta", "ren", "co", "mi", "lor", "un", "sta", "ver", "pa", "de", "iq", "zo", "bel", "net", "lib", "x")
    found = list(ROOTS)
    known = set(found)
    while len(found) < count:
        parent = rng.choice(ROOTS) if rng.random() < 0.4 else rng.choice(found)
        if parent.count("/") > 13:
            continue
        path = f"{parent}/{''.join(rng.choices(syllables, k=rng.choice((2, 2, 3, 4))))}"
        if path not in known:
            known.add(path)
            found.append(path)
    return found


def files(rng: random.Random, count: int, per_directory: float) -> list[str]:
    """Return ``count`` names of files in about ``count / per_directory`` directories."""
    places = directories(rng, int(count / per_directory))
    names = []
    for number in range(count):
        # Squaring makes a few directories large and most of them small.
        place = places[int(len(places) * rng.random() ** 2)]
        names.append(f"{place}/{rng.choice(('index', 'test', 'base', 'io', 'module'))}{number:x}{rng.choice(ENDINGS)}")
    return names


def with_parents(entries: Iterable[Entry]) -> Layer:
    """Add each entry's directories and put all in the order in which an engine walks them."""
    whole: dict[str, Entry] = {}
    for entry in entries:
        parent = entry.path.rpartition("/")[0]
        while parent and parent not in whole:
            whole[parent] = Entry(parent, tarfile.DIRTYPE)
            parent = parent.rpartition("/")[0]
        whole[entry.path] = entry
    return [whole[path] for path in sorted(whole, key=lambda path: path.split("/"))]


def sizes(rng: random.Random, median: float, spread: float, most: int) -> Callable[[], int]:
    """Return a drawer of file sizes: log-normal, as they are in real images."""
    return lambda: min(most, int(rng.lognormvariate(math.log(median), spread)))


def changed(rng: random.Random, old: Entry, size: Callable[[], int]) -> Entry:
    """Return what a later layer may make of a file: chowned, touched, patched in place, or another one."""
    kind = rng.random()
    if kind < 0.4:
        return Entry(old.path, size=old.size, seed=old.seed, uid=old.uid + 1000, mtime=old.mtime)
    if kind < 0.6:
        return Entry(old.path, size=old.size, seed=old.seed, uid=old.uid, mtime=old.mtime + 60)
    if kind < 0.8:
        return Entry(old.path, size=old.size, seed=old.seed + 1_000_000, uid=old.uid, mtime=old.mtime + 60)
    return Entry(old.path, size=size(), seed=old.seed + 2_000_000, uid=old.uid, mtime=old.mtime + 60)


def grown(
    rng: random.Random, names: list[str], size: Callable[[], int], plan: list[tuple[int, int]], links: int = 0
) -> list[Layer]:
    """Return layers by a plan of (new files, files of lower layers that change); every ``links``-th is a link."""
    current: dict[str, Entry] = {}
    order: list[str] = []
    layers = []
    unused = iter(enumerate(names))
    for new, old in plan:
        entries = [changed(rng, current[path], size) for path in (rng.sample(order, old) if old else ())]
        for number, path in itertools.islice(unused, new):
            if links and number % links == 0:
                entries.append(Entry(path, tarfile.SYMTYPE, link=f"../{path.rpartition('/')[2]}.d"))
                continue
            entries.append(Entry(path, size=size(), seed=number))
            order.append(path)
        current.update((entry.path, entry) for entry in entries)
        layers.append(with_parents(entries))
    return layers


# -- the images --------------------------------------------------------------------------------------------------------


def small(changed_last: int = 14_000) -> list[Layer]:
    """About 150,000 entries in 3 layers, files of at most 32 KiB, no whiteouts, about 660 MB.

    With another number of changed files the last layer is another, the two below are the same.
    """
    rng = random.Random(1)
    plan = [(56_000, 0), (28_000, 11_000), (5_000, changed_last)]
    return grown(rng, files(rng, 89_000, 6), sizes(rng, 2300, 1.3, 32 << 10), plan, links=50)


def big() -> list[Layer]:
    """About 500 files in 5 layers, 1.7 GB, half of the upper layers' paths rewritten ones, 4 whiteouts."""
    rng = random.Random(2)
    names = files(rng, 340, 8)
    layers = grown(rng, names, sizes(rng, 1.36e6, 1.3, 60 << 20), [(180, 0)] + [(40, 40)] * 4)
    for number, layer in enumerate(layers[1:]):
        directory, _, name = names[number].rpartition("/")
        layers[number + 1] = with_parents([*layer, Entry(f"{directory}/.wh.{name}")])
    return layers


def medium() -> list[Layer]:
    """20,000 files in 4 layers, 480 MB, no whiteouts: a well-made service."""
    rng = random.Random(3)
    plan = [(9_000, 0), (6_000, 150), (4_500, 50), (300, 0)]
    return grown(rng, files(rng, 19_800, 7), sizes(rng, 4900, 1.77, 24 << 20), plan, links=60)


def whiteouts() -> list[Layer]:
    """About 70,000 entries; two upper layers remove 200 directories each."""
    rng = random.Random(4)
    names = files(rng, 56_000, 5)
    base = grown(rng, names, sizes(rng, 700, 1.0, 8 << 10), [(56_000, 0)])[0]
    counts: dict[str, int] = {}
    for entry in base:
        counts[entry.path.rpartition("/")[0]] = counts.get(entry.path.rpartition("/")[0], 0) + 1
    # Directories without subdirectories, so that no whiteout lies below another.
    parents = {path.rpartition("/")[0] for path in counts}
    leaves = sorted(path for path, count in counts.items() if count > 4 and path not in parents)
    gone = rng.sample(leaves, 400)
    layers = [base]
    for number in (0, 200):
        entries = [Entry("{0}/.wh.{2}".format(*path.rpartition("/"))) for path in gone[number : number + 200]]
        entries += [Entry(f"srv/new{index + number}", size=300, seed=index) for index in range(300)]
        layers.append(with_parents(entries))
    return layers


def growth(count: int, layers: int) -> list[Layer]:
    """``count`` files of 200 bytes over ``layers`` layers, each layer's in directories of its own as far as it goes."""
    rng = random.Random(5)
    return grown(rng, sorted(files(rng, count, 12)), lambda: 200, [(count // layers, 0)] * layers)


def large(gib: int) -> list[Layer]:
    """Four files of zeros, ``gib`` GiB together, one of them rewritten by the upper layer."""
    part = (gib << 30) // 4
    names = [f"srv/data/volume{number}.img" for number in range(3)]
    lower = [Entry(names[0], size=part, seed=-1), Entry(names[1], size=part, seed=-1)]
    upper = [Entry(names[1], size=part, seed=-1, uid=1000), Entry(names[2], size=part, seed=-1)]
    return [with_parents(lower), with_parents(upper)]


def tiny() -> list[Layer]:
    """600 entries, to see that the script works."""
    rng = random.Random(6)
    return grown(rng, files(rng, 500, 5), sizes(rng, 2300, 1.3, 32 << 10), [(400, 0), (100, 40)], links=50)


IMAGES: dict[str, Callable[[], list[Layer]]] = {
    "small": small,
    "small-next": lambda: small(13_000),
    "big": big,
    "medium": medium,
    "whiteouts-400": whiteouts,
    "files-40k": lambda: growth(40_000, 5),
    "files-160k": lambda: growth(160_000, 5),
    "layers-2": lambda: growth(20_000, 2),
    "layers-80": lambda: growth(20_000, 80),
    "large-2g": lambda: large(2),
    "large-8g": lambda: large(8),
    "tiny": tiny,
}


# -- writing -----------------------------------------------------------------------------------------------------------


class _Sink:
    """Writes a file, hashes what it is given, and leaves holes for stretches of zeros."""

    def __init__(self, path: Path) -> None:
        self.file = path.open("wb")
        self.size = 0
        self.hash = hashlib.sha256()

    def write(self, data: bytes) -> None:
        self.hash.update(data)
        self.size += len(data)
        if data is ZEROS or (len(data) > 4096 and data == ZEROS[: len(data)]):
            self.file.seek(self.size)
        else:
            self.file.write(data)

    def close(self) -> tuple[str, int]:
        self.file.truncate(self.size)
        self.file.close()
        return self.hash.hexdigest(), self.size


def write_layer(entries: Layer, path: Path, pool: Pool) -> tuple[str, int]:
    """Write one layer's tar as Docker does (PAX headers for long names); return its digest and size."""
    sink = _Sink(path)
    for entry in entries:
        info = tarfile.TarInfo(entry.path)
        info.type, info.size, info.linkname = entry.kind, entry.size, entry.link
        info.mode = {tarfile.DIRTYPE: 0o755, tarfile.SYMTYPE: 0o777}.get(entry.kind, 0o644)
        info.uid = info.gid = entry.uid
        info.mtime = entry.mtime
        sink.write(info.tobuf(tarfile.PAX_FORMAT))
        if entry.seed < 0:
            for _ in range(entry.size // len(ZEROS)):
                sink.write(ZEROS)
        else:
            sink.write(b"".join(pool.content(entry.size, entry.seed)))
        sink.write(bytes(-entry.size % 512))
    sink.write(bytes(1024))
    return sink.close()


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while data := file.read(len(ZEROS)):
        yield data


def compress(source: Path, target: Path, codec: str) -> tuple[str, int]:
    """Compress a file as engines do (gzip at level 6, zstd at level 3); return its digest and size."""
    sink = _Sink(target)
    if codec == "gzip":
        gzip = zlib.compressobj(6, zlib.DEFLATED, 31)
        compressed, flush = gzip.compress, gzip.flush
    else:
        try:
            from compression import zstd
        except ImportError:
            from backports import zstd
        encoder = zstd.ZstdCompressor(level=3)
        compressed, flush = encoder.compress, encoder.flush
    with source.open("rb") as file:
        for chunk in _chunks(file):
            sink.write(compressed(chunk))
    sink.write(flush())
    return sink.close()


def write_archive(path: Path, name: str, diff_ids: list[str], blobs: list[tuple[Path, str, int]], codec: str) -> None:
    """Put layer blobs together to an archive as ``docker save`` of Docker 25 and newer writes it."""
    media = "application/vnd.oci.image.layer.v1.tar" + ("" if codec == "plain" else f"+{codec}")
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": "2024-02-29T00:00:00Z",
            "config": {"Cmd": ["/bin/sh"], "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}" for digest in diff_ids]},
            "history": [
                {"created": "2024-02-29T00:00:00Z", "created_by": f"RUN /bin/sh -c make step-{number} # buildkit"}
                for number in range(len(diff_ids))
            ],
        }
    ).encode()
    config_digest = hashlib.sha256(config).hexdigest()
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json",
                "digest": f"sha256:{config_digest}",
                "size": len(config),
            },
            "layers": [{"mediaType": media, "digest": f"sha256:{digest}", "size": size} for _, digest, size in blobs],
        }
    ).encode()
    manifest_digest = hashlib.sha256(manifest).hexdigest()
    index = {
        "schemaVersion": 2,
        "manifests": [
            {
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "digest": f"sha256:{manifest_digest}",
                "size": len(manifest),
                "annotations": {"org.opencontainers.image.ref.name": f"bench/{name}:latest"},
                "platform": {"architecture": "amd64", "os": "linux"},
            }
        ],
    }
    saved = [
        {
            "Config": f"blobs/sha256/{config_digest}",
            "RepoTags": [f"bench/{name}:latest"],
            "Layers": [f"blobs/sha256/{digest}" for _, digest, _ in blobs],
        }
    ]
    sink = _Sink(path)

    def add(member: str, size: int, pieces: Iterable[bytes]) -> None:
        info = tarfile.TarInfo(member)
        info.size = size
        sink.write(info.tobuf(tarfile.GNU_FORMAT))
        for piece in pieces:
            sink.write(piece)
        sink.write(bytes(-size % 512))

    written = set()
    for blob, digest, size in blobs:
        if digest not in written:
            written.add(digest)
            with blob.open("rb") as file:
                add(f"blobs/sha256/{digest}", size, _chunks(file))
    for member, data in (
        (f"blobs/sha256/{config_digest}", config),
        (f"blobs/sha256/{manifest_digest}", manifest),
        ("index.json", json.dumps(index).encode()),
        ("manifest.json", json.dumps(saved).encode()),
        ("oci-layout", b'{"imageLayoutVersion": "1.0.0"}'),
    ):
        add(member, len(data), [data])
    sink.write(bytes(1024))
    sink.close()


def make(folder: Path, image: str, codecs: Iterable[str], say: Callable[[str], object]) -> dict[str, Path]:
    """Make an image's archives in ``folder``, those that are not there yet; return them by codec."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {codec: folder / f"{image}-{codec}.tar" for codec in codecs}
    stamps_file = folder / "archives.json"
    stamps = json.loads(stamps_file.read_text()) if stamps_file.exists() else {}
    missing = {
        codec: path
        for codec, path in found.items()
        if not path.exists() or stamps.get(path.name, {}).get("version") != VERSION
    }
    if not missing:
        return found
    say(f"making {', '.join(path.name for path in missing.values())}")
    layers, pool = IMAGES[image](), Pool(1 << 20 if image == "tiny" else POOL)
    scratch = folder / f".making-{image}"
    scratch.mkdir(exist_ok=True)
    plain = []
    for number, layer in enumerate(layers):
        path = scratch / f"layer{number}.tar"
        plain.append((path, *write_layer(layer, path, pool)))
    for codec, path in missing.items():
        blobs = plain
        if codec != "plain":
            blobs = []
            for number, (source, _, _) in enumerate(plain):
                target = scratch / f"layer{number}.{codec}"
                blobs.append((target, *compress(source, target, codec)))
        half = path.with_suffix(".part")
        write_archive(half, image, [digest for _, digest, _ in plain], blobs, codec)
        half.rename(path)
        stamps[path.name] = {
            "version": VERSION,
            "layers": len(layers),
            "entries": sum(map(len, layers)),
            "files": sum(entry.kind == tarfile.REGTYPE for layer in layers for entry in layer),
            "whiteouts": sum("/.wh." in entry.path for layer in layers for entry in layer),
            "content_bytes": sum(entry.size for layer in layers for entry in layer),
            "archive_bytes": path.stat().st_size,
        }
        stamps_file.write_text(json.dumps(stamps, indent=1))
    for path in scratch.iterdir():
        path.unlink()
    scratch.rmdir()
    return found
