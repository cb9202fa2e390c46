"""Programs and libraries: what they need to run, and the symbols and debug information in them.

A bounded read of the headers (System V ABI, *Object Files*) in place of a library: an image has thousands of these
files, any of which may lie about its sizes, and only a few hundred bytes of each are of interest.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from ..contents import in_place
from ..errors import ImageError
from ..layer.index import FILE
from ..layer.scan import ELF
from ..overlay.merge import join
from .once import once
from .system_files import system_owners

if TYPE_CHECKING:
    from ..contents import ReadAt
    from ..layer.index import LayerIndex
    from .context import Context

# Larger files of compressed layers are not read: all of them has to be in memory.
MAX_STREAMED = 128 << 20
_EXECUTABLE, _SHARED = 2, 3
_NOBITS = 8
_LOAD, _DYNAMIC, _INTERPRETER = 1, 2, 3
_NEEDED, _STRTAB, _STRSZ = 1, 5, 10
_DEBUG = (b".debug_", b".zdebug_", b".gnu.debuglto_", b".gdb_index")
_SYMBOLS = (b".symtab", b".strtab", b".symtab_shndx")
_MAX_SECTIONS = 4096
_MAX_SEGMENTS = 256
_MAX_NAMES = 1 << 20
_MAX_DYNAMIC = 1 << 16
_MAX_NAME = 256


class Elf(NamedTuple):
    """A program or shared library: names of the libraries it needs, its interpreter (empty where it has none), and
    the bytes that its debug information and its symbols take, neither of which is read at run time.
    """

    needed: tuple[bytes, ...]
    interpreter: bytes
    debug: int
    symbols: int


def read_elf(at: ReadAt, size: int) -> Elf | None:
    """Read a file's headers; ``None`` for what is not an executable or shared library, or can't be understood."""
    try:
        return _read(at, size)
    except (struct.error, ValueError, OverflowError, IndexError):
        return None


def _read(at: ReadAt, size: int) -> Elf | None:
    head = at(0, 64)
    if head[:4] != ELF or len(head) < 52:
        return None
    wide = head[4] == 2
    order = ">" if head[5] == 2 else "<"
    kind = struct.unpack_from(order + "H", head, 16)[0]
    if kind not in (_EXECUTABLE, _SHARED):
        return None
    segments_at, sections_at = struct.unpack_from(order + ("QQ" if wide else "II"), head, 32 if wide else 28)
    segment_size, segments, section_size, sections, names = struct.unpack_from(order + "5H", head, 54 if wide else 42)
    needed, interpreter = _dynamic(at, order, wide, segments_at, segment_size, min(segments, _MAX_SEGMENTS))
    debug, symbols = 0, 0
    if sections_at and sections and section_size >= (64 if wide else 40):
        table = at(sections_at, section_size * min(sections, _MAX_SECTIONS))
        rows = list(_sections(table, order, wide, section_size))
        if names < len(rows):
            _, _, place, length = rows[names]
            strings = at(place, min(length, _MAX_NAMES))
            for name_at, type_, place, length in rows:
                if type_ == _NOBITS or place >= size:
                    continue
                name = strings[name_at : name_at + _MAX_NAME].split(b"\0", 1)[0]
                if name.startswith(_DEBUG):
                    debug += min(length, size - place)
                elif name in _SYMBOLS:
                    symbols += min(length, size - place)
    # Sections that lie about their sizes can't take more than the file.
    debug = min(debug, size)
    return Elf(needed, interpreter, debug, min(symbols, size - debug))


def _sections(table: bytes, order: str, wide: bool, step: int) -> Iterator[tuple[int, int, int, int]]:
    """Yield (name, type, offset, size) of each section."""
    layout = struct.Struct(order + ("IIQQQQ" if wide else "IIIIII"))
    for start in range(0, len(table) - layout.size + 1, step):
        name, type_, _, _, place, length = layout.unpack_from(table, start)
        yield name, type_, place, length


def _dynamic(at: ReadAt, order: str, wide: bool, start: int, step: int, count: int) -> tuple[tuple[bytes, ...], bytes]:
    """Return the libraries that the loader is to find, and the loader's path."""
    layout = struct.Struct(order + ("IIQQQQ" if wide else "IIIII"))
    if step < layout.size:
        return (), b""
    table = at(start, step * count)
    loads: list[tuple[int, int, int]] = []
    dynamic, interpreter = b"", b""
    for place in range(0, len(table) - layout.size + 1, step):
        if wide:
            type_, _, offset, address, _, length = layout.unpack_from(table, place)
        else:
            type_, offset, address, _, length = layout.unpack_from(table, place)
        if type_ == _LOAD:
            loads.append((address, offset, length))
        elif type_ == _DYNAMIC:
            dynamic = at(offset, min(length, _MAX_DYNAMIC))
        elif type_ == _INTERPRETER:
            interpreter = at(offset, min(length, _MAX_NAME)).split(b"\0", 1)[0]
    pair = struct.Struct(order + ("qQ" if wide else "iI"))
    wanted: list[int] = []
    strings, length = 0, 0
    for place in range(0, len(dynamic) - pair.size + 1, pair.size):
        tag, value = pair.unpack_from(dynamic, place)
        if tag == 0:
            break
        if tag == _NEEDED:
            wanted.append(value)
        elif tag == _STRTAB:
            strings = value
        elif tag == _STRSZ:
            length = value
    for address, offset, span in loads:
        if wanted and address <= strings < address + span:
            text = at(offset + strings - address, min(length, _MAX_NAMES))
            found = (text[place : place + _MAX_NAME].split(b"\0", 1)[0] for place in wanted)
            return tuple(dict.fromkeys(name for name in found if name)), interpreter
    return (), interpreter


