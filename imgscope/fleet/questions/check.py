"""Budgets over a fleet: the rules of ``imgscope.toml``, as far as the store's figures answer them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ...checks.annotated_file import annotated_file
from ...checks.config import Config, Table, matches, read
from ...checks.engine import evaluate
from ...checks.model import Cause, Causes, CheckReport, ImageCheck, RuleResult, Setting
from ...checks.rules.interface import CannotTell, Outcome, at_least, at_most, share_or_bytes, without_base
from ...checks.rules.suggestions import SURE, codes_of
from ...checks.run import default_rules
from ...checks.values import SHARE, Limit
from ...config import find
from ...errors import UsageError
from ...escape import escape
from ...report.sizes import quantity
from ...rows import efficiency
from .free import names
from .ground import ground, rows

if TYPE_CHECKING:
    from .ground import Connection


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
    allow_skipped: bool = False,
    strict: bool = False,
) -> CheckReport:
    """Hold the images that fit one of ``patterns`` (all, without) against the rules that are set for their names.

    ``config`` is a configuration file, by default the nearest ``imgscope.toml``; ``False`` reads none, and the
    defaults hold. Rules that the store can't answer are skipped and do not fail: each result says so. Each image is
    checked once, by all of its names that fit. Raises ``UsageError`` where no image fits, or none has a rule.
    """
    chosen = _configuration(config)
    given = default_rules() if chosen.empty else Table()
    images = _named(connection, patterns)
    if not images:
        wanted = ", ".join(map(escape, patterns)) or "anything"
        raise UsageError(f"no image in the store fits {wanted}")
    facts = _facts(connection)
    place = annotated_file(None, chosen.path, here=False)
    checked = []
    for image, (reference, called) in images.items():
        rules = chosen.for_image(called, given)
        if rules.settings:
            results = [_judge(facts[image], each, rules.allow_skipped or allow_skipped) for each in rules.settings]
            checked.append(ImageCheck(reference, results=tuple(results), place=place))
    if not checked:
        raise UsageError("no rule is set for any of these images: none of the name patterns fits")
    return CheckReport(tuple(checked), strict)


def _configuration(config: str | os.PathLike[str] | Literal[False] | None) -> Config:
    if config is False:
        return Config()
    path = Path(config) if config is not None else find(Path.cwd())
    return read(path) if path is not None else Config()


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


def _judge(image: _Image, setting: Setting, allow_skipped: bool) -> RuleResult:
    measure = _MEASURES.get(setting.rule)

    def measured(limit: Limit) -> Outcome:
        if measure is None:
            raise CannotTell("the store can't tell; imgscope check reads the image", blocking=False)
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
"""The rules that the store answers. The others want the merged tree, the config, or a baseline."""
