"""Budgets over a fleet: the rules of ``imgscope.toml``, as far as the store's figures answer them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from ...checks.annotated_file import annotated_file
from ...checks.config import ImageRules, Table, matches
from ...checks.engine import evaluate, judge
from ...checks.model import SKIPPED, Cause, Causes, CheckReport, ImageCheck, RuleResult, Setting
from ...checks.rules.dive import dive_results
from ...checks.rules.interface import CannotTell, Outcome, Subject, at_least, at_most, share_or_bytes, without_base
from ...checks.rules.suggestions import SURE, codes_of
from ...checks.run import Session, configuration, default_rules, dive_rules_of
from ...checks.values import SHARE, Limit
from ...errors import ImageError, UsageError
from ...escape import escape
from ...reading import ReadOptions
from ...report.sizes import quantity
from ...rows import efficiency
from ..layers import StoredLayers
from ..opening import StoredImage, stored_analysis
from .free import names
from .ground import ground, rows
from .stack import stored_images

if TYPE_CHECKING:
    from ...analysis import Analysis
    from ...checks.baselines.model import Baseline
    from ..store.place import Place
    from .ground import Connection

_LACKING = "the store has not all of the image's layers; imgscope check reads the image"
# Images of which what the store knows is asked together.
_SEVERAL = 500


@dataclass(frozen=True, slots=True)
class _Finding:
    rule: str
    certainty: str
    title: str
    bytes: int
    layer: int | None


@dataclass(frozen=True, slots=True)
class _Image:
    """What the store knows of an image; sizes are ``None`` where it does not."""

    content: int | None
    wasted: int | None
    blob: int | None
    files: int | None
    layers: tuple[int | None, ...]
    blobs: tuple[int | None, ...]
    instructions: tuple[str, ...]
    base: int | None
    findings: tuple[_Finding, ...]

    def causes(self, sizes: Sequence[int | None], first: int = 0) -> Causes:
        """Return the layers from ``first`` on as causes, largest first."""
        ranked = sorted((-(size or 0), layer) for layer, size in enumerate(sizes) if layer >= first and size)
        return Causes.of([Cause("layer", None, layer, self.instruction(layer), -size) for size, layer in ranked])

    def instruction(self, layer: int | None) -> str:
        """Return what made a layer, in one line; empty where that is not known."""
        known = layer is not None and layer < len(self.instructions)
        return " ".join(self.instructions[layer].split()) if known and layer is not None else ""


def check(
    connection: Connection,
    patterns: Sequence[str] = (),
    *,
    config: str | os.PathLike[str] | Literal[False] | None = None,
    ci_config: str | os.PathLike[str] | None = None,
    allow_skipped: bool = False,
    strict: bool = False,
    place: Place | None = None,
) -> CheckReport:
    """Hold the images that fit one of ``patterns`` (all, without) against the rules that are set for their names.

    ``config`` is a configuration file, by default the nearest ``imgscope.toml``; ``False`` reads none, and the
    defaults hold. ``ci_config`` is a file in dive's format. Rules that the tables do not answer are evaluated on the
    image itself, which is put together from the indexes of the store at ``place``; where that has not all of its
    layers they are skipped and do not fail: each result says so. Each image is checked once, by all of its names that
    fit. Raises ``UsageError`` where no image fits, or none has a rule, and ``ImageError`` for a baseline.
    """
    chosen = configuration(config, here=config is None)
    dive, origin, notes = dive_rules_of(ci_config, {}, chosen, here=config is None)
    given = default_rules() if chosen.empty and dive is None else Table()
    images = _named(connection, patterns)
    if not images:
        wanted = ", ".join(map(escape, patterns)) or "anything"
        raise UsageError(f"no image in the store fits {wanted}")
    facts = _facts(connection)
    annotated = annotated_file(None, chosen.path, here=False)
    with ExitStack() as stack:
        session = Session(given, chosen, ReadOptions(), stack, here=False, whole=True)
        whole = _Whole(connection, place, images)
        checked = []
        for image, (reference, called) in images.items():
            rules = replace(chosen.for_image(called, given), dive=dive, dive_origin=origin, notes=notes)
            if rules.settings or dive is not None:
                results = _judged(facts[image], rules, allow_skipped, session.baseline(rules), whole, image)
                checked.append(ImageCheck(reference, results=tuple(results), notes=notes, place=annotated))
    if not checked:
        raise UsageError("no rule is set for any of these images: none of the name patterns fits")
    return CheckReport(tuple(checked), strict)


class _Whole:
    """Images put together from the store's indexes, one at a time; what some of them need is asked together."""

    def __init__(self, connection: Connection, place: Place | None, images: dict[int, tuple[str, list[str]]]) -> None:
        self._connection = connection
        self._layers = StoredLayers(place, digests=False) if place is not None else None
        self._order = list(images)
        self._images = images
        self._known: dict[int, StoredImage] = {}

    @contextmanager
    def analysis(self, image: int) -> Iterator[Analysis | str]:
        """Give an image, or why it is not at hand."""
        if self._layers is None:
            yield _LACKING
            return
        if image not in self._known:
            start = self._order.index(image)
            several = self._order[start : start + _SEVERAL]
            self._known = stored_images(self._connection, {each: self._images[each][0] for each in several})
        try:
            found = stored_analysis(self._layers, self._known[image], contents=False)
        except ImageError as error:
            yield str(error)
            return
        if found is None:
            yield _LACKING
            return
        with found:
            yield found


