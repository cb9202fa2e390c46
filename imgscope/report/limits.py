"""What hosts take at most. Past that they cut without a word, drop all, or refuse: so we cut, and say so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

GITHUB_ANNOTATIONS = 10
"""Annotations of one kind (error, warning) that GitHub shows for a step."""
GITHUB_SUMMARY_BYTES = 1 << 20
"""A step's summary beyond this size is not shown at all."""
COMMENT_CHARACTERS = 65_536
"""A comment on a pull request beyond this length is refused."""
SARIF_RESULTS = 5_000
"""Results of a SARIF run that GitHub shows (it refuses more than 25,000)."""
GITLAB_ISSUES = 5_000
"""Issues that a merge request's widget can still show; GitLab itself has a limit on the artifact's size alone."""
TEXT_CHARACTERS = 1_000
"""Length of a message; longer ones fill the page and say no more."""


def shorten(text: str, limit: int = TEXT_CHARACTERS) -> str:
    """Cut a text to ``limit`` characters, with an ellipsis where something is gone."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def within(blocks: Iterable[str], limit: int, *, room: int, what: str) -> Iterator[str]:
    """Yield blocks of text, the most important first, as long as they fit in ``limit`` UTF-8 bytes.

    The last thing said is how many ``what`` were left out; ``room`` bytes are kept for that.
    """
    used = left_out = 0
    for block in blocks:
        size = len(block.encode("utf-8", "replace"))
        if left_out or used + size > limit - room:
            left_out += 1
        else:
            used += size
            yield block
    if left_out:
        yield f"\n_and {left_out:,} more {what} that there is no room for here_\n"
