"""docs/check.md says what the rules and the configuration are."""

import re
import tomllib
from pathlib import Path

import jsonschema

from imgscope.checks import config, schema
from imgscope.checks.outputs import FORMATS
from imgscope.checks.rules import RULES

PAGE = (Path(__file__).parents[2] / "docs/check.md").read_text()


def test_every_rule_is_in_the_table_in_its_own_words():
    rows = re.findall(r"^\| `([\w-]+)` \| ([^|]*) \| ([^|]*) \|$", PAGE, re.MULTILINE)
    assert [(name, text) for name, _, text in rows] == [(rule.name, rule.summary) for rule in RULES.values()]
    for name, value, _ in rows:
        assert value.replace(" or ", "|") == RULES[name].kind.metavar


def test_the_configuration_that_is_shown_is_read_and_fits_the_schema(tmp_path):
    (shown,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    jsonschema.validate(tomllib.loads(shown), schema.schema())
    (tmp_path / "imgscope.toml").write_text(shown)
    assert len(config.read(tmp_path / "imgscope.toml").images) == 2


def test_every_format_is_told():
    for name in FORMATS:
        assert f"| `{name}` |" in PAGE
