"""A table as DuckDB sees it: a view over its parts, with one row for each key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from .parts import UNITS, Part, overlapping
from .schema import schemas

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    import pyarrow.dataset as ds

    from .place import Place

REGISTERED = "parts_"
"""What names of parts begin with that DuckDB can't read itself."""
# DuckDB takes these for patterns, in the middle of a path too.
_PATTERN = re.compile(r"[*?\[\]{}]")


class Viewed(Protocol):
    """The store, as its views read it."""

    @property
    def place(self) -> Place:
        """Where it lies."""

    def fragment(self, table: str, names: Sequence[str]) -> ds.Dataset:
        """Return the rows of some parts of a table."""


class TableView:
    """The view of a table, and the files that DuckDB reads for it.

    Of a folder DuckDB reads the parts itself, which takes a fifth of the time: it leaves alone what no row is wanted
    of. What lies elsewhere is read by fsspec and handed over by pyarrow.
    """

    def __init__(self, store: Viewed, connection: duckdb.DuckDBPyConnection, table: str, parts: Sequence[Part]) -> None:
        self._store = store
        self._connection = connection
        self._table = table
        self._twice = overlapping(parts)
        names = {part.name for part in self._twice}
        self._clean = [part.name for part in parts if part.name not in names]
        place = store.place
        self._itself = place.local and not any(_PATTERN.search(place.path(part.name)) for part in parts)
        self.paths = [place.path(part.name) for part in parts] if self._itself else []

    def make(self) -> None:
        """Make the view."""
        source = f"{REGISTERED}{self._table}"
        queries = [_empty(schemas()[self._table])]
        if self._clean:
            queries.append(f"SELECT * FROM {self._source(source, self._clean)}")  # noqa: S608
        if self._twice:
            ranked = [
                f"SELECT *, {number} AS written FROM {self._source(f'{source}_{number}', [part.name])}"  # noqa: S608
                for number, part in enumerate(self._twice)
            ]
            # Of a unit that several parts have, the last one counts: all of it, for rows of two are no whole.
            queries.append(
                f"SELECT * EXCLUDE (written) FROM ({' UNION ALL BY NAME '.join(ranked)})"  # noqa: S608
                f" QUALIFY written = max(written) OVER (PARTITION BY {', '.join(UNITS[self._table])})"
            )
        # Columns that a part lacks are null, others than ours are left out.
        columns = ", ".join(f'"{name}"' for name in schemas()[self._table].names)
        query = f"SELECT {columns} FROM ({' UNION ALL BY NAME '.join(queries)})"  # noqa: S608
        self._connection.execute(f"CREATE VIEW {self._table} AS {query}")

    def _source(self, name: str, parts: Sequence[str]) -> str:
        """Return what parts are called in SQL."""
        if self._itself:
            paths = ", ".join("'" + self._store.place.path(part).replace("'", "''") + "'" for part in parts)
            return f"read_parquet([{paths}], union_by_name = true)"
        self._connection.register(name, self._store.fragment(self._table, parts))
        return name


def _empty(schema: pa.Schema) -> str:
    """Return SQL of no rows with the table's columns."""
    columns = ", ".join(f'CAST(NULL AS {_type(field.type)}) AS "{field.name}"' for field in schema)
    return f"SELECT {columns} WHERE false"


def _type(kind: pa.DataType) -> str:
    """Return what DuckDB calls a type of the schema."""
    import pyarrow as pa

    if pa.types.is_list(kind):
        return f"{_type(kind.value_type)}[]"
    if pa.types.is_struct(kind):
        fields = ", ".join(f'"{field.name}" {_type(field.type)}' for field in kind)
        return f"STRUCT({fields})"
    names = {pa.string(): "VARCHAR", pa.int64(): "BIGINT", pa.int32(): "INTEGER"}
    return names.get(kind) or "TIMESTAMP WITH TIME ZONE"
