"""Reads a saved analysis: the JSON of ``report.json`` becomes an ``Analysis`` again, with no image at hand.

Layers' indexes are rebuilt from the rows and stacked anew; how contents compared is what the JSON says of it. A saved
analysis may come from a stranger, so every field is checked.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec

from .analysis import Analysis, Body
from .contents import NoContents
from .documents import parse
from .errors import ArchiveError
from .escape import escape
from .history import HistoryStep
from .largest import PackageSize, PackageSizes
from .layer.estimate import Estimate
from .layer.index import FILE, FINGERPRINT, HARDLINK, SYMLINK, TYPE_NAMES, LayerIndex
from .layer.unpack import settle_known
from .overlay.changes import (
    COVERED,
    GONE,
    METADATA_ONLY,
    MODIFIED,
    REWRITTEN,
    TWICE,
    UNCHANGED,
    Comparison,
)
from .overlay.merge import OVERWRITTEN, REMOVED, REPEATED, SHADOWED, Overlay
from .paths import clean, internal, split
from .rows import SCHEMA_VERSION, ConfigSecret, DiveFigures, Image, Layer
from .secrets.config import MAX_FOUND, MAX_TEXT, redact_config
from .tar.header import TarError

MAX_LAYERS = 10_000
_KIND_OF = {name: number for number, name in enumerate(TYPE_NAMES)}
_JUDGED = {"modified": MODIFIED, "metadata_only": METADATA_ONLY, "rewritten": REWRITTEN}
_BY_REASON = {REMOVED: GONE, SHADOWED: COVERED, REPEATED: TWICE}
_INT64 = 1 << 63
# A saved analysis tells the same words several times: in the config, its history and its layers, and as instructions.
_TELLINGS = 6
_SAID = ("instruction", "created_by", "comment")


class _Row(msgspec.Struct, gc=False):
    path: str
    type: str
    size: int
    mode: int
    uid: int
    gid: int
    layer: int
    mtime_ns: int = 0
    link_target: str | None = None
    path_base64: str | None = None
    link_target_base64: str | None = None
    device: tuple[int, int] | None = None
    xattrs: dict[str, str] | None = None
    implied: bool = False
    link: str | None = None
    link_base64: str | None = None
    inode: int | None = None
    xxh3_128: str | None = None
    hidden_by: int | None = None
    repeated: bool = False


class _Whiteout(msgspec.Struct, gc=False):
    layer: int
    path: str
    opaque: bool
    path_base64: str | None = None


class _Change(msgspec.Struct, gc=False):
    layer: int
    path: str
    kind: str
    path_base64: str | None = None


class _Dive(msgspec.Struct):
    efficiency: float | None
    wasted_bytes: int = msgspec.field(name="wastedBytes")
    user_wasted_percent: float | None = msgspec.field(name="userWastedPercent")


class _Packages(msgspec.Struct):
    count: int
    bytes: int
    unread: dict[str, str]
    top: list[PackageSize]


class _Image(msgspec.Struct):
    reference: str
    id: str
    platform: str
    content_bytes: int
    merged_bytes: int
    wasted_bytes: int
    file_count: int
    dive: _Dive
    config: msgspec.Raw
    blob_bytes: int | None = None
    tar_bytes: int = 0
    names: list[str] = []
    manifest_digest: str | None = None
    created: str | None = None
    history: list[HistoryStep] = []
    verified: list[str] = []
    secrets: list[ConfigSecret] = []
    os_version: str | None = None
    os_features: list[str] = []
    compressed_estimate: Estimate | None = None


class _Saved(msgspec.Struct):
    image: _Image
    layers: list[Layer]
    files: list[_Row]
    hidden: list[_Row]
    whiteouts: list[_Whiteout]
    changes: list[_Change]
    notes: list[str] = []
    packages: _Packages | None = None


class _Version(msgspec.Struct):
    schema_version: int | None = None
    # What other commands' JSON has besides.
    diff_schema_version: int | None = None
    bases_schema_version: int | None = None
    layers: msgspec.Raw = msgspec.Raw()
    files: msgspec.Raw = msgspec.Raw()

    @property
    def foreign(self) -> bool:
        """Whether another command wrote it."""
        return not bytes(self.layers) or self.diff_schema_version is not None or self.bases_schema_version is not None


def load(data: bytes, reference: str) -> Analysis:
    """Rebuild the analysis from saved JSON. Raises ``ArchiveError`` for what isn't one, or is of another version."""
    shown = escape(reference)
    try:
        version = msgspec.json.decode(data, type=_Version)
        if version.schema_version is None:
            raise ArchiveError(f"{shown} is JSON, but no saved analysis: it has no schema_version")
        if version.foreign:
            raise ArchiveError(f"{shown} is JSON, but no saved analysis: it has no layers, or another command wrote it")
        if version.schema_version != SCHEMA_VERSION:
            raise ArchiveError(
                f"{shown} was saved with schema version {version.schema_version}, this imgscope reads {SCHEMA_VERSION}"
            )
        if not bytes(version.files):
            raise ArchiveError(f"{shown} was saved with --no-files; save it without to open it again")
        saved = msgspec.json.decode(data, type=_Saved)
        return _Rebuilt(saved).analysis(shown)
    except (msgspec.MsgspecError, TarError, ValueError, OverflowError, RecursionError, UnicodeError) as error:
        raise ArchiveError(f"{shown} is not a readable saved analysis: {escape(str(error))}") from None


