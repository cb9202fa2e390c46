"""An answer as headings and tables: what all formats but JSON are written from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from ...differences.report.words import signed
from ...report.sizes import size

Kind = Literal["text", "path", "bytes", "change", "number", "cost"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: ``text`` may be an image's own words, ``path`` has what room is left; the others are numbers."""

    title: str
    kind: Kind = "text"

    @property
    def numeric(self) -> bool:
        """Whether it holds numbers."""
        return self.kind not in ("text", "path")

    def shown(self, value: Any, exact: bool) -> str:
        """Write a cell for people."""
        if value is None:
            return ""
        if self.kind == "bytes":
            return size(value, exact)
        if self.kind == "change":
            return signed(value, exact)
        if self.kind == "cost":
            return f"{value:,.2f}"
        if isinstance(value, int) and not isinstance(value, bool):
            return f"{value:,}"
        if isinstance(value, datetime):
            return moment(value)
        return str(value)


def moment(value: datetime) -> str:
    """Write a time as RFC 3339 in UTC; one without a zone is taken to be in UTC."""
    return value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Section:
    """A table with its heading (``title``, and ``detail`` beside it); ``name`` is what CSV calls it."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Any]]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """An answer: ``title`` and ``lines`` at its head, sections, notes; ``values`` are what JSON is written from."""

    title: str
    lines: Sequence[str]
    sections: Sequence[Section]
    values: dict[str, Any]
    notes: Sequence[str] = field(default=())


def plain(value: Any) -> Any:
    """Return a result as plain values: the fields of its classes, and what they work out of them."""
    if is_dataclass(value):
        names = [each.name for each in fields(value)]
        names += [name for name, each in vars(type(value)).items() if isinstance(each, property)]
        return {name: plain(getattr(value, name)) for name in names}
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return moment(value)
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
