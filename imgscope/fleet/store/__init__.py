"""The store of a fleet: Parquet files in a folder or an object store, and DuckDB's views over them."""

from .store import Store

__all__ = ["Store"]
