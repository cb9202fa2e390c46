"""What is stored and what deleting frees, held against sums over sets of digests in plain Python."""

from collections import defaultdict
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgscope.errors import UsageError
from imgscope.fleet.questions.free import free
from imgscope.fleet.questions.stored import stored

from .ask_store import NOON, connect, digest, image, layer, tag

LAYERS = [f"l{number}" for number in range(8)]


@st.composite
def fleets(draw):
    """Tables of a fleet: images that share layers, with blobs or without, tags and indexes that moved, gaps."""
    sizes = draw(st.lists(st.integers(0, 1000), min_size=8, max_size=8))
    layers = [layer(name, size) for name, size in zip(LAYERS, sizes, strict=True)]
    layers += [layer(name, None, size) for name, size in zip(LAYERS, sizes, strict=True)]
    images = [
        image(
            f"i{number}",
            draw(st.lists(st.sampled_from(LAYERS), max_size=5)),
            draw(st.integers(0, 90)),
            draw(st.integers(0, 90)),
            draw(st.booleans()),
        )
        for number in range(draw(st.integers(0, 6)))
    ]
    # Some are not in the store; two images of one config happen.
    names = [f"i{number}" for number in range(8)]
    if len(images) > 1 and draw(st.booleans()):
        images[1] |= {key: images[0][key] for key in ("config", "config_bytes")}
    observations = {}
    for _ in range(draw(st.integers(0, 12))):
        made = tag(
            draw(st.sampled_from(["a", "b", "org/a"])),
            draw(st.sampled_from(["1", "2", "old-1", "old-2"])),
            digest(draw(st.sampled_from(names))),
            draw(st.sampled_from(["r.example", "s.example"])),
            NOON + timedelta(days=draw(st.integers(0, 2))),
        )
        if draw(st.booleans()):
            # An index; the same one may be seen by two platforms.
            made["digest"] = digest(f"index {draw(st.integers(0, 2))}")
        observations[made["reference"], made["observed"]] = made
    return {"tags": list(observations.values()), "images": images, "layers": layers}


class Slow:
    """The same figures from sets of digests: what a registry keeps, looked up one by one."""

    def __init__(self, tables):
        self.sizes = {}
        for row in tables["layers"]:
            if row["blob"]:
                self.sizes[row["blob"]] = row["blob_bytes"]
            else:
                self.sizes[row["layer"]] = row["content_bytes"]
        # Without a blob, what a layer holds counts: the most that any row of it says.
        for row in tables["layers"]:
            self.sizes[row["layer"]] = max(self.sizes[row["layer"]], row["content_bytes"])
        self.images = {row["image"]: row for row in tables["images"]}
        for row in tables["images"]:
            self.sizes[row["image"]] = row["manifest_bytes"]
            self.sizes[row["config"]] = max(self.sizes.get(row["config"], 0), row["config_bytes"])
        latest = {}
        for row in sorted(tables["tags"], key=lambda row: row["observed"]):
            latest[row["reference"]] = row
        self.tags = list(latest.values())
        self.index = defaultdict(set)
        for row in tables["tags"]:
            self.index[row["digest"]].add(row["image"])

    def images_of(self, tag):
        return {name for name in self.index[tag["digest"]] if name in self.images}

    def pieces(self, name):
        row = self.images[name]
        blobs = zip(row["layers"], row["blobs"], strict=True)
        return {row["image"], row["config"]} | {blob or layer for layer, blob in blobs}

    def bytes(self, pieces):
        return sum(self.sizes[piece] for piece in pieces)

    def of(self, tags):
        return {piece for tag in tags for name in self.images_of(tag) for piece in self.pieces(name)}

    def physical(self, tags):
        hosts = {tag["host"] for tag in tags}
        return sum(self.bytes(self.of([tag for tag in tags if tag["host"] == host])) for host in hosts)

    def logical(self, tags):
        counted = {(tag["host"], tag["repository"], name) for tag in tags for name in self.images_of(tag)}
        return sum(self.bytes(self.pieces(name)) for _, _, name in counted)

    def freed(self, gone):
        left = [tag for tag in self.tags if tag not in gone]
        return self.physical(self.tags) - self.physical(left)


@given(fleets())
@settings(max_examples=25, deadline=None)
def test_what_is_stored_is_what_a_sum_over_digests_says(tables):
    slow, found = Slow(tables), stored(connect(**tables))
    known = [tag for tag in slow.tags if slow.images_of(tag)]
    assert found.total.logical == slow.logical(slow.tags)
    assert found.total.physical == slow.physical(slow.tags)
    assert found.total.tags == len(known)
    assert found.unread == len(slow.tags) - len(known)
    for row in found.hosts:
        tags = [tag for tag in known if tag["host"] == row.host]
        assert (row.tags, row.logical, row.physical) == (len(tags), slow.logical(tags), slow.physical(tags))
    assert sum(row.physical for row in found.hosts) == found.total.physical
    assert len(found.repositories) == len({(tag["host"], tag["repository"]) for tag in known})
    for row in found.repositories:
        tags = [tag for tag in known if (tag["host"], tag["repository"]) == (row.host, row.repository)]
        assert (row.logical, row.physical) == (slow.logical(tags), slow.physical(tags))
        # What is its own goes with it.
        assert row.unique == slow.freed(tags)
        assert row.shared == row.physical - row.unique
    assert len(found.tags) == len(known)
    for row in found.tags:
        (own,) = (t for t in known if (t["host"], t["repository"], t["tag"]) == (row.host, row.repository, row.name))
        assert row.unique == slow.freed([own])
        assert row.physical == slow.physical([own])
    assert len(found.images) == len({(tag["host"], name) for tag in known for name in slow.images_of(tag)})
    for row in found.images:
        others = {n for t in known if t["host"] == row.host for n in slow.images_of(t)} - {row.name}
        rest = {piece for name in others for piece in slow.pieces(name)}
        assert row.unique == slow.bytes(slow.pieces(row.name) - rest)
        assert row.logical == row.physical == slow.bytes(slow.pieces(row.name))


