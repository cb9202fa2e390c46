"""Every form of the verdict is what its reader takes: its schema, its consumer, and the host's limits."""

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest
from junitparser import Error, Failure, JUnitXml, Skipped

from imgscope.checks import outputs
from imgscope.checks.annotated_file import AnnotatedFile
from imgscope.checks.model import FAIL, PASS, SKIPPED, WARN, Cause, Causes, CheckReport, ImageCheck, RuleResult, Setting
from imgscope.checks.outputs import github, renderer
from imgscope.checks.outputs.markdown import markdown
from imgscope.checks.values import BYTES, Limit
from imgscope.report import limits
from imgscope.report.interface import Options
from imgscope.report.schema import analysis_schema
from tests.oracle import maketar as tar

from .schemas import SARIF, schema

# As GitLab documents it: "Code Quality report format".
GITLAB_ISSUE = {
    "type": "object",
    "properties": {
        "description": {"type": "string", "minLength": 1},
        "check_name": {"type": "string", "minLength": 1},
        "fingerprint": {"type": "string", "minLength": 1},
        "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
        "location": {
            "type": "object",
            "properties": {
                "path": {"type": "string", "pattern": r"^(?!\./|/)"},
                "lines": {
                    "type": "object",
                    "properties": {"begin": {"type": "integer", "minimum": 1}},
                    "required": ["begin"],
                },
            },
            "required": ["path", "lines"],
        },
    },
    "required": ["description", "check_name", "fingerprint", "severity", "location"],
}
# The attributes and elements that Jenkins' and other readers of JUnit's XML know.
JUNIT = {
    "testsuites": {"name", "tests", "failures", "errors", "skipped", "time", "disabled"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname", "id", "package"},
    "testcase": {"name", "classname", "time", "assertions", "status"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message", "type"},
    "system-out": set(),
}
NESTED = {
    "testsuites": {"testsuite"},
    "testsuite": {"testcase"},
    "testcase": {"failure", "error", "skipped", "system-out"},
}
HOSTILE = "run/\x1b[31m%,:]]>&<\"'\n::error::\udcff|`x`</details>--> é"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Path:
    """An image whose names try to get out of every format."""
    below = tar.layer(tar.file(HOSTILE, b"x" * 5000), tar.file("a.pem", b"-----BEGIN PRIVATE KEY-----\n" * 40))
    above = tar.layer(tar.file(HOSTILE, b"y" * 5000), tar.whiteout("a.pem"))
    return tar.docker_archive(tmp_path_factory.mktemp("hostile") / "ho%2C`st:ile.tar", [below, above])


RULES = [
    "--max-size=1kB",
    "--max-wasted=10",
    "--max-file-size=1kB",
    "--max-path-size=/run=1",
    "--max-compressed-size=1GB",
    "--forbidden-paths=secrets",
    "--forbidden-paths=run/**",
    "--require-non-root",
    "--forbid-latest-base",
    "--max-files=1000",
    "--forbidden-findings=ALL",
    "--max-suggested-savings=1",
    "--lowestEfficiency=0.99",
]


@pytest.fixture(scope="module")
def made(hostile, site, webapp, tmp_path_factory):
    """All formats of one run over four images, one of which can't be had."""
    folder = tmp_path_factory.mktemp("made")
    formats = ("json", "markdown", "junit", "sarif", "gitlab", "github", "text")
    targets = [word for name in formats for word in ("-o", f"{name}={folder / name}")]
    import os
    import sys

    env = {key: value for key, value in os.environ.items() if not key.startswith("GITHUB_")}
    done = subprocess.run(
        [sys.executable, "-m", "imgscope", "check", hostile, webapp, site, "none.tar", *RULES, *targets],
        cwd=folder,
        env={**env, "IMGSCOPE_CACHE_DIR": str(folder / "cache")},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    return folder


@pytest.fixture(scope="module")
def site():
    return Path(__file__).parents[2] / "fixtures/site.tar"


@pytest.fixture(scope="module")
def webapp():
    return Path(__file__).parents[2] / "fixtures/webapp.tar"


def test_sarif_fits_its_schema(made):
    log = json.loads((made / "sarif").read_text())
    jsonschema.validate(log, schema(SARIF))
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"] and "\x1b" not in result["message"]["text"]
    assert {"image", "max-size", "forbidden-paths", "lowestEfficiency"} <= {rule["id"] for rule in rules}
    assert [result["level"] for result in run["results"]] == sorted(
        [result["level"] for result in run["results"]], key=["error", "warning"].index
    )


def test_gitlab_issues_fit_what_gitlab_documents(made):
    issues = json.loads((made / "gitlab").read_text())
    jsonschema.validate(issues, {"type": "array", "items": GITLAB_ISSUE, "minItems": 5})
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)


def test_junit_is_read_by_its_parser_and_has_nothing_that_readers_dont_know(made):
    root = ET.parse(made / "junit").getroot()
    for element in root.iter():
        assert set(element.attrib) <= JUNIT[element.tag], element.tag
        assert {child.tag for child in element} <= NESTED.get(element.tag, set()), element.tag
    suites = list(JUnitXml.fromfile(str(made / "junit")))
    assert len(suites) == 4
    for suite in suites:
        cases = list(suite)
        kinds = [kind for case in cases for kind in map(type, case.result)]
        assert suite.tests == len(cases) and suite.failures == kinds.count(Failure)
        assert suite.errors == kinds.count(Error) and suite.skipped == kinds.count(Skipped)
    assert suites[0].failures >= 5 and suites[0].skipped == 2 and suites[3].errors == 1


_COMMAND = re.compile(r"::(error|warning|notice) (.*?)::(.*)")


def _read_back(line: str) -> tuple[str, dict[str, str], str]:
    """Read a workflow command as GitHub's runner does."""
    match = _COMMAND.fullmatch(line)
    assert match, line

    def data(text):
        return text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")

    pairs = [pair.partition("=") for pair in match[2].split(",")]
    properties = {key: data(value.replace("%3A", ":").replace("%2C", ",")) for key, _, value in pairs}
    return match[1], properties, data(match[3])


def test_annotations_are_read_back_as_they_were_meant(made):
    lines = (made / "github").read_text().splitlines()
    read = [_read_back(line) for line in lines]
    assert [level for level, _, _ in read].count("error") == limits.GITHUB_ANNOTATIONS
    for _, properties, message in read:
        assert set(properties) == {"file", "line", "title"} and int(properties["line"]) >= 1
        assert "\x1b" not in message and "\n" not in message
    hostile = next(text for _, _, text in read if "ho%2C" in text)
    assert hostile.startswith("/") and "ho%2C`st:ile.tar" in hostile


def test_markdown_lets_no_name_out_of_its_place(made):
    text = (made / "markdown").read_text()
    assert text.startswith("<!-- imgscope check: ") and text.index("-->") == text.index("\n") - 3
    # In code, a tag is not a tag: what is not in code has as many ends as beginnings.
    outside = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    assert outside.count("<details>") == outside.count("</details>") > 5
    # The hostile name's own tags and bars stand in code or are escaped; each row has its four columns.
    assert "\\" not in "".join(re.findall("<summary>.*</summary>", text))
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row)) == 5, row


