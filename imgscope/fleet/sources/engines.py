"""Images of the Docker engine and of Podman."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...reference import Reference, split_tag
from ..model import Unit
from .wanted import Wanted

if TYPE_CHECKING:
    from ...sources.backend import Backend


def find(engine: str, wanted: Wanted) -> Iterator[Unit]:
    """Yield all images of an engine that have a name. Raises ``EngineError``."""
    backend = _backend(engine, "")
    for name in sorted(set(backend.names())):
        yield _unit(engine, name, backend, wanted)


def named(reference: Reference, wanted: Wanted) -> Unit:
    """Return an image that is looked for by its name, in an engine or wherever the user has names looked for."""
    engine = "podman" if reference.kind == "podman" else "docker"
    if (
        reference.kind == "engine"
        and wanted.options.kinds() != ("engine",)
        and not reference.text.startswith("docker:")
    ):
        repository, tag = _split(reference.target)
        return Unit(engine, repository, tag, reference.text, reference.text)
    return _unit(engine, reference.target, _backend(engine, reference.target), wanted)


def _backend(engine: str, name: str) -> Backend:
    if engine == "podman":
        from ...sources.podman import PodmanSource as Source
    else:
        from ...sources.engine import EngineSource as Source  # type: ignore[assignment]
    return Source(Reference(engine, f"{engine}:{name}", name)).backend


def _unit(engine: str, name: str, backend: Backend, wanted: Wanted) -> Unit:
    known = backend.inspect(name)
    digest = image = None
    held = False
    if known is not None:
        # Podman leaves the algorithm out.
        digest = known.id if ":" in known.id else f"sha256:{known.id}"
        image = wanted.known.image(digest, wanted.platform)
        held = image is not None
        if image is None and not known.several:
            # The config's digest, by which an image without a manifest is called; others are read to be known.
            image = digest
    repository, tag = _split(name)
    reference = f"{engine}:{name}"
    return Unit(engine, repository, tag, reference, reference, digest, image, held=held)


def _split(name: str) -> tuple[str, str | None]:
    repository, tag = split_tag(name.partition("@")[0])
    return repository, tag or None
