"""Whether the image's own instructions bring its base up to date, and the command that does it again.

A final stage that begins at the same base would run without those updates, and they are mostly security's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .context import Context

# All packages, not some that are named: what follows is options, up to the command's end.
_END = r"(?=(?:\s+(?:\\\r?\n\s*)?-[\w=:.-]+){0,9}\s*(?:\\\r?\n\s*)?(?:$|[;&|)]))"
_CALLS = {
    "dpkg": re.compile(
        r"\b(?:apt-get|apt|aptitude)(?:\s+-\S+){0,9}\s+(upgrade|dist-upgrade|full-upgrade|safe-upgrade)\b" + _END
    ),
    "apk": re.compile(r"\bapk(?:\s+-\S+){0,9}\s+(upgrade)\b" + _END),
    "rpm": re.compile(r"\b(?:dnf|microdnf|yum)(?:\s+-\S+){0,9}\s+(?:upgrade|update)\b" + _END),
}


def upgrade(context: Context, layers: Iterable[int]) -> tuple[str, str]:
    """Return (package manager, the command that upgrades all), as some layers' RUN say it; empty texts for none."""
    for layer in layers:
        if not context.is_run(layer):
            continue
        text = context.instruction(layer)
        for ecosystem, pattern in _CALLS.items():
            found = pattern.search(text)
            if found is not None and ecosystem == "dpkg":
                verb = found[1] if found[1] in ("dist-upgrade", "full-upgrade") else "upgrade"
                return ecosystem, f"apt-get {verb.replace('full-', 'dist-')} -y"
            if found is not None:
                return ecosystem, "apk upgrade --no-cache" if ecosystem == "apk" else "dnf upgrade -y"
    return "", ""