def test_the_verdict_as_json_fits_its_schema(made):
    result = json.loads((made / "json").read_text())
    shipped = json.loads(Path(outputs.__file__).with_name("check.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(shipped)
    jsonschema.validate(result, shipped)
    of_layers = analysis_schema()["$defs"]
    for image in result["images"]:
        for layer in image.get("layers", []):
            jsonschema.validate(layer, {**of_layers["layer"], "$defs": of_layers})


def test_the_verdict_as_json_has_every_image_in_order(made, hostile, webapp, site):
    result = json.loads((made / "json").read_text())
    assert [image["reference"] for image in result["images"]] == [str(hostile), str(webapp), str(site), "none.tar"]
    assert result["verdict"] == "error" and result["exit_code"] == 3
    assert [image["verdict"] for image in result["images"]] == ["fail", "fail", "fail", "error"]


@pytest.mark.parametrize("width", [80, 120])
def test_the_text_keeps_to_its_width(imgscope, hostile, webapp, width, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = imgscope("check", hostile, webapp, *RULES, "--width", width)
    assert max(map(len, done.stdout.splitlines())) <= width
    assert "\x1b" not in done.stdout


# -- the hosts' limits ----------------------------------------------------------------------------------------


def _result(number: int, status: str = FAIL, causes: tuple[Cause, ...] = ()) -> RuleResult:
    limit = Limit(10, BYTES)
    setting = Setting("max-path-size", f"/p{number}", fail=limit)
    return RuleResult(setting, status, f"result {number}", limit, 11, Causes(causes, len(causes)))


def _report(results: list[RuleResult]) -> CheckReport:
    return CheckReport((ImageCheck("app:1", None, tuple(results), error="", place=AnnotatedFile("Dockerfile")),))


def _rendered(name: str, report: CheckReport) -> str:
    return b"".join(renderer(name)(report, Options())).decode()


@pytest.mark.parametrize(("count", "shown", "cut"), [(9, 9, 0), (10, 10, 0), (11, 10, 2), (300, 10, 291)])
@pytest.mark.parametrize("status", [FAIL, WARN])
def test_annotations_are_ten_of_a_kind(count, shown, cut, status):
    lines = list(github.workflow_commands(_report([_result(number, status) for number in range(count)])))
    assert len(lines) == shown
    for number, line in enumerate(lines[:9]):
        assert _read_back(line)[2].startswith(f"max-path-size /p{number}:")
    assert ("and" in lines[-1] and f"and {cut:,} more" in lines[-1]) == bool(cut)


def test_failures_are_annotated_before_what_warns():
    results = [_result(n, WARN) for n in range(5)] + [_result(n, PASS) for n in range(5)] + [_result(9, FAIL)]
    levels = [_read_back(line)[0] for line in github.workflow_commands(_report(results))]
    assert levels == ["error"] + ["warning"] * 5


@pytest.mark.parametrize(("count", "left"), [(4999, 0), (5000, 0), (5001, 1), (26_000, 21_000)])
def test_sarif_has_no_more_results_than_are_shown(count, left):
    causes = tuple(Cause("file", f"/f{n}", 0, "RUN x", count - n) for n in range(count))
    setting = Setting("forbidden-paths", fail=Limit(("*",), "paths"))
    report = _report([RuleResult(setting, FAIL, "many", setting.fail, count, Causes(causes, count))])
    (run,) = json.loads(_rendered("sarif", report))["runs"]
    assert len(run["results"]) == min(count, limits.SARIF_RESULTS)
    assert "/f0," in run["results"][0]["message"]["text"]
    notices = [notice["message"]["text"] for notice in run["invocations"][0]["toolExecutionNotifications"]]
    assert notices == ([f"and {left:,} more findings than code scanning shows"] if left else [])


@pytest.mark.parametrize(("count", "last"), [(5000, None), (5001, "and 2 more"), (6000, "and 1,001 more")])
def test_gitlab_gets_a_bounded_number_of_issues(count, last):
    causes = tuple(Cause("file", f"/f{n}", 0, "RUN x", count - n) for n in range(count))
    setting = Setting("forbidden-paths", fail=Limit(("*",), "paths"))
    report = _report([RuleResult(setting, FAIL, "many", setting.fail, count, Causes(causes, count))])
    issues = json.loads(_rendered("gitlab", report))
    assert len(issues) == limits.GITLAB_ISSUES and "/f0," in issues[0]["description"]
    jsonschema.validate(issues[-1], GITLAB_ISSUE)
    assert last is None or last in issues[-1]["description"]


@pytest.fixture
def analysis(webapp):
    import imgscope

    with imgscope.analyze(webapp) as found:
        yield found


def _large(analysis, results: int) -> CheckReport:
    """A report whose parts are about a kilobyte each, in the alphabet that takes most bytes a character."""
    rows = []
    for number in range(results):
        cause = Cause("file", "/" + "\U0001f600" * 100, 0, "RUN " + "é" * 100, number)
        rows.append(_result(number, FAIL, (cause,) * 10))
    return CheckReport((ImageCheck("app:1", analysis, tuple(rows)),))


@pytest.mark.parametrize("limit", [limits.COMMENT_CHARACTERS, limits.GITHUB_SUMMARY_BYTES])
def test_markdown_fits_and_says_what_is_cut(analysis, limit):
    text = "".join(markdown(_large(analysis, 3000), limit))
    assert limit * 0.9 < len(text.encode()) <= limit
    assert re.search(r"_and [\d,]+ more parts of this report that there is no room for here_$", text.strip())
    assert text.index("result 0`") < text.index("result 1`")
    assert text.count("<details>") == text.count("</details>")


def test_markdown_that_fits_is_whole(analysis):
    text = "".join(markdown(_large(analysis, 5), limits.COMMENT_CHARACTERS))
    assert "no room" not in text and text.count("<details>") == 5


@pytest.mark.parametrize("used", [0, 500_000, (1 << 20) - 4000, (1 << 20) - 10, 1 << 20])
def test_the_summary_never_passes_its_limit_with_what_is_in_it_already(analysis, used, tmp_path):
    path = tmp_path / "summary"
    path.write_text("x" * used)
    fitted = github.write_summary(_large(analysis, 3000), {"GITHUB_STEP_SUMMARY": str(path)})
    assert path.stat().st_size <= limits.GITHUB_SUMMARY_BYTES
    assert path.read_text().startswith("x" * used)
    assert fitted == (path.stat().st_size > used)


def test_a_full_summary_is_told(imgscope, webapp, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "summary").write_text("x" * (1 << 20))
    env = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"), "GITHUB_OUTPUT": ""}
    done = imgscope("check", webapp, "--max-size", "1GB", env=env)
    assert done.returncode == 0 and "::notice" in done.stdout and "summary is full" in done.stdout


def test_the_same_problem_is_known_again_in_the_next_build(imgscope, webapp, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.copy(webapp, tmp_path / "app.tar")
    first = imgscope("check", "app.tar", "--max-size=1kB", "--forbidden-paths=**/.git/**", "--format=gitlab").stdout
    again = imgscope("check", "app.tar", "--max-size=2kB", "--forbidden-paths=**/.git/**", "--format=gitlab").stdout
    known = [[issue["fingerprint"] for issue in json.loads(text)] for text in (first, again)]
    assert known[0] == known[1] and len(known[0]) >= 2


def test_a_rule_that_is_skipped_is_told_in_every_form(imgscope, site, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    formats = ("json", "markdown", "junit", "github", "text")
    targets = [word for name in formats for word in ("-o", f"{name}={name}")]
    assert imgscope("check", site, "--forbid-latest-base", *targets).returncode == 0
    for name in formats:
        text = (tmp_path / name).read_text()
        assert "forbid-latest-base" in text and ("skip" in text.lower() or "not evaluated" in text), name
    assert SKIPPED in (tmp_path / "json").read_text()