def _judged(
    facts: _Image, rules: ImageRules, allow_skipped: bool, baseline: Baseline | None, whole: _Whole, image: int
) -> list[RuleResult]:
    """Judge an image: by the tables what they answer, else as it is put together from the store."""
    allowed = rules.allow_skipped or allow_skipped
    needed = [each for each in rules.settings if each.rule not in _MEASURES and not each.off]
    if not needed and rules.dive is None:
        return [_judge(facts, each, allowed) for each in rules.settings]
    with whole.analysis(image) as analysis:
        subject = None if isinstance(analysis, str) else Subject(analysis, baseline, rules.ignored, config=rules.config)
        why = analysis if isinstance(analysis, str) else ""
        found = [
            _judge(facts, each, allowed, why)
            if subject is None or each.rule in _MEASURES
            else _on_whole(subject, each, allowed)
            for each in rules.settings
        ]
        if rules.dive is not None:
            found += dive_results(subject, rules.dive, rules.dive_origin) if subject is not None else _no_dive(rules)
    return found


def _on_whole(subject: Subject, setting: Setting, allow_skipped: bool) -> RuleResult:
    try:
        return judge(subject, setting, allow_skipped)
    except ImageError as error:
        reason = str(error)

    def unknown(limit: Limit) -> Outcome:
        raise CannotTell(reason)

    return evaluate(setting, unknown, allow_skipped)


def _no_dive(rules: ImageRules) -> list[RuleResult]:
    """Say that dive's rules were not evaluated."""
    return [RuleResult(Setting("dive", origin=rules.dive_origin), SKIPPED, _LACKING)]


def _named(connection: Connection, patterns: Sequence[str]) -> dict[int, tuple[str, list[str]]]:
    """Return the images that fit, each with its first reference and all of its names that fit."""
    ground(connection)
    found: dict[int, tuple[str, list[str]]] = {}
    for image, host, repository, tag, reference in rows(
        connection,
        "SELECT image_id, host, repository, tag, reference FROM ask_tag_images JOIN ask_tags USING (ref)"
        " ORDER BY ref, image_id",
    ):
        called = names(host, repository, tag, reference)
        if not patterns or any(matches(pattern, called) for pattern in patterns):
            found.setdefault(image, (reference, []))[1].extend(called)
    return found


def _facts(connection: Connection) -> dict[int, _Image]:
    findings: dict[int, list[_Finding]] = {}
    for image, *columns in rows(
        connection,
        """
        SELECT image_id, coalesce(rule, ''), coalesce(certainty, ''), coalesce(title, ''),
               CAST(sum(coalesce(f.bytes, 0)) AS HUGEINT) AS saved,
               arg_max(list_position(layers, layer), f.bytes) - 1
        FROM findings f JOIN ask_images USING (image)
        GROUP BY image_id, finding, rule, certainty, title ORDER BY image_id, saved DESC, finding, rule, title
        """,
    ):
        findings.setdefault(image, []).append(_Finding(*columns))
    known = rows(
        connection,
        """
        WITH sizes AS (SELECT image_id, list(known.content_bytes ORDER BY position) AS content,
                              list(known.blob_bytes ORDER BY position) AS blobs
                       FROM ask_stack_digests s LEFT JOIN (
                           SELECT layer, blob, max(content_bytes) AS content_bytes, max(blob_bytes) AS blob_bytes
                           FROM layers GROUP BY ALL) known
                       ON known.layer = s.layer AND known.blob IS NOT DISTINCT FROM s.blob GROUP BY image_id)
        SELECT image_id, images.content_bytes, wasted_bytes, images.blob_bytes, files, content, sizes.blobs,
               list_transform(list_filter(history, lambda step: step.layer IS NOT NULL),
                              lambda step: coalesce(step.instruction, '')), base_layers
        FROM ask_images JOIN images USING (image) LEFT JOIN sizes USING (image_id) LEFT JOIN bases USING (image)
        """,
    )
    return {
        image: _Image(
            content,
            wasted,
            blob,
            files,
            tuple(layers or ()),
            tuple(blobs or ()),
            tuple(made or ()),
            base,
            tuple(findings.get(image, ())),
        )
        for image, content, wasted, blob, files, layers, blobs, made, base in known
    }


