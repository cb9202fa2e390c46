"""Many images at once: read once by layer, kept in a store of Parquet tables, and asked questions."""
