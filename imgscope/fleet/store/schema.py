"""The tables of a fleet's store: their columns, and what makes a row of each the same as another.

Bytes are bytes, times are UTC. ``layer`` is always a diff_id, ``image`` the digest of the manifest of one platform
(of the config, where there is no manifest), both as ``sha256:…``. No value of a secret is in any column: instructions
and names come out of the readers that redact them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

VERSION = 1

#: What two rows of a table must have in common to be the same row. A later one counts.
KEYS: dict[str, tuple[str, ...]] = {
    "tags": ("reference", "observed"),
    "images": ("image",),
    "layers": ("layer", "blob"),
    "files": ("layer", "path"),
    "waste": ("image", "layer", "hidden_by", "path", "reason"),
    "packages": ("image", "kind", "name", "version", "layer"),
    "findings": ("image", "finding", "layer"),
    "bases": ("image",),
}


def schemas() -> dict[str, pa.Schema]:
    """Return the columns of every table, by the table's name."""
    import pyarrow as pa

    text, number = pa.string(), pa.int64()
    time = pa.timestamp("us", tz="UTC")
    step = pa.struct([("layer", text), ("instruction", text)])
    secret = pa.struct([("kind", text), ("where", text), ("layer", number)])
    tables: dict[str, list[tuple[str, pa.DataType]]] = {
        # One observation: at this time the tag pointed there. ``digest`` is what the registry says of the tag, an
        # index's digest for images of several platforms.
        "tags": [
            ("host", text),  # "ghcr.io"; "docker", "podman" or "archive" for others
            ("repository", text),
            ("tag", text),
            ("reference", text),  # as imgscope takes it: "registry:ghcr.io/org/app:1.0"
            ("digest", text),
            ("image", text),
            ("observed", time),
        ],
        "images": [
            ("image", text),
            ("config", text),
            ("platform", text),  # "linux/arm64/v8"
            ("created", time),
            ("manifest_bytes", number),
            ("config_bytes", number),
            ("blob_bytes", number),  # of the layers, as stored; null where unknown
            ("content_bytes", number),  # of all files of all layers
            ("tree_bytes", number),  # of the merged tree
            ("wasted_bytes", number),
            ("files", number),
            ("layers", pa.list_(text)),  # diff_ids, the lowest first
            ("blobs", pa.list_(text)),  # digests of the blobs, as the layers; null where unknown
            ("history", pa.list_(step)),  # redacted; layer is null for instructions without one
            ("config_json", text),  # the image config, redacted; null where it is too long, or an older scan wrote this
            ("secrets", pa.list_(secret)),  # what was secret in the config and where, never its value
        ],
        "layers": [
            ("layer", text),
            ("blob", text),  # null where unknown: an engine's image has none
            ("media_type", text),
            ("blob_bytes", number),
            ("content_bytes", number),
            ("entries", number),
        ],
        # What a layer holds, sorted by layer and path. Whiteouts are rows too.
        "files": [
            ("layer", text),
            ("path", text),  # absolute; bytes that are no UTF-8 as everywhere in JSON
            ("type", text),
            ("bytes", number),
            ("mode", pa.int32()),
            ("uid", number),
            ("gid", number),
            ("modified", time),
            ("target", text),  # of links
            ("content", text),  # sha256 of a regular file's bytes; null where it was not taken
        ],
        "waste": [
            ("image", text),
            ("layer", text),  # that holds the bytes
            ("hidden_by", text),  # the layer that hides them
            ("path", text),  # a folder stands for what is below it
            ("cause", text),
            ("reason", text),
            ("bytes", number),
            ("files", number),
        ],
        "packages": [
            ("image", text),
            ("kind", text),  # "dpkg", "python", …
            ("name", text),
            ("version", text),
            ("layer", text),  # that brought it; null where unknown
            ("bytes", number),
        ],
        # What suggest finds, a row for each layer whose bytes it would save.
        "findings": [
            ("image", text),
            ("finding", number),  # its place in the image's list, from 1
            ("rule", text),
            ("certainty", text),
            ("title", text),
            ("path", text),
            ("instruction", text),
            ("layer", text),
            ("bytes", number),
        ],
        "bases": [
            ("image", text),
            ("base", text),  # its name, where something tells it
            ("base_layers", number),  # how many of the image's lowest layers are the base's
            ("evidence", text),
        ],
    }
    return {name: pa.schema(columns) for name, columns in tables.items()}
