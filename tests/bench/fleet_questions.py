"""How long each question to a made fleet takes: python -m tests.bench.fleet_questions [IMAGES [LAYERS [FILES]]].

The fleet is made of tables alone, the same each time: images on bases that went through versions, layers that some
images share, FILES files in each layer. CPU seconds of this process, all threads together, and seconds by the clock.
"""

import sys
import tempfile
import time
from datetime import timedelta

import pyarrow as pa
import pyarrow.compute as pc

from imgscope.fleet.store.schema import schemas

from ..fleet.ask_store import NOON

BASES, VERSIONS, DEPTH = 20, 5, 4


def name(kind, number):
    return f"sha256:{kind:x}{number:063x}"


def made(images=5_000, layers=20_400, files=100):
    """The tables of a fleet of so many images and about so many layers."""
    based = BASES * VERSIONS * DEPTH
    own = max((layers - based) // images, 1)
    stacks = []
    for number in range(images):
        base = number % BASES * VERSIONS + number // BASES % VERSIONS
        lower = [base * DEPTH + level for level in range(DEPTH)]
        stacks.append(lower + [based + number * own + level for level in range(own)])
    count = based + images * own
    rows = [
        {
            "image": name(1, number),
            "config": name(2, number),
            "platform": "linux/amd64",
            "created": NOON - timedelta(hours=number % 9999),
            "manifest_bytes": 1000,
            "config_bytes": 5000,
            "content_bytes": 10**8 + number,
            "tree_bytes": 9 * 10**7,
            "wasted_bytes": 10**7 + number,
            "files": 1000,
            "layers": [name(3, layer) for layer in stack],
            "blobs": [name(4, layer) for layer in stack],
        }
        for number, stack in enumerate(stacks)
    ]
    tags = [
        {
            "host": "r.example",
            "repository": f"team{number % 17}/app{number % 250}",
            "tag": f"{number // 250}",
            "reference": f"registry:r.example/team{number % 17}/app{number % 250}:{number // 250}",
            "digest": name(1, (number + day) % images),
            "image": name(1, (number + day) % images),
            "observed": NOON + timedelta(days=day),
        }
        for number in range(images)
        for day in range(3)
    ]
    layer_rows = [
        {
            "layer": name(3, number),
            "blob": name(4, number),
            "blob_bytes": 10**6 + number,
            "content_bytes": 3 * 10**6,
            "entries": files,
        }
        for number in range(count)
    ]
    waste = [
        {
            "image": row["image"],
            "layer": layer,
            "hidden_by": row["layers"][-1],
            "path": f"/var/cache/apt/{number % 50}",
            "cause": "removed",
            "reason": "removed",
            "bytes": 10**5 + number % 7,
            "files": 3,
        }
        for row in rows
        for number, layer in enumerate(row["layers"])
    ]
    packages = [
        {
            "image": row["image"],
            "kind": "dpkg",
            "name": f"package{number}",
            "version": f"1.{int(row['image'][-3:], 16) % 9}",
            "layer": row["layers"][0],
            "bytes": 10**4 + number,
        }
        for row in rows
        for number in range(60)
    ]
    findings = [
        {
            "image": row["image"],
            "finding": place + 1,
            "rule": f"IS00{place}",
            "certainty": ["certain", "likely", "possible"][place],
            "title": "Files that nobody needs",
            "path": f"/usr/share/doc{place}",
            "instruction": "RUN apt-get install",
            "layer": row["layers"][-1 - place],
            "bytes": 10**5,
        }
        for row in rows
        for place in range(3)
    ]
    bases = [
        {
            "image": row["image"],
            "base": f"docker.io/library/base{number % BASES}:1",
            "base_layers": DEPTH,
            "evidence": "the lowest layers",
        }
        for number, row in enumerate(rows)
    ]
    return {
        "tags": table("tags", tags),
        "images": table("images", rows),
        "layers": table("layers", layer_rows),
        "files": file_rows(count, files),
        "waste": table("waste", waste),
        "packages": table("packages", packages),
        "findings": table("findings", findings),
        "bases": table("bases", bases),
    }


def table(kind, rows):
    schema = schemas()[kind]
    return pa.Table.from_pylist([{field: row.get(field) for field in schema.names} for row in rows], schema=schema)


def file_rows(layers, files):
    """The files of all layers, made by column: a third of the contents lie in several layers."""
    total = layers * files
    numbers = pa.array(range(total), pa.int64())
    layer = pc.divide(numbers, files)
    place = pc.subtract(numbers, pc.multiply(layer, files))

    def text(prefix, values, width):
        return pc.binary_join_element_wise(prefix, pc.utf8_lpad(values.cast(pa.string()), width, "0"), "")

    shared = pc.less(place, files // 3)
    content = pc.if_else(shared, pc.subtract(numbers, pc.multiply(pc.divide(numbers, 3000), 3000)), numbers)
    columns = {
        "layer": text("sha256:3", layer_hex(layer, layers), 63),
        "path": pc.binary_join_element_wise("/usr/lib/x", pc.utf8_lpad(place.cast(pa.string()), 6, "0"), ".so", ""),
        "type": pa.array(["file"]).take(pc.multiply(numbers, 0)),
        "bytes": pc.add(content, 1),
        "content": text("sha256:5", content, 63),
    }
    schema = schemas()["files"]
    return pa.table({field.name: columns.get(field.name, pa.nulls(total, field.type)) for field in schema}, schema)


def layer_hex(layer, layers):
    return pa.array([f"{number:x}" for number in range(layers)]).take(layer)


def put(folder, images, layers, files):
    """Write a made fleet into a store, and return it."""
    from imgscope.fleet.store.store import Store

    store = Store.open(folder, create=True)
    for kind, rows in made(images, layers, files).items():
        store.add(kind, rows)
    return store


def main(images="5000", layers="20400", files="100"):
    from imgscope.fleet.questions import bases, check, find, fixes, free, growth, overview, same, stored, waste
    from imgscope.fleet.store.store import Store

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
    with tempfile.TemporaryDirectory() as folder:
        made_store = Store.open(folder, create=True)
        for kind, rows in made(int(images), int(layers), int(files)).items():
            made_store.add(kind, rows)
            print(f"{kind}: {rows.num_rows:,} rows")
        for name_, ask in questions.items():
            # Each from the start, as a command asks it.
            clock, cpu = time.perf_counter(), time.process_time()
            with made_store.connection() as connection:
                ask(connection)
            spent = time.perf_counter() - clock, time.process_time() - cpu
            print(f"{name_:12} {spent[0]:6.2f} s, CPU {spent[1]:6.2f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