def _judge(image: _Image, setting: Setting, allow_skipped: bool, why: str = "") -> RuleResult:
    measure = _MEASURES.get(setting.rule)

    def measured(limit: Limit) -> Outcome:
        if measure is None:
            raise CannotTell(why, blocking=False)
        return measure(image, limit)

    return evaluate(setting, measured, allow_skipped)


def _known(value: int | None, what: str) -> int:
    if value is None:
        raise CannotTell(f"{what} is not in the store")
    return value


def _sum(values: Sequence[int | None], what: str) -> int:
    return sum(_known(value, what) for value in values)


def _max_size(image: _Image, limit: Limit) -> Outcome:
    return at_most(_known(image.content, "the size"), limit, lambda: image.causes(image.layers))


def _max_compressed_size(image: _Image, limit: Limit) -> Outcome:
    return at_most(_known(image.blob, "the compressed size"), limit, lambda: image.causes(image.blobs))


def _own(image: _Image) -> int:
    if image.base is None or not 0 < image.base <= len(image.layers):
        raise CannotTell("which layers are the base image's is not in the store")
    return image.base


def _max_own_size(image: _Image, limit: Limit) -> Outcome:
    first = _own(image)
    actual = _sum(image.layers[first:], "a layer's size")
    return at_most(actual, limit, lambda: image.causes(image.layers, first), without_base(first))


def _max_own_compressed_size(image: _Image, limit: Limit) -> Outcome:
    first = _own(image)
    actual = _sum(image.blobs[first:], "a layer's compressed size")
    return at_most(actual, limit, lambda: image.causes(image.blobs, first), without_base(first))


def _max_wasted(image: _Image, limit: Limit) -> Outcome:
    wasted = _known(image.wasted, "the waste")
    return at_most(_amount(image, wasted, limit), limit, count=wasted)


def _amount(image: _Image, count: int, limit: Limit) -> float:
    return share_or_bytes(count, _known(image.content, "the size") if limit.unit == SHARE else 0, limit)


def _min_efficiency(image: _Image, limit: Limit) -> Outcome:
    content = _known(image.content, "the size")
    merged = content - _known(image.wasted, "the waste") if content else 0
    return at_least(efficiency(merged, content), limit)


def _max_layers(image: _Image, limit: Limit) -> Outcome:
    return at_most(len(image.layers), limit)


def _max_layer_size(image: _Image, limit: Limit) -> Outcome:
    sizes = [_known(size, "a layer's size") for size in image.layers]
    return at_most(
        max(sizes, default=0), limit, lambda: image.causes([size if size > limit.value else 0 for size in sizes])
    )


def _max_files(image: _Image, limit: Limit) -> Outcome:
    return at_most(_known(image.files, "the number of paths"), limit)


def _causes(image: _Image, findings: Sequence[_Finding]) -> Causes:
    return Causes.of(
        [
            Cause(
                "finding",
                None,
                each.layer,
                image.instruction(each.layer),
                each.bytes,
                detail=f"{each.title} ({each.certainty})",
                code=each.rule,
            )
            for each in findings
        ]
    )


def _max_suggested_savings(image: _Image, limit: Limit) -> Outcome:
    findings = [each for each in image.findings if each.certainty in SURE and each.bytes]
    saved = sum(each.bytes for each in findings)
    return at_most(_amount(image, saved, limit), limit, lambda: _causes(image, findings), count=saved)


def _forbidden_findings(image: _Image, limit: Limit) -> Outcome:
    codes = codes_of(limit.value)
    findings = [each for each in image.findings if each.rule.partition(" ")[0] in codes]
    if not findings:
        return Outcome(True, 0, f"none of {', '.join(limit.value)}")
    told = ", ".join(dict.fromkeys(each.rule for each in findings))
    return Outcome(
        False, len(findings), f"{quantity(len(findings), 'finding')} ({told})", lambda: _causes(image, findings)
    )


_MEASURES: dict[str, Callable[[_Image, Limit], Outcome]] = {
    "max-size": _max_size,
    "max-compressed-size": _max_compressed_size,
    "max-own-size": _max_own_size,
    "max-own-compressed-size": _max_own_compressed_size,
    "max-wasted": _max_wasted,
    "min-efficiency": _min_efficiency,
    "max-layers": _max_layers,
    "max-layer-size": _max_layer_size,
    "max-files": _max_files,
    "max-suggested-savings": _max_suggested_savings,
    "forbidden-findings": _forbidden_findings,
}
"""The rules that the tables answer. The others want the merged tree, the config, or a baseline."""
