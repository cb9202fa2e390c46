"""Finds the one manifest that is meant in an image index by what the index says alone, so that no other is read."""

from __future__ import annotations

from typing import Any

from ..errors import ArchiveError
from . import platform as platforms
from .candidate import Candidate
from .digests import blob_name, short
from .keys import MANIFEST, named
from .oci import MAX_DEPTH, MAX_MANIFESTS, Descriptor, descriptor
from .select import for_platform
from .store import Store, parse_json


def narrow(store: Store, digest: str, names: tuple[str, ...], platform: str | None) -> dict[str, Any]:
    """Return a descriptor of the manifest for a platform (this machine's, where none is asked for).

    ``digest`` is that of an index, or of a manifest, whose own descriptor comes back; so it does where the index does
    not say for what its manifests are. Raises ``PlatformError`` and ``ArchiveError``.
    """
    leaves: list[tuple[Descriptor, dict[str, Any]]] = []
    if not _collect(store, digest, leaves, 0, set()):
        return {"digest": digest}
    if not leaves:
        raise ArchiveError(
            f"{store.label} names no image: its index is empty, or has signatures and attestations alone"
        )
    if any(found.platform is None for found, _ in leaves):
        return leaves[0][1] if len(leaves) == 1 else {"digest": digest}
    group = []
    for found, _ in leaves:
        candidate = Candidate(store, blob_name(found.digest), digest, names=names, manifest_digest=found.digest)
        candidate.claimed = found.platform
        candidate.told()
        group.append(candidate)
    wanted = platforms.parse(platform) if platform else None
    chosen = for_platform(group, wanted, store.label)
    return next(item for found, item in leaves if found.digest == chosen.manifest_digest)


def _collect(
    store: Store, digest: str, leaves: list[tuple[Descriptor, dict[str, Any]]], depth: int, seen: set[str]
) -> bool:
    """Add what an index leads to, indexes in it included; ``False`` for what is none. Raises ``ArchiveError``."""
    document = named(
        parse_json(store.json(blob_name(digest)) or b"", f"the manifest {short(digest)}", store.label), MANIFEST
    )
    items = document.get("manifests") if isinstance(document, dict) else None
    if not isinstance(items, list):
        return False
    if depth > MAX_DEPTH:
        raise ArchiveError(f"{store.label}: image indexes are nested more than {MAX_DEPTH} deep")
    for item in items:
        found = descriptor(item, store.label)
        if found.attestation or found.artifact or found.digest in seen:
            continue
        seen.add(found.digest)
        if len(seen) > MAX_MANIFESTS:
            raise ArchiveError(f"{store.label}: over {MAX_MANIFESTS:,} manifests are named")
        kind = str(item.get("mediaType", ""))
        nested = "index" in kind or "manifest.list" in kind
        if not nested or not _collect(store, found.digest, leaves, depth + 1, seen):
            kept = {key: item[key] for key in ("mediaType", "digest", "size", "platform") if key in item}
            leaves.append((found, kept))
    return True
