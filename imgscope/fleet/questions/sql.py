"""SQL of the user's own over the store: one SELECT, which sees the store's views and nothing else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...brief import brief
from ...errors import UsageError
from ...escape import escape
from ..store.schema import KEYS
from ..store.views import REGISTERED

if TYPE_CHECKING:
    from .ground import Connection

_FUNCTIONS = {"range", "generate_series", "unnest"}
"""Functions that make a table of nothing but what they are given."""


@brief("columns", "rows", "more")
@dataclass(frozen=True, slots=True)
class Answer:
    """The columns and the first rows of an answer; ``more`` says whether there are others."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    more: bool = False


def query(connection: Connection, sql: str, *, limit: int = 1000, seconds: float = 60) -> Answer:
    """Answer one SELECT; at most ``limit`` rows of it, within some seconds.

    Besides what the connection forbids (files, extensions, settings), the statement is read before it runs: what
    changes anything, and what reads anything but the store's tables, is refused. Raises ``UsageError`` in one line.
    """
    import duckdb

    try:
        statements = duckdb.extract_statements(sql)
        if len(statements) != 1:
            raise UsageError(f"fleet sql takes one SELECT; this is {len(statements)} statements")
        (statement,) = statements
        if statement.type != duckdb.StatementType.SELECT:
            raise UsageError(f"fleet sql only reads: {statement.type.name} is refused, write a SELECT")
        (tree,) = connection.execute("SELECT json_serialize_sql(?)", [sql]).fetchone() or ("",)
        parsed = json.loads(tree)
        _judge(parsed)
        shows = any(node.get("show_type") == "SHOW_SPECIAL" for node in _nodes(parsed))
        # The parts of a store that DuckDB does not read itself are tables too, but not for anybody else.
        among = f"WHERE name NOT LIKE '{REGISTERED}%'" if shows else ""
        bare = statement.query.strip().rstrip(";")
        with _within(connection, seconds):
            answer = connection.execute(f"SELECT * FROM (\n{bare}\n) {among} LIMIT {int(limit) + 1}")  # noqa: S608
            columns = tuple(str(column[0]) for column in answer.description or ())
            rows = answer.fetchmany(limit + 1)
    except duckdb.InterruptException:
        raise UsageError(f"fleet sql: no answer within {seconds:g} seconds; --timeout gives it more") from None
    except RecursionError:
        raise UsageError("fleet sql: the statement is nested too deeply") from None
    except duckdb.Error as error:
        line = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UsageError(f"fleet sql: {escape(line)}") from None
    return Answer(columns, tuple(map(tuple, rows[:limit])), len(rows) > limit)


@contextmanager
def _within(connection: Connection, seconds: float) -> Iterator[None]:
    """Stop what the connection does after so many seconds: it then raises ``duckdb.InterruptException``."""
    timer = threading.Timer(seconds, connection.interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _judge(tree: Any) -> None:
    """See that a statement reads the store's tables alone. Raises ``UsageError``."""
    if not isinstance(tree, dict) or tree.get("error"):
        raise UsageError(f"fleet sql: {escape(str(tree.get('error_message', 'this SELECT can not be read')))}")
    nodes = list(_nodes(tree))
    own = {str(entry["key"]).lower() for node in nodes for entry in _ctes(node)}
    for node in nodes:
        kind = node.get("type")
        if kind == "BASE_TABLE":
            name = str(node.get("table_name", ""))
            elsewhere = node.get("catalog_name") or node.get("schema_name")
            if elsewhere or name.lower() not in KEYS.keys() | own:
                shown = ".".join(filter(None, (node.get("catalog_name"), node.get("schema_name"), name)))
                raise UsageError(f"fleet sql: there is no table {escape(shown)}; there are {', '.join(KEYS)}")
        elif kind == "TABLE_FUNCTION":
            name = str((node.get("function") or {}).get("function_name", ""))
            if name.lower() not in _FUNCTIONS:
                raise UsageError(f"fleet sql reads the store alone: {escape(name)}() is refused")


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    """Yield all objects of a statement, however deep."""
    pending = [tree]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            yield value
            pending += value.values()
        elif isinstance(value, list):
            pending += value


def _ctes(node: dict[str, Any]) -> list[dict[str, Any]]:
    known = node.get("cte_map")
    entries = known.get("map", []) if isinstance(known, dict) else []
    return [entry for entry in entries if isinstance(entry, dict) and "key" in entry]
