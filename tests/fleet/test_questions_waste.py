"""Waste and fixes over a fleet: what lies in a shared layer counts once, held against sums in plain Python."""

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from imgscope.fleet.questions.fixes import fixes
from imgscope.fleet.questions.waste import waste

from .ask_store import connect, digest, image, layer, tag

LAYERS = [f"l{number}" for number in range(4)]
IMAGES = {"i0": LAYERS[:2], "i1": LAYERS[:3], "i2": [LAYERS[0], LAYERS[3]], "gone": LAYERS}


def tables(**more):
    tags = [tag("a", "1", digest("i0")), tag("a", "2", digest("i1")), tag("b", "1", digest("i2"))]
    images = [image(name, layers) for name, layers in IMAGES.items()]
    return {"tags": tags, "images": images, "layers": [layer(name, 100) for name in LAYERS], **more}


@st.composite
def waste_rows(draw):
    rows = {}
    for name, layers in IMAGES.items():
        for own in layers:
            # In an image no row lies below another.
            paths = draw(st.sampled_from([[], ["/var/"], ["/var/x", "/var/y/"], ["/var/y/z"], ["/opt/"], ["/", ""]]))
            for path in paths[:2]:
                rows[name, own, path] = {
                    "image": digest(name),
                    "layer": digest(own),
                    "hidden_by": digest(layers[-1]),
                    "path": path or "/only",
                    "reason": draw(st.sampled_from(["removed", "modified"])),
                    "bytes": draw(st.integers(0, 50)),
                    "files": 1,
                }
    return list(rows.values())


@given(waste_rows())
@settings(max_examples=25, deadline=None)
def test_waste_of_a_layer_counts_once(rows):
    found = waste(connect(**tables(waste=rows)))
    live = [row for row in rows if row["image"] != digest("gone")]
    assert found.counted == sum(row["bytes"] for row in live)
    total = 0
    for own in {row["layer"] for row in live}:
        here = [row for row in live if row["layer"] == own]
        bare = {row["path"].rstrip("/") for row in here}

        def outermost(path, bare=bare):
            path = path.rstrip("/")
            return min((one for one in bare if path == one or path.startswith(one + "/")), key=len)

        by_image = defaultdict(lambda: defaultdict(int))
        for row in here:
            by_image[outermost(row["path"])][row["image"]] += row["bytes"]
        total += sum(max(images.values()) for images in by_image.values())
    assert found.bytes == total <= found.counted
    most = defaultdict(int)
    for row in live:
        key = row["path"], row["reason"], row["layer"]
        most[key] = max(most[key], row["bytes"])
    for row in found.paths:
        own = {key: count for key, count in most.items() if key[:2] == (row.path, row.reason)}
        assert (row.bytes, row.layers) == (sum(own.values()), len(own))
        assert row.images == len(
            {one["image"] for one in live if (one["path"], one["reason"]) == (row.path, row.reason)}
        )
    assert found.count == len(found.paths) == len({key[:2] for key in most})
    assert [row.bytes for row in found.paths] == sorted((row.bytes for row in found.paths), reverse=True)


@st.composite
def finding_rows(draw):
    rows = []
    for name, layers in IMAGES.items():
        for number in range(draw(st.integers(0, 4))):
            rows.append(
                {
                    "image": digest(name),
                    "finding": number + 1,
                    "rule": draw(st.sampled_from(["IS001", "IS101"])),
                    "certainty": "certain",
                    "title": "Files that nobody needs",
                    "path": draw(st.sampled_from(["/x", "/y", None])),
                    "instruction": "RUN make",
                    "layer": digest(draw(st.sampled_from(layers))),
                    "bytes": draw(st.integers(0, 50)),
                }
            )
    return rows


@given(finding_rows())
@settings(max_examples=25, deadline=None)
def test_fixes_count_a_shared_layer_once(rows):
    found = fixes(connect(**tables(findings=rows)))
    live = [row for row in rows if row["image"] != digest("gone") and row["bytes"]]
    assert found.counted == sum(row["bytes"] for row in live)

    def once(chosen, *keys):
        each, most = defaultdict(int), defaultdict(int)
        for row in chosen:
            each[row["image"], *(row[key] for key in keys)] += row["bytes"]
        for (_, *key), count in each.items():
            most[tuple(key)] = max(most[tuple(key)], count)
        return most

    assert found.bytes == sum(once(live, "layer", "path").values()) <= found.counted
    homes = {digest("i0"): "a", digest("i1"): "a", digest("i2"): "b"}
    shared = {digest("l0")}
    for row in found.fixes:
        own = [one for one in live if one["rule"] == row.rule and homes[one["image"]] == row.repository]
        most = once(own, "layer", "path")
        assert row.bytes == sum(most.values())
        assert row.own == sum(count for (layer, _), count in most.items() if layer not in shared)
        assert (row.layers, row.images) == (len({key[0] for key in most}), len({one["image"] for one in own}))
    assert len(found.fixes) == found.count == len({(row["rule"], homes[row["image"]]) for row in live})
    for row in found.rules:
        own = [one for one in live if one["rule"] == row.rule]
        assert row.bytes == sum(once(own, "layer", "path").values())
        assert row.repositories == len({homes[one["image"]] for one in own})


def test_the_best_fix_is_the_one_that_this_repository_can_make():
    rows = [
        {"image": digest("i2"), "rule": "IS001", "layer": digest("l0"), "bytes": 900, "path": "/x", "title": "Base"},
        {"image": digest("i2"), "rule": "IS101", "layer": digest("l3"), "bytes": 30, "path": "/y", "title": "Own"},
    ]
    found = fixes(connect(**tables(findings=[row | {"finding": 1} for row in rows])), limit=1)
    (best,) = found.fixes
    assert (best.rule, best.title, best.own, best.bytes, found.count) == ("IS101", "Own", 30, 30, 2)
