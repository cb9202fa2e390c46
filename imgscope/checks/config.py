"""What is to be checked: budgets of ``imgscope.toml``, ``[tool.imgscope]`` in pyproject.toml, ``.dive-ci``, options.

The file is the nearest one, upward from the working directory. Options win over a table for an image, that over
``[check]``. A key or a value that can't be understood is an error that names the nearest right one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import as_table, near, tables
from ..errors import ConfigError, UsageError
from ..escape import escape
from ..knowledge.pathsets import SETS
from .model import Setting
from .rules import RULES, Rule
from .values import BOTH, PATHS, WORDS, Limit

if TYPE_CHECKING:
    from ..compat.dive_ci import DiveRules

DIVE_FILE = ".dive-ci"
OTHER_KEYS = {
    "baseline": "What growth is measured against: a saved baseline, a saved analysis, an archive or an image.",
    "dockerfile": "The Dockerfile that annotations and reports point at.",
    "ignored-paths": "Globs that rules about single paths leave out.",
    "allow-skipped": "Let rules pass that could not be evaluated.",
}
"""Keys of ``[check]`` and of its images' tables that are no rules."""

IMAGE_KEYS = {"name": "A name pattern: * takes slashes and colons too; one without a tag fits every tag."}
"""Keys that an image's table alone has."""

_OFF = ("off", "disabled", False)
_SEVERITIES = ("fail", "warn")


@dataclass(frozen=True, slots=True)
class ImageRules:
    """All that is set for one image: what the engine takes."""

    settings: tuple[Setting, ...] = ()
    ignored: tuple[str, ...] = ()
    allow_skipped: bool = False
    baseline: str | None = None
    dockerfile: str | None = None
    config: Path | None = None
    dive: DiveRules | None = None
    dive_origin: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """``[check]``, or the table of an image: settings by name (rule and subject) and the keys that are no rules."""

    settings: Mapping[str, Setting] = field(default_factory=dict)
    baseline: str | None = None
    dockerfile: str | None = None
    ignored: tuple[str, ...] = ()
    allow_skipped: bool | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """A configuration that was read: the general table, and those of images by name pattern, in order."""

    general: Table = field(default_factory=Table)
    images: tuple[tuple[str, Table], ...] = ()
    path: Path | None = None

    @property
    def empty(self) -> bool:
        """Whether no rule is set at all."""
        return not self.general.settings and not any(table.settings for _, table in self.images)

    def for_image(self, names: Iterable[str], options: Table) -> ImageRules:
        """Return what holds for an image with one of ``names``; later tables win, options win over all."""
        known = list(names)
        tables = [self.general, *(table for pattern, table in self.images if matches(pattern, known)), options]
        settings: dict[str, Setting] = {}
        for table in tables:
            if table.settings:
                # A rule that is set anew replaces all that was set for it, each of its units alike.
                given = {(setting.rule, setting.subject) for setting in table.settings.values()}
                settings = {key: old for key, old in settings.items() if (old.rule, old.subject) not in given} | dict(
                    table.settings
                )
        order = list(RULES)
        ranked = sorted(settings.values(), key=lambda setting: order.index(setting.rule))
        skipped = [table.allow_skipped for table in tables if table.allow_skipped is not None]
        baselines = [table.baseline for table in tables if table.baseline is not None]
        dockerfiles = [table.dockerfile for table in tables if table.dockerfile is not None]
        return ImageRules(
            settings=tuple(ranked),
            ignored=tuple(glob for table in tables for glob in table.ignored),
            allow_skipped=skipped[-1] if skipped else False,
            baseline=baselines[-1] if baselines else None,
            dockerfile=dockerfiles[-1] if dockerfiles else None,
            config=self.path,
        )


def matches(pattern: str, names: Iterable[str]) -> bool:
    """Tell whether a name pattern (``*`` also takes slashes and colons) fits one of an image's names.

    Docker's own short names fit too: ``docker.io/library/nginx:1.27`` is ``nginx:1.27``; a pattern without a tag
    fits every tag.
    """
    for name in names:
        short = name.removeprefix("docker.io/").removeprefix("library/")
        bare = re.sub(r"(@[^/]*|:[^/:@]*)$", "", short)
        if any(fnmatchcase(each, pattern) for each in {name, short, bare, re.sub(r"@[^/]*$", "", short)}):
            return True
    return False


