"""Rules on what has changed since a baseline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from ...paths import join, public
from ...report.sizes import size
from ...settings import settings
from ..model import Cause, Causes
from ..values import AMOUNT, SHARE, SIZE, Limit
from .files import sized
from .interface import CannotTell, Outcome, Rule, Subject, below_floor, written

if TYPE_CHECKING:
    from ..baseline import Baseline


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
    before, now = base.blob_bytes, subject.analysis.image.blob_bytes
    if before is None or now is None:
        whose = "baseline's" if before is None else "image's"
        raise CannotTell(f"the {whose} compressed size is not known")
    if base.compressed != any(layer.compression for layer in subject.analysis.layers):
        raise CannotTell("one of image and baseline has compressed layers, the other plain ones")
    return _growth(subject, base, before, now, limit, lambda: _causes(base, subject))


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
    message = f"{signed}, from {size(before)} to {size(now)}"
    note = ""
    if not within:
        message += f"; at most {written(limit.value, limit.unit)} is allowed"
        if limit.floor is not None:
            message += f", or {size(limit.floor)}"
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
        from ...differences.paths import PathFilter
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
        "max-compressed-growth", AMOUNT, "Limit on growth of the size as stored.", max_compressed_growth, relative=True
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
