"""Rules on what has changed since a baseline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import hypot
from typing import TYPE_CHECKING

from ...asides import whole
from ...layer.estimate import Estimate, total
from ...paths import join, public
from ...report.sizes import size
from ...settings import settings
from ..model import Cause, Causes
from ..values import AMOUNT, SHARE, SIZE, Limit
from .files import sized
from .interface import CannotTell, Outcome, Rule, Subject, below_floor, written
from .size import about

if TYPE_CHECKING:
    from ...analysis import Analysis
    from ..baselines.model import Baseline


def _baseline(subject: Subject) -> Baseline:
    if subject.baseline is None:
        raise CannotTell("there is no baseline to compare with")
    return subject.baseline


def _causes(base: Baseline, subject: Subject) -> Causes:
    from ..growth import growth_causes

    return Causes.of(growth_causes(base, subject.analysis))


def _waste_causes(base: Baseline, subject: Subject) -> Causes:
    from ..growth import waste_growth

    return Causes.of(waste_growth(base, subject.analysis))


def max_growth(subject: Subject, limit: Limit, _: str | None) -> Outcome:
    """How many content bytes the image has gained, or that as a share of the baseline's."""
    base = _baseline(subject)
    before, now = base.content_bytes, subject.analysis.image.content_bytes
    return _growth(subject, base, before, now, limit, lambda: _causes(base, subject))


def max_compressed_growth(subject: Subject, limit: Limit, _: str | None) -> Outcome:
    """How many bytes the image's blobs have gained, or that as a share of the baseline's."""
    base = _baseline(subject)
    estimated = _estimates(base, subject.analysis)
    if estimated is not None:
        first, second, error = estimated
        outcome = _growth(subject, base, first.bytes, second.bytes, limit, lambda: _causes(base, subject))
        allowed = limit.value * first.bytes if limit.unit == SHARE else limit.value
        return about(outcome, Estimate(0, error, second.method), abs(second.bytes - first.bytes - allowed))
    before, now = base.blob_bytes, subject.analysis.image.blob_bytes
    if before is None or now is None:
        whose = "baseline's" if before is None else "image's"
        raise CannotTell(f"the {whose} compressed size is not known")
    if base.compressed != any(layer.compression for layer in subject.analysis.layers):
        raise CannotTell("one of image and baseline has compressed layers, the other plain ones")
    return _growth(subject, base, before, now, limit, lambda: _causes(base, subject))


def _estimates(base: Baseline, analysis: Analysis) -> tuple[Estimate, Estimate, int] | None:
    """Return about what baseline and image are compressed, and the error of the difference.

    ``None`` where the sizes as stored are compared: both are compressed, or of one it is not known.
    """
    now, before = analysis.image.compressed_estimate, base.compressed_estimate
    if now is None and before is None:
        return None
    if now is None and analysis.image.blob_bytes is not None and whole(analysis.layers) is None:
        now = Estimate(analysis.image.blob_bytes, 0)
    if before is None and base.compressed and base.blob_bytes is not None:
        before = Estimate(base.blob_bytes, 0)
    if now is None or before is None:
        return None
    errors = [now.error, before.error]
    if now.error and before.error:
        # The sample of a layer that both have is the same, and so is what it errs by.
        theirs = {layer.diff_id for layer in base.layers}
        own = {layer.diff_id for layer in analysis.layers}
        added = [layer.compressed_estimate for layer in analysis.layers if layer.diff_id not in theirs]
        errors = [total(one for one in added if one is not None).error, before.error if theirs - own else 0]
    return before, now, round(hypot(*errors))


def max_new_waste(subject: Subject, limit: Limit, _: str | None) -> Outcome:
    """How many more bytes are wasted than in the baseline."""
    base = _baseline(subject)
    before, now = base.wasted_bytes, subject.analysis.image.wasted_bytes
    return _growth(subject, base, before, now, limit, lambda: _waste_causes(base, subject))


