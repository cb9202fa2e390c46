"""The long lists of the JSON, a row a line, written straight from the columns.

Rows of ordinary entries are put together from text that is made once for many of them; all that is out of the
ordinary (links, devices, names that are not plain ASCII, …) goes through a dictionary and an encoder.
"""

from __future__ import annotations

import re
from array import array
from base64 import b64encode
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..layer.index import DIRECTORY, FILE, HARDLINK, TYPE_NAMES
from ..overlay.changes import CHANGE_NAMES, TWICE, UNCHANGED
from ..overlay.merge import NO_ENTRY, Hidden
from ..paths import join, public
from .portable import dumps_row

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..rows import File
    from ..tree import Tree

_PIECE = 4096
# What JSON takes between quotes as it stands, but for what begins a build server's command (see ``portable``).
_PLAIN = re.compile(rb"[ !$-\[\]-~]*").fullmatch
# Entries without targets and numbers of their own.
_ORDINARY = {kind: TYPE_NAMES[kind] for kind in (FILE, DIRECTORY)}


def listed(name: str, lines: Iterable[bytes | str | dict[str, Any]]) -> Iterator[bytes]:
    """Yield a long list as the next field of an object that is being written.

    A row is a dictionary, or the text or bytes of one that is JSON already.
    """
    yield f',\n "{name}": ['.encode()
    piece: list[bytes] = []
    separator = b"\n"
    for row in lines:
        piece.append(row.encode() if isinstance(row, str) else row if isinstance(row, bytes) else dumps_row(row))
        if len(piece) == _PIECE:
            yield separator + b",\n".join(piece)
            separator = b",\n"
            piece.clear()
    if piece:
        yield separator + b",\n".join(piece)
    yield b"]"


class Rows:
    """Writes the lists of one analysis; ``prints`` are fingerprints of files' contents by global entry."""

    def __init__(self, analysis: Analysis, prints: dict[int, str]) -> None:
        """Prepare what many rows have in common."""
        self.analysis = analysis
        self.tree: Tree = analysis.files.tree
        self.overlay = self.tree.overlay
        self.prints = prints
        self.linked = _linked(self.tree)
        self._metas = [f'"mode":{mode},"uid":{uid},"gid":{gid}' for mode, uid, gid in self.overlay.meta_table]
        self._odd = set(self.linked) | set(prints)
        for first, layer in zip(self.overlay.first, self.overlay.layers, strict=True):
            self._odd.update(first + own for own in layer.xattrs)
        self._prefixes: dict[bytes, str | None] = {}

    def _prefix(self, directory: bytes) -> str | None:
        """Return what stands before a directory's names in JSON; ``None`` where that needs an encoder."""
        if directory not in self._prefixes:
            above = join(directory, b"")
            self._prefixes[directory] = "/" + above.decode("ascii") if _PLAIN(above) else None
        return self._prefixes[directory]

    def _text(self, directory: bytes, name: bytes) -> str | None:
        """Return a path as JSON has it between quotes; ``None`` where it needs an encoder."""
        prefix = self._prefix(directory)
        return prefix + name.decode("ascii") if prefix is not None and _PLAIN(name) else None

    def _entry(self, path: str | None, entry: int) -> str | None:
        """Return the fields that an ordinary entry's row has in every list; ``None`` for one out of the ordinary."""
        overlay = self.overlay
        if path is None or entry < 0 or entry in self._odd:
            return None
        kind = overlay.kinds[entry]
        if kind not in _ORDINARY:
            return None
        layer = bisect_right(overlay.first, entry) - 1
        mtime = overlay.layers[layer].mtimes[entry - overlay.first[layer]]
        return (
            f'{{"path":"{path}","type":"{_ORDINARY[kind]}","size":{overlay.sizes[entry]},'
            f'{self._metas[overlay.metas[entry]]},"mtime_ns":{mtime},"link_target":null,"layer":{layer}'
        )

    def files(self) -> Iterator[str | dict[str, Any]]:
        """Yield the merged tree."""
        held, nothing = self.tree.held, dict[bytes, tuple[int, ...]]()
        overlay = self.overlay
        tree, kinds, sizes, metas, odd = overlay.tree, overlay.kinds, overlay.sizes, overlay.metas, self._odd
        meta_texts = self._metas
        # Of the layer that the last entry came from; the next one mostly does too.
        layer, first, end, mtimes = 0, 0, 0, array("q")
        for directory, run in overlay.runs():
            names, before, prefix = tree[directory], held.get(directory, nothing), self._prefix(directory)
            texts = (
                [""] * len(run) if prefix is None or not _PLAIN(b"".join(run)) else b"\n".join(run).decode().split("\n")
            )
            for name, text in zip(run, texts, strict=True):
                entry = names[name]
                if not text or entry < 0 or entry in odd or (kind := kinds[entry]) not in _ORDINARY:
                    yield self._odd_file(join(directory, name), entry)
                    continue
                if not first <= entry < end:
                    layer = bisect_right(overlay.first, entry) - 1
                    first, mtimes = overlay.first[layer], overlay.layers[layer].mtimes
                    end = first + len(mtimes)
                # The row of ``_entry``, written out here: this runs for every path of the image.
                row = (
                    f'{{"path":"{prefix}{text}","type":"{_ORDINARY[kind]}","size":{sizes[entry]},'
                    f'{meta_texts[metas[entry]]},"mtime_ns":{mtimes[entry - first]},"link_target":null,"layer":{layer}'
                )
                if name in before and len(layers := sorted({*before[name], layer})) > 1:
                    yield f'{row},"layers":[{",".join(map(str, layers))}]}}'
                else:
                    yield row + "}"

    def _odd_file(self, path: bytes, entry: int) -> dict[str, Any]:
        row = _file(self.tree.row(path, entry))
        if entry < 0:
            row["implied"] = True
        elif entry in self.linked:
            row.update(self.linked[entry])
        if entry in self.prints:
            row["xxh3_128"] = self.prints[entry]
        return row

    def waste(self) -> Iterator[str | dict[str, Any]]:
        """Yield every wasted copy, largest first."""
        for row in self.analysis.waste:
            path = row.path.encode("utf-8", "surrogateescape")
            if _PLAIN(path):
                yield (
                    f'{{"path":"{row.path}","bytes":{row.bytes},"stored_in":{row.stored_in},'
                    f'"wasted_by":{row.wasted_by},"reason":"{row.reason}"}}'
                )
            else:
                yield row._asdict()

    def hidden(self) -> Iterator[str | dict[str, Any]]:
        """Yield every entry that the merged tree does not show."""
        hidden, kinds = self.overlay.hidden, self.analysis.body.comparison.kinds
        for number in _in_order(hidden):
            entry = hidden.entries[number]
            text = self._entry(self._text(hidden.directories[number], hidden.names[number]), entry)
            if text is None:
                yield self._odd_hidden(number, entry, kinds[number])
            else:
                twice = ',"repeated":true' if kinds[number] == TWICE else ""
                yield f'{text},"hidden_by":{hidden.by[number]}{twice}}}'

    def _odd_hidden(self, number: int, entry: int, kind: int) -> dict[str, Any]:
        overlay = self.overlay
        row = _file(self.tree.row(overlay.hidden.path(number), entry))
        row.pop("layers", None)
        if entry < 0:
            row["implied"] = True
        else:
            row["type"], row["size"] = TYPE_NAMES[overlay.kinds[entry]], overlay.sizes[entry]
            if entry in self.linked:
                row.update(self.linked[entry])
        if entry in self.prints:
            row["xxh3_128"] = self.prints[entry]
        row["hidden_by"] = overlay.hidden.by[number]
        if kind == TWICE:
            row["repeated"] = True
        return row

    def whiteouts(self) -> Iterator[dict[str, Any]]:
        """Yield the layers' whiteouts and opaque whiteouts."""
        for number, index in enumerate(self.overlay.layers):
            for directory in index.opaques:
                yield {"layer": number, "path": public(directory), "opaque": True}
            for directory, name in index.whiteouts:
                yield {"layer": number, "path": public(join(directory, name)), "opaque": False}

    def changes(self) -> Iterator[str | dict[str, Any]]:
        """Yield what layers did to paths that were there before."""
        comparison, hidden = self.analysis.body.comparison, self.overlay.hidden
        kinds = comparison.kinds
        for row in _in_order(hidden):
            kind = kinds[row]
            if kind in (TWICE, UNCHANGED):
                continue
            differs = comparison.differs(row)
            path = self._text(hidden.directories[row], hidden.names[row])
            word = CHANGE_NAMES[kind]
            if path is None:
                path = public(hidden.path(row))
                yield {"layer": hidden.by[row], "path": path, "kind": word, "differs": differs}
            else:
                words = '","'.join(differs)
                shown = f'["{words}"]' if words else "[]"
                yield f'{{"layer":{hidden.by[row]},"path":"{path}","kind":"{word}","differs":{shown}}}'


