"""Archives that lie, each a case with a name: one line and exit code 3, or a report; bounded memory; nothing left.

Bounds are those that docs/security.md states. What can't be reached through the command line is tested beside its
code (tests/archive, tests/layer, tests/test_compression.py).
"""

from __future__ import annotations

import gzip
import json
import random
import zlib

import pytest

import imgscope as library
from imgscope.errors import ImgscopeError
from tests.archive.images import PACK, Image, blob, docker_archive, oci, write_tar, zstd
from tests.oracle.maketar import directory, file, hardlink, layer, symlink

MEGABYTE = 1 << 20
END = bytes(1024)


def image(tmp_path, *layers, pack="", name="image.tar"):
    made = Image(tuple(layers), extra={"history": []})
    members = oci(made, pack=pack, media=f"tar+{pack}") if pack else docker_archive(made, style="digest")
    return write_tar(tmp_path / name, members)


# --- compression -------------------------------------------------------------------------------------------


def bomb(kind: str, megabytes: int) -> bytes:
    """A compressed tar of one file of zeros."""
    head = bytearray(file("zeros", b""))
    head[124:136] = b"%011o\0" % (megabytes * MEGABYTE)
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head[:512])
    zeros = bytes(MEGABYTE)
    if kind == "gzip":
        packer = zlib.compressobj(9, wbits=31)
        parts = [packer.compress(bytes(head[:512])), *(packer.compress(zeros) for _ in range(megabytes))]
        return b"".join([*parts, packer.compress(END), packer.flush()])
    return zstd.compress(bytes(head[:512]) + zeros * megabytes + END)


@pytest.mark.parametrize("kind", ["gzip", "zstd"])
def test_a_bomb_is_counted_and_never_held(run, tmp_path, kind):
    """A gigabyte of zeros in a layer of a few kilobytes: reported for what it is, in bounded memory."""
    packed = bomb(kind, 1024)
    assert len(packed) < 2 * MEGABYTE
    config = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "0" * 64]}}
    manifest = [{"Config": "config.json", "RepoTags": ["bomb:1"], "Layers": ["layer.tar"]}]
    members = {
        "config.json": json.dumps(config).encode(),
        "layer.tar": packed,
        "manifest.json": json.dumps(manifest).encode(),
    }
    path = write_tar(tmp_path / "bomb.tar", members)
    done = run("analyze", path, "--no-cache")
    done.is_clean(0)
    assert b"1.07 GB" in done.out
    assert done.peak < 96 * MEGABYTE


def test_an_archive_that_is_compressed_within_itself_stops(run, tmp_path):
    path = image(tmp_path, layer(file("a", b"x")))
    data = path.read_bytes()
    for _ in range(12):
        data = gzip.compress(data)
    path.write_bytes(data)
    run("analyze", path, "--no-cache").is_clean(3)


# --- sizes and counts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1 << 40, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, 1 << 90])
@pytest.mark.parametrize("pack", ["", "gzip"])
def test_a_file_that_claims_more_than_there_is(run, tmp_path, size, pack):
    head = bytearray(file("large", b"abc"))
    head[124:136] = (0x80 << 88 | size).to_bytes(12, "big")
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head[:512])
    done = run("analyze", image(tmp_path, bytes(head) + END, pack=pack), "--no-cache")
    done.is_clean(3)
    assert done.peak < 96 * MEGABYTE


def many(count: int) -> bytes:
    """A tar of empty files, their headers made without tarfile: it takes 20 µs each."""
    head = bytearray(file("d/0000000", b""))
    at = head.index(b"0000000")
    base = sum(head[:148]) + sum(head[156:512]) + 8 * 32 - sum(b"0000000")
    out = bytearray()
    for number in range(count):
        name = b"%07d" % number
        head[at : at + 7] = name
        head[148:156] = b"%06o\0 " % (base + sum(name))
        out += head[:512]
    return bytes(out) + END


def test_a_million_empty_files(run, tmp_path):
    path = image(tmp_path, many(1_000_000), pack="zstd")
    assert path.stat().st_size < 64 * MEGABYTE
    done = run("analyze", path, "--no-cache", seconds=120)
    done.is_clean(0)
    assert b"1,000,00" in done.out
    assert done.peak < 640 * MEGABYTE


