"""Goes the whole way of ``imgscope check``: from references and a configuration to the report."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import find
from ..errors import ConfigError, ImageError, UsageError
from ..escape import escape
from ..progress import working
from .config import DIVE_FILE, Config, ImageRules, Table, needs_baseline, read, read_rule
from .engine import check
from .model import ImageCheck, Report
from .place import Place, place
from .rules import RULES

if TYPE_CHECKING:
    from ..analysis import Analysis
    from ..compat.dive_ci import DiveRules
    from ..progress import Progress
    from ..shared import SharedLayers
    from .baseline import Baseline

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


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for: images, how they are read, and where the rules come from.

    ``config`` names the file, ``None`` looks for one; ``use_config=False`` reads none. ``options`` are rules given one
    by one, ``dive_options`` dive's, as texts, by name; ``ci_config`` is a file in dive's format. ``whole`` asks for
    whole analyses, where the rules would be content with less.
    """

    references: tuple[str, ...]
    options: Table = field(default_factory=Table)
    config: Path | None = None
    use_config: bool = True
    ci_config: Path | None = None
    dive_options: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False
    platform: str | None = None
    image: str | None = None
    cache: bool = True
    whole: bool = False


@contextmanager
def run(request: Request, progress: Progress | None = None) -> Iterator[Report]:
    """Check all images of a request; their analyses are open until the end.

    An image that can't be had is told in the report, so that the others are checked all the same. Raises
    ``UsageError`` and, when the baseline can't be had, ``ImageError``.
    """
    if len([reference for reference in request.references if reference == "-"]) > 1:
        raise UsageError("only one image can come from standard input")
    config = configuration(request)
    dive, origin, notes = _dive_rules(request, config)
    if config.empty and not request.options.settings and dive is None:
        request = replace(request, options=replace(request.options, settings=default_rules().settings))
        told = "no rule is set, so the defaults hold: at most 10 % wasted (or 20 MB), and no secrets"
        notes = (*notes, f"{told}; set your own in imgscope.toml")
    with ExitStack() as stack:
        session = _Session(request, config, stack, progress)
        images = tuple(session.check(reference, dive, origin, notes) for reference in request.references)
        yield Report(images, request.strict)


def configuration(request: Request) -> Config:
    """Return the configuration that a request names or that lies nearest. Raises ``ConfigError``."""
    if not request.use_config:
        return Config()
    path = request.config or find(Path.cwd())
    return read(path) if path is not None else Config()


def _dive_rules(request: Request, config: Config) -> tuple[DiveRules | None, str, tuple[str, ...]]:
    """Return dive's rules if they are wanted, where they come from, and notes.

    They are read from ``--ci-config``; without it from the ``.dive-ci`` here, unless imgscope's own configuration
    sets rules.
    """
    path = request.ci_config
    if path is None and Path(DIVE_FILE).is_file():
        if not config.empty:
            own = config.path.name if config.path else "the configuration"
            notes = (f"{DIVE_FILE} is not read, since {own} sets rules; --ci-config {DIVE_FILE} reads both",)
            return (_read_dive("", request) if request.dive_options else None), "option", notes
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
        return _read_dive(text, request), str(path), ()
    if request.dive_options:
        return _read_dive("", request), "option", ()
    return None, "", ()


def _read_dive(text: str, request: Request) -> DiveRules:
    from ..compat.dive_ci import read_dive_ci

    return read_dive_ci(text, dict(request.dive_options))


class _Session:
    """One run under way: what its images share."""

    def __init__(self, request: Request, config: Config, stack: ExitStack, progress: Progress | None) -> None:
        self.request = request
        self.config = config
        self.stack = stack
        self.progress = progress
        self.baselines: dict[str, Baseline] = {}
        self.places: dict[str | None, Place] = {}
        self.shared: SharedLayers | None = None

    def analyze(self, reference: str, image: str | None, layers: bool = True) -> Analysis:
        from ..analyzer import analyze
        from ..shared import SharedLayers

        if self.shared is None:
            self.shared = SharedLayers()
        request = self.request
        analysis = analyze(
            reference,
            platform=request.platform,
            image=image,
            cache=request.cache,
            progress=self.progress,
            shared=self.shared,
            layers=layers,
        )
        return self.stack.enter_context(analysis)

    def check(self, reference: str, dive: DiveRules | None, origin: str, notes: tuple[str, ...]) -> ImageCheck:
        likely = self.config.for_image(given_names(reference), self.request.options)
        layers = self.request.whole or dive is not None or not _outline_will_do(likely)
        try:
            analysis = self.analyze(reference, self.request.image, layers)
            if not analysis.image.layers_read and not analysis.image.config:
                # An artifact: it has blobs, but there is nothing to check. This says so.
                assert analysis.body
        except ImageError as error:
            rules = self.config.for_image(given_names(reference), self.request.options)
            return ImageCheck(reference, error=str(error), place=self.place(rules))
        rules = self.config.for_image([*given_names(reference), *analysis.image.names], self.request.options)
        if not rules.settings and dive is None:
            raise UsageError(f"no rule is set for {escape(reference)}: none of the name patterns fits it")
        if not analysis.image.layers_read and not _outline_will_do(rules):
            analysis = self.analyze(reference, self.request.image)
        rules = replace(rules, dive=dive, dive_origin=origin, notes=notes)
        before = self.baseline(rules)
        with working(self.progress, f"checking {escape(reference)}"):
            return check(analysis, rules, before, self.place(rules))

    def place(self, rules: ImageRules) -> Place:
        if rules.dockerfile not in self.places:
            self.places[rules.dockerfile] = place(rules.dockerfile, self.config.path)
        return self.places[rules.dockerfile]

    def baseline(self, rules: ImageRules) -> Baseline | None:
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
        from . import baseline, baseline_file

        path = Path(reference)
        if baseline_file.is_baseline(path):
            return baseline_file.load(path)
        if path.suffix == ".json" and not path.exists():
            shown = escape(reference)
            raise ConfigError(f"there is no baseline {shown}; make it with: imgscope baseline save IMAGE -o {shown}")
        return baseline.make(self.analyze(reference, None))


def _outline_will_do(rules: ImageRules) -> bool:
    """Tell whether the manifest and the config answer all that is asked, so that no layer has to be read."""
    settings = [setting for setting in rules.settings if not setting.off]
    return bool(settings) and rules.baseline is None and all(RULES[setting.rule].outline for setting in settings)


def given_names(reference: str) -> list[str]:
    """Return the names by which a pattern may know what was given: as it stands, without its scheme, a file's name."""
    scheme, colon, rest = reference.partition(":")
    plain = rest.removeprefix("//") if colon and scheme in ("docker", "podman", "registry") else reference
    return [reference, plain, os.path.basename(plain)]  # noqa: PTH119


def references_of(values: Sequence[str]) -> tuple[str, ...]:
    """Return references without those that are given twice."""
    return tuple(dict.fromkeys(values))
