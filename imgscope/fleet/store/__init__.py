"""The store of a fleet: Parquet tables in a folder or an object store."""
