"""The JSON that everything rests on: it fits its schema, adds up, and opens again."""

import json

import jsonschema
import pytest

import imgscope
from imgscope.report import Options, renderer
from imgscope.report.schema import analysis_schema


def written(analysis, **options):
    return json.loads(b"".join(renderer("json")(analysis, Options(**options))))


@pytest.fixture(params=["webapp", "site"])
def analysis(request):
    return imgscope.analyze(request.getfixturevalue(request.param), cache=False)


@pytest.mark.parametrize("files", [True, False])
def test_it_fits_the_schema_that_is_shipped(analysis, files):
    jsonschema.Draft202012Validator.check_schema(analysis_schema())
    jsonschema.validate(written(analysis, files=files, duplicates=True), analysis_schema())


def test_a_row_that_is_not_meant_does_not_fit_the_schema(analysis):
    result = written(analysis)
    result["files"][0]["colour"] = "red"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(result, analysis_schema())


def test_the_ledger_adds_up_to_the_byte(analysis):
    result = written(analysis)
    image = result["image"]
    assert image["merged_bytes"] + image["wasted_bytes"] == image["content_bytes"]
    assert sum(layer["content_bytes"] for layer in result["layers"]) == image["content_bytes"]
    assert sum(row["bytes"] for row in result["waste"]) == image["wasted_bytes"]
    assert sum(row["size"] for row in result["files"]) == image["merged_bytes"]
    assert len(result["files"]) == image["file_count"]
    for layer in result["layers"]:
        kinds = ("added", "modified", "metadata_only", "rewritten", "repeated")
        assert sum(layer[kind]["bytes"] for kind in kinds) == layer["content_bytes"]
        assert layer["wasted_bytes"] == sum(
            row["bytes"] for row in result["waste"] if row["wasted_by"] == layer["index"]
        )


def test_a_saved_analysis_opens_again_and_says_the_same(analysis, tmp_path):
    saved = tmp_path / "any-name"
    saved.write_bytes(b"".join(renderer("json")(analysis, Options())))
    again = imgscope.analyze(saved, cache=False)
    first, second = written(analysis), written(again)
    assert {**second, "image": {**second["image"], "reference": first["image"]["reference"]}} == first
    assert list(again.changes(1)) == list(analysis.changes(1))
    for file in analysis.files:
        assert again.why(file.path) == analysis.why(file.path)


def test_contents_of_a_saved_analysis_are_refused_with_a_word(analysis, tmp_path):
    saved = tmp_path / "saved.json"
    saved.write_bytes(b"".join(renderer("json")(analysis, Options())))
    path = next(file.path for file in analysis.files if file.type == "file")
    with pytest.raises(imgscope.ImgscopeError, match="saved.json is a saved analysis"):
        imgscope.analyze(saved).open(path)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda saved: saved.update(schema_version=99), "schema version 99"),
        (lambda saved: saved.pop("schema_version"), "no schema_version"),
        (lambda saved: saved.pop("files"), "--no-files"),
        (lambda saved: saved["files"][0].update(layer=12345), "no layer 12345"),
        (lambda saved: saved["whiteouts"].append({"layer": 12345, "path": "/x", "opaque": False}), "no layer 12345"),
        (lambda saved: saved["files"][0].update(size="large"), "Expected `int`"),
        (lambda saved: saved["files"].append(dict(saved["files"][0])), "twice"),
        (lambda saved: saved["files"][0].update(type="dream"), "no type"),
    ],
)
def test_a_saved_analysis_that_lies_is_refused_in_one_line(analysis, tmp_path, change, word):
    result = written(analysis)
    change(result)
    saved = tmp_path / "saved.json"
    saved.write_text(json.dumps(result))
    with pytest.raises(imgscope.ImgscopeError, match=word) as error:
        imgscope.analyze(saved)
    assert "\n" not in str(error.value)
    assert error.value.exit_code == 3
