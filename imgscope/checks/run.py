"""Goes the whole way of ``imgscope check``: from references and a configuration to the report."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..analysis import Analysis
from ..analyzer import name_of
from ..config import find
from ..errors import ConfigError, ImageError, UsageError
from ..escape import escape
from ..progress import working
from ..reading import ReadOptions
from .annotated_file import AnnotatedFile, annotated_file
from .config import DIVE_FILE, Config, ImageRules, Table, from_rules, needs_baseline, read, read_rule
from .engine import check as judge_all
from .model import CheckReport, ImageCheck
from .rules import RULES

if TYPE_CHECKING:
    from typing import Unpack

    from ..analyzer import AnyImage
    from ..compat.dive_ci import DiveRules
    from ..reading import ReadKeywords
    from .baselines.model import Baseline

DEFAULTS = "imgscope's defaults"
"""Where the rules come from that hold where none is set."""
_DEFAULTS: Mapping[str, object] = {
    "max-wasted": {"percent": "10%", "floor": "20MB"},
    "forbidden-findings": ["IS601", "IS602", "IS603"],
}


def default_rules() -> Table:
    """Return the rules that hold where none is set: little waste, and no secrets."""
    settings = {
        name: setting
        for name, value in _DEFAULTS.items()
        for setting in read_rule(RULES[name], value, DEFAULTS, DEFAULTS)
    }
    return Table(settings)


def check(
    images: AnyImage | Sequence[AnyImage],
    rules: Mapping[str, Any] | None = None,
    *,
    config: str | os.PathLike[str] | Literal[False] | None = None,
    baseline: str | os.PathLike[str] | None = None,
    dockerfile: str | os.PathLike[str] | None = None,
    ignored_paths: Sequence[str] = (),
    allow_skipped: bool | None = None,
    strict: bool = False,
    ci_config: str | os.PathLike[str] | None = None,
    dive_rules: Mapping[str, str] | None = None,
    here: bool = False,
    whole: bool = False,
    options: ReadOptions | None = None,
    **how: Unpack[ReadKeywords],
) -> CheckReport:
    """Hold images against limits: one image, or several; the analyses that are made here are open until it is closed.

    Images are references, as for ``analyze``, or analyses. ``rules`` are limits by the rules' names, each as in
    ``imgscope.toml`` (``{"max-size": "250MB", "max-path-size": {"/app": "40MB"}}``); they win over those of ``config``,
    such a file. Where neither sets one, ``imgscope check``'s own defaults hold. ``baseline`` is what growth is measured
    against, ``dockerfile`` what the layers' lines are looked for in. ``ci_config`` is a file in dive's format,
    ``dive_rules`` are single ones of dive's, as texts. With ``here`` the files that the command would find are read
    where none is given (unless ``config`` is ``False``): ``imgscope.toml``, ``.dive-ci``, ``Dockerfile``.
    ``whole`` asks for whole analyses, where the rules would be content with a manifest and a config.

    An image that can't be read is told in the report, so that the others are checked all the same. How images are read
    is said as for ``analyze``. Raises ``UsageError`` and, when the baseline can't be read, ``ImageError``.
    """
    named = [images] if isinstance(images, str | os.PathLike | Analysis) else list(dict.fromkeys(images))
    if len([image for image in named if image == "-"]) > 1:
        raise UsageError("only one image can come from standard input")
    chosen = ReadOptions.of(options, how)
    given = from_rules(
        rules or {},
        baseline=None if baseline is None else os.fspath(baseline),
        dockerfile=None if dockerfile is None else os.fspath(dockerfile),
        ignored=tuple(ignored_paths),
        allow_skipped=allow_skipped,
    )
    configured = configuration(config, here)
    dive, origin, notes = dive_rules_of(ci_config, dive_rules or {}, configured, here)
    if configured.empty and not given.settings and dive is None:
        given = replace(given, settings=default_rules().settings)
        told = "no rule is set, so the defaults hold: at most 10 % wasted (or 20 MB), and no secrets"
        notes = (*notes, f"{told}; set your own in imgscope.toml")
    with ExitStack() as stack:
        session = Session(given, configured, chosen, stack, here, whole)
        checked = tuple(session.check(image, dive, origin, notes) for image in named)
        return CheckReport(checked, strict).hold(stack)


def configuration(config: str | os.PathLike[str] | Literal[False] | None, here: bool) -> Config:
    """Return the configuration that is named or, if that is wanted, lies nearest. Raises ``ConfigError``."""
    if config is False:
        return Config()
    path = Path(config) if config is not None else find(Path.cwd()) if here else None
    return read(path) if path is not None else Config()


def dive_rules_of(
    named: str | os.PathLike[str] | None, single: Mapping[str, str], config: Config, here: bool
) -> tuple[DiveRules | None, str, tuple[str, ...]]:
    """Return dive's rules if they are wanted, where they come from, and notes.

    They are read from the file that is ``named``; without it from the ``.dive-ci`` ``here``, unless imgscope's own
    configuration sets rules.
    """
    path = Path(named) if named is not None else None
    if path is None and here and Path(DIVE_FILE).is_file():
        if not config.empty:
            own = config.path.name if config.path else "the configuration"
            notes = (f"{DIVE_FILE} is not read, since {own} sets rules; --ci-config {DIVE_FILE} reads both",)
            return (_read_dive("", single) if single else None), "option", notes
        path = Path(DIVE_FILE)
    if path is not None:
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except FileNotFoundError:
            raise ConfigError(f"there is no {escape(str(path))}, which --ci-config names") from None
        except OSError as error:
            raise ConfigError(f"{escape(str(path))} can't be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise ConfigError(f"{escape(str(path))} is not text in UTF-8") from None
        return _read_dive(text, single), str(path), ()
    if single:
        return _read_dive("", single), "option", ()
    return None, "", ()


def _read_dive(text: str, single: Mapping[str, str]) -> DiveRules:
    from ..compat.dive_ci import read_dive_ci

    return read_dive_ci(text, dict(single))


class Session:
    """One run under way: what its images share."""

    def __init__(
        self, given: Table, config: Config, options: ReadOptions, stack: ExitStack, here: bool, whole: bool
    ) -> None:
        self.given = given
        self.config = config
        self.options = options
        self.stack = stack
        self.here = here
        self.whole = whole
        self.baselines: dict[str, Baseline] = {}
        self.places: dict[str | None, AnnotatedFile] = {}

    def analysis(self, image: AnyImage, options: ReadOptions) -> Analysis:
        """Return an image's analysis, open as long as the run. Raises ``ImageError``."""
        from ..analyzer import opened
        from ..shared import SharedLayers

        if self.options.shared is None:
            self.options = self.options.but(shared=SharedLayers())
        return self.stack.enter_context(opened(image, options.but(shared=self.options.shared)))

    def check(self, image: AnyImage, dive: DiveRules | None, origin: str, notes: tuple[str, ...]) -> ImageCheck:
        """Hold an image against its rules. Raises ``UsageError`` where it has none."""
        reference = name_of(image)
        likely = self.config.for_image(given_names(reference), self.given)
        layers = self.whole or dive is not None or not _outline_will_do(likely)
        try:
            analysis = self.analysis(image, self.options.but(layers=layers))
            if not analysis.image.layers_read and not analysis.image.config:
                # An artifact: it has blobs, but there is nothing to check. This says so.
                assert analysis.body
        except ImageError as error:
            rules = self.config.for_image(given_names(reference), self.given)
            return ImageCheck(reference, error=str(error), place=self.place(rules))
        rules = self.config.for_image([*given_names(reference), *analysis.image.names], self.given)
        if not rules.settings and dive is None:
            raise UsageError(f"no rule is set for {escape(reference)}: none of the name patterns fits it")
        if not analysis.image.layers_read and not _outline_will_do(rules):
            analysis = self.analysis(image, self.options)
        rules = replace(rules, dive=dive, dive_origin=origin, notes=notes)
        before = self.baseline(rules)
        with working(self.options.progress, f"checking {escape(reference)}"):
            return judge_all(analysis, rules, before, self.place(rules))

    def place(self, rules: ImageRules) -> AnnotatedFile:
        """Return the file that annotations of an image point at."""
        if rules.dockerfile not in self.places:
            self.places[rules.dockerfile] = annotated_file(rules.dockerfile, self.config.path, here=self.here)
        return self.places[rules.dockerfile]

    def baseline(self, rules: ImageRules) -> Baseline | None:
        """Return what growth is measured against. Raises ``ConfigError`` where it is wanted and none is set."""
        if rules.baseline is None:
            wanting = needs_baseline(rules.settings)
            if wanting:
                raise ConfigError(
                    f"{wanting[0]} needs a baseline: give --baseline, or baseline = in the configuration; "
                    "imgscope baseline save IMAGE makes one"
                )
            return None
        if rules.baseline not in self.baselines:
            self.baselines[rules.baseline] = self._load(rules.baseline)
        return self.baselines[rules.baseline]

    def _load(self, reference: str) -> Baseline:
        from .baselines import file, measure

        path = Path(reference)
        if file.is_baseline(path):
            return file.load(path)
        if path.suffix == ".json" and not path.exists():
            shown = escape(reference)
            raise ConfigError(f"there is no baseline {shown}; make it with: imgscope baseline save IMAGE -o {shown}")
        return measure.make(self.analysis(reference, self.options.but(image=None)))


def _outline_will_do(rules: ImageRules) -> bool:
    """Tell whether the manifest and the config answer all that is asked, so that no layer has to be read."""
    settings = [setting for setting in rules.settings if not setting.off]
    return bool(settings) and rules.baseline is None and all(RULES[setting.rule].outline for setting in settings)


def given_names(reference: str) -> list[str]:
    """Return the names by which a pattern may know what was given: as it stands, without its scheme, a file's name."""
    scheme, colon, rest = reference.partition(":")
    plain = rest.removeprefix("//") if colon and scheme in ("docker", "podman", "registry") else reference
    return [reference, plain, os.path.basename(plain)]  # noqa: PTH119