def _config(raw: msgspec.Raw) -> dict[str, Any]:
    """Read the image's config. Raises ``ValueError``, ``LimitError``."""
    found = parse(bytes(raw))
    if not isinstance(found, dict):
        raise ValueError("its config is not an object")
    return found


def _undefined(dive: _Dive) -> float:
    """Return what JSON has no number for: dive divides by 0 here, by nothing wasted or by something."""
    return float("inf" if dive.wasted_bytes else "nan")


def _redacted(
    saved: _Saved,
) -> tuple[dict[str, Any], tuple[HistoryStep, ...], list[Layer], tuple[ConfigSecret, ...]]:
    """Return the config, history, layers and what was secret in them; also of what was saved with its secrets."""
    image, raw = saved.image, _config(saved.image.config)
    steps = raw.get("history")
    own = list(steps) if isinstance(steps, list) else []
    said: list[HistoryStep | Layer] = [*image.history, *saved.layers]
    words = [{name: getattr(item, name) for name in _SAID} for item in said]
    found = redact_config({**raw, "history": [*own, *words]}, _TELLINGS * MAX_TEXT)
    config = {key: value for key, value in found.config.items() if key != "history" or isinstance(steps, list)}
    if isinstance(steps, list):
        config["history"] = config["history"][: len(own)]
    shown = [replace(item, **text) for item, text in zip(said, found.config["history"][len(own) :], strict=True)]
    history = tuple(item for item in shown if isinstance(item, HistoryStep))
    at = [*(step.layer for step in history[: len(own)]), *([None] * (len(own) - len(history)))]
    at += [step.layer for step in history] + [layer.index for layer in saved.layers]
    rows = [ConfigSecret(kind, where, None if step is None else at[step]) for kind, where, step in found.found]
    layers = [item for item in shown if isinstance(item, Layer)]
    known = range(len(layers))
    rows = [row if row.layer in known else replace(row, layer=None) for row in (*image.secrets[:MAX_FOUND], *rows)]
    return config, history, layers, tuple(dict.fromkeys(rows))


def _path(text: str, encoded: str | None) -> str:
    return b64decode(encoded).decode("utf-8", "surrogateescape") if encoded is not None else text


