"""Platforms as the OCI image index names them, written as containerd does: ``os[(version+feature)]/arch[/variant]``.

Follows the OCI image spec, image-index.md (*platform*), and containerd's platform specifiers.
"""

from __future__ import annotations

import os
import re
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

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
_SYSTEM = re.compile(r"([A-Za-z0-9_-]{1,64})(?:\(([A-Za-z0-9_.%~-]{0,64})((?:\+[A-Za-z0-9_.%~-]{1,64}){0,16})\))?")
# What may stand in a version or the name of a feature; the rest makes a descriptor no platform's.
_OPTION = re.compile(r"[ -~]{1,64}")
_MAX_FEATURES = 16


class Platform(NamedTuple):
    """A platform in the OCI's names: ``""`` stands for no variant and no version.

    ``version`` is the index's ``os.version``, ``features`` its ``os.features``, sorted.
    """

    os: str
    architecture: str
    variant: str = ""
    version: str = ""
    features: tuple[str, ...] = ()

    def __str__(self) -> str:
        options = "+".join(quote(part, safe="") for part in (self.version, *self.features))
        return "/".join(part for part in (self.os + f"({options})" * bool(options), *self[1:3]) if part)

    @property
    def plain(self) -> str:
        """``os/architecture[/variant]``, without version and features."""
        return "/".join(part for part in self[:3] if part)

    def fits(self, wanted: Platform) -> bool:
        """Tell whether this is what was asked for; what was left out is left open. ``10.0.20348`` fits any build."""
        return (
            self[:2] == wanted[:2]
            and wanted.variant in ("", self.variant)
            and (not wanted.version or f"{self.version}.".startswith(f"{wanted.version}."))
            and set(wanted.features) <= set(self.features)
        )


def _normal(
    system: str, architecture: str, variant: str, version: str = "", features: tuple[str, ...] = ()
) -> Platform:
    system, architecture, variant = system.lower(), architecture.lower(), variant.lower()
    system = "darwin" if system == "macos" else system
    if architecture in _ARM:
        architecture, variant = "arm", variant or _ARM[architecture]
    architecture = _ARCHITECTURES.get(architecture, architecture)
    # v8 is all that arm64 was for long, v7 what plain arm means, v1 what plain amd64 means.
    if (architecture, variant) in (("arm64", "v8"), ("arm64", "8"), ("amd64", "v1")):
        variant = ""
    if architecture == "arm":
        variant = "v" + variant if variant.isdigit() else variant or "v7"
    return Platform(system, architecture, variant, version, tuple(sorted(set(features))))


def parse(text: str) -> Platform:
    """Read ``os[(version+feature)]/architecture[/variant][:version]``, or an architecture alone (of Linux).

    Raises ``UsageError``.
    """
    whole, _, behind = text.strip().partition(":")
    parts = whole.split("/")
    if len(parts) == 1:
        parts.insert(0, "linux")
    system = _SYSTEM.fullmatch(parts[0])
    fine = system is not None and len(parts) <= 3 and all(_WORD.fullmatch(part) for part in parts[1:])
    if system is None or not fine or (":" in text and (system[2] or not _WORD.fullmatch(behind))):
        raise UsageError(
            f"{escape(text)!r} is not a platform; write it as os/architecture[/variant], say linux/arm64, or with the "
            "system's version, say windows/amd64:10.0.20348"
        )
    variant = parts[2] if len(parts) == 3 else ""
    features = tuple(unquote(feature) for feature in (system[3] or "").split("+") if feature)
    normal = _normal(system[1], parts[1], variant, unquote(system[2] or "") or behind, features)
    # "linux/arm" asks for any variant of it.
    return normal._replace(variant="") if parts[1].lower() == "arm" and not variant else normal


def stated(text: str) -> dict[str, str]:
    """Return the parts of a platform as an analysis tells it (``linux/arm64/v8``), as an image config has them."""
    return dict(zip(("os", "architecture", "variant"), text.split("/"), strict=False))


def read(platform: Any) -> Platform | None:
    """Read the platform of a descriptor or a config; ``None`` when it names none."""
    if not isinstance(platform, dict):
        return None
    system, architecture, variant = (platform.get(key) or "" for key in ("os", "architecture", "variant"))
    for part in (system, architecture, *([variant] if variant else ())):
        if not isinstance(part, str) or not _WORD.fullmatch(part):
            return None
    version, features = platform.get("os.version"), platform.get("os.features")
    return _normal(
        system,
        architecture,
        variant,
        version if isinstance(version, str) and _OPTION.fullmatch(version) else "",
        tuple(
            feature
            for feature in (features[:_MAX_FEATURES] if isinstance(features, list) else ())
            if isinstance(feature, str) and _OPTION.fullmatch(feature)
        ),
    )


def host() -> Platform:
    """Return the platform that an engine on this machine would choose: Linux on its architecture."""
    machine = os.uname().machine if hasattr(os, "uname") else os.environ.get("PROCESSOR_ARCHITECTURE", "amd64")
    return _normal("linux", machine, "")
