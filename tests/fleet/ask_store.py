"""A fleet's tables in memory, as the questions see them, made of rows that leave out what does not matter."""

from datetime import UTC, datetime

import duckdb
import pyarrow as pa

from imgscope.fleet.store.schema import schemas

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def digest(name):
    """A digest for a name, which can still be read."""
    return "sha256:" + str(name).encode().hex().ljust(64, "0")[:64]


def connect(**tables):
    """A connection with all tables, those that are given with their rows."""
    connection = duckdb.connect(config={"threads": 1})
    for name, schema in schemas().items():
        if isinstance(tables.get(name), pa.Table):
            connection.register(name, tables[name])
            continue
        rows = [{field: row.get(field) for field in schema.names} for row in tables.get(name, ())]
        connection.register(name, pa.Table.from_pylist(rows, schema=schema))
    return connection


def tag(repository, tag, image, host="r.example", observed=NOON, digest_=None):
    return {
        "host": host,
        "repository": repository,
        "tag": tag,
        "reference": f"registry:{host}/{repository}:{tag}",
        "digest": digest_ or image,
        "image": image,
        "observed": observed,
    }


def image(name, layers, manifest=100, config=50, blobs=True, **more):
    """An image of layers that are named; a layer's blob is called ``blob NAME``."""
    return {
        "image": digest(name),
        "config": digest(f"config {name}"),
        "platform": "linux/amd64",
        "manifest_bytes": manifest,
        "config_bytes": config,
        "layers": [digest(layer) for layer in layers],
        "blobs": [digest(f"blob {layer}") if blobs else None for layer in layers],
        "history": [],
        "created": NOON,
        **more,
    }


def layer(name, blob_bytes, content_bytes=None):
    return {
        "layer": digest(name),
        "blob": None if blob_bytes is None else digest(f"blob {name}"),
        "blob_bytes": blob_bytes,
        "content_bytes": blob_bytes * 3 if content_bytes is None else content_bytes,
        "entries": 1,
    }
