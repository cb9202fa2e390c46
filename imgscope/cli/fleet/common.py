"""What the questions of ``imgscope fleet`` share."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

    from ...fleet.store.place import Place

Command = TypeVar("Command", bound=Callable[..., Any])

store_option = click.option(
    "--store", "path", metavar="DIR", required=True, help="Where the store is: a folder or URL."
)
price_option = click.option(
    "--price-per-gb", metavar="PRICE", type=float, help="What a gigabyte (10^9 bytes) stored costs; adds the cost."
)
# More than any answer has, and no more than DuckDB takes.
rows_range = click.IntRange(1, 1_000_000_000)


@contextmanager
def asked(path: str) -> Iterator[DuckDBPyConnection]:
    """Give a connection to the store at ``path``, as ``with_place`` does."""
    with with_place(path) as (connection, _):
        yield connection


@contextmanager
def with_place(path: str) -> Iterator[tuple[DuckDBPyConnection, Place]]:
    """Give a connection to the store at ``path``, and its place.

    Raises ``UsageError`` where there is none, or an extra is missing, and ``OutputError`` for parts that are damaged.
    """
    from tempfile import TemporaryDirectory

    from ...fleet.store.store import Store

    store = Store.open(path)
    # What does not fit into memory goes there, and not into the folder that the user happens to be in.
    with (
        TemporaryDirectory(prefix="imgscope-") as folder,
        closing(store.connection(folder)) as connection,
        store.place.reading(),
    ):
        yield connection, store.place
