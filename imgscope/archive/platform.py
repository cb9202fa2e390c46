"""Platforms as the OCI image index names them: ``os/architecture[/variant]``."""

from __future__ import annotations

import os
import re
from typing import Any, NamedTuple

from ..errors import UsageError
from ..escape import escape

_ARCHITECTURES = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "armv8l": "arm64",
    "i386": "386",
    "i486": "386",
    "i586": "386",
    "i686": "386",
    "loongarch64": "loong64",
}
_ARM = {"armhf": "v7", "armv7l": "v7", "armel": "v6", "armv6l": "v6", "armv5tel": "v5"}
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class Platform(NamedTuple):
    """An operating system, an architecture and its variant (``""`` for none), in the OCI's names."""

    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part for part in self if part)

    def fits(self, wanted: Platform) -> bool:
        """Tell whether this is what was asked for; asking without a variant leaves that open."""
        return self[:2] == wanted[:2] and wanted.variant in ("", self.variant)


def _normal(system: str, architecture: str, variant: str) -> Platform:
    system, architecture, variant = system.lower(), architecture.lower(), variant.lower()
    if architecture in _ARM:
        architecture, variant = "arm", variant or _ARM[architecture]
    architecture = _ARCHITECTURES.get(architecture, architecture)
    # v8 is all that arm64 was for long, v7 what plain arm means, v1 what plain amd64 means.
    if (architecture, variant) in (("arm64", "v8"), ("arm64", "8"), ("amd64", "v1")):
        variant = ""
    if architecture == "arm":
        variant = "v" + variant if variant.isdigit() else variant or "v7"
    return Platform(system, architecture, variant)


def parse(text: str) -> Platform:
    """Read ``os/architecture[/variant]``, or an architecture alone (of Linux). Raises ``UsageError``."""
    parts = text.strip().split("/")
    if len(parts) == 1:
        parts.insert(0, "linux")
    if len(parts) > 3 or not all(_WORD.fullmatch(part) for part in parts):
        raise UsageError(f"{escape(text)!r} is no platform; write it as os/architecture[/variant], say linux/arm64")
    variant = parts[2] if len(parts) == 3 else ""
    normal = _normal(parts[0], parts[1], variant)
    # "linux/arm" asks for any variant of it.
    return normal._replace(variant="") if parts[1].lower() == "arm" and not variant else normal


def read(platform: Any) -> Platform | None:
    """Read the platform of a descriptor or a config; ``None`` when it names none."""
    if not isinstance(platform, dict):
        return None
    system, architecture, variant = (platform.get(key) or "" for key in ("os", "architecture", "variant"))
    for part in (system, architecture, *([variant] if variant else ())):
        if not isinstance(part, str) or not _WORD.fullmatch(part):
            return None
    return _normal(system, architecture, variant)


def host() -> Platform:
    """Return the platform that an engine on this machine would choose: Linux on its architecture."""
    machine = os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "amd64")
    return _normal("linux", machine, "")
