"""An image of a store, opened for a person: out of the store alone, as it would be read from the registry."""

import json
import shutil

import pytest

import imgscope
from imgscope.errors import ImageError
from imgscope.fleet import opening
from imgscope.fleet.questions import browse
from imgscope.fleet.store import Store

from .conftest import SECRET


def chosen(store, place, tag):
    with store.connection() as connection:
        repository = next(row for row in browse.repositories(connection) if row.name == place)
        image = next(row for row in browse.images(connection, repository.id) if row.tag == tag)
        return browse.stored_image(connection, image), browse.layers(connection, image)


def figures(analysis):
    image = analysis.image
    return (
        (image.id, image.manifest_digest, image.platform, image.created, image.config, image.history, image.secrets),
        (image.content_bytes, image.merged_bytes, image.wasted_bytes, image.blob_bytes, image.file_count),
        image.dive,
        [(row.diff_id, row.digest, row.compression, row.instruction, row.wasted_bytes) for row in analysis.layers],
        [(row.path, row.bytes, row.stored_in, row.wasted_by, row.reason) for row in analysis.waste],
        [(row.path, row.size, row.layer, row.mode, row.mtime_ns) for row in analysis.files],
    )


@pytest.mark.parametrize(
    ("place", "tag"), [("team1/app1", "1.2"), ("webapp", "gzip"), ("zstd", "1"), ("several", "1"), ("site", "1.0")]
)
def test_an_image_out_of_the_store_is_the_one_in_the_registry(fleet, scanned, place, tag, monkeypatch):
    store = Store.open(str(scanned))
    image, layers = chosen(store, place, tag)

    def refused(*_, **__):
        raise AssertionError("somebody was asked")

    with monkeypatch.context() as alone:
        alone.setattr("imgscope.sources.registry.transport.Transport.request", refused)
        alone.setattr("imgscope.sources.find_source", refused)
        found = opening.open_image(store.place, image)
        known = figures(found)
    assert SECRET not in json.dumps(found.image.config)
    with imgscope.analyze(image.reference, cache=False) as other:
        assert known == figures(other)
        assert found.notes[:-1] == other.notes
        wasted = {row.number: row.wasted for row in layers}
        assert wasted == {row.index: row.stored_waste_bytes for row in other.layers}
        codes = [(one.code, one.title, one.bytes) for one in imgscope.suggest(found).findings]
        assert codes == [(one.code, one.title, one.bytes) for one in imgscope.suggest(other).findings]
    assert found.notes[-1].startswith("read from the store")
    # Contents come from the registry, of that very image.
    path = next(row.path for row in found.files if row.type == "file" and row.size)
    with found.open(path) as file, imgscope.analyze(image.reference, cache=False) as other, other.open(path) as same:
        assert file.read() == same.read()
    found.close()


def test_where_the_store_lacks_a_layer_the_registry_is_read(fleet, scanned, tmp_path):
    shutil.copytree(scanned, tmp_path / "store")
    store = Store.open(str(tmp_path / "store"))
    image, _ = chosen(store, "team1/app1", "1.2")
    assert image.pinned == f"registry:{fleet.registry.address}/team1/app1@{image.image}"
    with opening.open_image(store.place, image, again=True) as found:
        assert found.notes[-1] == f"read from {image.pinned}"
        whole = figures(found)
    shutil.rmtree(tmp_path / "store" / "indexes")
    with opening.open_image(store.place, image) as found:
        assert found.notes[-1] == f"read from {image.pinned}"
        assert figures(found) == whole
    # A store of an older scan has no config.
    old = opening.StoredImage(image.image, image.config, image.platform, image.reference, image.layers)
    with opening.open_image(Store.open(str(scanned)).place, old) as found:
        assert found.notes[-1] == f"read from {image.pinned}"


def test_what_is_nowhere_is_said(scanned):
    image = opening.StoredImage(
        "sha256:" + "a" * 64, "sha256:" + "b" * 64, "linux/amd64", "/no/where.tar", (), "{damaged"
    )
    with pytest.raises(ImageError, match=r"where\.tar"):
        opening.open_image(Store.open(str(scanned)).place, image)


def test_a_store_of_before_the_config_was_kept_is_read(tmp_path):
    import pyarrow.parquet as pq

    from .ask_store import digest, image, tag

    store = Store.open(str(tmp_path / "store"), create=True)
    store.add("images", [image("i", ["base"])])
    store.add("tags", [tag("a", "1", digest("i"))])
    (part,) = (tmp_path / "store" / "images").iterdir()
    rows = pq.read_table(part)
    pq.write_table(rows.drop_columns("config_json").replace_schema_metadata(rows.schema.metadata), part)
    store.add("images", [image("j", ["base"])])
    store.compact()
    with store.connection() as connection:
        assert connection.execute("SELECT count(*), count(config_json) FROM images").fetchone() == (2, 0)
