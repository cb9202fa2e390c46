"""What ``fleet report`` says, as a document: a section a question."""

from __future__ import annotations

from collections.abc import Iterator

from ...differences.report.words import signed
from ...report.sizes import percent, quantity, size
from ...trends.outputs.words import sparkline
from ..questions.bases import Bases
from ..questions.fixes import Fixes
from ..questions.growth import Growth
from ..questions.overview import FleetReport
from ..questions.same import Same
from ..questions.stored import Share, Stored
from ..questions.waste import Waste
from .document import Column, Document, Section, plain

_BYTES = ("logical", "physical", "unique", "shared")


def document(report: FleetReport, title: str, exact: bool = False) -> Document:
    """Put a report into words; ``title`` names the store."""
    stored = report.stored
    total = stored.total
    lines = [
        f"{quantity(total.tags, 'tag')} of {quantity(total.images, 'image')}"
        f" in {quantity(stored.counts['repositories'], 'repository', 'repositories')}"
        f" on {quantity(stored.counts['hosts'], 'host')}",
        f"{size(total.physical, exact)} are stored, where a sum over images counts {size(total.logical, exact)}:"
        f" {percent(total.physical, total.logical)}. {size(total.unique, exact)} belong to one image each.",
    ]
    cost = stored.cost(total.physical)
    if cost is not None:
        lines.append(f"By the price that is given: {cost:,.2f}.")
    sections = [
        *_stored(stored),
        *_waste(report.waste, exact),
        *_fixes(report.fixes, exact),
        *_bases(report.bases),
        *_same(report.same, exact),
        *_growth(report.growth, exact),
    ]
    return Document(title, lines, sections, plain(report), _notes(report))


def _notes(report: FleetReport) -> list[str]:
    stored = report.stored
    notes = []
    if stored.unread:
        notes.append(f"{quantity(stored.unread, 'tag')} lead to images that are not in the store, and count nothing")
    if stored.about:
        notes.append(f"{quantity(stored.about, 'layer')} have no stored size: what they hold counts")
    if report.bases.unknown:
        notes.append(f"{quantity(report.bases.unknown, 'image')} have no base that is known by its name")
    return notes


def _some(shown: int, count: int, noun: str, plural: str | None = None) -> str:
    return f"{shown:,} of {quantity(count, noun, plural)}" if shown < count else ""


def _stored(stored: Stored) -> Iterator[Section]:
    priced = stored.price_per_gb is not None

    def columns(*named: Column) -> list[Column]:
        figures = [Column(name, "bytes") for name in _BYTES]
        return [*named, *figures, *([Column("cost", "cost")] if priced else [])]

    def figures(share: Share) -> tuple[float | None, ...]:
        rest = (stored.cost(share.physical),) if priced else ()
        return (share.logical, share.physical, share.unique, share.shared, *rest)

    images, tags = Column("images", "number"), Column("tags", "number")
    yield Section(
        "hosts",
        "Stored, by host",
        columns(Column("host", "path"), images, tags),
        [(share.host, share.images, share.tags, *figures(share)) for share in stored.hosts],
    )
    yield Section(
        "repositories",
        "Stored, by repository",
        columns(Column("repository", "path"), images, tags),
        [(_place(share), share.images, share.tags, *figures(share)) for share in stored.repositories],
        _some(len(stored.repositories), stored.counts["repositories"], "repository", "repositories"),
    )
    yield Section(
        "images",
        "Images that would free most",
        columns(Column("repository", "path"), Column("image"), tags),
        [(_place(share), share.name[:19], share.tags, *figures(share)) for share in stored.images],
        _some(len(stored.images), stored.counts["images"], "image"),
    )
    yield Section(
        "tags",
        "Tags that would free most",
        columns(Column("repository", "path"), Column("tag")),
        [(_place(share), share.name, *figures(share)) for share in stored.tags],
        _some(len(stored.tags), stored.counts["tags"], "tag"),
    )
    yield Section(
        "use",
        "How often layers are used",
        [Column("images"), Column("layers", "number"), Column("bytes", "bytes"), Column("saved", "bytes")],
        [
            (str(use.low) if use.low == use.high else f"{use.low} to {use.high}", use.layers, use.bytes, use.saved)
            for use in stored.used
        ],
    )


def _place(share: Share) -> str:
    return "/".join(filter(None, (share.host, share.repository)))


def _waste(waste: Waste, exact: bool) -> Iterator[Section]:
    detail = f"{size(waste.bytes, exact)} of content; the images' own figures add up to {size(waste.counted, exact)}"
    some = _some(len(waste.paths), waste.count, "path")
    yield Section(
        "waste",
        "Waste",
        [
            Column("bytes", "bytes"),
            Column("layers", "number"),
            Column("images", "number"),
            Column("reason"),
            Column("path", "path"),
        ],
        [(row.bytes, row.layers, row.images, row.reason.replace("_", " "), row.path) for row in waste.paths],
        "; ".join(filter(None, (detail, some))),
    )