@once
def elf_files(context: Context) -> Mapping[int, tuple[bytes, Elf]]:
    """Return (path, headers) of the programs and libraries that own layers add to the merged tree, by global entry.

    Only what is executable by its mode, or a library by its name, is looked at, and not what the system's packages
    own: these know themselves what they need, and are most of an image. Raises ``ContentUnavailableError``
    where contents can't be read.
    """
    overlay = context.overlay
    owners = system_owners(context)
    wanted: dict[int, list[int]] = {}
    paths: dict[int, bytes] = {}
    for layer in context.own_layers:
        index, first = overlay.layers[layer], overlay.first[layer]
        runnable = [bool(mode & 0o111) for mode, _, _ in index.meta_table]
        # Where the scan saw contents go by, it knows which may be one.
        known = None if index.fingerprints is None else set(index.elf)
        kinds, sizes, metas = index.kinds, index.sizes, index.metas
        for directory, names in index.children.items():
            likely = [
                name
                for name, own in names.items()
                if own >= 0
                and (known is None or own in known)
                and (runnable[metas[own]] or b".so" in name or name[-5:] == b".node")
            ]
            shown = overlay.tree.get(directory, {}) if likely else {}
            for name in likely:
                own = names[name]
                if kinds[own] != FILE or sizes[own] < 64 or own in index.sparse:
                    continue
                if shown.get(name) == first + own and (path := join(directory, name)) not in owners:
                    wanted.setdefault(layer, []).append(own)
                    paths[first + own] = path
    if wanted:
        context.require_contents()
    found: dict[int, tuple[bytes, Elf]] = {}
    for layer, entries in wanted.items():
        first = overlay.first[layer]
        for own, elf in _of_layer(context, layer, overlay.layers[layer], entries):
            found[first + own] = paths[first + own], elf
    return found


def _of_layer(context: Context, layer: int, index: LayerIndex, entries: list[int]) -> Iterator[tuple[int, Elf]]:
    try:
        for own, at, size in in_place(context.analysis.contents, index, layer, entries, MAX_STREAMED):
            elf = read_elf(at, size)
            if elf is not None:
                yield own, elf
    except ImageError:
        # A foreign layer, or one that is cut short: what it holds is not known.
        return
