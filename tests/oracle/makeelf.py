"""Makes ELF files: libraries and programs that need others, and code for GPUs as compilers put it into them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence

from imgscope.compression import zstd_module

BASE = 0x10000


def elf(
    soname: str = "",
    needed: Sequence[str] = (),
    *,
    runpath: str = "",
    rpath: str = "",
    interpreter: str = "",
    sections: Mapping[str, bytes] | None = None,
    size: int = 0,
) -> bytes:
    """A 64-bit file for x86, of at least ``size`` bytes; ``sections`` are more than linkers write."""
    strings = bytearray(b"\0")

    def text(word: str) -> int:
        strings.extend(word.encode() + b"\0")
        return len(strings) - len(word) - 1

    dynamic = [(1, text(name)) for name in needed]
    for tag, word in ((14, soname), (15, rpath), (29, runpath)):
        if word:
            dynamic.append((tag, text(word)))
    segments = 3 if interpreter else 2
    at = 64 + 56 * segments
    interpreter_at = at
    at += len(interpreter) + 1
    strings_at = at = (at + 15) // 16 * 16
    at += len(strings)
    dynamic_at = at = (at + 15) // 16 * 16
    dynamic += [(5, BASE + strings_at), (10, len(strings)), (0, 0)]
    body = bytearray(at)
    body[interpreter_at : interpreter_at + len(interpreter)] = interpreter.encode()
    body[strings_at : strings_at + len(strings)] = strings
    body += b"".join(struct.pack("<QQ", *row) for row in dynamic)
    end = len(body)
    rows = [(0, 0, 0, 0)]
    names = bytearray(b"\0")
    for name, data in (sections or {}).items():
        body += bytes(-len(body) % 16)
        rows.append((len(names), 1, len(body), len(data)))
        names += name.encode() + b"\0"
        body += data
    body += bytes(max(size - len(body), 0))
    rows.append((len(names), 3, len(body), len(names) + 10))
    names += b".shstrtab\0"
    body += names
    body += bytes(-len(body) % 16)
    table_at = len(body)
    for name, kind, offset, length in rows:
        body += struct.pack("<IIQQQQIIQQ", name, kind, 0, 0, offset, length, 0, 0, 1, 0)
    body[:64] = struct.pack(
        "<16sHHIQQQIHHHHHH",
        b"\x7fELF\x02\x01\x01",
        3,
        62,
        1,
        BASE,
        64,
        table_at,
        0,
        64,
        56,
        segments,
        64,
        len(rows),
        len(rows) - 1,
    )
    table = [(1, 5, 0, BASE, end), (2, 6, dynamic_at, BASE + dynamic_at, end - dynamic_at)]
    if interpreter:
        table.append((3, 4, interpreter_at, BASE + interpreter_at, len(interpreter) + 1))
    for number, (kind, flags, offset, address, length) in enumerate(table):
        row = struct.pack("<IIQQQQQQ", kind, flags, offset, address, address, length, length, 16)
        body[64 + 56 * number : 120 + 56 * number] = row
    return bytes(body)


def nvidia(*entries: tuple[str, int], extended: int = 0) -> bytes:
    """A container of CUDA code: (``sm_80`` or ``compute_80``, bytes of its data)."""
    body = b""
    for name, size in entries:
        kind = 1 if name.startswith("compute_") else 2
        number = int(name.rpartition("_")[2])
        body += struct.pack("<HHIQIIHHI", kind, 0x101, 64 + extended, size, 0, 0, 0, 1, number)
        body += bytes(32 + extended) + b"\xa5" * size
    return struct.pack("<IHHQ", 0xBA55ED50, 1, 16, len(body)) + body


def bundle(*entries: tuple[str, int]) -> bytes:
    """A bundle of AMD code, as clang-offload-bundler writes it: (``gfx90a``, bytes)."""
    rows = [(b"host-x86_64-unknown-linux--", 0)]
    rows += [(b"hipv4-amdgcn-amd-amdhsa--" + name.encode(), size) for name, size in entries]
    head = b"__CLANG_OFFLOAD_BUNDLE__" + struct.pack("<Q", len(rows))
    at = 4096
    data = b""
    for name, size in rows:
        head += struct.pack("<QQQ", at + len(data), size, len(name)) + name
        data += b"\x5a" * size
    return head.ljust(4096, b"\0") + data


def packed_bundle(*entries: tuple[str, int], method: int = 1) -> bytes:
    """A bundle that clang has compressed, by zlib (0) or zstd (1)."""
    plain = bundle(*entries)
    data = zstd_module().compress(plain) if method else zlib.compress(plain)
    return struct.pack("<4sHHQQQ", b"CCOB", 3, method, 32 + len(data), len(plain), 0) + data


def compressed_bundle(size: int) -> bytes:
    """A compressed bundle of ``size`` bytes, of the third version."""
    return struct.pack("<4sHHQQQ", b"CCOB", 3, 1, size, 4 * size, 0).ljust(size, b"\x11")
