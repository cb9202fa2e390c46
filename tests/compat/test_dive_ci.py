"""``.dive-ci`` means what it means to dive, and its verdict is dive's, at the very limits too."""

from __future__ import annotations

import math

import pytest

import imgscope
from imgscope.compat.dive import Figures
from imgscope.compat.dive_ci import DiveRules, evaluate, read_dive_ci, rules
from imgscope.errors import ConfigError
from tests.compat import dive
from tests.oracle.maketar import file, layer, whiteout

# Efficiency 6/7, wasted 320 bytes, 0.32 of the user's 1,000.
IMAGE = [layer(file("a", b"x" * 200), file("k", b"k" * 200)), layer(file("a", b"y" * 120), file("b", b"b" * 880))]
# One layer alone: dive divides 0 by 0. And all user layers empty, with waste: it divides by 0.
ONE = [layer(file("a", b"x" * 200))]
INFINITE = [layer(file("a", b"x" * 200)), layer(whiteout("a"))]

EFFICIENCY = 1200 / 1400


def _statuses(config: str | None, layers, folder) -> dict[str, str]:
    path = dive.archive(folder, layers)
    with imgscope.analyze(path, cache=False) as analysis:
        words = {"pass": "PASS", "fail": "FAIL", "skipped": "SKIP"}
        return {v.rule: words[v.status] for v in evaluate(read_dive_ci(config or ""), analysis.image.dive)}


CONFIGS = [
    None,
    "",
    "rules:",
    "other: 1",
    "rules:\n  lowestEfficiency: disabled\n  highestWastedBytes: disabled\n  highestUserWastedPercent: disabled",
    f"rules:\n  lowestEfficiency: {EFFICIENCY!r}",
    f"rules:\n  lowestEfficiency: {math.nextafter(EFFICIENCY, 1)!r}",
    "rules:\n  lowestEfficiency: 0",
    "rules:\n  lowestEfficiency: 1",
    'rules:\n  lowestEfficiency: "0.95"',
    "rules:\n  lowestEfficiency:",
    "rules:\n  lowestEfficiency: ~",
    "rules:\n  lowestefficiency: 1.0",
    "RULES:\n  LOWESTEFFICIENCY: 1.0",
    "rules:\n  highestWastedBytes: 320",
    "rules:\n  highestWastedBytes: 319",
    "rules:\n  highestWastedBytes: 0.32KB",
    "rules:\n  highestWastedBytes: 0.319kb",
    "rules:\n  highestWastedBytes: .3 KiB",
    "rules:\n  highestWastedBytes: 0.3125 KiB",
    "rules:\n  highestWastedBytes: 20MB",
    "rules:\n  highestWastedBytes: 20m",
    "rules:\n  highestWastedBytes: 1,000",
    "rules:\n  highestWastedBytes: 0",
    "rules:\n  highestWastedBytes: 3.2e+2",
    "rules:\n  highestUserWastedPercent: 0.32",
    "rules:\n  highestUserWastedPercent: 0.31999",
    "rules:\n  highestUserWastedPercent: 1",
    "rules:\n  highestUserWastedPercent: 0",
    "rules:\n  misspelt: 1\n  lowestEfficiency: 0.5",
    "# a comment\nrules:\n  lowestEfficiency: 0.95 # more\n\n  highestWastedBytes: 20MB\n"
    "  highestUserWastedPercent: 0.20\n",
]


@dive.needs_dive
@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("image", [IMAGE, ONE, INFINITE], ids=["image", "one layer", "nothing above"])
def test_the_verdict_is_dives(config, image, tmp_path):
    path = dive.archive(tmp_path, image)
    code, theirs, printed = dive.verdicts(path, config)
    assert set(theirs) == {"lowestEfficiency", "highestWastedBytes", "highestUserWastedPercent"}, printed
    ours = _statuses(config, image, tmp_path)
    assert ours == theirs
    assert code == ("FAIL" in ours.values())


@dive.needs_dive
@pytest.mark.parametrize(
    "config",
    [
        "rules:\n  lowestEfficiency: 90%",
        "rules:\n  lowestEfficiency: 1.01",
        "rules:\n  lowestEfficiency: -0.1",
        "rules:\n  highestWastedBytes: 20XB",
        "rules:\n  highestWastedBytes: -5",
        "rules:\n  highestWastedBytes: 1.2.3MB",
        "rules:\n  highestWastedBytes: 99EB",
        "rules:\n  highestUserWastedPercent: 20",
        "rules:\n  highestUserWastedPercent: ten",
    ],
)
def test_what_dive_calls_misconfigured_is_an_error(config, tmp_path):
    path = dive.archive(tmp_path, IMAGE)
    code, _, printed = dive.verdicts(path, config)
    assert code == 1
    assert "Misconfigured" in printed
    with pytest.raises(ConfigError):
        read_dive_ci(config)


@pytest.mark.parametrize("config", ["rules: [", "- a\n- b", "rules: 5", "rules:\n  lowestEfficiency: [1]", "a: &a [*a"])
def test_what_cant_be_understood_is_an_error(config):
    with pytest.raises(ConfigError) as caught:
        read_dive_ci(config)
    assert "\n" not in str(caught.value)


def test_defaults_are_dives():
    assert read_dive_ci("") == DiveRules(0.9, None, 0.1)
    assert rules({}) == DiveRules(0.9, None, 0.1)


@pytest.mark.parametrize("word", ["disabled", "off", "false", '""', "OFF", "Disabled"])
def test_a_rule_is_switched_off_by(word):
    text = f"rules:\n  lowestEfficiency: {word}\n  highestWastedBytes: {word}\n  highestUserWastedPercent: {word}"
    assert read_dive_ci(text) == DiveRules(None, None, None)


def test_both_of_dives_spellings():
    text = "rules:\n  lowest-efficiency: 0.5\n  highest-wasted-bytes: 1KiB\n  highest-user-wasted-percent: 0.25"
    assert read_dive_ci(text) == DiveRules(0.5, 1024, 0.25)


OLD_AND_NEW = ["lowestEfficiency: 0.5", "lowest-efficiency: 0.7"]


@pytest.mark.parametrize("lines", [OLD_AND_NEW, OLD_AND_NEW[::-1]])
def test_the_older_spelling_wins(lines):
    assert read_dive_ci("rules:\n  " + "\n  ".join(lines)).lowest_efficiency == 0.5


@pytest.mark.parametrize("name", ["lowestEfficiency", "lowest-efficiency"])
def test_options_win_over_the_file(name):
    assert read_dive_ci("rules:\n  lowestEfficiency: 0.5", {name: "0.7"}).lowest_efficiency == 0.7
    assert read_dive_ci("rules:\n  lowestEfficiency: 0.5", {name: "disabled"}).lowest_efficiency is None


def test_an_unknown_option_is_an_error():
    with pytest.raises(ConfigError):
        read_dive_ci("", {"lowestEfficency": "0.5"})


def test_a_misspelt_rule_is_told():
    notes = read_dive_ci("rules:\n  lowestEfficency: 0.5").notes
    assert len(notes) == 1
    assert "did you mean lowestEfficiency?" in notes[0]


def test_an_undefined_share_passes_and_says_why():
    verdict = evaluate(DiveRules(None, None, 0.1), Figures(1.0, 0, math.nan))[2]
    assert verdict.status == "pass"
    assert verdict.message
    assert evaluate(DiveRules(None, None, 1.0), Figures(0.0, 5, math.inf))[2].status == "fail"