# -- reading --------------------------------------------------------------------------------------------------


def read(path: Path) -> Config:
    """Read the budgets of a configuration file. Raises ``ConfigError``."""
    shown = escape(str(path))
    return _Reader(path, shown).config(tables(path, (*RULES, *OTHER_KEYS)).get("check", {}))


class _Reader:
    """Reads the tables of one file."""

    def __init__(self, path: Path, shown: str) -> None:
        self.path = path
        self.shown = shown

    def config(self, value: Any) -> Config:
        table = as_table(value, f"{self.shown}: check")
        images = table.get("image", [])
        if not isinstance(images, list):
            raise ConfigError(f"{self.shown}: check.image must be an array of tables: [[check.image]]")
        found = []
        for number, each in enumerate(images, 1):
            where = f"check.image {number}"
            own = as_table(each, f"{self.shown}: {where}")
            name = own.get("name")
            rest = {key: item for key, item in own.items() if key not in IMAGE_KEYS}
            # Read before the name is missed, so that a misspelt "name" is told as such.
            read_table = self.table(rest, f"check.image {name!r}" if name else where)
            if not isinstance(name, str) or not name:
                raise ConfigError(
                    f'{self.shown}: {where} needs a name pattern, such as name = "registry.example/api:*"'
                )
            found.append((name, read_table))
        general = self.table({key: item for key, item in table.items() if key != "image"}, "check")
        return Config(general, tuple(found), self.path)

    def table(self, raw: Mapping[str, Any], where: str) -> Table:
        settings: dict[str, Setting] = {}
        rest: dict[str, Any] = {}
        for key, value in raw.items():
            at = f"{self.shown}: {where}.{key}"
            if key in RULES:
                for setting in read_rule(RULES[key], value, at, self.path.name):
                    settings[_key(setting)] = setting
            elif key == "allow-skipped":
                if not isinstance(value, bool):
                    raise ConfigError(f"{at} must be true or false")
                rest["allow_skipped"] = value
            elif key == "ignored-paths":
                rest["ignored"] = _globs(value, at)
            elif key in OTHER_KEYS:
                if not isinstance(value, str) or not value:
                    raise ConfigError(f"{at} must be a text")
                rest[key] = self._beside(value) if key in ("baseline", "dockerfile") else value
            else:
                raise ConfigError(f"{self.shown}: {where} has no {escape(key)!r}{_near_key(key)}")
        return Table(settings, **rest)

    def _beside(self, value: str) -> str:
        """Read a path as it is meant: from where the file lies; a reference that is not a path stays as it is."""
        path = self.path.parent / value
        looks = path.exists() or value.endswith((".json", ".tar", "Dockerfile")) or value.startswith("./")
        return str(path) if looks and not Path(value).is_absolute() and ":" not in value else value


def _near_key(key: str) -> str:
    plain = key.lower().replace("_", "-")
    near = get_close_matches(plain, [*RULES, *OTHER_KEYS, "image", *IMAGE_KEYS], 1, 0.5)
    # A name without its first word ("size") is nearest to the rule that ends in it.
    near = [rule for rule in RULES if rule.partition("-")[2] == plain] or near
    return f"; did you mean {near[0]!r}?" if near else f"; its rules are {', '.join(RULES)}"


def _key(setting: Setting) -> str:
    limit = setting.fail or setting.warn
    return f"{setting.name} {limit.unit if limit else ''}"


def _globs(value: Any, where: str) -> tuple[str, ...]:
    globs = [value] if isinstance(value, str) else value
    if not isinstance(globs, list | tuple) or not all(isinstance(glob, str) and glob.strip("/ ") for glob in globs):
        raise ConfigError(f'{where} must be a list of globs, such as ["*.pyc", "/usr/share/doc/**"]')
    return tuple(globs)


