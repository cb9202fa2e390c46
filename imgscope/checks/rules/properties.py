"""Rules on properties of the image's config."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import ContentUnavailableError
from ...escape import escape
from ...settings import settings
from ..values import SWITCH, Limit
from .interface import CannotTell, Outcome, Rule, Subject


def require_non_root(subject: Subject, _: Limit, __: str | None) -> Outcome:
    """The config's User, without which a container's process is root; a name is looked up in /etc/passwd."""
    from ...rootfs.user import user_of

    user = settings(subject.analysis.image.config).get("User") or ""
    if not isinstance(user, str):
        raise CannotTell("the image's config has a User that is not text")
    shown = escape(user)
    try:
        found = user_of(subject.analysis)
    except ContentUnavailableError:
        why = "what uid that is stands in /etc/passwd, and no file contents are at hand"
        raise CannotTell(f"USER is {shown}: {why}") from None
    if found.uid is None:
        raise CannotTell(f"USER is {shown}, and {found.why}: which uid that is can't be told")
    root = found.uid == 0
    if not found.text:
        message = "no USER is set, so containers run as root"
    elif root and found.listed and found.text.partition(":")[0] != "root":
        message = f"USER is {shown}, whose uid in /etc/passwd is 0: that is root"
    else:
        message = f"USER is {shown}" + (", which is root" if root else "")
    return Outcome(not root, None, message)


def _base_name(subject: Subject) -> str | None:
    """Return the base image's name: as a label tells it, else as the Dockerfile does that made the image."""
    from ...base_images.find import NAME_LABEL

    labels = settings(subject.analysis.image.config).get("Labels")
    name = labels.get(NAME_LABEL) if isinstance(labels, Mapping) else None
    if isinstance(name, str) and name:
        return name
    matched = subject.place.matched(subject.analysis)
    return matched.dockerfile.base(matched.stage) if matched is not None else None


def forbid_latest_base(subject: Subject, _: Limit, __: str | None) -> Outcome:
    """The base image's name, where it is known: one without a tag, or with ``latest``, moves under one's feet."""
    from ...suggestions.rules.practice import untagged

    base = _base_name(subject)
    if base is None:
        raise CannotTell("the base image is not known: neither a label nor a Dockerfile here names it", blocking=False)
    shown = escape(base)
    if base == "scratch":
        return Outcome(True, None, "it is built from scratch")
    if "$" in base:
        raise CannotTell(f"the base image is not known: it is {shown}, and what that means is set at the build")
    if untagged(base):
        return Outcome(False, None, f"the base is {shown}, which names no version")
    return Outcome(True, None, f"the base is {shown}{', fixed by its digest' if '@' in base else ''}")


RULES = (
    Rule("require-non-root", SWITCH, "USER must be set, and not be root.", require_non_root, whole=False, outline=True),
    Rule(
        "forbid-latest-base",
        SWITCH,
        "The base must not be :latest, where it is known.",
        forbid_latest_base,
        whole=False,
        outline=True,
    ),
)
