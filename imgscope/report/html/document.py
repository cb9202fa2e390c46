"""What the page shows, as plain values: those of the JSON outputs, and columns for the map.

Every text is made safe to print here: the page shows texts as they are, and only ever as text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...escape import escape
from ..interface import Options
from .tree import Nodes, nodes_of

if TYPE_CHECKING:
    from ...analysis import Analysis
    from ...differences.model import Difference
    from ...suggestions.model import Suggestions
    from .parts import Parts

# Of ranked lists that the page shows whole the JSON has but the first: as many as an analysis keeps.
_ROWS = 200
# Environment and labels that are shown: an image may have a hundred thousand.
_SETTINGS = 1000


def document(parts: Parts, options: Options) -> dict[str, Any]:
    """Return what is in the page. Raises ``ImageError`` where contents are needed and can't be read."""
    from ... import __version__

    found: dict[str, Any] = {"version": __version__, "title": parts.title}
    nodes: Nodes | None = None
    if parts.analysis is not None:
        owners, packages = _packages(parts.analysis)
        nodes = nodes_of(parts.analysis, owners)
        found |= _analysis(parts.analysis, options, packages)
        if parts.suggestions is not None:
            found["suggestions"] = _suggestions(parts.suggestions, nodes)
    if parts.verdict is not None:
        from ...checks.outputs.json import document as verdict

        checked = verdict(parts.verdict)
        for image in checked["images"]:
            # They are in the page already.
            image.pop("layers", None)
        found["verdict"] = checked
    if parts.difference is not None:
        found["difference"] = _difference(parts.difference)
    if parts.bases is not None:
        from ...base_images.report.json import document as bases

        found["bases"] = bases(parts.bases)
    safe: dict[str, Any] = _safe(found)
    # The columns' names are safe already, and have line breaks between them.
    if nodes is not None:
        safe["nodes"] = nodes.columns()
    if parts.difference is not None:
        from .difference import columns

        safe["difference"]["nodes"] = columns(parts.difference)
    return safe


def _safe(value: Any) -> Any:
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, dict):
        return {_safe(key): _safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple) and value and not isinstance(value[0], int):
        return [_safe(item) for item in value]
    return value


def _analysis(analysis: Analysis, options: Options, packages: list[dict[str, Any]]) -> dict[str, Any]:
    from ..json import groups, summary

    found = summary(analysis, replace(options, top=_ROWS))
    image = found["image"]
    config = image.pop("config").get("config")
    image["settings"] = _settings(config) if isinstance(config, dict) else []
    # Ranked lists can be had from the map's own columns.
    for name in ("top_files", "top_directories"):
        del found[name]
    found["packages"] |= {"top": packages or found["packages"]["top"]}
    found["waste_groups"] = list(groups(analysis))
    return found


def _settings(config: dict[str, Any]) -> list[list[str]]:
    """Return the image's settings as pairs of texts; secrets were taken out of them before."""
    rows: list[list[str]] = []
    for key, value in config.items():
        if isinstance(value, dict):
            rows += [[key, str(name) if item in ({}, None, "") else f"{name}={item}"] for name, item in value.items()]
        elif isinstance(value, list) and key == "Env":
            rows += [[key, str(item)] for item in value]
        elif isinstance(value, list):
            rows.append([key, " ".join(map(str, value))])
        elif value not in (None, "", False):
            rows.append([key, str(value)])
    return rows[:_SETTINGS]


def _packages(analysis: Analysis) -> tuple[dict[bytes, int], list[dict[str, Any]]]:
    """Return whose each path is, as the number of a package, and the packages, largest first."""
    from ...errors import ImageError
    from ...packages import read_packages

    try:
        # Not only what is at hand: that would depend on what an earlier run has kept.
        known = read_packages(analysis)
    except ImageError:
        return {}, []
    ranked = sorted(known.packages, key=lambda one: (-one.size, one.ecosystem, one.name, one.version, one.location))
    numbers = {id(package): number for number, package in enumerate(ranked)}
    rows = [{"ecosystem": one.ecosystem, "name": one.name, "version": one.version, "bytes": one.size} for one in ranked]
    return {path: numbers[id(package)] for path, package in known.owners.items()}, rows


def _suggestions(report: Suggestions, nodes: Nodes) -> dict[str, Any]:
    """Return the findings with what each of them claims: [node, bytes or -1 for all, entry] of an inode's name."""
    from ...suggestions.ledger import Ledger
    from ...suggestions.outputs.json import document as suggested

    found = suggested(report)
    overlay = report.analysis.body.overlay
    names = Ledger(overlay).names
    shared: dict[int, int] = {}
    for row, finding in zip(found["findings"], report.findings, strict=True):
        claims: list[int] = []
        for claim in finding.claims:
            inode = overlay.inode(claim.entry)
            number = nodes.number_of.get(inode)
            if number is None:
                continue
            claims += (number, -1 if claim.bytes is None else claim.bytes, claim.entry)
            if inode in names:
                shared[number] = len(names[inode])
        row["claims"] = claims
    # Nodes whose bytes go with the last of so many names.
    found["names"] = [list(pair) for pair in sorted(shared.items())]
    return found


def _difference(difference: Difference) -> dict[str, Any]:
    from ...differences.report.json import summary
    from ...differences.report.words import pulling, sharing, why

    found = summary(difference)
    found.pop("directories", None)
    found["why"] = why(difference)
    found["sharing"] = sharing(difference)
    found["pulling"] = pulling(difference.pull, exact=False)
    if difference.filter.wants("files"):
        found["files"] = [
            [row.path, row.kind, row.size_before, row.size_after, ", ".join(row.differs), row.path_before or ""]
            for row in difference.files
        ]
    return found