class _Rebuilt:
    """The layers of a saved analysis, on their way back to indexes."""

    def __init__(self, saved: _Saved) -> None:
        self.saved = saved
        count = len(saved.layers)
        if count > MAX_LAYERS or [layer.index for layer in saved.layers] != list(range(count)):
            raise ValueError("its layers are not numbered in order")
        self.indexes = [LayerIndex(tar_bytes=layer.tar_bytes, members=layer.entry_count) for layer in saved.layers]
        for index in self.indexes:
            index.fingerprints = bytearray()
        # Layers that were saved without fingerprints, as most are.
        self.unhashed: set[int] = set()
        self.meta_rows: list[dict[tuple[int, int, int], int]] = [{} for _ in self.indexes]

    def analysis(self, shown: str) -> Analysis:
        saved = self.saved
        self._entries()
        for row in saved.whiteouts:
            if not 0 <= row.layer < len(self.indexes):
                raise ValueError(f"there is no layer {row.layer}")
            path = internal(_path(row.path, row.path_base64))
            if row.opaque:
                self.indexes[row.layer].opaques.append(path)
            elif path:
                self.indexes[row.layer].whiteouts.append(split(path))
        for index in self.indexes:
            settle_known(index)
        overlay = Overlay(self.indexes)
        body = Body(overlay, Comparison(overlay, None, self._judged(overlay)))
        image = saved.image
        dive = image.dive
        config, history, layers, secrets = _redacted(saved)
        return Analysis(
            Image(
                reference=image.reference,
                names=tuple(image.names),
                id=image.id,
                manifest_digest=image.manifest_digest,
                platform=image.platform,
                created=image.created,
                config=config,
                history=history,
                content_bytes=image.content_bytes,
                merged_bytes=image.merged_bytes,
                wasted_bytes=image.wasted_bytes,
                tar_bytes=image.tar_bytes,
                blob_bytes=image.blob_bytes,
                file_count=image.file_count,
                dive=DiveFigures(
                    1.0 if dive.efficiency is None else dive.efficiency,
                    dive.wasted_bytes,
                    _undefined(dive) if dive.user_wasted_percent is None else dive.user_wasted_percent,
                ),
                verified=tuple(image.verified),
                secrets=secrets,
                os_version=image.os_version,
                os_features=tuple(image.os_features),
                compressed_estimate=image.compressed_estimate,
            ),
            layers,
            saved.notes,
            body,
            NoContents(f"{shown} is a saved analysis: contents need the image itself"),
            packages=self._packages(),
        )

    def _packages(self) -> PackageSizes | None:
        """Return the packages as far as they were saved; ``None`` where nothing was said of them."""
        found = self.saved.packages
        return None if found is None else PackageSizes(tuple(found.top), found.count, found.bytes, found.unread)

    def _rows(self) -> Iterator[_Row]:
        yield from (row for row in self.saved.hidden if row.repeated)
        yield from (row for row in self.saved.hidden if not row.repeated)
        yield from self.saved.files

    def _fingerprint(self, row: _Row, index: LayerIndex, kind: int) -> None:
        """Take a file's fingerprint; a layer of which one file has none has none at all."""
        value = bytes(FINGERPRINT)
        if kind == FILE:
            if row.xxh3_128 is not None:
                value = bytes.fromhex(row.xxh3_128)
                if len(value) != FINGERPRINT:
                    raise ValueError(f"{row.path}: the fingerprint has another length")
            elif row.size:
                self.unhashed.add(row.layer)
        if index.fingerprints is not None:
            index.fingerprints += value

    def _entries(self) -> None:
        owners: dict[int, tuple[int, int]] = {}
        links: list[tuple[int, int, int]] = []
        for row in self._rows():
            if row.implied:
                continue
            if not 0 <= row.layer < len(self.indexes):
                raise ValueError(f"there is no layer {row.layer}")
            index = self.indexes[row.layer]
            own = len(index)
            # A hard link that is shown as its inode's file still is a link in its layer.
            kind = HARDLINK if row.link is not None else _KIND_OF.get(row.type)
            if kind is None:
                raise ValueError(f"there is no type {row.type!r}")
            directory, name = split(internal(_path(row.path, row.path_base64)))
            if not name:
                raise ValueError("a path is empty")
            if not 0 <= row.size < _INT64 or not -_INT64 <= row.mtime_ns < _INT64:
                raise ValueError(f"{row.path}: a number is out of range")
            names = index.children.setdefault(directory, {})
            if row.repeated:
                index.repeated.append((directory, name, own))
            elif name in names:
                raise ValueError(f"layer {row.layer} has {row.path} twice")
            else:
                names[name] = own
            index.kinds.append(kind)
            index.sizes.append(row.size if kind == FILE else 0)
            index.offsets.append(0)
            index.mtimes.append(row.mtime_ns)
            self._fingerprint(row, index, kind)
            meta = (row.mode, row.uid, row.gid)
            rows = self.meta_rows[row.layer]
            if meta not in rows:
                rows[meta] = len(rows)
                index.meta_table.append(meta)
            index.metas.append(rows[meta])
            if kind == SYMLINK:
                target = _path(row.link_target or "", row.link_target_base64)
                index.links[own] = target.encode("utf-8", "surrogateescape")
            elif kind == HARDLINK:
                link = _path(row.link if row.link is not None else row.link_target or "", row.link_base64)
                index.links[own] = clean(link.encode("utf-8", "surrogateescape"))[0]
                if row.inode is not None:
                    links.append((row.layer, own, row.inode))
            if row.inode is not None and kind != HARDLINK:
                owners[row.inode] = (row.layer, own)
            if row.device is not None:
                index.devices[own] = row.device
            if row.xattrs:
                index.xattrs[own] = {key: b64decode(value) for key, value in row.xattrs.items()}
        for number in self.unhashed:
            self.indexes[number].fingerprints = None
        for layer, own, inode in links:
            owner = owners.get(inode)
            if owner is not None and owner[0] == layer:
                self.indexes[layer].inodes[own] = owner[1]

    def _judged(self, overlay: Overlay) -> bytes:
        """Return the kinds of the rebuilt hidden rows: by their reasons, and for those overwritten as was saved."""
        said = {
            (change.layer, internal(_path(change.path, change.path_base64))): _JUDGED[change.kind]
            for change in self.saved.changes
            if change.kind in _JUDGED
        }
        hidden = overlay.hidden
        kinds = bytearray()
        for row, reason in enumerate(hidden.reasons):
            if reason == OVERWRITTEN:
                unsaid = UNCHANGED if hidden.replaced_by[row] < 0 else MODIFIED
                kinds.append(said.get((hidden.by[row], hidden.path(row)), unsaid))
            else:
                kinds.append(_BY_REASON[reason])
        return bytes(kinds)
