"""One image in a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...archive import platform as platforms
from ...archive.digests import is_digest
from ...escape import escape
from ..interface import Memory
from ..options import Options
from .client import Client, Document
from .names import KIND, parse
from .places import alias

if TYPE_CHECKING:
    from ...archive.image import OpenImage
    from ...archive.tar_stores import ScanLayer
    from ...progress import Progress
    from ...reference import Reference


class RegistrySource:
    """One image of a registry: asked what it is first (one request), and read layer by layer as they are wanted.

    Layers are checked against their digests, so nobody has to vouch for them.
    """

    vouched: str | None = None
    remote = True

    def __init__(self, reference: Reference, platform: str | None, contents: bool, options: Options) -> None:
        """Name the image; nothing is asked yet. Raises ``UsageError``."""
        self._name = parse(alias(reference.target))
        self._platform = platform
        self._contents = contents
        self._memory: Memory | None = None
        self._top: Document | None = None
        self._digest: str | None = self._name.digest
        self._client = Client(self._name, options)

    def remember(self, memory: Memory) -> None:
        """Use what was kept of earlier runs, and keep more."""
        self._memory = memory

    def describe(self) -> str:
        """Name the image."""
        return escape(self._name.text)

    def saved(self) -> bytes | None:
        """Return nothing: registries keep no analyses."""
        return None

    def cache_key(self) -> str | None:
        """Return the digest of what the name points to now, with the platform.

        A digest is all of it, so an image is known whatever registry it comes from.
        """
        return f"registry:{self._now()}:{self._platform or platforms.host()}"

    def _now(self) -> str:
        """Return the digest of what the name points to. Raises ``RegistryError``, ``ImageNotFoundError``."""
        if self._digest is None:
            # A HEAD costs no share of Docker Hub's rate limit, but is one request too many for what is new.
            before = self._memory.get(KIND, f"tag:{self._name.text}") if self._memory is not None else None
            if before is not None:
                self._digest = self._client.digest(self._name.wanted)
            if self._digest is None:
                self._digest = self._fetch().digest
            if self._memory is not None and before != self._digest.encode():
                self._memory.put(KIND, f"tag:{self._name.text}", self._digest.encode())
                from .tags import remember_place

                remember_place(self._memory, self._name)
        return self._digest

    def _fetch(self) -> Document:
        """Return what the name led to, or leads to now. Raises as ``Client.manifest``."""
        if self._top is None:
            from .store import remembered

            digest = self._digest
            data = remembered(self._memory, digest) if digest is not None and is_digest(digest) else None
            if data is not None and digest is not None:
                self._top = Document(data, digest)
            else:
                self._top = self._client.manifest(self._digest or self._name.wanted)
            self._digest = self._top.digest
        return self._top

    def names(self) -> tuple[str, ...] | None:
        """Return the name that was asked for; a digest alone is none."""
        return (self._name.with_tag(self._name.tag),) if self._name.tag else ()

    def open(self, scan_layer: ScanLayer, progress: Progress | None = None) -> OpenImage:
        """Open the image: its layers are read later, by whoever wants them."""
        return self._opened(self._contents)

    def reopen(self, progress: Progress | None = None) -> OpenImage:
        """Open the image again."""
        return self._opened(False)

    def _opened(self, keep: bool) -> OpenImage:
        # A known image needs none of this.
        from ...archive.open import open_store
        from .store import RegistryStore

        client = self._client
        try:
            store = RegistryStore(client, self._fetch(), self.names() or (), self._platform, self._memory, keep)
        except BaseException:
            client.close()
            raise
        return open_store(store, "registry", self._platform)
