"""Every error that imgscope raises on purpose, with the exit code that the command line gives it.

::

    ImgscopeError
    ├── UsageError                     2  usage error
    │   ├── AmbiguousImageError           several images where one was meant
    │   ├── PathNotFoundError             a path that the image does not hold
    │   └── ConfigError                   a configuration that can't be understood
    ├── CheckFailedError               1  a budget or a check failed
    └── ImageError                     3  the image could not be found or read
        ├── EngineError                   no engine, or it refused
        ├── RegistryError                 a registry that can't be reached, or refused
        ├── ImageNotFoundError            no such image there
        ├── PlatformError                 the image is not there for that platform
        ├── ArchiveError                  truncated, corrupt, or no image at all
        │   ├── ArtifactError             an artifact that is no container image
        │   ├── LayerError                the same, of one layer
        │   │   └── EncryptedLayerError
        │   └── LimitError                more than any image needs (the bounds in docs/security.md)
        └── ContentUnavailableError       contents asked for where only an analysis is at hand

The message is the one line that a user sees: what is wrong, with what, and what to do.
"""

from __future__ import annotations

from collections.abc import Sequence


class ImgscopeError(Exception):
    """Base of all errors raised on purpose; its text is one line, fit to be shown to a user."""

    exit_code: int = 3


class UsageError(ImgscopeError):
    """Usage error: the caller can mend it by asking in another way."""

    exit_code = 2


class AmbiguousImageError(UsageError):
    """The archive or layout holds several images and none was named; the message lists them."""


class PathNotFoundError(UsageError):
    """The path is not in the image (or not in the layer that was asked for).

    ``held`` are the layers that have it all the same, ``path`` is what they have it at.
    """

    def __init__(self, message: str, held: tuple[int, ...] = (), path: str = "") -> None:
        """Say that it is not there."""
        super().__init__(message)
        self.held = held
        self.path = path


class ConfigError(UsageError):
    """A configuration file or value that can't be understood."""


class CheckFailedError(ImgscopeError):
    """A size budget or another check failed."""

    exit_code = 1


class ImageError(ImgscopeError):
    """The image could not be found or read."""


class EngineError(ImageError):
    """No engine answers, or it refused the request."""


class RegistryError(ImageError):
    """A registry can't be reached, it refused, or what it answers is of no use."""


class ImageNotFoundError(ImageError):
    """The engine, the registry, the archive or the layout has no image of that name."""


class PlatformError(ImageError):
    """The image exists, but not for the platform that was asked for."""


class NoPlatformError(PlatformError):
    """No part of the image is for the platform that was asked for, or for this machine's; nothing is wrong with it."""


class ArchiveError(ImageError):
    """The archive is truncated, corrupt, or not an image."""


class ArtifactError(ArchiveError):
    """An artifact, not a container image: a Helm chart, a model, a list of packages.

    ``kind`` is its type, ``digest`` its manifest's, and ``blobs`` are what it is made of: (media type, digest, bytes,
    title), ``None`` for what is not said.
    """

    def __init__(
        self,
        message: str,
        kind: str = "",
        digest: str = "",
        blobs: Sequence[tuple[str | None, str | None, int | None, str | None]] = (),
    ) -> None:
        """Say what it is."""
        super().__init__(message)
        self.kind = kind
        self.digest = digest
        self.blobs = tuple(blobs)


class LayerError(ArchiveError):
    """One layer is truncated, corrupt, or in a form that can't be read."""


class EncryptedLayerError(LayerError):
    """The layer is encrypted (media type ``…+encrypted``), so its entries can't be listed."""


class LimitError(ArchiveError):
    """The image has more of something than any image needs, which would cost time or memory out of proportion."""


class ContentUnavailableError(ImageError):
    """Contents were asked for where no image is at hand (a saved analysis)."""