ACCEPTS = "imgscope.accept-growth"
"""The label by which an image's author accepts that it has grown since one baseline: its value is that one's id."""
# Of an id people write at least so much.
_LEAST_ID = 12


def accepted(subject: Subject, base: Baseline) -> bool:
    """Tell whether the image's label accepts what has grown since this very baseline; of the next it says nothing."""
    labels = settings(subject.analysis.image.config).get("Labels")
    value = labels.get(ACCEPTS) if isinstance(labels, Mapping) else None
    if not isinstance(value, str):
        return False
    wanted = value.strip().removeprefix("sha256:").lower()
    return len(wanted) >= _LEAST_ID and base.id.removeprefix("sha256:").startswith(wanted)


def _growth(
    subject: Subject, base: Baseline, before: int, now: int, limit: Limit, causes: Callable[[], Causes]
) -> Outcome:
    grown = now - before
    actual: float = grown
    if limit.unit == SHARE:
        if before == 0 and grown > 0:
            actual = float("inf")
        else:
            actual = grown / before if before else 0.0
    within = actual <= limit.value
    ok = within or below_floor(limit, grown)
    signed = f"{'+' if grown >= 0 else '-'}{size(abs(grown))}"
    if before:
        signed += f" ({grown / before:+.1%})".replace("%", " %")
    allowed = written(limit.value, limit.unit)
    if limit.floor is not None and not within:
        allowed += f", or {size(limit.floor)}"
    message = f"{signed} of at most {allowed}; from {size(before)} to {size(now)}"
    note = ""
    if not ok and accepted(subject, base):
        ok, note = True, f"accepted by the label {ACCEPTS}, for this baseline only"
    return Outcome(ok, actual if actual != float("inf") else None, message, causes, note)


def max_new_file_size(subject: Subject, limit: Limit, _: str | None) -> Outcome:
    """Files larger than the limit that the baseline has not, or had no larger than that."""
    base = _baseline(subject)
    rows = [
        (count, join(directory, name), entry) for count, directory, name, entry in sized(subject.analysis, limit.value)
    ]
    if subject.ignored:
        from ...globs import PathFilter
        from ...paths import split

        fits = PathFilter(subject.ignored).fits
        rows = [row for row in rows if not fits(*split(row[1]))]
    known = base.sizes(limit.value) if rows else {}
    if known is None:
        raise CannotTell(
            f"the baseline lists files above {size(base.files_above)} only; save it anew with --files-above "
            f"{size(limit.value).replace(' ', '')}"
        )
    layer_of = subject.analysis.body.overlay.layer_of
    causes = []
    for count, path, entry in sorted(rows, key=lambda row: (-row[0], row[1])):
        before = known.get(path)
        if before is None or before <= limit.value:
            layer = layer_of(entry)
            causes.append(Cause("file", public(path), layer, subject.instruction(layer), count, before))
    if not causes:
        return Outcome(True, 0, f"no new file is larger than {size(limit.value)}")
    if accepted(subject, base):
        why = f"accepted by the label {ACCEPTS}, for this baseline only"
        return Outcome(True, causes[0].bytes, f"{len(causes):,} new above {size(limit.value)}", note=why)
    many = "file is" if len(causes) == 1 else "files are"
    message = f"{len(causes):,} new {many} larger than {size(limit.value)}, the largest {size(causes[0].bytes)}"
    return Outcome(False, causes[0].bytes, message, lambda: Causes.of(causes))


RULES = (
    Rule("max-growth", AMOUNT, "Limit on growth since the baseline.", max_growth, relative=True),
    Rule(
        "max-compressed-growth",
        AMOUNT,
        "Limit on growth of the size as stored, compressed (estimated where it is not).",
        max_compressed_growth,
        relative=True,
    ),
    Rule("max-new-waste", AMOUNT, "Limit on additional wasted bytes since the baseline.", max_new_waste, relative=True),
    Rule(
        "max-new-file-size",
        SIZE,
        "Limit on the size of a file that is new or has grown past it.",
        max_new_file_size,
        relative=True,
    ),
)
