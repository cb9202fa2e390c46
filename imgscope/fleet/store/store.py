"""A fleet's store as one thing: rows go in, DuckDB's views come out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ...errors import UsageError
from ..extras import need_store
from .compacting import compact
from .parts import Part, as_table, describe, encode
from .place import Place
from .schema import KEYS, VERSION, schemas
from .views import TableView

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    import pyarrow.dataset as ds

MARK = "imgscope-fleet.json"
_MEMORY = 4 << 30


class Store:
    """A store at a place: ``TABLE/….parquet`` of the tables of ``schema``. Any number of writers may add to it."""

    def __init__(self, place: Place) -> None:
        self.place = place

    @classmethod
    def open(cls, path: str, *, create: bool = False) -> Store:
        """Open the store at a folder or an fsspec URL; with ``create`` it is made where none is.

        Raises ``UsageError`` where there is none, or one of another version, and ``OutputError``.
        """
        need_store()
        if not path:
            raise UsageError("the store's address is empty; give a folder or a URL")
        place = Place(path)
        mark = place.read(MARK)
        if mark is None:
            if not create:
                raise UsageError(f"{place.shown} is no fleet's store; imgscope fleet scan makes one")
            place.write(MARK, json.dumps({"imgscope": "fleet", "version": VERSION}).encode() + b"\n")
            return cls(place)
        try:
            found = json.loads(mark)
            version = found["version"] if found["imgscope"] == "fleet" else None
        except (ValueError, LookupError, TypeError, RecursionError):
            version = None
        if type(version) is not int:
            raise UsageError(f"{place.shown} is no fleet's store: its {MARK} does not say so")
        if version != VERSION:
            what = "a newer imgscope reads it" if version > VERSION else "scan into another folder"
            raise UsageError(f"the store {place.shown} is of version {version}, not {VERSION}: {what}")
        return cls(place)

    # -- writing -----------------------------------------------------------------------------------------

    def add(self, table: str, rows: Iterable[Mapping[str, object]] | pa.Table) -> None:
        """Write one part of a table, whole or not at all. Written twice it changes nothing.

        Rows of an image or a layer that is there already replace it. Raises ``OutputError``.
        """
        made = as_table(table, rows)
        if made.num_rows:
            self.place.write(*encode(table, made))

    def compact(self) -> None:
        """Make fewer, larger parts of many small ones. Readers and other writers go on meanwhile."""
        for table in KEYS:
            try:
                compact(self.place, table, self.parts, self.fragment)
            except (OSError, ValueError) as error:
                raise self.place.refused(error, "read", table) from None

    # -- reading -----------------------------------------------------------------------------------------

    def parts(self, table: str) -> list[Part]:
        """Return what is there of a table. Raises ``OutputError``."""
        from concurrent.futures import ThreadPoolExecutor

        names = self.place.names(table, ".parquet")
        if len(names) < 8:
            found = [self._part(name) for name in names]
        else:
            with ThreadPoolExecutor(8) as executor:
                found = list(executor.map(self._part, names))
        return [part for part in found if part is not None]

    def _part(self, name: str) -> Part | None:
        import pyarrow.parquet as pq

        try:
            metadata = pq.read_metadata(self.place.path(name), filesystem=self.place.arrow())
        except FileNotFoundError:
            # A compaction has just put another in its place, which the next listing has.
            return None
        except Exception as error:
            raise self.place.refused(error, "read", name) from None
        return describe(name, metadata.metadata, metadata.num_rows)

    def fragment(self, table: str, names: Sequence[str]) -> ds.Dataset:
        """Return some parts of a table as a dataset."""
        import pyarrow.dataset as ds

        paths = [self.place.path(name) for name in names]
        return ds.dataset(paths, schema=schemas()[table], format="parquet", filesystem=self.place.arrow())

    def column(self, table: str, *columns: str) -> pa.Table:
        """Return columns of all parts of a table, as they lie there: what is there twice is twice."""
        names = [part.name for part in self.parts(table)]
        if not names:
            return schemas()[table].empty_table().select(columns)
        try:
            return self.fragment(table, names).to_table(columns=list(columns))
        except Exception as error:
            raise self.place.refused(error, "read", table) from None

    def connection(self, temporary: str = "") -> duckdb.DuckDBPyConnection:
        """Return a DuckDB in memory with a read-only view of each table, one row for each key.

        It reads no files but the store's parts and writes none, loads no extension, and its configuration is locked:
        what others say to it in SQL sees the store and nothing else. What does not fit into 4 GB, or half of the
        machine's memory, is put into the folder ``temporary``, if one is given. Raises ``OutputError``.
        """
        import duckdb

        connection = duckdb.connect(
            ":memory:",
            config={
                "temp_directory": temporary,
                "memory_limit": f"{_memory()}B",
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "python_enable_replacements": False,
            },
        )
        views = [TableView(self, connection, table, self.parts(table)) for table in KEYS]
        connection.execute("SET allowed_paths = ?", [[path for view in views for path in view.paths]])
        connection.execute("SET enable_external_access = false")
        for view in views:
            view.make()
        connection.execute("SET lock_configuration = true")
        return connection


def _memory() -> int:
    """Return how many bytes of memory DuckDB may take."""
    try:
        return min(_MEMORY, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2)
    except (AttributeError, ValueError, OSError):
        # No such system call on Windows.
        return _MEMORY
