"""What the questions of ``imgscope fleet`` share."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from duckdb import DuckDBPyConnection

Command = TypeVar("Command", bound=Callable[..., Any])

store_option = click.option(
    "--store", "path", metavar="DIR", required=True, help="Where the store is: a folder or URL."
)
price_option = click.option(
    "--price-per-gb", metavar="PRICE", type=float, help="What a gigabyte (10^9 bytes) stored costs; adds the cost."
)
exact_option = click.option("--bytes", "exact_bytes", is_flag=True, help="Exact bytes instead of rounded sizes.")


@contextmanager
def asked(path: str) -> Iterator[DuckDBPyConnection]:
    """Give a connection to the store at ``path``. Raises ``UsageError`` where there is none, or an extra is missing."""
    from ...fleet.store.store import Store

    connection = Store.open(path).connection()
    try:
        yield connection
    finally:
        connection.close()
