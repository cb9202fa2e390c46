"""Where what a COPY or ADD stored was taken from: the build context, a stage, or nobody can tell.

What builders write into an image's history (``created_by``) of ``COPY --from=build /app /srv``:

- the classic builder and buildah ``COPY dir:<digest> in /srv``: neither the source nor whether there was a stage;
- BuildKit ``COPY /app /srv # buildkit``: the source, with ``--parents``, ``--chown`` and ``--chmod``,
  but never ``--from``. A path from the root is a stage's or an image's for all that is known; one that is relative is
  hardly ever a stage's, which has no folder to be relative to;
- kaniko and others the Dockerfile's line, ``--from`` included; who wrote a line is not told for sure, so that a path
  from the root proves nothing there either.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..dockerfile import Instruction

# The sources' digests in place of their names: COPY dir:8e11… in /app, also with flags that stick to them.
_DIGEST = re.compile(r"(?:^|\s|:)(?:file|dir|multi):[0-9a-f]{8,}(?:\s+in\s|$)")
_DIRECTORY = re.compile(r"(?:^|\s)dir:[0-9a-f]{8,}\s+in\s")
_URL = re.compile(r"^(?:https?|git|ssh|ftp)://|^git@|\.git(?:[#?].*)?$", re.IGNORECASE)
# What ADD unpacks: an archive's files can't be kept out by names.
TAR = re.compile(r"\.(?:tar|tgz|tbz2?|txz|tar\.\w+)$", re.IGNORECASE)
_HERE = ("", ".", "*")


class Origin(NamedTuple):
    """Where files come from; ``sure`` where that is written, and not only how people write it."""

    where: str
    sure: bool = True


UNKNOWN = Origin("unknown")
CONTEXT = Origin("context")
CONTEXT_BY_ITS_PATH = Origin("context", False)
STAGE = Origin("stage")


def of_instruction(made: Instruction) -> Origin:
    """Tell by a Dockerfile's COPY or ADD."""
    if made.flag("from") is not None:
        return STAGE
    sources = made.arguments[:-1]
    if not sources or made.heredocs:
        return UNKNOWN
    if made.keyword == "ADD" and any(_URL.search(word) or TAR.search(word) or "$" in word for word in sources):
        return UNKNOWN
    return CONTEXT


def of_history(instruction: str, created_by: str, comment: str) -> Origin:
    """Tell by what a builder wrote of a COPY or ADD: its instruction as it is shown, and the step as it stands."""
    keyword, _, rest = instruction.partition(" ")
    words = rest.replace('["', " ").replace('"]', " ").replace('", "', " ").replace('","', " ").split()
    if any(word.startswith("--from=") for word in words):
        return STAGE
    added = keyword.upper() == "ADD"
    if _DIGEST.search(rest):
        # ADD takes no stage; a file may be an archive, or have been fetched.
        return CONTEXT if added and _DIRECTORY.search(rest) else UNKNOWN
    sources = [word for word in words if not word.startswith("--")][:-1]
    if not sources or any(word.startswith("<<") for word in sources):
        return UNKNOWN
    if added and any(_URL.search(word) or TAR.search(word) for word in sources):
        return UNKNOWN
    if "#(nop)" in created_by:
        return UNKNOWN
    if any(word.startswith("/") for word in sources) and not added:
        return UNKNOWN
    if added or not ("# buildkit" in created_by or comment.startswith("buildkit")):
        # ADD has no --from; builders that write the whole line would have written it.
        return CONTEXT
    here = all(word.removeprefix("./").rstrip("/") in _HERE for word in sources)
    return CONTEXT if here else CONTEXT_BY_ITS_PATH
