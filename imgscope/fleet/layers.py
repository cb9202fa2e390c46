"""The layers of a fleet: each is read once, whatever number of images, runs and machines want it.

What a scan makes of a layer lies in the store's ``indexes`` under its diff_id, once both of its digests were checked:
any worker stacks images from there. It also tells that the layer's rows are in the tables, since it is written after
them. Nothing else in the store depends on these files: without them layers are read again.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from .. import __version__
from ..cache import sealed, unsealed
from ..errors import ImgscopeError
from ..layer import codec
from ..layer.sound import UNSOUND, restored
from ..shared import SharedLayers

if TYPE_CHECKING:
    from ..archive.image import LayerBlob
    from ..layer.index import LayerIndex
    from .store.place import Place

# Entries of all layers that a worker holds in memory, some hundred bytes each; a layer itself takes as much as so many.
_ENTRIES = 400_000
_LAYER = 40
# Of so many layers besides those in memory it is remembered that their rows are in the store.
_KNOWN = 10_000
_VERIFIED = "verified:"


class StoredLayers(SharedLayers):
    """Layers that this worker has read or used lately, and those in the store."""

    def __init__(self, place: Place, digests: bool) -> None:
        """Use the store at a place; with ``digests`` new layers are read with their files' sha256."""
        super().__init__()
        self.digests = digests
        self._place = place
        self._lock = threading.Lock()
        self._held: OrderedDict[str, LayerIndex] = OrderedDict()
        self._entries = 0
        self._unwritten: dict[str, LayerIndex] = {}
        # Layers whose rows are in the store, with the blobs that are known of them there.
        self._known: dict[str, set[str | None]] = {}
        self.fresh: dict[int, LayerIndex] = {}
        """Indexes that were made since ``begin``, by their id: others came from memory or the store."""

    def begin(self) -> None:
        """Begin another image."""
        self.fresh = {}
        if len(self._known) > len(self._held) + _KNOWN:
            # Of others, what lies in the store tells it.
            held = {_layer(key) for key in self._held}
            self._known = {layer: blobs for layer, blobs in self._known.items() if layer in held}

    # -- as an analysis asks -----------------------------------------------------------------------------

    def get(self, key: str) -> LayerIndex | None:
        """Return a layer that was kept under a key: here, or in the store."""
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
                return found
            if key in self._unwritten:
                return self._unwritten[key]
        if not key.startswith(_VERIFIED):
            return None
        found = self._read(key)
        if found is not None:
            self._hold(key, found)
        return found

    def keep(self, key: str, index: LayerIndex) -> None:
        """Keep a layer that was read just now."""
        with self._lock:
            self.fresh[id(index)] = index
            if key.startswith(_VERIFIED):
                self._unwritten[key] = index
        self._hold(key, index)

    def remember(self, blob: LayerBlob, index: LayerIndex) -> None:
        """Keep nothing: images are closed one by one."""

    def same_blob(self, blob: LayerBlob) -> LayerIndex | None:
        """Return nothing."""
        return None

    def _hold(self, key: str, index: LayerIndex) -> None:
        with self._lock:
            before = self._held.pop(key, None)
            self._entries += _weight(index) - (_weight(before) if before is not None else 0)
            self._held[key] = index
            while self._entries > _ENTRIES and len(self._held) > 1:
                _, dropped = self._held.popitem(last=False)
                self._entries -= _weight(dropped)

    # -- in the store ------------------------------------------------------------------------------------

    def _read(self, key: str) -> LayerIndex | None:
        name = _name(key)
        try:
            record = self._place.read(_file(name))
            content = unsealed(name, record) if record is not None else None
        except (ImgscopeError, *UNSOUND):
            # Whatever is wrong with it: the layer can be read.
            return None
        blob, _, data = (content or b"").partition(b"\n")
        index = restored(data) if data else None
        if index is not None:
            self._known.setdefault(_layer(key), set()).add(blob.decode("utf-8", "replace") or None)
        return index

    def has_rows(self, layer: str, blob: str | None) -> bool:
        """Tell whether the tables have a layer with this blob."""
        blobs = self._known.get(layer, set())
        if blob not in blobs and self._place.exists(_mark(layer, blob)):
            self._known.setdefault(layer, set()).add(blob)
            return True
        return blob in blobs

    def has_files(self, layer: str) -> bool:
        """Tell whether the tables have a layer's files."""
        return layer in self._known or self._place.exists(_mark(layer, "files"))

    def written(self, layers: dict[str, set[str | None]]) -> None:
        """Take note that the tables now have layers with these blobs, and write the indexes that wait for that."""
        for key, index in list(self._unwritten.items()):
            layer = _layer(key)
            blobs = layers.get(layer)
            if not blobs:
                continue
            blob = min(blobs, key=str)
            name = _name(key)
            record = sealed(name, (blob or "").encode() + b"\n" + codec.encode(index))
            self._place.write(_file(name), record, durable=False)
            self._known.setdefault(layer, set()).add(blob)
        self._unwritten.clear()
        for layer, blobs in layers.items():
            for blob in blobs:
                if blob not in self._known.get(layer, ()):
                    self._place.write(_mark(layer, blob), b"", durable=False)
                    self._place.write(_mark(layer, "files"), b"", durable=False)
                    self._known.setdefault(layer, set()).add(blob)


def _weight(index: LayerIndex) -> int:
    return len(index) + _LAYER


def _layer(key: str) -> str:
    return key.removeprefix(_VERIFIED).removesuffix(":plain")


def _name(key: str) -> str:
    # As the cache's: a new release may read layers otherwise.
    return _digest(f"{__version__}\n{codec.VERSION}\n{key}")


def _file(name: str) -> str:
    return f"indexes/{name[:2]}/{name[2:]}"


def _mark(layer: str, blob: str | None) -> str:
    return _file(_digest(f"{layer}\n{blob}")) + ".rows"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:40]
