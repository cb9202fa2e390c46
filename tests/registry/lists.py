"""Writes eStargz layers, from the format's description (docs/estargz.md of the stargz snapshotter)."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def estargz(tar: bytes, chunk: int = 1 << 16) -> tuple[bytes, str]:
    """Return a tar as eStargz, and the digest of its table: each piece of a file begins a gzip member of its own."""
    out = io.BytesIO()
    pending = b""
    rows: list[dict] = []
    kinds = {tarfile.DIRTYPE: "dir", tarfile.SYMTYPE: "symlink", tarfile.LNKTYPE: "hardlink"}

    def flush(data: bytes) -> int:
        place = out.tell()
        out.write(gzip.compress(data, mtime=0))
        return place

    with tarfile.open(fileobj=io.BytesIO(tar)) as found:
        for member in found:
            # What extends a header stands before it.
            pending += tar[member.offset : member.offset_data]
            row = {
                "name": member.name + ("/" if member.isdir() else ""),
                "type": kinds.get(member.type, "reg"),
                "mode": member.mode,
                "uid": member.uid,
                "gid": member.gid,
                "modtime": "2026-01-01T00:00:00Z" if member.mtime == 1767225600 else "1970-01-01T00:00:00Z",
            }
            if member.linkname:
                row["linkName"] = member.linkname
            rows.append(row)
            if member.isreg() and member.size:
                data = tar[member.offset_data : member.offset_data + member.size]
                flush(pending)
                row |= {"size": member.size, "digest": digest(data)}
                for start in range(0, member.size, chunk):
                    piece = data[start : start + chunk]
                    here = row if not start else {"name": member.name, "type": "chunk"}
                    here |= {"offset": flush(piece), "chunkDigest": digest(piece)}
                    if member.size > chunk:
                        here |= {"chunkOffset": start, "chunkSize": len(piece)}
                    if start:
                        rows.append(here)
                pending = bytes(-member.size % 512)
    if pending:
        flush(pending)
    text = json.dumps({"version": 1, "entries": rows}).encode()
    table = io.BytesIO()
    with tarfile.open(fileobj=table, mode="w", format=tarfile.PAX_FORMAT) as writing:
        info = tarfile.TarInfo("stargz.index.json")
        info.size = len(text)
        writing.addfile(info, io.BytesIO(text))
    place = flush(table.getvalue())
    extra = b"SG" + (22).to_bytes(2, "little") + b"%016xSTARGZ" % place
    header = b"\x1f\x8b\x08\x04" + bytes(4) + b"\x00\xff" + len(extra).to_bytes(2, "little") + extra
    out.write(header + b"\x01\x00\x00\xff\xff" + bytes(8))
    return out.getvalue(), digest(text)
