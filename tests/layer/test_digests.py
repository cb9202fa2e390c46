"""The sha256 of files' contents as a layer streams by."""

import hashlib
import io
import random
import tarfile

import pytest

from imgscope.layer.scan import scan_stream


def contents():
    chance = random.Random(1)
    return {
        "empty": b"",
        "small": b"x" * 10,
        "script": b"#!/bin/sh\n" + b"echo\n" * 100,
        "long-script": b"#!/bin/sh\n" + chance.randbytes(300_000),
        "elf": b"\x7fELF\x02\x01\x01" + chance.randbytes(700_000),
        "large": chance.randbytes(3_000_000),
        "var/lib/dpkg/status": b"Package: a\nStatus: install ok installed\nVersion: 1\n",
        "app/.env": b"PASSWORD=hunter2-and-more\n",
    }


@pytest.mark.parametrize("piece", [1 << 18, 1000, 511])
def test_every_regular_file_has_the_digest_of_its_content(piece):
    files = contents()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.LNKTYPE, "small"
        tar.addfile(link)
    out.seek(0)
    index = scan_stream(lambda size: out.read(min(size, piece)), digests=True)
    found = {}
    for directory, names in index.children.items():
        for name, entry in names.items():
            if entry in index.digests:
                found[b"/".join(filter(None, (directory, name))).decode()] = index.digests[entry]
    assert found == {name: hashlib.sha256(data).digest() for name, data in files.items()}


def test_nobody_who_did_not_ask_pays_for_them():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("a"))
    out.seek(0)
    index = scan_stream(out.read)
    assert index.digests == {}
    assert index.fingerprints