def test_ten_thousand_layers(run, tmp_path):
    one = layer(file("a", b"x"))
    done = run("analyze", image(tmp_path, *[one] * 10_000), "--no-cache")
    done.is_clean(3)
    assert b"layers" in done.err


def test_two_thousand_layers_are_read(run, tmp_path):
    done = run("analyze", image(tmp_path, *[layer(file(f"f{n}", b"x")) for n in range(2000)]), "--no-cache")
    done.is_clean(0)


def test_extended_attributes_without_end(run, tmp_path):
    """A thousand files with 200 kB of attributes each, a kilobyte or two of gzip: refused, by the limit's name."""
    attributes = {f"user.a{number}": "x" * 60_000 for number in range(4)}
    path = image(tmp_path, layer(*(file(f"f{number}", xattrs=attributes) for number in range(1000))), pack="gzip")
    done = run("analyze", path, "--no-cache")
    done.is_clean(3)
    assert b"64 MiB of extended attributes" in done.err
    assert done.peak < 256 * MEGABYTE


# --- links and names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "members",
    [
        [symlink("a", "b"), symlink("b", "a"), file("a/b/c", b"x")],
        [symlink("a", "a"), file("a/a/a", b"x")],
        [hardlink("a", "b"), hardlink("b", "c"), hardlink("c", "a")],
        [symlink("a", "../../../.."), file("a/etc/passwd", b"x")],
        [directory("d"), symlink("d/up", ".."), file("d/up/d/up/d/up/x", b"x")],
        [hardlink("a", "a")],
        [hardlink("passwd", "../../../../etc/passwd"), file("../../../../etc/evil", b"x")],
    ],
    ids=["two", "itself", "hard", "above", "updown", "hard-itself", "hard-above"],
)
def test_links_in_circles(run, tmp_path, members):
    path = image(tmp_path, layer(*members))
    run("analyze", path, "--no-cache").is_clean(0)
    target = tmp_path / "out"
    done = run("extract", path, "/", target, keep=True)
    assert done.code in (0, 2, 3) and b"Traceback" not in done.err
    written = {found for found in tmp_path.rglob("*") if found.name in ("passwd", "evil", "x", "c")}
    assert all(target in found.parents for found in written)


