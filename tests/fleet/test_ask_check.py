"""``imgscope fleet check``: the rules as ``imgscope check`` judges them, from the store's figures."""

import json
from xml.etree import ElementTree

import pytest

import imgscope
from imgscope.cli import run
from imgscope.errors import ConfigError, UsageError
from imgscope.fleet.questions.check import _MEASURES, check
from imgscope.fleet.store import Store

from .ask_store import connect, digest, image, layer, tag
from .test_ask_report import store  # noqa: F401

FIGURES = {"content_bytes": 1000, "wasted_bytes": 300, "blob_bytes": 400, "files": 7}
STEPS = [{"layer": None, "instruction": "ENV x"}] + [
    {"layer": digest(name), "instruction": f"RUN {name}"} for name in ("base", "own")
]


def fleet(**figures):
    finding = {"image": digest("i"), "layer": digest("own"), "certainty": "certain", "title": "Left over"}
    return connect(
        tags=[tag("team/app", "1", digest("i")), tag("team/app", "2", digest("i")), tag("other", "1", digest("o"))],
        images=[image("i", ["base", "own"], history=STEPS, **(FIGURES | figures)), image("o", ["base"], **FIGURES)],
        layers=[layer("base", 100, 600), layer("own", 300, 400)],
        bases=[{"image": digest("i"), "base": "python:3", "base_layers": 1}],
        findings=[
            finding | {"finding": 1, "rule": "IS001", "bytes": 50},
            finding | {"finding": 2, "rule": "IS601", "bytes": 0, "certainty": "possible"},
        ],
    )


def judged(tmp_path, rules, patterns=("team/app",), **figures):
    config = tmp_path / "imgscope.toml"
    config.write_text(f"[check]\n{rules}\n")
    report = check(fleet(**figures), patterns, config=config)
    (checked,) = report.images
    (result,) = checked.results
    return result


@pytest.mark.parametrize(
    ("rule", "kept", "past", "actual"),
    [
        ("max-size", 1000, 999, 1000),
        ("max-compressed-size", 400, 399, 400),
        ("max-own-size", 400, 399, 400),
        ("max-own-compressed-size", 300, 299, 300),
        ("max-wasted", 300, 299, 300),
        ("max-wasted", '"30%"', '"29%"', 0.3),
        ("min-efficiency", '"70%"', '"71%"', 0.7),
        ("max-layers", 2, 1, 2),
        ("max-layer-size", 600, 599, 600),
        ("max-files", 7, 6, 7),
        ("max-suggested-savings", 50, 49, 50),
        ("forbidden-findings", '"IS2"', '"IS6"', None),
    ],
)
def test_a_rule_is_judged_by_the_stores_figures(tmp_path, rule, kept, past, actual):
    assert judged(tmp_path, f"{rule} = {kept}").status == "pass"
    result = judged(tmp_path, f"{rule} = {past}")
    assert result.status == "fail"
    assert actual is None or result.actual == pytest.approx(actual)
    assert judged(tmp_path, f"{rule} = {{ warn = {past} }}").status == "warn"


@pytest.mark.parametrize("wasted", [100, 300, 700, 900])
def test_a_limit_that_is_just_met_is_kept_as_check_keeps_it(tmp_path, wasted):
    percent = (1000 - wasted) / 10
    assert judged(tmp_path, f'min-efficiency = "{percent}%"', wasted_bytes=wasted).status == "pass"


def test_causes_are_layers_with_what_made_them(tmp_path):
    (cause,) = judged(tmp_path, "max-own-size = 1").causes.rows
    assert (cause.layer, cause.instruction, cause.bytes) == (1, "RUN own", 400)
    (cause,) = judged(tmp_path, 'forbidden-findings = "IS601"').causes.rows
    assert (cause.code, cause.layer, cause.instruction) == ("IS601", 1, "RUN own")


@pytest.mark.parametrize("rule", ["require-non-root = true", 'forbidden-paths = "secrets"', "max-file-size = 1"])
def test_where_the_store_lacks_the_layers_rules_about_paths_are_skipped_and_said(tmp_path, rule):
    result = judged(tmp_path, rule)
    assert (result.status, result.blocking) == ("skipped", False)
    assert "imgscope check" in result.message


RULES = """
max-size = "1kB"
max-files = 3
max-file-size = "3kB"
forbidden-paths = ["**/.env", "secrets"]
require-non-root = true
forbid-latest-base = true
max-growth = "1%"
max-new-waste = 0
max-new-file-size = "1kB"
ignored-paths = ["/usr/lib/**"]

[check.max-path-size]
"/srv" = "2kB"
"""


def test_rules_about_paths_config_and_growth_are_those_of_check(fleet, scanned, tmp_path, monkeypatch):
    """Every rule, on images put together from the store: with nobody asked, what ``imgscope check`` says of them."""
    baseline, config = tmp_path / "base.json", tmp_path / "imgscope.toml"
    place = f"registry:{fleet.registry.address}"
    assert run(["baseline", "save", f"{place}/team0/app0:1.0", "-o", str(baseline)]) == 0
    config.write_text(f'[check]\nbaseline = "{baseline}"\n{RULES}')
    references = [f"{place}/team1/app1:1.2", f"{place}/webapp:gzip", f"{place}/zstd:1"]
    known = {}
    for reference in references:
        with imgscope.check(reference, config=config, cache=False) as report:
            known |= told(report)
    kept = Store.open(str(scanned))

    def refused(*_, **__):
        raise AssertionError("somebody was asked")

    monkeypatch.setattr("imgscope.sources.registry.transport.Transport.request", refused)
    with kept.connection() as connection:
        patterns = [reference.removeprefix("registry:") for reference in references]
        found = check(connection, patterns, config=config, place=kept.place)
    assert told(found) == known
    assert {row[1] for rows in known.values() for row in rows} == {"pass", "fail", "skipped"}