def read_rule(rule: Rule, value: Any, where: str, origin: str) -> list[Setting]:
    """Read what a rule is set to: a value, a list of them, or a table with ``fail`` and ``warn``.

    Raises ``ConfigError``.
    """
    if rule.by_subject:
        table = as_table(value, f"{where} (paths and their sizes)")
        found = []
        for subject, limit in table.items():
            if not subject.strip("/ "):
                raise ConfigError(f"{where}: {escape(subject)!r} is not a path below the root")
            found += _read_one(rule, subject, limit, f"{where}.{escape(subject)}", origin)
        return found
    return _read_one(rule, None, value, where, origin)


def _read_one(rule: Rule, subject: str | None, value: Any, where: str, origin: str) -> list[Setting]:
    base = Setting(rule.name, subject, origin=origin)
    if any(value is off or (isinstance(value, str) and value == off) for off in _OFF):
        return [replace(base, off=True)]
    severities = isinstance(value, dict) and not set(value) & set(BOTH)
    given = value if severities else {"fail": value}
    for key in given:
        if key not in _SEVERITIES:
            raise ConfigError(f"{where} has no {escape(key)!r}{near(key, _SEVERITIES)}")
    if not given:
        raise ConfigError(f"{where} sets no limit; write fail = or warn =")
    limits: dict[str, dict[str, Limit]] = {}
    for severity, written in given.items():
        for limit in _limits(rule, written, f"{where}.{severity}" if severities else where):
            if limits.setdefault(limit.unit, {}).setdefault(severity, limit) is not limit:
                raise ConfigError(f"{where} is set twice in the same unit")
    return [replace(base, fail=pair.get("fail"), warn=pair.get("warn")) for pair in limits.values()]


def _limits(rule: Rule, value: Any, where: str) -> list[Limit]:
    from .values import AMOUNT

    if rule.kind is AMOUNT and isinstance(value, list | tuple) and value:
        return [rule.kind.parse(each, where) for each in value]
    limit = rule.kind.parse(value, where)
    if limit.unit == PATHS:
        for glob in limit.value:
            near = get_close_matches(glob, SETS, 1, 0.7)
            if glob not in SETS and near and not set(glob) & set("/*?[."):
                raise ConfigError(f"{where}: there is no set {escape(glob)!r}; did you mean {near[0]!r}?")
    elif limit.unit == WORDS:
        from .rules.suggestions import codes_of

        try:
            codes_of(limit.value)
        except UsageError as error:
            raise ConfigError(f"{where}: {error}") from None
    return [limit]


# -- options --------------------------------------------------------------------------------------------------


def from_rules(given: Mapping[str, Any], **rest: Any) -> Table:
    """Make a table of rules that are given by name: values as in the configuration, or as the texts of options.

    An option that takes several texts has them in a tuple. Raises ``ConfigError``.
    """
    settings: dict[str, Setting] = {}
    for name, value in given.items():
        where = f"--{name}"
        if name not in RULES:
            raise ConfigError(f"there is no rule {escape(name)!r}{_near_key(name)}")
        rule = RULES[name]
        if rule.by_subject and not isinstance(value, Mapping):
            value = dict(_pair(each, where) for each in ([value] if isinstance(value, str) else value))
        elif isinstance(value, list | tuple) and len(value) == 1:
            value = value[0]
        elif isinstance(value, tuple):
            value = list(value)
        for setting in read_rule(rule, value, where, "option"):
            settings[_key(setting)] = setting
    return Table(settings, **rest)


def _pair(text: str, where: str) -> tuple[str, str]:
    path, equals, limit = text.rpartition("=")
    if not equals or not path:
        raise ConfigError(f"{where} {escape(text)}: write it as PATH=SIZE, such as /app=20MB")
    return path, limit


def needs_baseline(settings: Sequence[Setting]) -> list[str]:
    """Return the rules among ``settings`` that compare with a baseline."""
    return [setting.rule for setting in settings if RULES[setting.rule].relative and not setting.off]
