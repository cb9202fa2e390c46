"""How long each question to a made fleet takes.

python -m tests.bench.fleet_questions [IMAGES [LAYERS [FILES [PACKAGES [FOLDER]]]]]

The fleet is made of tables alone, the same each time: images on bases that went through versions, layers that some
images share, FILES files in each layer, PACKAGES packages in each image. What is in FOLDER is asked
again. A million images: 1000000 4000400 2 10.

Told are CPU seconds of this process, all threads together, and seconds by the clock.
"""

import contextlib
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import pyarrow as pa

from imgscope.fleet.store import Store
from imgscope.fleet.store.schema import schemas
from imgscope.fleet.store.store import MARK

from ..fleet.ask_store import NOON

BASES, VERSIONS, DEPTH = 20, 5, 4
# Images whose rows are made at once.
PIECE = 50_000


# Each table of images ``first`` up to ``last``, by numbers: N of an image, L of a layer, D of observations' days.
_TABLES = {
    "images": """
        SELECT {image} AS image, format('sha256:2{{:063x}}', n) AS config, 'linux/amd64' AS platform,
               TIMESTAMP '{noon}' - to_hours(n % 9999) AS created, 1000 AS manifest_bytes, 5000 AS config_bytes,
               100000000 + n AS content_bytes, 90000000 AS tree_bytes, 10000000 + n AS wasted_bytes, 1000 AS files,
               list_transform(stack, lambda x: format('sha256:3{{:063x}}', x)) AS layers,
               list_transform(stack, lambda x: format('sha256:4{{:063x}}', x)) AS blobs
        FROM ({stacks})""",
    "tags": """
        SELECT 'r.example' AS host, format('team{{}}/app{{}}', n % 17, n % {apps}) AS repository,
               CAST(n // {apps} AS VARCHAR) AS tag,
               format('registry:r.example/team{{}}/app{{}}:{{}}', n % 17, n % {apps}, n // {apps}) AS reference,
               format('sha256:1{{:063x}}', (n + day) % {images}) AS digest, digest AS image,
               TIMESTAMP '{noon}' + to_days(CAST(day AS INTEGER)) AS observed
        FROM ({stacks}), range(3) days(day)""",
    "layers": """
        SELECT {layer} AS layer, format('sha256:4{{:063x}}', l) AS blob, 1000000 + l AS blob_bytes,
               3000000 AS content_bytes, {files} AS entries
        FROM ({own})""",
    # A third of the contents lie in several layers.
    "files": """
        SELECT {layer} AS layer, format('/usr/lib/x{{:06}}.so', place) AS path, 'file' AS type, number + 1 AS bytes,
               format('sha256:5{{:063x}}', number) AS content
        FROM (SELECT l, place, l * {files} + place AS n, if(place < {files} // 3, n % 3000, n) AS number
              FROM ({own}), range({files}) places(place))""",
    "waste": """
        SELECT {image} AS image, format('sha256:3{{:063x}}', l) AS layer,
               format('sha256:3{{:063x}}', stack[-1]) AS hidden_by, format('/var/cache/apt/{{}}', place % 50) AS path,
               'removed' AS cause, 'removed' AS reason, 100000 + place % 7 AS bytes, 3 AS files
        FROM (SELECT n, stack, unnest(stack) AS l, unnest(range(len(stack))) AS place FROM ({stacks}))""",
    "packages": """
        SELECT {image} AS image, 'dpkg' AS kind, format('package{{}}', place) AS name,
               format('1.{{}}', n % 9) AS version, format('sha256:3{{:063x}}', stack[1]) AS layer,
               10000 + place AS bytes
        FROM ({stacks}), range({packages}) places(place)""",
    "findings": """
        SELECT {image} AS image, place + 1 AS finding, format('IS00{{}}', place) AS rule,
               ['certain', 'likely', 'possible'][place + 1] AS certainty, 'Files that nobody needs' AS title,
               format('/usr/share/doc{{}}', place) AS path, 'RUN apt-get install' AS instruction,
               format('sha256:3{{:063x}}', stack[-1 - place]) AS layer, 100000 AS bytes
        FROM ({stacks}), range(3) places(place)""",
    "bases": """
        SELECT {image} AS image, format('docker.io/library/base{{}}:1', n % {bases}) AS base, {depth} AS base_layers,
               'the lowest layers' AS evidence
        FROM ({stacks})""",
}


