"""Makes few large parts of many small ones.

The new part is written before the old ones are removed. Whoever looks in between finds units twice, of which readers
take one; a compaction that was killed there is finished by the next.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .parts import UNITS, Part, as_table, encode, overlapping
from .place import Place

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.dataset as ds

# A part with so many rows stays as it is: to sort one takes some hundred bytes of memory a row.
ROWS = 1 << 20
# Fewer parts are not worth it.
FEW = 4
_FAR = 8
_LOCK = ".compacting"
# So long may a compaction take before another takes it for dead.
_DEAD = 1800.0


def compact(
    place: Place,
    table: str,
    parts: Callable[[str], list[Part]],
    dataset: Callable[[str, Sequence[str]], ds.Dataset],
) -> None:
    """Compact one table, unless somebody else is at it. Raises ``OutputError``."""
    with place.alone(f"{table}/{_LOCK}", _DEAD) as alone:
        if not alone:
            return
        for batch in _batches(parts(table)):
            rows = _merged(table, batch, dataset)
            name, data = encode(table, rows)
            # A part of these very units may be among them: then it is that which is replaced.
            place.write(name, data)
            for part in batch:
                if part.name != name:
                    place.remove(part.name)


def _batches(parts: Sequence[Part]) -> list[list[Part]]:
    """Return the parts that become one each: those that overlap, and small ones up to the bound."""
    twice = overlapping(parts)
    names = {part.name for part in twice}
    batches: list[list[Part]] = [twice] if twice else []
    small = _small([part for part in parts if part.rows < ROWS and part.name not in names])
    rows = ROWS
    for part in small if len(small) >= FEW else ():
        if rows + part.rows > ROWS:
            batches.append([])
            rows = 0
        batches[-1].append(part)
        rows += part.rows
    return [batch for batch in batches if len(batch) > 1]


def _small(parts: Sequence[Part]) -> list[Part]:
    """Return the smallest ones, up to the first that has far more rows than those before it together.

    So a row is written anew a few times in its life, however many scans add a little.
    """
    found: list[Part] = []
    rows = 0
    for part in sorted(parts, key=lambda part: (part.rows, part.name)):
        if found and part.rows > _FAR * rows:
            break
        found.append(part)
        rows += part.rows
    return found


def _merged(table: str, batch: Sequence[Part], dataset: Callable[[str, Sequence[str]], ds.Dataset]) -> pa.Table:
    """Return the rows of some parts; of a unit that several have, those of the last."""
    import pyarrow as pa

    columns = UNITS[table]
    twice = bool(overlapping(batch))
    seen: set[tuple[object, ...]] = set()
    found: list[pa.Table] = []
    for part in sorted(batch, key=lambda part: (part.written, part.name), reverse=True):
        rows = dataset(table, [part.name]).to_table()
        if twice:
            units = list(zip(*(rows[column].to_pylist() for column in columns), strict=True))
            rows = rows.filter(pa.array([unit not in seen for unit in units], pa.bool_()))
            seen.update(units)
        found.append(rows)
    return as_table(table, pa.concat_tables(found))
