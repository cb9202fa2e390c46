"""Changes real archives at random and analyses what comes of it.

python -m tests.hostile.fuzz --minutes 30 --folder found    # keeps what broke something

Anything but a result or an error of ours is a finding: an exception of another kind, more than a bounded time, or more
than a bounded memory.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import signal
import sys
import tarfile
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import imgscope
from imgscope.errors import ImgscopeError
from tests.archive.images import PACK, Image, docker_archive, oci, write_tar
from tests.oracle.maketar import directory, file, hardlink, layer, symlink, whiteout

FIXTURES = Path(__file__).parents[2] / "fixtures"
SECONDS = 20
MEGABYTES = 600
NUMBERS = (b"\0" * 12, b"77777777777\0", b"\x80" + b"\xff" * 11, b"-1\0\0\0\0\0\0\0\0\0\0", b"8" * 12, b" " * 12)


class TooLong(BaseException):
    """An analysis that did not end in time."""


def seeds() -> list[bytes]:
    """Return archives to start from: the fixtures, and small ones of every container and compression."""
    found = [path.read_bytes() for path in sorted(FIXTURES.glob("*.tar"))]
    layers = (
        layer(
            directory("d"), file("d/a", b"x" * 700), symlink("d/l", "a"), hardlink("h", "d/a"), file("n" * 200, b"y")
        ),
        layer(whiteout("d/a"), file("d/.wh..wh..opq"), file("h", b"z" * 700, xattrs={"user.k": "v"})),
    )
    image = Image(layers, extra={"history": []})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.tar"
        for style in ("legacy", "digest", "blobs"):
            found.append(write_tar(path, docker_archive(image, style=style)).read_bytes())
        for pack in ("gzip", "zstd"):
            found.append(write_tar(path, oci(image, pack=pack, media=f"tar+{pack}")).read_bytes())
    return found


def mended(block: bytearray, start: int) -> None:
    """Give a tar header at ``start`` the checksum of what it holds now."""
    if start + 512 <= len(block):
        block[start + 148 : start + 156] = b" " * 8
        block[start + 148 : start + 156] = b"%06o\0 " % sum(block[start : start + 512])


def changed(data: bytes, draw: random.Random) -> bytes:
    """Return an archive with one to four changes."""
    block = bytearray(data)
    for _ in range(draw.randint(1, 4)):
        if len(block) < 1024:
            break
        place = draw.randrange(len(block))
        header = place // 512 * 512
        kind = draw.randrange(8)
        if kind == 0:
            block[place] ^= 1 << draw.randrange(8)
        elif kind == 1:
            block[header + 124 : header + 136] = draw.choice(NUMBERS)
            mended(block, header)
        elif kind == 2:
            block[header + 156 : header + 157] = bytes([draw.choice(b"01234567xgLKSDVN\0\xff")])
            mended(block, header)
        elif kind == 3:
            name = draw.choice([b"../../x", b"/", b".", b"a/" * 49, b".wh.x", b".wh..wh..opq", b"\xff\xfe", b"\x1b[2J"])
            block[header : header + 100] = name.ljust(100, b"\0")[:100]
            mended(block, header)
        elif kind == 4:
            del block[place:]
        elif kind == 5:
            length = draw.randrange(1, 4) * 512
            block[header:header] = block[header : header + length]
        elif kind == 6:
            del block[header : header + draw.randrange(1, 6) * 512]
        else:
            block[place : place + 8] = draw.randbytes(8)
    return bytes(block)


def within_json(data: bytes, draw: random.Random) -> bytes:
    """Return an archive of which one JSON document has one value replaced."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        members = {info.name: tar.extractfile(info).read() for info in tar if info.isfile()}
    documents = [name for name, content in members.items() if content[:1] in b"{[" and len(content) < 1 << 20]
    name = draw.choice(documents)
    try:
        value = json.loads(members[name])
    except ValueError:
        return data
    here = value
    for _ in range(draw.randrange(6)):
        keys = list(here) if isinstance(here, dict) else list(range(len(here))) if isinstance(here, list) else []
        if not keys:
            break
        key = draw.choice(keys)
        if isinstance(here[key], dict | list) and draw.random() < 0.7:
            here = here[key]
            continue
        here[key] = draw.choice(
            [None, -1, 1 << 70, "x", "sha256:" + "0" * 64, [], {}, [[]], {"": ""}, "\x1b[2J", 1.5, True]
        )
        break
    members[name] = json.dumps(value).encode()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def look(path: Path) -> None:
    """Analyse an archive and touch every row; let nothing but errors of ours pass."""
    from imgscope.suggestions import suggest

    try:
        with imgscope.analyze(path, cache=False) as analysis:
            list(analysis.files)
            list(analysis.waste)
            for number in range(len(analysis.layers)):
                list(analysis.changes(number))
            suggest(analysis)
    except ImgscopeError as error:
        assert "\n" not in str(error), str(error)


def fuzz(seed: int, more: Callable[[int], bool], folder: Path | None, scratch: Path) -> tuple[int, list[str]]:
    """Go on while ``more(count)``; return how many were tried, and what broke."""
    draw = random.Random(seed)
    starts = seeds()
    found: list[str] = []

    def ring(*_: object) -> None:
        raise TooLong

    signal.signal(signal.SIGALRM, ring)
    path = scratch / "fuzzed.tar"
    count = 0
    while more(count):
        count += 1
        data = draw.choice(starts)
        data = within_json(data, draw) if draw.random() < 0.25 else changed(data, draw)
        if draw.random() < 0.1:
            data = PACK[draw.choice(["gzip", "zstd"])](data)
        path.write_bytes(data)
        signal.alarm(SECONDS)
        try:
            look(path)
        except (Exception, TooLong) as error:
            kind = f"{type(error).__name__}: {traceback.format_exc().splitlines()[-3:]}"
            if kind not in found:
                found.append(kind)
                if folder is not None:
                    folder.mkdir(parents=True, exist_ok=True)
                    (folder / f"{seed}-{count}.tar").write_bytes(data)
        finally:
            signal.alarm(0)
        # Not getrusage's, which begins at what the process had that started this one.
        status = Path("/proc/self/status").read_text()
        peak = int(status.partition("VmHWM:")[2].split()[0]) // 1024
        if peak > MEGABYTES:
            found.append(f"{peak} MB after {count}")
            break
    return count, found


def main() -> int:
    """Fuzz for some minutes and tell what was found."""
    parser = argparse.ArgumentParser(description="Change real archives at random and analyse what comes of it.")
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--folder", type=Path, default=Path("found"))
    options = parser.parse_args()
    end = time.monotonic() + options.minutes * 60
    with tempfile.TemporaryDirectory() as scratch:
        count, found = fuzz(options.seed, lambda _: time.monotonic() < end, options.folder, Path(scratch))
    print(f"{count:,} archives from seed {options.seed}: {len(found)} findings")
    for text in found:
        print(text)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