@given(fleets())
@settings(max_examples=25, deadline=None)
def test_how_often_layers_are_used_adds_up(tables):
    slow, found = Slow(tables), stored(connect(**tables))
    users = defaultdict(set)
    for one in slow.tags:
        for name in slow.images_of(one):
            row = slow.images[name]
            for own in {blob or diff for diff, blob in zip(row["layers"], row["blobs"], strict=True)}:
                users[one["host"], own].add(name)
    for row in found.used:
        fitting = {key: len(names) for key, names in users.items() if row.low <= len(names) <= row.high}
        assert row.layers == len(fitting) > 0
        assert row.bytes == sum(slow.sizes[own] for _, own in fitting)
        assert row.saved == sum(slow.sizes[own] * (count - 1) for (_, own), count in fitting.items())
    assert sum(row.layers for row in found.used) == len(users)


@given(fleets(), st.sampled_from(["a", "a:old-*", "*a:old-*", "r.example/*", "*:1", "org/a:2"]))
@settings(max_examples=25, deadline=None)
def test_deleting_frees_what_no_remaining_tag_needs(tables, glob):
    from imgscope.checks.config import matches

    slow = Slow(tables)

    def called(row):
        bare = f"{row['repository']}:{row['tag']}"
        return [bare, f"{row['host']}/{bare}", row["reference"]]

    gone = [row for row in slow.tags if matches(glob, called(row))]
    connection = connect(**tables)
    if not gone:
        with pytest.raises(UsageError, match="no tag in the store fits"):
            free(connection, [glob])
        return
    found = free(connection, [glob])
    left = [row for row in slow.tags if row not in gone]
    assert set(found.tags) == {row["reference"] for row in gone}
    assert found.bytes == slow.freed(gone)

    def held(rows):
        return {(row["host"], name) for row in rows for name in slow.images_of(row)}

    assert found.images == len(held(gone) - held(left))
    assert found.kept == len(held(gone) & held(left))
    assert found.logical == sum(slow.bytes(slow.pieces(name)) for _, name in held(gone) - held(left))


def test_a_tag_of_an_index_keeps_its_images():
    one, two = digest("amd64"), digest("arm64")
    tags = [
        tag("app", "1", one, digest_=digest("index")),
        tag("app", "one", one),
        tag("app", "both", two, digest_=digest("index")),
    ]
    tables = {"tags": tags, "images": [image("amd64", ["l1"]), image("arm64", ["l2"])], "layers": []}
    found = free(connect(**tables), ["app:one"])
    assert (found.images, found.kept, found.bytes, found.indexes) == (0, 1, 0, 0)
    found = free(connect(**tables), ["app:1", "app:both"])
    # The image that has a tag of its own stays; the index goes, and with it the other.
    assert (found.images, found.kept, found.bytes, found.indexes) == (1, 1, 150, 1)


def test_hosts_share_nothing():
    tags = [tag("app", "1", digest("i"), host) for host in ("r.example", "s.example")]
    tables = {"tags": tags, "images": [image("i", ["l"], 0, 0)], "layers": [layer("l", 1000)]}
    total = stored(connect(**tables)).total
    assert (total.logical, total.physical) == (2000, 2000)
    assert free(connect(**tables), ["s.example/app"]).bytes == 1000


def test_lists_are_cut_and_counts_are_not():
    tags = [tag("app", str(number), digest(f"i{number}")) for number in range(9)]
    images = [image(f"i{number}", [f"l{number}"]) for number in range(9)]
    connection = connect(tags=tags, images=images, layers=[layer(f"l{number}", 100 + number) for number in range(9)])
    found = stored(connection, limit=2, price_per_gb=0.5)
    assert [row.name for row in found.tags] == ["8", "7"]
    assert found.counts["tags"] == 9
    assert found.cost(2_000_000_000) == 1.0
    assert stored(connection).cost(1) is None


def test_a_store_with_nothing_in_it():
    found = stored(connect())
    assert (found.total.physical, found.hosts, found.used) == (0, (), ())


@pytest.mark.parametrize("price", [-1, float("nan"), float("inf")])
def test_a_price_is_a_number(price):
    with pytest.raises(UsageError, match="price"):
        stored(connect(), price_per_gb=price)
