"""What a new image may be called: as Docker tags images (distribution's grammar of references)."""

from __future__ import annotations

import re

from ..errors import UsageError
from ..escape import escape
from ..reference import split_tag

# What comes before the first slash is a host where it has a dot or a port, or is localhost.
_HOST = r"(?:(?:(?:localhost|[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)+)(?::[0-9]{1,5})?|[a-zA-Z0-9-]+:[0-9]{1,5})/)?"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_HOST}{_PART}(?:/{_PART})*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{{0,127}})?")
_LONGEST = 255


def tagged(name: str) -> str | None:
    """Return a name with its tag (``latest``, if it has none); ``None`` for what no image can be called."""
    if len(name) > _LONGEST or _NAME.fullmatch(name) is None:
        return None
    return name if split_tag(name)[1] else f"{name}:latest"


def given(name: str) -> str:
    """Return a name that the user gave, with its tag. Raises ``UsageError``."""
    found = tagged(name)
    if found is None:
        raise UsageError(f"{escape(name)!r} is not a name for an image; write it as app:1.0 or host/app:1.0")
    return found