def made(images, layers, files, packages, first, last):
    """Yield the tables of some images of a fleet of so many ``images`` and about so many ``layers``."""
    based = BASES * VERSIONS * DEPTH
    own = max((layers - based) // images, 1)
    stacks = f"""
        SELECT n, list_concat(list_transform(range({DEPTH}), lambda x: base * {DEPTH} + x),
                              list_transform(range({own}), lambda x: {based} + n * {own} + x)) AS stack
        FROM (SELECT n, n % {BASES} * {VERSIONS} + n // {BASES} % {VERSIONS} AS base
              FROM range({first}, {last}) s(n))"""
    mine = f"SELECT l FROM range({based + first * own if first else 0}, {based + last * own}) s(l)"
    words = {
        "image": "format('sha256:1{:063x}', n)",
        "layer": "format('sha256:3{:063x}', l)",
        "noon": f"{NOON:%Y-%m-%d %H:%M:%S}",
        "apps": max(images // 20, 1),
        "stacks": stacks,
        "own": mine,
        "bases": BASES,
        "depth": DEPTH,
        "images": images,
        "files": files,
        "packages": packages,
    }
    with duckdb.connect(config={"threads": 2}) as connection:
        for kind, query in _TABLES.items():
            rows = connection.sql(query.format(**words)).to_arrow_table()
            schema = schemas()[kind]
            yield (
                kind,
                pa.table(
                    {
                        field.name: rows[field.name].cast(field.type)
                        if field.name in rows.column_names
                        else pa.nulls(rows.num_rows, field.type)
                        for field in schema
                    },
                    schema,
                ),
            )


def put(folder, images, layers, files, packages=60):
    """Write a made fleet into a store, and return it."""
    store = Store.open(folder, create=True)
    for first in range(0, images, PIECE):
        for kind, rows in made(images, layers, files, packages, first, min(first + PIECE, images)):
            store.add(kind, rows)
    return store


def main(images="5000", layers="20400", files="100", packages="60", place=""):
    from imgscope.fleet.questions import bases, check, find, fixes, free, growth, overview, same, stored, waste

    questions = {
        "stored": lambda connection: stored.stored(connection, limit=10),
        "free": lambda connection: free.free(connection, ["team3/*:1"]),
        "waste": lambda connection: waste.waste(connection, limit=10),
        "fixes": lambda connection: fixes.fixes(connection, limit=10),
        "bases": lambda connection: bases.bases(connection, limit=10),
        "same": lambda connection: same.same(connection, limit=10),
        "find package": lambda connection: find.find(connection, "package3", "1.2"),
        "find path": lambda connection: find.find(connection, "/usr/lib/x00000?.so"),
        "growth": lambda connection: growth.growth(connection, limit=10),
        "check": lambda connection: check.check(connection, config=False),
        "report": lambda connection: overview.overview(connection),
    }
    with contextlib.ExitStack() as stack:
        folder = place or stack.enter_context(tempfile.TemporaryDirectory(prefix="imgscope-fleet-"))
        there = (Path(folder) / MARK).exists()
        made_store = Store.open(folder) if there else put(folder, int(images), int(layers), int(files), int(packages))
        with made_store.connection() as connection:
            for kind in _TABLES:
                (count,) = connection.execute(f"SELECT count(*) FROM {kind}").fetchone()
                print(f"{kind}: {count:,} rows")
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        print(f"store: {size / 1e9:.2f} GB", flush=True)
        for name_, ask in questions.items():
            # Each from the start, as a command asks it.
            clock, cpu = time.perf_counter(), time.process_time()
            with tempfile.TemporaryDirectory() as spill, made_store.connection(spill) as connection:
                ask(connection)
            spent = time.perf_counter() - clock, time.process_time() - cpu
            print(f"{name_:12} {spent[0]:6.2f} s, CPU {spent[1]:6.2f} s", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
