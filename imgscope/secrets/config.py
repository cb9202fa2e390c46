"""Takes the secrets out of an image config, wherever in it they stand, and says what they were.

Follows the OCI image spec, "Image Configuration" (config.md). What the spec does not know is gone through as well: a
builder may have written anything there.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from . import MOST, REDACTED, Secret, find, in_list, in_pair, look, redact, replaced
from .names import compiled, looks_random

# Of all texts of a config together so much is looked at; what does not fit is not shown. A character counts one; what
# makes a text costly counts more: each word, each quote or operator (another command), each text by itself.
MAX_TEXT = 1 << 20
_PER_TEXT, _PER_WORD, _PER_MARK = 64, 4, 16
_MARKS = "\"'`;|&()\n"
# What an image can be said to hold, at most.
MAX_FOUND = 1000
_LONG_NAME = 20
_MAX_DEPTH = 40
# Values that are looked for in all other texts.
MAX_VALUES = 50
_NOT_SHOWN = f"{REDACTED} (too long to be looked at)"
# What is shorter is no secret to anything that judges values.
_SHORT = 4
# Digests and names that are no texts of anybody's.
_PLAIN = frozenset(
    ("architecture", "os", "os.version", "variant", "created", "rootfs", "docker_version", "id", "parent")
)
_WHERE = {
    "Cmd": "CMD",
    "Entrypoint": "ENTRYPOINT",
    "Healthcheck": "HEALTHCHECK",
    "OnBuild": "ONBUILD",
    "Shell": "SHELL",
}
_BASE64 = r"[A-Za-z0-9+/_-]{40,}+={0,2}"


class Place(NamedTuple):
    """Where a config holds a secret: its kind or name, the part of the config, and the step of its history if any."""

    kind: str
    where: str
    step: int | None = None


class Redacted(NamedTuple):
    """An image config without its secrets, and what was taken out of it."""

    config: dict[str, Any]
    found: tuple[Place, ...]


def redact_config(config: Mapping[str, Any], most: int = MAX_TEXT) -> Redacted:
    """Return an image config without the values of its secrets, and where they stood; ``config`` is not changed.

    What is more than ``most`` characters of text is left out; words, quotes and texts count for some more.
    """
    work = _Work(most)
    redacted = work.whole(config)
    if work.values:
        # A label or a command may repeat what a variable's name gave away.
        redacted = _without(redacted, longest(work.values), 0)
    return Redacted(redacted, tuple(work.found))


def worth_repeating(value: str) -> bool:
    """Tell whether a secret is to be taken out wherever else it stands: none that could be any other word."""
    return 8 <= len(value) <= 512 and (looks_random(value) or len(value) >= 16)


def longest(values: Iterable[str]) -> list[str]:
    """Return the values that are looked for elsewhere, so that none hides a longer one."""
    return sorted(set(values), key=lambda value: (-len(value), value))[:MAX_VALUES]


class _Work:
    """One config under way."""

    def __init__(self, most: int) -> None:
        self.found: dict[Place, None] = {}
        self.values: set[str] = set()
        self.known: dict[str, tuple[list[Secret], list[Secret]]] = {}
        self.left = most
        self.step: int | None = None

    def whole(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Go through the config, its history last: what is plain to see in it is known by then."""
        done: dict[str, Any] = {}
        for key, value in config.items():
            if key == "history" and isinstance(value, list):
                done[key] = [self.history(number, step) for number, step in enumerate(value)]
            elif key in _PLAIN:
                done[key] = value
            elif key in ("config", "container_config") and isinstance(value, Mapping):
                done[key] = {self.name(inner): self.setting(inner, item) for inner, item in value.items()}
            else:
                done[self.name(key)] = self.anything(key, value, "config", 0)
        return done

    def history(self, number: int, step: object) -> object:
        if not isinstance(step, Mapping):
            return self.anything("", step, "history", 0)
        self.step = number
        done = {
            self.name(key): value if key in ("created", "empty_layer") else self.anything("", value, "history", 0)
            for key, value in step.items()
        }
        self.step = None
        return done

    def setting(self, key: str, value: object) -> object:
        """Redact one of the settings that a container is started with."""
        if key == "Env" and isinstance(value, list):
            return [
                self.variable(item) if isinstance(item, str) else self.anything("", item, "ENV", 0) for item in value
            ]
        if key == "Labels" and isinstance(value, Mapping):
            return {
                self.name(name): self.pair(name, item, "LABEL")
                if isinstance(item, str)
                else self.anything(name, item, "LABEL", 0)
                for name, item in value.items()
            }
        if key == "Healthcheck" and isinstance(value, Mapping):
            return {self.name(name): self.anything("", item, "HEALTHCHECK", 0) for name, item in value.items()}
        if key == "OnBuild" and isinstance(value, list):
            return [
                self.text(item, "ONBUILD") if isinstance(item, str) else self.anything("", item, "ONBUILD", 0)
                for item in value
            ]
        return self.anything("" if key in _WHERE else key, value, _WHERE.get(key, "config"), 0)

    def variable(self, item: str) -> str:
        name, equals, value = item.partition("=")
        if not equals:
            return self.text(item, "ENV")
        return f"{self.name(name)}={self.pair(name, value, 'ENV')}"

    def anything(self, key: str, value: object, where: str, depth: int) -> object:
        """Redact a value of any kind; ``key`` is the name that it is given."""
        if isinstance(value, str):
            return self.pair(key, value, where) if key else self.text(value, where)
        if depth >= _MAX_DEPTH:
            return _NOT_SHOWN if isinstance(value, (list, Mapping)) else value
        if isinstance(value, list):
            if value and all(isinstance(item, str) for item in value):
                return self.words(value, where)
            return [self.anything(key, item, where, depth + 1) for item in value]
        if isinstance(value, Mapping):
            return {self.name(name): self.anything(name, item, where, depth + 1) for name, item in value.items()}
        return value

    # -- texts -------------------------------------------------------------------------------------------

    def room(self, *texts: str) -> bool:
        """Tell whether there is room left to look at more, and take it."""
        if self.left < _PER_TEXT:
            return False
        cost = sum(len(text) + _PER_TEXT for text in texts)
        if cost <= self.left:
            cost += sum(_PER_WORD * text.count(" ") + _PER_MARK * sum(map(text.count, _MARKS)) for text in texts)
        if cost > self.left:
            return False
        self.left -= cost
        return True

    def take(self, text: str, secrets: Iterable[Secret], where: str) -> None:
        for secret in secrets:
            if len(self.found) < MAX_FOUND:
                # A name may be anything too.
                kind = redact(secret.kind) if len(secret.kind) > _LONG_NAME else secret.kind
                self.found[Place(kind, where, self.step)] = None
            value = text[secret.start : secret.end]
            if worth_repeating(value) and len(self.values) < 10 * MAX_VALUES:
                self.values.add(value)

    def name(self, text: str) -> str:
        """Redact a key. A name that is a secret is one by its own form."""
        return (redact(text) if self.room(text) else _NOT_SHOWN) if len(text) > 12 else text

    def text(self, text: str, where: str) -> str:
        if len(text) < _SHORT:
            return text
        known = self.known.get(text)
        if known is None:
            if not self.room(text):
                return _NOT_SHOWN
            known = self.known[text] = look(text)
        found, spans = known
        self.take(text[:MOST], found, where)
        return self.encoded(replaced(text[:MOST], spans), where)

    def pair(self, name: str, value: str, where: str) -> str:
        if len(value) < _SHORT:
            return value
        if not self.room(value):
            return _NOT_SHOWN
        found = in_pair(name, value)
        self.take(value[:MOST], found, where)
        return self.encoded(replaced(value[:MOST], found), where)

    def words(self, words: list[str], where: str) -> list[str]:
        if not self.room(*words):
            return [_NOT_SHOWN]
        cut: dict[int, list[Secret]] = {}
        for number, secret in in_list(words):
            cut.setdefault(number, []).append(secret)
        for number, secrets in cut.items():
            self.take(words[number], secrets, where)
        return [self.encoded(replaced(word[:MOST], cut.get(number, ())), where) for number, word in enumerate(words)]

    def encoded(self, text: str, where: str) -> str:
        """Take out base64 that hides what would be taken out: BuildKit keeps build arguments so."""
        if len(text) < 40 or compiled(_BASE64).fullmatch(text) is None:
            return text
        try:
            plain = base64.b64decode(text + "=" * (-len(text) % 4)).decode("utf-8")
        except (binascii.Error, ValueError):
            return text
        found = find(plain) if self.room(plain) else [Secret("encoded text", 0, 0)]
        self.take(plain, found, where)
        return REDACTED if found else text


def _without(value: Any, secrets: list[str], depth: int) -> Any:
    """Take known values out of all texts."""
    if isinstance(value, str):
        for secret in secrets:
            value = value.replace(secret, REDACTED)
        return value
    if depth > _MAX_DEPTH + 4:
        return value
    if isinstance(value, list):
        return [_without(item, secrets, depth + 1) for item in value]
    if isinstance(value, dict):
        return {
            _without(key, secrets, depth + 1): item
            if key in _PLAIN and depth == 0
            else _without(item, secrets, depth + 1)
            for key, item in value.items()
        }
    return value
