"""``[suggest]`` of the configuration file."""

from __future__ import annotations

import json

import pytest

from imgscope.errors import ConfigError
from imgscope.suggestions.config import load
from tests.oracle.maketar import file, layer


def test_the_file_chooses_and_options_win(make, imgscope, tmp_path, monkeypatch):
    path = make(layer(file("var/lib/apt/lists/x", b"x" * 5000), file("root/.cache/pip/y", b"y" * 700)))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "imgscope.toml").write_text('[suggest]\nselect = ["IS1"]\nignore = ["IS106"]\nmin-size = 10\n')

    def codes(*options):
        done = imgscope("suggest", path, "--format", "json", *options)
        assert done.returncode == 0, done.stderr
        return [finding["code"] for finding in json.loads(done.stdout)["findings"]]

    assert codes() == ["IS101"]
    assert codes("--ignore", "IS101") == ["IS106"]
    assert codes("--min-size", "1MB") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[suggest]\nselct = ["IS1"]\n', "did you mean 'select'"),
        ("[suggest]\nselect = 7\n", "list of rules"),
        ("[suggest]\nmin-size = 'much'\n", "can't be read"),
        ("[suggst]\n", "did you mean 'suggest'"),
    ],
)
def test_what_can_not_be_understood_is_an_error(tmp_path, text, message):
    (tmp_path / "imgscope.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        load(tmp_path)
