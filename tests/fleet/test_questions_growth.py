"""A fleet over time, held against the same figures of a store that had been asked then."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from imgscope.fleet.questions.growth import growth
from imgscope.fleet.questions.stored import stored

from .ask_store import NOON, connect, digest, image, layer, tag

IMAGES = [image(f"i{number}", [f"l{number // 2}", f"l{number}"]) for number in range(5)]
LAYERS = [layer(f"l{number}", 10**number) for number in range(5)]


@st.composite
def observations(draw):
    found = {}
    for _ in range(draw(st.integers(1, 15))):
        row = tag(
            draw(st.sampled_from("ab")),
            draw(st.sampled_from("12")),
            digest(f"i{draw(st.integers(0, 5))}"),
            draw(st.sampled_from(["r.example", "s.example"])),
            NOON + timedelta(hours=8 * draw(st.integers(0, 9))),
        )
        found[row["reference"], row["observed"]] = row
    return list(found.values())


@given(observations())
@settings(max_examples=6, deadline=None)
def test_a_point_is_what_would_have_been_stored_then(rows):
    found = growth(connect(tags=rows, images=IMAGES, layers=LAYERS))
    days = sorted({row["observed"].date() for row in rows})
    assert [point.time for point in found.points] == [str(day) for day in days]
    assert found.period == "day"
    for day, point in zip(days, found.points, strict=True):
        seen = [row for row in rows if row["observed"].date() <= day]
        then = stored(connect(tags=seen, images=IMAGES, layers=LAYERS))
        assert (point.logical, point.physical) == (then.total.logical, then.total.physical)
        assert point.images == then.counts["images"]
        assert point.tags == len({row["reference"] for row in seen})
    ends = [
        stored(connect(tags=seen, images=IMAGES, layers=LAYERS))
        for seen in ([row for row in rows if row["observed"].date() <= days[0]], rows)
    ]
    sizes = [{(row.host, row.repository): row.physical for row in one.repositories} for one in ends]
    changed = {
        key: (sizes[0].get(key, 0), sizes[1].get(key, 0))
        for key in sizes[0] | sizes[1]
        if sizes[0].get(key, 0) != sizes[1].get(key, 0)
    }
    assert {(row.host, row.repository): (row.before, row.after) for row in found.repositories} == changed


def test_many_days_become_weeks_and_ages_are_bounded():
    rows = [tag("a", "1", digest("i0"), observed=NOON + timedelta(days=number)) for number in range(100)]
    found = growth(connect(tags=rows, images=IMAGES, layers=LAYERS))
    assert found.period == "week" and 14 <= len(found.points) <= 16
    rows = [tag("a", "1", digest("i0"), observed=NOON.replace(year=1000 + 10 * number)) for number in range(100)]
    assert len(growth(connect(tags=rows, images=IMAGES, layers=LAYERS)).points) == 60


def test_a_store_without_tags_has_no_points():
    assert growth(connect()).points == ()


def test_the_largest_step_is_told_by_layers_files_and_packages():
    def then(*tags):
        return [
            row
            for days, name, key in tags
            for row in [tag("team/app", name, digest(key))]
            if row.update(observed=NOON + timedelta(days=days)) is None
        ]

    def file(layer_, path, bytes_):
        return {"layer": digest(layer_), "path": path, "type": "file", "bytes": bytes_}

    def package(image_, layer_, version, bytes_):
        row = {"image": digest(image_), "layer": digest(layer_), "kind": "python", "name": "torch", "bytes": bytes_}
        return row | {"version": version}

    steps = [{"layer": digest("base"), "instruction": "ADD / /"}]
    held = {
        "old": [*steps, {"layer": digest("lib1"), "instruction": "RUN pip install"}],
        "new": [
            *steps,
            {"layer": digest("lib2"), "instruction": "RUN pip install"},
            {"layer": digest("model"), "instruction": "COPY  model.bin\n /srv"},
        ],
    }
    found = growth(
        connect(
            tags=then((0, "1", "old"), (1, "2", "same"), (2, "1", "new")),
            images=[
                image("old", ["base", "lib1"], history=held["old"]),
                image("same", ["base"], history=steps),
                image("new", ["base", "lib2", "model"], history=held["new"]),
            ],
            layers=[layer("base", 1000), layer("lib1", 300), layer("lib2", 500), layer("model", 9000)],
            files=[
                file("base", "/bin/sh", 2000),
                file("lib1", "/usr/lib/python3/torch/a.so", 600),
                file("lib1", "/usr/lib/python3/six.py", 50),
                file("lib2", "/usr/lib/python3/torch/a.so", 1600),
                file("lib2", "/usr/lib/python3/six.py", 50),
                file("model", "/srv/model/model.bin", 9500),
            ],
            packages=[package("old", "lib1", "1.0", 600), package("new", "lib2", "2.0", 1600)],
        )
    )
    jump = found.jump
    assert (jump.before, jump.after) == ("2026-05-02", "2026-05-03")
    assert jump.bytes == 9000 + 500 - 300 == found.points[-1].change
    where = "registry:r.example/team/app:1"
    assert [(row.kind, row.what, row.bytes, row.where) for row in jump.causes] == [
        ("layer", "COPY model.bin /srv", 9000, where),
        ("layer", "RUN pip install", 500, where),
        ("layer", "RUN pip install", -300, where),
        ("files", "/srv/model", 9500, ""),
        ("files", "/usr/lib/python3/torch", 1000, ""),
        ("package", "torch 1.0 → 2.0", 1000, ""),
    ]


def test_a_fleet_that_did_not_change_has_no_jump():
    rows = [tag("a", "1", digest("i0"), observed=NOON + timedelta(days=number)) for number in range(3)]
    assert growth(connect(tags=rows, images=IMAGES, layers=LAYERS)).jump is None
