"""One Parquet file of a table: rows of some units, each of them whole.

A unit is what is written at once: all of an image's waste, all of a layer's files. A part says in its metadata which
units it has, as numbers, so that two parts with the same one are found without their rows being read.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from .schema import KEYS, VERSION, schemas

if TYPE_CHECKING:
    import pyarrow as pa

# The columns that name a unit of a table.
UNITS: dict[str, tuple[str, ...]] = {
    "tags": ("reference", "observed"),
    "images": ("image",),
    "layers": ("layer", "blob"),
    "files": ("layer",),
    "waste": ("image",),
    "packages": ("image",),
    "findings": ("image",),
    "bases": ("image",),
}
# Rows that are read at once, and what of them can be passed over: a reader that wants one layer reads one group.
_GROUP = 1 << 17
_UNITS, _WRITTEN, _VERSION = b"imgscope.units", b"imgscope.written", b"imgscope.version"


@dataclass(frozen=True, slots=True)
class Part:
    """A part by its ``name`` below the store: when it was written (seconds since 1970), and its units' numbers."""

    name: str
    written: float
    units: pa.Array
    rows: int


def as_table(table: str, rows: Iterable[Mapping[str, object]] | pa.Table) -> pa.Table:
    """Return rows with the table's columns, sorted by its key, one for each key: the later of two.

    Raises what pyarrow raises for rows that do not fit.
    """
    import pyarrow as pa

    schema = schemas()[table]
    if isinstance(rows, pa.Table):
        made = rows.select(schema.names).cast(schema)
    else:
        made = pa.Table.from_pylist([dict(row) for row in rows], schema=schema)
    return _one_per_key(made, KEYS[table])


def _one_per_key(made: pa.Table, keys: Sequence[str]) -> pa.Table:
    import pyarrow as pa

    place = "imgscope.place"
    numbered = made.append_column(place, pa.array(range(made.num_rows), pa.int64()))
    order = numbered.select([*keys, place]).sort_by([(key, "ascending") for key in (*keys, place)])
    # Nulls are equal here: a layer without a known blob is one row.
    last = order.group_by(list(keys), use_threads=False).aggregate([(place, "max")])
    return made.take(last[f"{place}_max"])


def unit_numbers(table: str, made: pa.Table) -> pa.Array:
    """Return the numbers of the units that rows belong to, each once, in order."""
    import pyarrow as pa

    columns = UNITS[table]
    units = made.select(columns).group_by(list(columns), use_threads=False).aggregate([])
    texts = zip(*(units[column].cast(pa.string()).to_pylist() for column in columns), strict=True)
    return pa.array(sorted({_number("\0".join(text or "" for text in row)) for row in texts}), pa.uint64())


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()[:8], "little")


def encode(table: str, made: pa.Table) -> tuple[str, bytes]:
    """Return the name of a part with these rows, and its bytes. The same units have the same name."""
    import pyarrow.parquet as pq

    units = unit_numbers(table, made)
    data = units.buffers()[1].to_pybytes()[: 8 * len(units)]
    # Parquet's metadata is text.
    metadata = {_UNITS: data.hex().encode(), _WRITTEN: repr(time.time()).encode(), _VERSION: str(VERSION).encode()}
    file = BytesIO()
    pq.write_table(
        made.replace_schema_metadata(metadata),
        file,
        compression="zstd",
        row_group_size=_GROUP,
        # Digests come in runs and repeat; sizes and times hardly do.
        use_dictionary=True,
        write_page_index=True,
    )
    return f"{table}/{hashlib.sha256(data).hexdigest()[:32]}.parquet", file.getvalue()


def describe(name: str, metadata: Mapping[bytes, bytes] | None, rows: int) -> Part | None:
    """Return what a part's metadata say of it; ``None`` for a file that is no part of this version."""
    import pyarrow as pa

    metadata = metadata or {}
    try:
        if int(metadata[_VERSION]) != VERSION:
            return None
        data = bytes.fromhex(metadata[_UNITS].decode("ascii"))
        units = pa.Array.from_buffers(pa.uint64(), len(data) // 8, [None, pa.py_buffer(data)])
        return Part(name, float(metadata[_WRITTEN]), units, rows)
    except (KeyError, ValueError):
        return None


def overlapping(parts: Sequence[Part]) -> list[Part]:
    """Return those that share a unit with another, in the order in which they were written."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if len(parts) < 2:
        return []
    units = pa.chunked_array([part.units for part in parts])
    if len(units) == pc.count_distinct(units).as_py():
        return []
    counts = units.value_counts()
    twice = pc.filter(pc.struct_field(counts, "values"), pc.greater(pc.struct_field(counts, "counts"), 1))
    found = [part for part in parts if pc.any(pc.is_in(part.units, value_set=twice)).as_py()]
    return sorted(found, key=lambda part: (part.written, part.name))
