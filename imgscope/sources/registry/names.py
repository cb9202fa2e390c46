"""What an image is called in a registry: host, repository, tag or digest, with Docker Hub's short forms."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import UsageError
from ...escape import escape

HUB = "docker.io"
KIND = "registry"
"""The kind of the cache's records that hold what registries said."""
_HUB_NAMES = (HUB, "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com")


@dataclass(frozen=True, slots=True)
class Name:
    """One image's name. ``host`` is as users write it (Docker Hub is ``docker.io``), with the port if there is one."""

    host: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    @property
    def wanted(self) -> str:
        """What the registry is asked for: the digest decides where there is one, as engines have it."""
        return self.digest or self.tag or "latest"

    @property
    def place(self) -> str:
        """Host and repository, as a user would write them."""
        if self.host != HUB:
            return f"{self.host}/{self.repository}"
        return self.repository.removeprefix("library/")

    @property
    def text(self) -> str:
        """The name as a user would write it."""
        return self.with_tag(self.tag) + (f"@{self.digest}" if self.digest else "")

    def with_tag(self, tag: str | None) -> str:
        """Return the name of another tag of the same repository."""
        return f"{self.place}:{tag}" if tag else self.place


def parse(text: str) -> Name:
    """Read ``[HOST[:PORT]/]REPOSITORY[:TAG][@DIGEST]``. Raises ``UsageError`` where there is no repository.

    As Docker has it: what comes before the first slash is a host when it has a dot or a port, or is ``localhost``.
    """
    rest, _, digest = text.partition("@")
    first, slash, path = rest.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        host = first
    else:
        host, path = HUB, rest
    if host.lower() in _HUB_NAMES:
        host = HUB
    repository, _, tag = path.partition(":")
    if not repository:
        raise UsageError(f"{escape(text)!r} names no repository; write it as registry:HOST/REPOSITORY:TAG")
    if host == HUB and "/" not in repository:
        repository = f"library/{repository}"
    return Name(host.lower(), repository, tag or (None if digest else "latest"), digest or None)
