"""What an ELF file asks of the system that it runs on, and what of it is never loaded: the one reader of ELF files.

Read through ``pyelftools``' structures by way of the program headers, as loaders do: a file without section headers
runs too. Tables whose rows are plain words (the dynamic section, section headers) are unpacked as a whole, which costs
a tenth. Files are hostile: every number is bounded, every read is short, and what can't be understood is ``None``
rather than an error. Follows the System V ABI (gABI 4, *Object Files*; gABI 5, *Dynamic Linking*) and the LSB on symbol
versions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from struct import Struct, iter_unpack
from typing import TYPE_CHECKING, Any

from ..layer.scan import ELF
from .kernels import SECTIONS as KERNELS

if TYPE_CHECKING:
    from ..contents import ReadAt

# Far above what real files have.
_MAX_SEGMENTS = 256
_MAX_DYNAMIC = 1 << 16
_MAX_SECTIONS = 4096
_MAX_SECTION_NAMES = 1 << 20
_MAX_SECTION_NAME = 256
_MAX_STRINGS = 4 << 20
_MAX_NAME = 1024
_MAX_PATHS = 1 << 14
_MAX_VERSIONS = 512

_LOAD, _DYNAMIC, _INTERPRETER = 1, 2, 3
_EXECUTABLE, _SHARED = 2, 3
_NEEDED, _STRTAB, _STRSZ, _SONAME, _RPATH, _RUNPATH, _FLAGS_1 = 1, 5, 10, 14, 15, 29, 0x6FFFFFFB
_VERDEF, _VERNEED = 0x6FFFFFFC, 0x6FFFFFFE
_NOBITS = 8
_DEBUG = (b".debug_", b".zdebug_", b".gnu.debuglto_", b".gdb_index")
_SYMBOLS = (b".symtab", b".strtab", b".symtab_shndx")
_WEAK = 2
_PIE = 0x08000000
_MACHINES = {
    3: "386",
    8: "mips",
    20: "ppc",
    21: "ppc64le",
    22: "s390x",
    40: "arm",
    62: "amd64",
    183: "arm64",
    243: "riscv64",
    258: "loong64",
}


@dataclass(frozen=True, slots=True)
class Elf:
    """A program or shared library.

    ``machine`` is its architecture as images name it, with its bits (``amd64/64``). ``interpreter`` is empty for a
    library and a static program. ``versions`` are those that it needs of each library, weak ones left out;
    ``defines`` those that it has itself. ``rpath`` and ``runpath`` are as written. ``debug`` and ``symbols`` are the
    bytes that its debug information and its symbols take, neither of which is read at run time; ``kernels`` where code
    for GPUs lies in it: (start, end).
    """

    machine: str
    program: bool
    interpreter: bytes = b""
    soname: bytes = b""
    needed: tuple[bytes, ...] = ()
    rpath: tuple[bytes, ...] = ()
    runpath: tuple[bytes, ...] = ()
    versions: Mapping[bytes, tuple[bytes, ...]] = field(default_factory=dict)
    defines: frozenset[bytes] = frozenset()
    dynamic: bool = False
    node_abi: int | None = None
    debug: int = 0
    symbols: int = 0
    kernels: tuple[tuple[int, int], ...] = ()

    @property
    def libc(self) -> str | None:
        """Which C library it was linked against: ``glibc``, ``musl``, or ``None`` where nothing tells."""
        names = self.needed
        if b"ld-musl" in self.interpreter or any(
            name.startswith(b"libc.musl-") or name == b"libc.so" for name in names
        ):
            return "musl"
        if b"/ld-linux" in self.interpreter or b"libc.so.6" in names or b"/ld64.so" in self.interpreter:
            return "glibc"
        if any(version.startswith(b"GLIBC_") for wanted in self.versions.values() for version in wanted):
            return "glibc"
        return None


def read_elf(at: ReadAt, size: int) -> Elf | None:
    """Read a file's headers; ``None`` for what is not a program or shared library, or can't be understood."""
    head = at(0, 64)
    if head[:4] != ELF or len(head) < 52 or head[4] not in (1, 2) or head[5] not in (1, 2):
        return None
    try:
        return _Reader(at, size, wide=head[4] == 2, little=head[5] == 1).read(head)
    except (ValueError, KeyError, IndexError, OverflowError, AttributeError, TypeError):
        return None
    except Exception as error:
        from elftools.common.exceptions import ELFError
        from elftools.construct import ConstructError

        if isinstance(error, (ELFError, ConstructError)):
            return None
        raise


@lru_cache
def _structs(little: bool, bits: int) -> Any:
    """Return the structures of one size and byte order: to make them costs more than to read a file."""
    from elftools.elf.structs import ELFStructs

    structs = ELFStructs(little_endian=little, elfclass=bits)
    structs.create_basic_structs()
    structs.create_advanced_structs()
    return structs


class _Reader:
    def __init__(self, at: ReadAt, size: int, *, wide: bool, little: bool) -> None:
        self.at = at
        self.size = size
        self.bits = 64 if wide else 32
        self.order = "<" if little else ">"
        self.structs = _structs(little, self.bits)
        self.loads: list[tuple[int, int, int]] = []
        self.strings = b""

    def read(self, head: bytes) -> Elf | None:
        header = self.parse(self.structs.Elf_Ehdr, head)
        kind = {"ET_EXEC": _EXECUTABLE, "ET_DYN": _SHARED}.get(header.e_type)
        if kind is None:
            return None
        machine = Struct(self.order + "H").unpack_from(head, 18)[0]
        interpreter, dynamic = b"", b""
        step = header.e_phentsize
        length = self.structs.Elf_Phdr.sizeof()
        if step < length and header.e_phnum:
            return None
        table = self.at(header.e_phoff, step * min(header.e_phnum, _MAX_SEGMENTS))
        kinds = {"PT_LOAD": _LOAD, "PT_DYNAMIC": _DYNAMIC, "PT_INTERP": _INTERPRETER}
        for place in range(0, len(table) - length + 1, max(step, length)):
            segment = self.parse(self.structs.Elf_Phdr, table[place : place + length])
            type_ = kinds.get(segment.p_type)
            if type_ == _LOAD:
                self.loads.append((segment.p_vaddr, segment.p_offset, segment.p_filesz))
            elif type_ == _DYNAMIC:
                dynamic = self.at(segment.p_offset, min(segment.p_filesz, _MAX_DYNAMIC))
            elif type_ == _INTERPRETER:
                interpreter = self.at(segment.p_offset, min(segment.p_filesz, _MAX_NAME)).split(b"\0", 1)[0]
        name = f"{_MACHINES.get(machine, machine)}/{self.bits}"
        if dynamic:
            found = self.dynamic(dynamic, name, kind, interpreter)
        else:
            found = Elf(name, kind == _EXECUTABLE or bool(interpreter), interpreter)
        debug, symbols, kernels = self.by_section(header)
        return replace(found, debug=debug, symbols=symbols, kernels=kernels)

    def by_section(self, header: Any) -> tuple[int, int, tuple[tuple[int, int], ...]]:
        """Return the bytes of debug information and symbols, and where code for GPUs lies.

        Sections that lie can't take more than the file.
        """
        row = Struct(self.order + ("IIQQQQIIQQ" if self.bits == 64 else "10I"))
        step, count, names = header.e_shentsize, min(header.e_shnum, _MAX_SECTIONS), header.e_shstrndx
        if not header.e_shoff or not count or step < row.size:
            return 0, 0, ()
        table = self.at(header.e_shoff, step * count)
        rows = [row.unpack_from(table, place) for place in range(0, len(table) - row.size + 1, step)]
        if names >= len(rows):
            return 0, 0, ()
        strings = self.at(rows[names][4], min(rows[names][5], _MAX_SECTION_NAMES))
        debug, symbols = 0, 0
        kernels: list[tuple[int, int]] = []
        for name_at, kind, _, _, place, length, *_ in rows:
            if kind == _NOBITS or place >= self.size:
                continue
            name = strings[name_at : name_at + _MAX_SECTION_NAME].split(b"\0", 1)[0]
            if name.startswith(_DEBUG):
                debug += min(length, self.size - place)
            elif name in _SYMBOLS:
                symbols += min(length, self.size - place)
            elif name in KERNELS:
                kernels.append((place, min(place + length, self.size)))
        debug = min(debug, self.size)
        return debug, min(symbols, self.size - debug), _apart(kernels)

    def parse(self, struct: Any, data: bytes) -> Any:
        return struct.parse(data)

    def at_place(self, struct: Any, place: int) -> Any:
        """Read a structure of the file; ``None`` where the file ends before it does."""
        data = self.at(place, struct.sizeof())
        return self.parse(struct, data) if len(data) == struct.sizeof() else None

    def dynamic(self, data: bytes, machine: str, kind: int, interpreter: bytes) -> Elf:
        layout = self.order + ("QQ" if self.bits == 64 else "II")
        whole = len(data) - len(data) % (16 if self.bits == 64 else 8)
        wanted: list[int] = []
        values: dict[int, int] = {}
        for tag, value in iter_unpack(layout, data[:whole]):
            if tag == 0:
                break
            if tag == _NEEDED:
                wanted.append(value)
            else:
                values.setdefault(tag, value)
        place = self.place(values.get(_STRTAB, 0))
        if place is not None:
            self.strings = self.at(place, min(values.get(_STRSZ, 0), _MAX_STRINGS))
        flags = values.get(_FLAGS_1, 0)
        return Elf(
            machine,
            kind == _EXECUTABLE or bool(interpreter) or bool(flags & _PIE),
            interpreter,
            self.text(values.get(_SONAME)),
            tuple(dict.fromkeys(name for name in map(self.text, wanted[:_MAX_VERSIONS]) if name)),
            _paths(self.text(values.get(_RPATH), _MAX_PATHS)),
            _paths(self.text(values.get(_RUNPATH), _MAX_PATHS)),
            self.versions(values.get(_VERNEED, 0)),
            frozenset(self.defined(values.get(_VERDEF, 0))),
            True,
            self.node_abi(),
        )

    def text(self, offset: int | None, limit: int = _MAX_NAME) -> bytes:
        if offset is None or offset >= len(self.strings):
            return b""
        end = self.strings.find(b"\0", offset, offset + limit)
        return self.strings[offset : end if end >= 0 else offset + limit]

    def place(self, address: int) -> int | None:
        """Return where in the file an address is loaded from."""
        for start, offset, length in self.loads:
            if address and start <= address < start + length:
                return offset + address - start
        return None

    def versions(self, address: int) -> dict[bytes, tuple[bytes, ...]]:
        """Return the versions that are needed of each library."""
        found: dict[bytes, list[bytes]] = {}
        left = _MAX_VERSIONS
        need, extra = self.structs.Elf_Verneed, self.structs.Elf_Vernaux
        place = self.place(address)
        while place is not None and left > 0 and place < self.size:
            entry = self.at_place(need, place)
            if entry is None:
                break
            names = found.setdefault(self.text(entry.vn_file), [])
            inner = place + entry.vn_aux
            for _ in range(min(entry.vn_cnt, left)):
                left -= 1
                item = self.at_place(extra, inner)
                if item is None:
                    break
                if not item.vna_flags & _WEAK:
                    names.append(self.text(item.vna_name))
                if not item.vna_next:
                    break
                inner += item.vna_next
            left -= 1
            place = place + entry.vn_next if entry.vn_next else None
        return {name: tuple(dict.fromkeys(names)) for name, names in found.items() if name and names}

    def defined(self, address: int) -> Iterator[bytes]:
        """Yield the versions that a library has."""
        left = _MAX_VERSIONS
        define, extra = self.structs.Elf_Verdef, self.structs.Elf_Verdaux
        place = self.place(address)
        while place is not None and left > 0 and place < self.size:
            left -= 1
            entry = self.at_place(define, place)
            if entry is None:
                break
            name = self.at_place(extra, place + entry.vd_aux)
            if entry.vd_cnt and name is not None:
                yield self.text(name.vda_name)
            place = place + entry.vd_next if entry.vd_next else None

    def node_abi(self) -> int | None:
        """Return the ABI number in the name of the function that Node calls in a module, where that has one."""
        mark = b"node_register_module_v"
        start = self.strings.find(mark)
        digits = self.strings[start + len(mark) : start + len(mark) + 4].split(b"\0")[0] if start >= 0 else b""
        return int(digits) if digits.isdigit() else None


def _apart(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Return ranges in order, none of which overlaps another: each byte of a file is one section's."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        start = max(start, found[-1][1]) if found else start
        if start < end:
            found.append((start, end))
    return tuple(found)


def _paths(text: bytes) -> tuple[bytes, ...]:
    return tuple(dict.fromkeys(path for path in text.split(b":") if path))
