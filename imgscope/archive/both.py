"""Joins the two tables of contents of one archive: ``index.json`` of an OCI layout, and Docker's ``manifest.json``.

``docker save`` of Docker 25 and newer writes both, and BuildKit's exporter does. ``docker load`` goes by
``manifest.json`` and the config that it names, so those two decide where they agree; what the OCI side says otherwise
is noted, and does not matter.
"""

from __future__ import annotations

from ..errors import ArchiveError
from . import docker, oci
from .candidate import Candidate, LayerRef, misplaced
from .digests import short
from .select import familiar
from .store import Store, clean_name, shown


def candidates(store: Store) -> tuple[list[Candidate], bool]:
    """Return all images of an archive, and whether ``manifest.json`` names any. Raises ``ArchiveError``."""
    named = docker.candidates(store)
    note = ""
    try:
        found = oci.candidates(store)
    except ArchiveError as error:
        if not named:
            raise
        found, note = [], _reason(store, error)
    if named and not found and (store.has("index.json") or store.has("oci-layout")):
        note = note or ("index.json names no image" if store.has("index.json") else "index.json is missing")
    if note:
        _note(named, f"the OCI layout beside manifest.json is passed over: {note}")
    return merge(found, named), bool(named)


def merge(oci: list[Candidate], docker: list[Candidate]) -> list[Candidate]:
    """Join what ``index.json`` and ``manifest.json`` name: the same image (by its config's digest) counts once.

    The OCI manifest has the digests and media types, Docker's list the whole names, and the last word on the layers.
    """
    for candidate in (*oci, *docker):
        candidate.names = tuple(dict.fromkeys(familiar(name) for name in candidate.names))
    merged = list(oci)
    joined: set[str] = set()
    by_config: dict[str | None, list[Candidate]] = {}
    by_group: dict[str, list[Candidate]] = {}
    for twin in oci:
        by_group.setdefault(twin.group, []).append(twin)
        if twin.problem is None:
            by_config.setdefault(twin.config_digest, []).append(twin)
    for candidate in docker:
        digests = dict.fromkeys((candidate.config_digest or "", candidate.id))
        twins = [twin for digest in digests for twin in by_config.get(digest, ())]
        groups = dict.fromkeys(twin.group for twin in twins)
        if twins:
            _settle(candidate, twins)
        else:
            merged.append(candidate)
        joined.update(groups)
        # Beside `repo:tag`, the OCI annotation's bare `tag` says nothing more.
        tags = {name.rpartition(":")[2] for name in candidate.names}
        for group in groups:
            for other in by_group[group]:
                rest = [name for name in other.names if name not in tags]
                other.names = tuple(dict.fromkeys((*candidate.names, *rest)))
    if docker:
        _put_aside(oci, merged, joined)
    return merged


def _settle(docker: Candidate, twins: list[Candidate]) -> None:
    """Let ``manifest.json`` decide on the layers of an image that the OCI side describes too."""
    wanted = _names(docker.layers)
    same = [twin for twin in twins if _names(twin.layers) == wanted]
    if same:
        for twin in same:
            twin.confirmed = True
        return
    # Where only the OCI side fits the config, the list is what is wrong.
    if not _fits(docker) and any(map(_fits, twins)):
        _note(twins, "manifest.json names other layers than the config, and is passed over: the OCI manifest fits")
        return
    for twin in twins:
        known = {clean_name(layer.name): layer for layer in twin.layers}
        how = (
            "no layers"
            if not twin.layers
            else "its layers in another order"
            if sorted(_names(twin.layers)) == sorted(wanted)
            else "other layers"
        )
        name = short(twin.manifest_digest or "")
        _note([twin], f"the OCI manifest {name} names {how}; manifest.json and the config decide")
        twin.layers = tuple(_described(layer, known.get(clean_name(layer.name))) for layer in docker.layers)
        twin.confirmed = True


def _described(layer: LayerRef, known: LayerRef | None) -> LayerRef:
    """Return a layer of ``manifest.json`` with what the OCI manifest says of that blob."""
    if known is None:
        return layer
    return layer._replace(digest=known.digest, media_type=known.media_type, size=known.size, urls=known.urls)


def _names(layers: tuple[LayerRef, ...]) -> list[str]:
    return [clean_name(layer.name) for layer in layers]


def _fits(candidate: Candidate) -> bool:
    try:
        diff_ids = candidate.diff_ids()
        return len(diff_ids) == len(candidate.layers) and misplaced(candidate.store, candidate.layers, diff_ids) is None
    except ArchiveError:
        return False


def _put_aside(oci: list[Candidate], merged: list[Candidate], joined: set[str]) -> None:
    """Put aside what only the index of a Docker archive names, and is whole for no platform."""
    broken: dict[str, list[Candidate]] = {}
    whole = set(joined)
    for candidate in oci:
        if candidate.artifact or (candidate.problem is None and candidate.missing_blob() is None):
            whole.add(candidate.group)
        broken.setdefault(candidate.group, []).append(candidate)
    reasons: list[str] = []
    for group, candidates in broken.items():
        for candidate in candidates if group not in whole else ():
            candidate.aside = True
            reasons.append(_reason(candidate.store, candidate.problem or f"it lacks {candidate.missing_blob()}"))
    if reasons:
        _note([c for c in merged if not c.aside], f"index.json is passed over where it can't be used: {reasons[0]}")


def _reason(store: Store, error: Exception | str) -> str:
    return shown(str(error)).removeprefix(f"{store.label}: ").removeprefix(f"{store.label} ")


def _note(candidates: list[Candidate], text: str) -> None:
    for candidate in candidates:
        candidate.notes = (*candidate.notes, text)