def told(report):
    """Each result; its causes too, where they are not the tables' own."""
    return {
        image.reference: sorted(
            (
                row.name,
                row.status,
                row.actual,
                [] if row.rule in _MEASURES else [(one.path, one.layer, one.bytes) for one in row.causes.rows],
            )
            for row in image.results
        )
        for image in report.images
    }


def test_growth_without_a_baseline_is_a_usage_error(tmp_path):
    with pytest.raises(ConfigError, match="baseline"):
        judged(tmp_path, 'max-growth = "1%"')


def test_rules_in_dives_format_are_judged(fleet, scanned, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".dive-ci").write_text("rules:\n  lowestEfficiency: 0.999\n  highestWastedBytes: 1GB\n")
    assert run(["fleet", "check", "webapp", "--store", str(scanned)]) == 1
    out = capsys.readouterr().out
    assert "lowestEfficiency" in out and "highestWastedBytes" not in out
    assert run(["fleet", "check", "team1/app1:1.2", "--store", str(scanned), "--ci-config", "nowhere"]) == 2


HOSTILE = "team/<b>&\x1b[31m]]>\x00\u202e\ud800'\""


@pytest.mark.parametrize("format_", ["junit", "sarif", "gitlab", "text", "json", "markdown", "html", "csv"])
def test_hostile_names_do_no_harm_in_any_format(tmp_path, format_, capsysbinary):
    made = Store.open(str(tmp_path / "store"), create=True)
    name = HOSTILE.replace("\ud800", "\ufffd")
    steps = [{"layer": digest("base"), "instruction": f"RUN {name}"}]
    made.add("tags", [tag(name, "1", digest("i"))])
    made.add("images", [image("i", ["base"], history=steps, **FIGURES)])
    made.add("layers", [layer("base", 100, 600)])
    config = tmp_path / "imgscope.toml"
    config.write_text("[check]\nmax-size = 1\nmax-layer-size = 1\nmax-layers = 1\n")
    words = ["--store", made.place.address, "--config", str(config), "--format", format_]
    assert run(["fleet", "check", *words]) == 1
    data = capsysbinary.readouterr().out
    text = data.decode("utf-8")
    assert not set(text) & {"\x1b", "\x00", "\u202e"}
    if format_ == "junit":
        root = ElementTree.fromstring(data)
        assert root.get("failures") == "2"
        assert "<b>&" in "".join(root.itertext()) + str([each.attrib for each in root.iter()])
    elif format_ in ("sarif", "gitlab", "json"):
        assert json.loads(data)
        assert text.isascii()
    elif format_ == "html":
        assert "<b>" not in text


def test_a_figure_that_is_missing_does_not_pass(tmp_path):
    result = judged(tmp_path, "max-compressed-size = 1000", blob_bytes=None)
    assert (result.status, result.blocking) == ("skipped", True)
    result = judged(tmp_path, "max-own-size = 1000", patterns=("other",))
    assert result.blocking


def test_rules_go_by_names_and_an_image_is_checked_once(tmp_path):
    config = tmp_path / "imgscope.toml"
    config.write_text('[[check.image]]\nname = "r.example/team/*"\nmax-size = 1\n')
    report = check(fleet(), config=config)
    assert [(one.reference, one.verdict) for one in report.images] == [("registry:r.example/team/app:1", "fail")]
    assert report.exit_code == 1
    with pytest.raises(UsageError, match="no image in the store fits"):
        check(fleet(), ["nobody"], config=config)
    with pytest.raises(UsageError, match="no rule is set"):
        check(fleet(), ["other"], config=config)


def test_without_a_configuration_the_defaults_hold():
    report = check(fleet(), config=False)
    assert [one.verdict for one in report.images] == ["pass", "fail"]


def test_junit_and_sarif_are_those_of_check(store, tmp_path, capsysbinary):  # noqa: F811
    config = tmp_path / "imgscope.toml"
    config.write_text('[check]\nmax-layers = 1\nrequire-non-root = true\nforbidden-findings = "ALL"\n')
    junit, sarif = tmp_path / "out.xml", tmp_path / "out.sarif"
    words = ["check", "--store", store, "--config", config, "-o", f"junit={junit}", "-o", f"sarif={sarif}"]
    assert run(["fleet", *map(str, words)]) == 1
    text = capsysbinary.readouterr().out.decode()
    assert "FAIL: 3 images checked: 3 fail" in text
    assert "require-non-root was not evaluated for 3 images" in text
    root = ElementTree.parse(junit).getroot()
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("9", "6", "3")
    (made,) = json.loads(sarif.read_text())["runs"]
    assert {row["ruleId"] for row in made["results"]} == {"max-layers", "forbidden-findings"}
    for format_ in ("json", "csv", "markdown", "html", "gitlab"):
        assert run(["fleet", *map(str, words[:5]), "--format", format_]) == 1
        out = capsysbinary.readouterr().out.decode()
        assert out and "\x1b" not in out
        assert format_ != "html" or "<script" not in out
