"""Bases over a fleet: the tree of shared layers, versions, and what moving to the newest saves."""

from collections import defaultdict
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from imgscope.fleet.questions.bases import bases

from .ask_store import NOON, connect, digest, image, layer, tag

LAYERS = [f"l{number}" for number in range(6)]


@st.composite
def stacks(draw):
    """Images as (name, layers, the base's layers or 0, host)."""
    found = []
    for number in range(draw(st.integers(0, 7))):
        layers = draw(st.lists(st.sampled_from(LAYERS[:4]), max_size=3)) + draw(
            st.lists(st.sampled_from(LAYERS), max_size=2)
        )
        based = draw(st.integers(0, len(layers)))
        found.append((f"i{number}", layers, based, draw(st.sampled_from(["r.example", "s.example"]))))
    return found


def fleet(rows):
    return connect(
        tags=[tag("app", name, digest(name), host) for name, _, _, host in rows],
        images=[
            image(name, layers, created=NOON + timedelta(days=number))
            for number, (name, layers, _, _) in enumerate(rows)
        ],
        layers=[layer(name, 10**number) for number, name in enumerate(LAYERS)],
        bases=[
            {"image": digest(name), "base": "python:3", "base_layers": based} for name, _, based, _ in rows if based
        ],
    )


@given(stacks())
@settings(max_examples=25, deadline=None)
def test_the_tree_holds_every_prefix_at_which_images_part(rows):
    found = bases(fleet(rows))
    shared = defaultdict(set)
    for name, layers, _, _ in rows:
        for depth in range(1, len(layers) + 1):
            shared[tuple(layers[:depth])].add(name)
    shared = {prefix: names for prefix, names in shared.items() if len(names) > 1}

    def parts(prefix):
        longer = [names for other, names in shared.items() if other[:-1] == prefix]
        return all(len(names) < len(shared[prefix]) for names in longer)

    nodes = {prefix for prefix in shared if parts(prefix)}
    assert sorted((len(prefix), len(shared[prefix])) for prefix in nodes) == sorted(
        (node.layers, node.images) for node in found.tree
    )
    assert found.counts["tree"] == len(nodes)
    # Each node stands right below the one it belongs to.
    above, told = [], set()
    for node in found.tree:
        assert node.depth <= len(above)
        above = [*above[: node.depth], node]
        if node.depth:
            parent = above[node.depth - 1]
            assert parent.layers < node.layers and parent.images > node.images
        told.add(sum(one.bytes for one in above))
    sizes = {name: 10**number for number, name in enumerate(LAYERS)}
    assert told == {sum(sizes[name] for name in set(prefix)) for prefix in nodes}


def physical(rows):
    held = {(host, name) for _, layers, _, host in rows for name in layers}
    return sum(10 ** LAYERS.index(name) for _, name in held)


@given(stacks())
@settings(max_examples=25, deadline=None)
def test_moving_to_the_newest_base_saves_what_is_told(rows):
    found = bases(fleet(rows))
    versions = defaultdict(list)
    for number, (_, layers, based, _) in enumerate(rows):
        if based:
            versions[tuple(layers[:based])].append(number)
    assert {(row.layers, row.images) for row in found.versions} == {
        (len(prefix), len(numbers)) for prefix, numbers in versions.items()
    }
    assert found.unknown == len([row for row in rows if not row[2]])
    if len(versions) < 2:
        assert not found.drift
        return
    exact = {
        prefix: min(number for number, row in enumerate(rows) if tuple(row[1]) == prefix)
        for prefix in versions
        if any(tuple(row[1]) == prefix for row in rows)
    }
    made = {prefix: exact.get(prefix, min(numbers)) for prefix, numbers in versions.items()}
    newest = next(row for row in found.versions if row.newest)
    # Two versions may be of one time only where one image is the other's base and both are bases.
    candidates = [prefix for prefix in made if made[prefix] == max(made.values())]
    new = next(prefix for prefix in candidates if len(prefix) == newest.layers and digest(prefix[-1]) == newest.top)
    (drift,) = found.drift
    behind = [number for prefix, numbers in versions.items() if prefix != new for number in numbers]
    assert (drift.images, drift.versions) == (len(behind), len(versions) - 1)
    moved = [
        (name, [*new, *layers[based:]] if number in behind else layers, based, host)
        for number, (name, layers, based, host) in enumerate(rows)
    ]
    assert drift.saves == physical(rows) - physical(moved)
    old = {(rows[number][3], name) for number in behind for name in rows[number][1][: rows[number][2]]}
    assert drift.not_shared == sum(10 ** LAYERS.index(name) for _, name in old if name not in new)


def test_a_base_in_the_fleet_tells_when_it_was_made():
    rows = [
        tag("python", "3", digest("base")),
        tag("app", "1", digest("app")),
        tag("app", "2", digest("late")),
    ]
    images = [
        image("base", ["l0"], created=NOON - timedelta(days=40)),
        image("app", ["l0", "l1"]),
        image("late", ["l2", "l3"], created=NOON - timedelta(days=1)),
    ]
    known = [{"image": digest(name), "base": "python:3", "base_layers": 1} for name in ("app", "late")]
    layers = [layer(f"l{number}", 100) for number in range(4)]
    found = bases(connect(tags=rows, images=images, bases=known, layers=layers))
    old, new = found.versions if found.versions[1].newest else reversed(found.versions)
    assert (old.made, old.exact) == ("2026-03-22T12:00:00Z", True)
    assert (new.made, new.exact) == ("2026-04-30T12:00:00Z", False)
    assert new.references == ("registry:r.example/app:2",)
    assert [node.name for node in found.tree] == ["python:3"]


def test_a_base_of_another_platform_is_no_drift():
    tags = [tag("app", name, digest(name)) for name in ("amd64", "arm64")]
    images = [image("amd64", ["l0"]), image("arm64", ["l1"], platform="linux/arm64")]
    known = [{"image": digest(name), "base": "python:3", "base_layers": 1} for name in ("amd64", "arm64")]
    found = bases(connect(tags=tags, images=images, bases=known))
    assert len(found.versions) == 2
    assert not found.drift