def _fixes(fixes: Fixes, exact: bool) -> Iterator[Section]:
    detail = f"{size(fixes.bytes, exact)} of content together; shared layers counted once"
    some = _some(len(fixes.fixes), fixes.count, "fix", "fixes")
    yield Section(
        "fixes",
        "Fixes that save most",
        [
            Column("own", "bytes"),
            Column("all", "bytes"),
            Column("images", "number"),
            Column("rule"),
            Column("certainty"),
            Column("repository", "path"),
            Column("what", "path"),
        ],
        [
            (row.own, row.bytes, row.images, row.rule, row.certainty, f"{row.host}/{row.repository}", row.title)
            for row in fixes.fixes
        ],
        "; ".join(filter(None, (detail, some))),
    )
    yield Section(
        "rules",
        "Findings by rule",
        [
            Column("bytes", "bytes"),
            Column("layers", "number"),
            Column("images", "number"),
            Column("repositories", "number"),
            Column("rule"),
            Column("for example", "path"),
        ],
        [(row.bytes, row.layers, row.images, row.repositories, row.rule, row.title) for row in fixes.rules],
    )


def _bases(bases: Bases) -> Iterator[Section]:
    yield Section(
        "tree",
        "Shared layers, from the lowest on",
        [Column("images", "number"), Column("layers", "number"), Column("bytes", "bytes"), Column("what", "path")],
        [
            (node.images, node.layers, node.bytes, "· " * node.depth + (node.name or node.top[:19]))
            for node in bases.tree
        ],
        _some(len(bases.tree), bases.counts["tree"], "prefix", "prefixes"),
    )
    yield Section(
        "bases",
        "Bases in use",
        [
            Column("images", "number"),
            Column("repositories", "number"),
            Column("bytes", "bytes"),
            Column("made"),
            Column(""),
            Column("base", "path"),
        ],
        [
            (
                row.images,
                row.repositories,
                row.bytes,
                ("" if row.exact else "by ") + row.made[:10] if row.made else "",
                "newest" if row.newest else "older",
                f"{row.base} ({row.platform})",
            )
            for row in bases.versions
        ],
        _some(len(bases.versions), bases.counts["versions"], "version"),
    )
    yield Section(
        "drift",
        "Drift: images on older versions of their base",
        [
            Column("images", "number"),
            Column("versions", "number"),
            Column("not shared", "bytes"),
            Column("moving saves", "bytes"),
            Column("base", "path"),
        ],
        [(row.images, row.versions, row.not_shared, row.saves, f"{row.base} ({row.platform})") for row in bases.drift],
        _some(len(bases.drift), bases.counts["drift"], "base"),
    )


def _same(same: Same, exact: bool) -> Iterator[Section]:
    some = _some(len(same.files), same.contents, "content")
    yield Section(
        "copies",
        "The same file in several layers",
        [
            Column("redundant", "bytes"),
            Column("bytes", "bytes"),
            Column("layers", "number"),
            Column("images", "number"),
            Column("path", "path"),
        ],
        [(row.redundant, row.bytes, row.layers, row.images, row.path) for row in same.files],
        "; ".join(filter(None, (f"{size(same.redundant, exact)} redundant", some))),
    )
    yield Section(
        "packages",
        "Packages",
        [
            Column("bytes", "bytes"),
            Column("images", "number"),
            Column("versions", "number"),
            Column("kind"),
            Column("package"),
            Column("most images have", "path"),
        ],
        [
            (
                row.bytes,
                row.images,
                row.versions,
                row.kind,
                row.name,
                ", ".join(f"{version} ({count:,})" for version, count in row.most[:3]),
            )
            for row in same.packages
        ],
        _some(len(same.packages), same.package_count, "package"),
    )


def _growth(growth: Growth, exact: bool) -> Iterator[Section]:
    yield Section(
        "growth",
        "Growth",
        [
            Column(growth.period),
            Column("tags", "number"),
            Column("images", "number"),
            Column("logical", "bytes"),
            Column("physical", "bytes"),
            Column("change", "change"),
        ],
        [(row.time, row.tags, row.images, row.logical, row.physical, row.change) for row in growth.points],
        sparkline([row.physical for row in growth.points]),
    )
    if growth.jump is not None:
        jump = growth.jump
        yield Section(
            "jump",
            f"What made the largest step: {jump.before} to {jump.after}",
            [Column("change", "change"), Column("kind"), Column("what", "path"), Column("where", "path")],
            [(row.bytes, row.kind, row.what, row.where) for row in jump.causes],
            f"{signed(jump.bytes, exact)}; layers as stored, files and packages in content",
        )
    if growth.repositories:
        yield Section(
            "grown",
            "Repositories that changed most",
            [
                Column("before", "bytes"),
                Column("after", "bytes"),
                Column("change", "change"),
                Column("repository", "path"),
            ],
            [(row.before, row.after, row.change, f"{row.host}/{row.repository}") for row in growth.repositories],
        )
