"""An image in an engine: asked what it is first (cheap), exported as a stream only when its layers are wanted.

How an engine is talked to is a ``Backend``: the Docker API (``docker_api``), or podman's own program (``podman``).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..archive import platform as platforms
from ..archive.select import familiar
from ..errors import EngineError, ImageNotFoundError, NoPlatformError
from ..escape import escape
from ..progress import Onlooker, told
from ..reference import split_tag
from .backend import Backend, EngineImage
from .stream import Stream

if TYPE_CHECKING:
    from ..archive.image import OpenImage
    from ..archive.tar_stores import ScanLayer
    from ..progress import Progress
    from ..reference import Reference


_ID = re.compile(r"sha256:[0-9a-f]+|[0-9a-f]{12}|[0-9a-f]{64}")


class EngineSource:
    """One image of the Docker engine."""

    remote = False

    def __init__(self, reference: Reference, platform: str | None = None, contents: bool = False) -> None:
        """Name the image; the engine isn't asked before something is wanted of it."""
        self._name = reference.target
        self._text = reference.text
        self._wanted = platforms.parse(platform) if platform else None
        self._contents = contents
        self._backend: Backend | None = None
        self._known: EngineImage | None = None

    def _connect(self) -> Backend:
        """Find the engine. Raises ``EngineError``."""
        from .docker_api import DockerApi

        return DockerApi.from_environment(self._name)

    @property
    def backend(self) -> Backend:
        """The engine, found when it is first asked for. Raises ``EngineError``."""
        if self._backend is None:
            self._backend = self._connect()
        return self._backend

    @property
    def vouched(self) -> str | None:
        """The engine's address: it names layers in its exports by digests that it has computed itself."""
        return f"engine:{self.backend.address}"

    def describe(self) -> str:
        """Name the image and the engine."""
        return f"{escape(self._name)} from {self.backend.title}"

    def saved(self) -> bytes | None:
        """Return nothing: engines keep no analyses."""
        return None

    def known(self) -> EngineImage:
        """Ask the engine what the image is. Raises ``ImageNotFoundError``, ``PlatformError``, ``EngineError``."""
        if self._known is None:
            known = self.backend.inspect(self._name)
            if known is None:
                raise ImageNotFoundError(self._not_found())
            wanted = self._wanted
            if wanted and not known.several and known.platform and not known.platform.fits(wanted):
                raise NoPlatformError(
                    f"{escape(self._name)} is {known.platform} in {self.backend.title}, not {wanted}; "
                    f"get that with: {self.backend.pull} --platform {wanted} {escape(self._name)}"
                )
            self._known = known
        return self._known

    def _not_found(self) -> str:
        backend = self.backend
        text = f"no image {escape(self._name)!r} in {backend.title} ({backend.address})"
        names = [familiar(name) for name in backend.names()]
        if self._text in names:
            # The image `docker:dind` is written like the scheme `docker:` and an image `dind`.
            return f"{text}; for the image {escape(self._text)} write {self._text.partition(':')[0]}:{self._text}"
        near = _near(self._name, names)
        where = f"registry:{escape(self._name)}"
        if near:
            return f"{text}; did you mean {' or '.join(escape(name) for name in near)}? In its registry it is {where}"
        if _ID.fullmatch(self._name):
            return text
        return f"{text}; get it with: {backend.pull} {escape(self._name)}, or read it in its registry: {where}"

    def cache_key(self) -> str | None:
        """Return the image id that the engine gives, with the engine's address and the platform."""
        return f"engine:{self.backend.address}:{self.known().id}:{self._wanted or platforms.host()}"

    def names(self) -> tuple[str, ...] | None:
        """Return the tags that the image has now: they come and go while its id stays."""
        return tuple(familiar(name) for name in self.known().names)

    def open(self, scan_layer: ScanLayer, progress: Progress | None = None) -> OpenImage:
        """Export the image and scan its layers while they arrive."""
        take = Stream.spool_and_scan if self._contents else Stream.open
        return self._export(progress, lambda stream, platform: take(stream, scan_layer, None, platform, progress))

    def reopen(self, progress: Progress | None = None) -> OpenImage:
        """Export the image to a temporary file."""
        return self._export(progress, lambda stream, platform: stream.spool(None, platform, progress))

    def _export(self, progress: Progress | None, take: Callable[[Stream, str | None], OpenImage]) -> OpenImage:
        known = self.known()
        # An index leads to one image only for a platform: the one that the engine itself would run.
        platform = self._wanted or (known.platform if known.several else None)
        if progress is not None:
            # An engine puts its export together before the first byte comes: that takes most of the time.
            progress.start(known.bytes, f"waiting for {self.backend.title} to export {escape(self._name)}")
        if isinstance(progress, Onlooker) and known.layers:
            # All of what there is to see until the export ends, which has no order that says anything.
            progress.expected(known.layers, self.backend.steps(known), str(known.platform or ""))
        try:
            with self.backend.export(known, self._wanted) as export:
                read = told(export, progress, known.bytes, f"reading {self.describe()}")
                opened = take(Stream(read, self.describe()), str(platform) if platform else None)
        finally:
            if progress is not None:
                progress.finish()
        if not opened.complete:
            opened.close()
            raise EngineError(f"{self.backend.title} broke off the export: it has no end")
        opened.origin = "engine"
        # It is exported by its id, so that a tag that moves meanwhile does no harm; the archive then lacks names.
        opened.names = self.names() or opened.names
        return opened


def _near(name: str, names: list[str]) -> list[str]:
    """Return the names most like one that isn't there: other tags of its repository first."""
    # Podman puts this before names that have no registry.
    whole = {known.removeprefix("localhost/"): known for known in names}
    names, name = list(whole), familiar(name).removeprefix("localhost/")
    repository, _ = split_tag(name)
    tagged = name if repository != name else name + ":latest"
    same = [known for known in names if known.rpartition(":")[0] == repository]
    close = difflib.get_close_matches(tagged, names, 3, 0.7)
    if not close:
        # A tag that is far off must not hide a repository that is near.
        repositories = {known.rpartition(":")[0]: known for known in reversed(names)}
        close = [repositories[near] for near in difflib.get_close_matches(repository, list(repositories), 3, 0.75)]
    found = dict.fromkeys((*difflib.get_close_matches(tagged, same, 2, 0.0), *close))
    return [whole[known] for known in found][:3]
