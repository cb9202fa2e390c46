"""Opens an image: a tar on disk, a tar that streams by, or a layout directory.

All three find the candidates (``oci``, ``docker``), choose one (``select``) and describe its layers the same way.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import ArchiveError, EncryptedLayerError, ImageNotFoundError
from ..escape import escape
from . import both, select
from .candidate import Candidate, LayerRef, misplaced
from .digests import Unverifiable, algorithm_of, digest_of, short
from .directory import DirectoryStore
from .image import LayerBlob, OpenImage
from .media import is_layer
from .store import Store, clean_name, shown
from .tar_stores import ScanLayer, StreamStore, TarStore

if TYPE_CHECKING:
    from ..progress import Progress


def open_file(path: str | os.PathLike[str], *, image: str | None = None, platform: str | None = None) -> OpenImage:
    """Open the image archive ``path``, a plain tar on disk, and find its layers; they are not read.

    ``image`` chooses among several by name, tag, digest or id, ``platform`` among an image index's. Raises
    ``ImageError`` and ``UsageError``.
    """
    text = os.fspath(path)
    try:
        fd = os.open(text, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise ImageNotFoundError(f"{escape(text)} can't be read: {error.strerror}") from None
    return open_descriptor(fd, text, image=image, platform=platform)


def open_descriptor(fd: int, path: str, *, image: str | None = None, platform: str | None = None) -> OpenImage:
    """Open the image archive that ``fd`` is open on, and take ``fd`` over; else as ``open_file``."""
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise ArchiveError(f"{escape(path)} is not a regular file")
    return _open(TarStore(fd, path), None, image, platform)


def open_layout(
    directory: str | os.PathLike[str], *, image: str | None = None, platform: str | None = None
) -> OpenImage:
    """Open an OCI image layout (or an unpacked docker-archive) in a directory. Raises as ``open_file``."""
    return _open(DirectoryStore(directory), "oci-layout", image, platform)


def open_stream(
    read: Callable[[int], bytes],
    *,
    label: str = "the archive",
    image: str | None = None,
    platform: str | None = None,
    scan_layer: ScanLayer,
    progress: Progress | None = None,
) -> OpenImage:
    """Read an image archive, a plain tar, that comes once, and scan its layers as they pass.

    ``read(n)`` returns up to ``n`` bytes, ``b""`` at the end. ``scan_layer(name, read, size)`` is called in the
    order of the archive for every member that looks like a layer: compressed, or a tar. What it returns is the layer's
    ``scanned``; an ``ImgscopeError`` that it raises takes that place. Raises as ``open_file``.
    """
    return _open(StreamStore(read, label, scan_layer, progress), None, image, platform)


def open_store(store: Store, origin: str, platform: str | None = None) -> OpenImage:
    """Open the image that blobs hold which lie elsewhere, and take the ``store`` over. Raises as ``open_file``."""
    return _open(store, origin, None, platform)


def _open(store: Store, origin: str | None, image: str | None, platform: str | None) -> OpenImage:
    try:
        found, docker = both.candidates(store)
        if not found:
            raise ArchiveError(_no_image(store))
        chosen = select.choose(found, store.label, image, platform)
        opened = _describe(chosen, origin or ("docker-archive" if docker else "oci-archive"))
    except BaseException:
        store.close()
        raise
    opened.closers.append(store.close)
    return opened


def _no_image(store: Store) -> str:
    names = store.names()
    if "index.json" in names or "manifest.json" in names:
        return f"{store.label} holds no image: its index is empty"
    if "repositories" in names:
        return f"{store.label} was written by a Docker older than 1.10; load it into an engine and save it again"
    cut = "" if store.complete else "; it has no end mark, so it was probably cut short"
    if "oci-layout" in names:
        return f"{store.label} lacks the index.json of an OCI layout{cut}"
    if any(name.startswith(("etc/", "usr/")) for name in names):
        return f"{store.label} is a file system, as docker export writes it, without layers; give docker save's output"
    what = "an image archive" if isinstance(store, (TarStore, StreamStore)) else "an image layout"
    return f"{store.label} is not {what}: neither manifest.json nor index.json is in it{cut}"


def _describe(chosen: Candidate, origin: str) -> OpenImage:
    """Describe the chosen image's layers. Raises ``ArchiveError``."""
    label, store = chosen.store.label, chosen.store
    data, config = chosen.config()
    diff_ids = chosen.diff_ids()
    if len(diff_ids) != len(chosen.layers):
        raise ArchiveError(
            f"{label}: the manifest of {chosen.title()} names {len(chosen.layers)} layers, but its config "
            f"{len(diff_ids)} diff_ids"
        )
    wrong = misplaced(store, chosen.layers, diff_ids)
    if wrong is not None:
        layer = chosen.layers[wrong]
        raise ArchiveError(
            f"{label}: the layers of {chosen.title()} are not those of its config, or in another order: layer {wrong} "
            f"is {short(layer.digest) if layer.digest else shown(layer.name)}, uncompressed, where the config has the "
            f"diff_id {short(diff_ids[wrong])}"
        )
    notes = list(chosen.notes)
    if not store.complete:
        notes.append("the archive has no end mark, though all of this image is in it; it may have been cut short")
    if chosen.unchecked:
        notes.append(f"the manifest's digest is not checked: {chosen.unchecked}")
    windows = config.get("os") == "windows"
    layers = tuple(
        _layer(chosen, number, layer, diff_id, windows, notes)
        for number, (layer, diff_id) in enumerate(zip(chosen.layers, diff_ids, strict=True))
    )
    platform = chosen.platform
    return OpenImage(
        names=chosen.names,
        id=digest_of(data),
        manifest_digest=chosen.manifest_digest,
        platform=platform.plain if platform else "",
        config=config,
        config_bytes=data,
        config_digest=chosen.config_digest,
        config_actual=_config_actual(data, chosen.config_digest, notes),
        layers=layers,
        origin=origin,
        os_version=platform.version if platform else "",
        os_features=platform.features if platform else (),
        manifest_checked=not chosen.unchecked,
        label=label,
        file_identity=store.identity(),
        complete=store.complete,
        notes=tuple(notes),
    )


