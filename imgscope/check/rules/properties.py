"""Rules on properties of the image's config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...escape import escape
from ..values import SWITCH, Limit
from .interface import CannotTell, Outcome, Rule, Subject

BASE_NAME = "org.opencontainers.image.base.name"


def _config(subject: Subject) -> Mapping[str, Any]:
    config = subject.analysis.image.config.get("config")
    return config if isinstance(config, Mapping) else {}


def require_non_root(subject: Subject, _: Limit, __: str | None) -> Outcome:
    """The config's User, without which a container's process is root."""
    user = _config(subject).get("User") or ""
    if not isinstance(user, str):
        raise CannotTell("the image's config has a User that is no text")
    name = user.strip().partition(":")[0]
    root = name in ("", "root") or (name.lstrip("+").isdigit() and int(name) == 0)
    if not user.strip():
        message = "no USER is set, so containers run as root"
    else:
        message = f"USER is {escape(user)}" + (", which is root" if root else "")
    return Outcome(not root, None, message)


def forbid_latest_base(subject: Subject, _: Limit, __: str | None) -> Outcome:
    """The base image's name, where a label tells it: one without a tag, or with ``latest``, moves under one's feet."""
    labels = _config(subject).get("Labels")
    base = labels.get(BASE_NAME) if isinstance(labels, Mapping) else None
    if not isinstance(base, str) or not base:
        raise CannotTell(f"the base image is not known: there is no label {BASE_NAME}", blocking=False)
    shown = escape(base)
    if "@" in base:
        return Outcome(True, None, f"the base is {shown}, fixed by its digest")
    _name, colon, tag = base.rpartition("/")[2].partition(":")
    if not colon or tag == "latest":
        return Outcome(False, None, f"the base is {shown}, which names no version")
    return Outcome(True, None, f"the base is {shown}")


RULES = (
    Rule("require-non-root", SWITCH, "USER must be set, and not be root.", require_non_root, whole=False),
    Rule(
        "forbid-latest-base",
        SWITCH,
        "The base must not be :latest, where it is known.",
        forbid_latest_base,
        whole=False,
    ),
)
