"""Says which extra has what is not installed here."""

from __future__ import annotations

import importlib

from ..errors import UsageError


def need(extra: str, *packages: str) -> None:
    """See that packages of an extra can be imported. Raises ``UsageError`` that says what to install."""
    try:
        for package in packages:
            importlib.import_module(package)
    except ImportError as error:
        names = " and ".join(filter(None, (", ".join(packages[:-1]), packages[-1])))
        raise UsageError(f"this needs {names}: pip install 'imgscope[{extra}]' ({error})") from None


def need_store() -> None:
    """See that a store can be read and written. Raises ``UsageError``."""
    need("fleet", "pyarrow", "duckdb", "fsspec")
