"""What an image is called in a registry: host, repository, tag or digest, with Docker Hub's short forms."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...errors import UsageError
from ...escape import escape

HUB = "docker.io"
KIND = "registry"
"""The kind of the cache's records that hold what registries said."""
_HUB_NAMES = (HUB, "index.docker.io", "registry-1.docker.io", "registry.hub.docker.com")
# What can be asked of a registry; the distribution project's grammar of references.
_HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*(?::[0-9]{1,5})?|\[[0-9A-Fa-f:]+\](?::[0-9]{1,5})?")
REPOSITORY = re.compile(r"[A-Za-z0-9]+(?:(?:[._/-]|__)-*[A-Za-z0-9]+)*")
_DIGEST = re.compile(r"[A-Za-z0-9_+.-]+:[0-9a-fA-F]{32,}")


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
    """Read ``[HOST[:PORT]/]REPOSITORY[:TAG][@DIGEST]``. Raises ``UsageError`` where there is no repository, or
    something that can be none: no registry is asked for it, for it may be a login that was typed in front.

    As Docker has it: what comes before the first slash is a host when it has a dot or a port, or is ``localhost``.
    """
    rest, at, digest = text.partition("@")
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
    named = REPOSITORY.fullmatch(repository) and _HOST.fullmatch(host)
    if not named or (at and not _DIGEST.fullmatch(digest)):
        raise UsageError(f"{escape(text)!r} is no repository's name; write it as HOST/REPOSITORY")
    if host == HUB and "/" not in repository:
        repository = f"library/{repository}"
    return Name(host.lower(), repository, tag or (None if digest else "latest"), digest or None)
