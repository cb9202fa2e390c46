"""Rules are chosen as ruff's are."""

from __future__ import annotations

import sys

import pytest

from imgscope.errors import UsageError
from imgscope.suggestions.model import Rule
from imgscope.suggestions.rules import all_rules
from imgscope.suggestions.selection import select

RULES = [
    Rule(code, name, "", "certain", lambda _: ())
    for code, name in (("IS001", "one"), ("IS012", "twelve"), ("IS101", "other"))
]


@pytest.mark.parametrize(
    ("selected", "ignored", "expected"),
    [
        ([], [], ["IS001", "IS012", "IS101"]),
        (["IS0"], [], ["IS001", "IS012"]),
        (["is012"], [], ["IS012"]),
        (["twelve,IS1"], [], ["IS012", "IS101"]),
        ([], ["IS0"], ["IS101"]),
        (["IS012"], ["IS0"], ["IS012"]),
        (["IS0"], ["IS012"], ["IS001"]),
        (["IS012"], ["twelve"], []),
        (["ALL"], ["IS1"], ["IS001", "IS012"]),
    ],
)
def test_the_longer_word_wins(selected, ignored, expected):
    assert [rule.code for rule in select(RULES, selected, ignored)] == expected


@pytest.mark.parametrize(("word", "hint"), [("IS013", "IS01"), ("twelv", "twelve"), ("nonsense", "--list")])
def test_a_word_that_fits_no_rule_is_an_error_with_the_nearest(word, hint):
    with pytest.raises(UsageError, match=hint):
        select(RULES, [word])


def test_every_rule_has_its_words():
    for rule in all_rules():
        assert rule.code[:2] == "IS"
        assert rule.summary.endswith(".")
        assert rule.why, rule.code
        assert rule.name == rule.name.lower()
    names = [rule.name for rule in all_rules()]
    assert len(set(names)) == len(names)


def test_another_package_adds_rules(monkeypatch, tmp_path):
    from imgscope.suggestions import rules

    about = tmp_path / "mine-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[imgscope.rules]\nmine = mine_rules:RULE\n")
    module = tmp_path / "mine_rules.py"
    module.write_text(
        "from imgscope.suggestions import Rule\nRULE = Rule('XX001', 'mine', 'Mine.', 'certain', lambda context: ())\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    rules.all_rules.cache_clear()
    try:
        assert "XX001" in [rule.code for rule in rules.all_rules()]
        module.write_text("1 / 0\n")
        monkeypatch.delitem(sys.modules, "mine_rules")
        rules.all_rules.cache_clear()
        with pytest.raises(UsageError, match="mine"):
            rules.all_rules()
    finally:
        rules.all_rules.cache_clear()