def _file(file: File) -> dict[str, Any]:
    row: dict[str, Any] = {
        "path": file.path,
        "type": file.type,
        "size": file.size,
        "mode": file.mode,
        "uid": file.uid,
        "gid": file.gid,
        "mtime_ns": file.mtime_ns,
        "link_target": file.link_target,
        "layer": file.layer,
    }
    if file.layers != (file.layer,):
        row["layers"] = file.layers
    if file.device is not None:
        row["device"] = file.device
    if file.xattrs:
        row["xattrs"] = {key: b64encode(value).decode() for key, value in file.xattrs.items()}
    return row


def _linked(tree: Tree) -> dict[int, dict[str, Any]]:
    """Return, for entries that share an inode, what a reader needs to know of it: a number and the link as written."""
    overlay = tree.overlay
    found: dict[int, dict[str, Any]] = {}
    # Numbered by their paths, so that they are the same whatever order a tar had.
    order = sorted((path, overlay.layer_of(inode), inode) for inode, path in overlay.home.items())
    numbers = {inode: number for number, (_, _, inode) in enumerate(order)}
    for number, index in enumerate(overlay.layers):
        for own, link in index.links.items():
            if index.kinds[own] != HARDLINK:
                continue
            entry = overlay.first[number] + own
            inode = overlay.inode(entry)
            found[entry] = {"link": public(link)}
            if inode != NO_ENTRY:
                found[entry]["inode"] = numbers[inode]
                found.setdefault(inode, {})["inode"] = numbers[inode]
    return found


def _in_order(hidden: Hidden) -> list[int]:
    """Return the rows by the layer that hid them, then by path: the same for the same image, always."""
    paths = list(map(hidden.path, range(len(hidden))))
    found = sorted(range(len(hidden)), key=paths.__getitem__)
    found.sort(key=hidden.by.__getitem__)
    return found