NAMES = [
    "\x1b[2J\x1b]0;owned\x07",
    "a\rb\nc",
    "\u202egpj.exe",
    "\x9b31m",
    "x" * 3000,
    "\udcff\udcfe",
    "{} %s [bold]x[/bold]",
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
@pytest.mark.parametrize("command", ["analyze", "suggest", "check", "diff", "why", "cat", "bases"])
def test_names_that_command_a_terminal(run, tmp_path, name, command):
    path = image(tmp_path, layer(file(f"{name}.pem", b"x" * 200_000)), layer(file(f"{name}.pem", b"y" * 200_000)))
    more = {"check": ["--max-file-size", "1kB"], "diff": [path], "why": [f"/{name}.pe"], "cat": [f"/{name}.pe"]}
    done = run(command, path, *more.get(command, []), "--no-cache")
    done.is_clean(0, 1, 2)


def test_a_config_that_commands_a_terminal(run, tmp_path):
    config = {"history": [{"created_by": "RUN \x1b[2J\x07 x"}], "created": "\x1b[1m", "config": {"User": "\x1b[1m"}}
    made = Image((layer(file("a", b"x")),), names=("app:1.0\x1b[2J",), extra=config)
    path = write_tar(tmp_path / "image.tar", docker_archive(made))
    for command in ("analyze", "suggest", "bases", "check"):
        run(command, path, "--no-cache", *(["--max-size", "1GB"] if command == "check" else [])).is_clean(0, 1, 2)


# --- JSON --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("member", ["manifest.json", "config"])
@pytest.mark.parametrize(
    "text", [b"[" * 200_000, b'{"a":' * 100_000, b"[" * 100_000 + b"]" * 100_000, b"\xff\xfe", b""]
)
def test_json_of_great_depth(run, tmp_path, member, text):
    made = Image((layer(file("a", b"x")),))
    members = docker_archive(made)
    members["manifest.json" if member == "manifest.json" else made.id[7:] + ".json"] = text
    run("analyze", write_tar(tmp_path / "image.tar", members), "--no-cache").is_clean(3)


@pytest.mark.parametrize("member", ["manifest.json", "config"])
def test_json_of_great_size(run, tmp_path, member):
    made = Image((layer(file("a", b"x")),))
    members = docker_archive(made)
    name = "manifest.json" if member == "manifest.json" else made.id[7:] + ".json"
    members[name] = b'{"x": "' + b"y" * (200 * MEGABYTE) + b'"}'
    done = run("analyze", write_tar(tmp_path / "image.tar", members), "--no-cache")
    done.is_clean(3)
    assert done.peak < 128 * MEGABYTE


def test_a_saved_analysis_that_is_none(run, tmp_path):
    saved = tmp_path / "saved.json"
    assert run("analyze", image(tmp_path, layer(file("a", b"x"))), "--no-cache", "-o", f"json={saved}").code == 0
    document = json.loads(saved.read_bytes())
    draw = random.Random(5)
    for _ in range(40):
        broken = json.loads(json.dumps(document))
        part = draw.choice([broken, broken["image"], broken["layers"][0], broken["files"][0]])
        part[draw.choice(list(part))] = draw.choice([None, -1, "x", [], {}, 1 << 70, [[]]])
        saved.write_text(json.dumps(broken))
        try:
            with library.analyze(saved) as analysis:
                list(analysis.files)
                list(analysis.waste)
        except ImgscopeError:
            pass


def test_a_manifest_that_names_other_blobs_than_there_are(run, tmp_path):
    made = Image((layer(file("a", b"x")),))
    members = docker_archive(made)
    manifest = json.loads(members["manifest.json"])
    manifest[0]["Layers"] = ["../../../etc/passwd"]
    members["manifest.json"] = json.dumps(manifest).encode()
    run("analyze", write_tar(tmp_path / "image.tar", members), "--no-cache").is_clean(3)


# --- damage ------------------------------------------------------------------------------------------------


def analysed(data: bytes, path) -> str:
    """Analyse bytes and touch everything; tell how it ended."""
    path.write_bytes(data)
    try:
        with library.analyze(path, cache=False) as analysis:
            list(analysis.files)
            list(analysis.waste)
            for number in range(len(analysis.layers)):
                list(analysis.changes(number))
            return "read"
    except ImgscopeError as error:
        assert "\n" not in str(error)
        return "refused"


@pytest.mark.parametrize("name", ["site", "webapp"])
def test_truncated_at_every_kilobyte(request, tmp_path, name):
    data = request.getfixturevalue(name).read_bytes()
    ends = {analysed(data[:end], tmp_path / "cut.tar") for end in range(0, len(data) - 10240, 1024)}
    assert ends == {"refused"}


@pytest.mark.parametrize("name", ["site", "webapp"])
@pytest.mark.parametrize("pack", ["", "gzip", "zstd"])
def test_one_flipped_bit_in_each_region(request, tmp_path, name, pack):
    data = bytearray(PACK[pack](request.getfixturevalue(name).read_bytes()))
    draw = random.Random(11)
    step = max(512, len(data) // 150)
    for start in range(0, len(data), step):
        place = min(start + draw.randrange(step), len(data) - 1)
        bit = 1 << draw.randrange(8)
        data[place] ^= bit
        analysed(bytes(data), tmp_path / "flipped.tar")
        data[place] ^= bit
    assert analysed(b"", tmp_path / "flipped.tar") == "refused"


def test_wrong_digests_are_told(run, tmp_path):
    """One image's layer under the name that another's manifest gives it."""
    one, two = (Image((layer(file("a", content)),)) for content in (b"first", b"forge"))
    members = oci(one, pack="gzip", media="tar+gzip")
    good, bad = (PACK["gzip"](made.layers[0]) for made in (one, two))
    path = write_tar(tmp_path / "true.tar", members)
    assert run("verify", path).code == 0
    assert len(good) == len(bad)
    members[blob(good)] = bad
    assert b"digests checked: manifest, config, layers" in run("analyze", path, "--no-cache", "--verify").out
    forged = write_tar(tmp_path / "forged.tar", members)
    done = run("verify", forged)
    assert done.code == 1 and done.out.count(b"WRONG") == 2
    run("analyze", forged, "--no-cache", "--verify").is_clean(3)
    assert b"those of layers are not" in run("analyze", forged, "--no-cache").out