def _config_actual(data: bytes, claimed: str | None, notes: list[str]) -> str | None:
    """Return the digest that a config has in the algorithm that is claimed; ``None`` where that can't be computed."""
    try:
        return digest_of(data, algorithm_of(claimed or "sha256:"))
    except Unverifiable as error:
        notes.append(f"the config's digest is not checked: {error}")
        return None


def _layer(chosen: Candidate, number: int, ref: LayerRef, diff_id: str, windows: bool, notes: list[str]) -> LayerBlob:
    """Describe one layer. Raises ``EncryptedLayerError``, ``ArchiveError`` where its blob isn't what it should be."""
    store = chosen.store
    if ref.encrypted:
        raise EncryptedLayerError(
            f"{store.label}: layer {number} is encrypted; decrypt the image first, "
            "say with skopeo copy --decryption-key"
        )
    blob = store.blob(ref.name)
    if blob is None:
        # That it may be absent was checked when it was chosen.
        kind = "foreign layer" if ref.foreign or not windows else "Windows base layer"
        where = f" ({shown(ref.urls[0])})" if ref.urls else ""
        missing = f"{kind}, not in the archive{where}"
        return LayerBlob(diff_id, ref.digest, ref.media_type, ref.size, None, missing=missing, name=ref.name)
    if not is_layer(ref.media_type):
        notes.append(
            f"layer {number} has the media type {shown(ref.media_type or '')}, which is not an image layer's; it is "
            "read for what its bytes are"
        )
    if ref.size not in (None, blob.size) and chosen.confirmed:
        notes.append(
            f"the OCI manifest states {ref.size:,} bytes for layer {number}, which has {blob.size:,}; manifest.json "
            "and the config decide"
        )
    elif ref.size not in (None, blob.size):
        raise ArchiveError(
            f"{store.label}: layer {number} ({short(ref.digest or ref.name)}) is damaged: it has {blob.size:,} bytes "
            f"of the {ref.size:,} that the manifest states"
        )
    return LayerBlob(
        diff_id,
        ref.digest,
        ref.media_type,
        blob.size,
        blob.compression,
        region=blob.region,
        scanned=blob.scanned,
        name=ref.name,
        linked=blob.name != clean_name(ref.name),
        remote=blob.remote,
    )
