"""What every format says of a record, in the same words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...dockerfile.redacted import redacted_diff, secrets_shown
from ...escape import escape
from ...report.sizes import percent, quantity, size

if TYPE_CHECKING:
    from ..model import Record


def nothing(record: Record) -> str:
    """Say in one line that nothing is changed, and why."""
    path = escape(record.dockerfile.path)
    least = size(record.options.min_size)
    if not record.candidates:
        return f"{path}: nothing to do: no edit would save {least} or more"
    return f"{path}: nothing is changed: none of {quantity(record.candidates, 'edit')} could be proven"


def verdict(record: Record, exact: bool) -> str:
    """Say in one line what the image has lost."""
    assert record.after is not None
    before, after = record.before.content_bytes, record.after.content_bytes
    share = percent(record.saved, before)
    return f"{size(before, exact)} → {size(after, exact)}: {size(record.saved, exact)} less ({share})"


def cost(record: Record) -> str:
    """Say what it took."""
    return f"{quantity(record.builds, 'build')} by {record.builder}, {record.seconds:.0f} s"


def lines(numbers: tuple[int, ...]) -> str:
    """Write line numbers for a table."""
    return ", ".join(map(str, numbers[:4])) + (" …" if len(numbers) > 4 else "")


def patch(record: Record, secrets: bool) -> tuple[str, bool]:
    """Return the patch as it is to be shown, and whether it is without secrets that the files hold."""
    text = record.patch
    if secrets or record.changed is None:
        return text, False
    return redacted_diff(record.dockerfile, record.changed, text)


def shown_secrets(record: Record) -> Iterator[str]:
    """Say which lines of the whole patch hold a secret, and of what kind; never its value."""
    if record.changed is not None:
        for line, kind in secrets_shown(record.dockerfile, record.changed, record.patch):
            yield f"{escape(record.dockerfile.path)}:{line}: the patch holds a secret of this line: {escape(kind)}"
