"""The configuration: what may stand in it, what its schema says of that, and what a mistake is told."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from imgscope.checks import config, schema
from imgscope.checks.rules import RULES
from imgscope.errors import ConfigError

SHIPPED = Path(config.__file__).with_name("config.schema.json")
VALIDATOR = jsonschema.Draft202012Validator(schema.schema())

GOOD = [
    "",
    "[check]",
    "[check]\nmax-size = 1000",
    '[check]\nmax-size = "1.5GiB"',
    '[check]\nmax-size = "+20m"',
    '[check]\nmax-size = { fail = "1GB", warn = "900MB" }',
    '[check]\nmax-size = { warn = ".5MB" }',
    '[check]\nmax-size = "off"',
    "[check]\nmax-size = false",
    '[check]\nmax-wasted = ["5MB", "5%"]',
    '[check]\nmax-wasted = { fail = ["5MB", "5%"], warn = "1 %" }',
    "[check]\nmin-efficiency = 0.95",
    '[check]\nmin-efficiency = "95%"',
    '[check]\nmin-efficiency = ".9"',
    '[check]\nmax-layers = 30\nmax-files = "1_000_000"',
    '[check.max-path-size]\n"/app" = "40MB"\n"**/*.pyc" = { warn = 0 }',
    '[check]\nforbidden-paths = "secrets"',
    '[check]\nforbidden-paths = { fail = ["secrets"], warn = ["caches", "**/.git/**"] }',
    '[check]\nforbidden-findings = ["IS001", "IS6", "private-key"]\nmax-suggested-savings = "10%"',
    "[check]\nrequire-non-root = true\nforbid-latest-base = { warn = true }",
    '[check]\nbaseline = "ci/baseline.json"\nmax-growth = "5%"\nallow-skipped = true\nignored-paths = ["*.pyc"]',
    '[check]\n[[check.image]]\nname = "api:*"\nmax-size = "1GB"\n[[check.image]]\nname = "*"\nmax-layers = 9',
    '[suggest]\nignore = ["IS9"]\nmin-size = "1MB"\n[check]\nmax-suggested-savings = 0',
    '"$schema" = "https://example.org/config.schema.json"',
]
BAD = [
    '[check]\nmax-siz = "1MB"',
    '[chekc]\nmax-size = "1MB"',
    'max-size = "1MB"',
    '[check]\nmax-size = "a lot"',
    '[check]\nmax-size = "1..5MB"',
    "[check]\nmax-size = -1",
    "[check]\nmax-size = true",
    '[check]\nmax-size = "5%"',
    "[check]\nmax-size = {}",
    '[check]\nmax-size = { fial = "1MB" }',
    '[check]\nmax-size = { fail = "off" }',
    '[check]\nmax-size = ["1MB"]',
    "[check]\nmax-layers = 1.5",
    '[check]\nmax-layers = "_"',
    "[check]\nmin-efficiency = 95",
    '[check]\nmax-wasted = ["5MB", "5%", "6%"]',
    '[check]\nmax-path-size = "1MB"',
    '[check.max-path-size]\n"/" = "1MB"',
    "[check]\nforbidden-paths = []",
    '[check]\nforbidden-paths = ["/"]',
    "[check]\nforbidden-findings = 1",
    '[check]\nrequire-non-root = "yes"',
    "[check]\nbaseline = 1",
    '[check]\nallow-skipped = "yes"',
    "[check]\nignored-paths = [1]",
    '[check]\nimage = "api"',
    '[[check.image]]\nmax-size = "1GB"',
    '[[check.image]]\nname = ""\n',
    '[[check.image]]\nname = "a"\nimage = []',
]


def _read(tmp_path, text):
    path = tmp_path / "imgscope.toml"
    path.write_text(text)
    return config.read(path)


@pytest.mark.parametrize("text", GOOD)
def test_what_is_read_fits_the_schema(tmp_path, text):
    VALIDATOR.validate(tomllib.loads(text))
    _read(tmp_path, text)


@pytest.mark.parametrize("text", BAD)
def test_what_is_refused_does_not_fit_the_schema(tmp_path, text):
    assert not VALIDATOR.is_valid(tomllib.loads(text))
    with pytest.raises(ConfigError) as error:
        _read(tmp_path, text)
    assert "imgscope.toml" in str(error.value)


def test_the_schema_is_a_schema_and_knows_every_rule():
    jsonschema.Draft202012Validator.check_schema(schema.schema())
    known = schema.schema()["properties"]["check"]["properties"]
    assert set(known) == {*RULES, *config.OTHER_KEYS, "image"}


def test_the_shipped_schema_is_the_one_that_is_printed(imgscope):
    printed = imgscope("check", "--schema")
    assert printed.returncode == 0 and json.loads(printed.stdout) == schema.schema()
    assert SHIPPED.read_text() == printed.stdout, "run: imgscope check --schema > imgscope/checks/config.schema.json"


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ('[check]\nmax-siz = "1MB"', "max-size"),
        ("[check]\nmax_layers = 3", "max-layers"),
        ("[check]\nMaxLayers = 3", "max-layers"),
        ("[check]\nlayers = 3", "max-layers"),
        ("[check]\nrequire-nonroot = true", "require-non-root"),
        ('[check]\nbase-line = "a.json"', "baseline"),
        ('[check]\nmax-growth = { warning = "5%" }', "warn"),
        ('[check]\nforbidden-paths = ["secret"]', "secrets"),
        ('[check]\nforbidden-findings = ["IS001", "overwriten"]', "overwritten"),
        ('[chekc]\nmax-size = "1MB"', "check"),
        ('[[check.image]]\nnaem = "a"', "name"),
        ('[[check.images]]\nname = "a"', "image"),
    ],
)
def test_a_misspelt_name_is_told_the_nearest_right_one(tmp_path, text, nearest):
    with pytest.raises(ConfigError) as error:
        _read(tmp_path, text)
    assert f"'{nearest}'" in str(error.value) or f"mean {nearest}?" in str(error.value)
