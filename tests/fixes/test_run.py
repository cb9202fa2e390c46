"""From a Dockerfile to a proven one, with a builder that needs no engine."""

import json
import subprocess
from pathlib import Path

import pytest

from imgscope.errors import EngineError, UsageError
from imgscope.fixes.outputs import FORMATS, renderer
from imgscope.fixes.search import bound
from imgscope.report.interface import Options as Shown
from imgscope.suggestions.fix.model import Refusal

from .fake import pairs


def rendered(record, name, **options):
    return b"".join(renderer(name)(record, Shown(), **options)).decode()


def test_edits_are_made_and_what_they_save_is_weighed(fixed):
    record, engine = fixed(f'FROM base\n# sizes\n{pairs(2)}CMD ["sh"]\n')
    assert record.changed.text == (
        "FROM base\n# sizes\nRUN put /big1 300000 \\\n    && rm -rf /big1\n"
        'RUN put /big2 300000 \\\n    && rm -rf /big2\nCMD ["sh"]\n'
    )
    assert len(engine.texts) == record.builds == 2
    assert record.saved == record.predicted == sum(made.saved for made in record.made) > 599_000
    assert [made.edit.code for made in record.made] == ["IS001", "IS001"]
    assert {"settings", "rights", "loads"} == set(record.made[0].proof)


def test_a_good_image_needs_no_more_than_its_own_build_and_none_with_image(fixed, tmp_path):
    text = 'FROM base\nRUN put /app 300000\nCMD ["sh"]\n'
    record, engine = fixed(text)
    assert (record.after, record.builds, len(engine.texts)) == (None, 1, 1)
    for name in ("text", "markdown"):
        assert rendered(record, name).count("\n") == 1 and "nothing to do" in rendered(record, name)
    record, engine = fixed(text, image=str(tmp_path / "images/1.tar"))
    assert (record.after, record.builds, engine.texts) == (None, 0, [])


@pytest.mark.parametrize("count", [1, 2, 5, 9])
def test_the_guilty_edit_is_left_out_with_the_reason(fixed, count):
    def breaks(dockerfile, ignore):
        joined = any("big1 " in item.text and "rm -rf" in item.text for item in dockerfile.instructions)
        return "x E: big1 is needed" if joined else ""

    record, engine = fixed(f"FROM base\n{pairs(count)}", breaks=breaks)
    tried = [left for left in record.left if left.tried]
    assert [left.why for left in tried] == ["the build fails: E: big1 is needed"]
    assert tried[0].lines == (2, 3)
    assert len(record.made) == count - 1
    assert record.builds == len(engine.texts) <= bound(count) == record.bound
    if count > 1:
        assert "RUN put /big1 300000\nRUN rm -rf /big1\n" in record.changed.text


def test_the_line_that_fails_names_the_guilty_edit_at_once(fixed):
    def breaks(dockerfile, ignore):
        bad = [item.first for item in dockerfile.instructions if "big7 " in item.text and "rm -rf" in item.text]
        return f"{bad[0]} no" if bad else ""

    record, engine = fixed(f"FROM base\n{pairs(9)}", breaks=breaks)
    assert len(engine.texts) == 3
    assert len(record.made) == 8


def test_what_changes_a_setting_is_left_out(fixed, monkeypatch):
    from imgscope.fixes import proving

    seen = []

    def losses(old, new, allowed):
        seen.append(new)
        return ["USER is not set, not app"] if len(seen) == 1 else []

    monkeypatch.setattr(proving, "config_losses", losses)
    record, _ = fixed(f"FROM base\n{pairs(2)}")
    assert [left.why for left in record.left if left.tried] == ["settings: USER is not set, not app"]


def test_lines_for_dockerignore_are_an_edit(fixed):
    files = {".git/objects/x": b"x" * 400_000, "run.sh": b"echo", "node_modules/a/b.js": b"y" * 200_000}
    record, _engine = fixed("FROM base\nCOPY . /src\n", files=files)
    assert record.ignore_after is not None and ".git" in record.ignore_after
    assert record.changed.text == record.dockerfile.text
    assert record.saved >= 399_000
    assert "--- /dev/null" in record.patch and "+++ b/" in record.patch


def test_an_ignored_file_that_the_build_needs_is_left_out(fixed):
    files = {".git/objects/x": b"x" * 400_000, ".idea/a.xml": b"y" * 400_000, "run.sh": b"echo"}

    def breaks(dockerfile, ignore):
        return "x no .git here" if ".git" in ignore else "x no stages" if len(dockerfile.stages) > 1 else ""

    record, _ = fixed("FROM base\nCOPY . /src\n", files=files, breaks=breaks)
    assert ".idea" in record.ignore_after
    assert ".git" not in record.ignore_after
    whys = {left.code: left.why for left in record.left if left.tried}
    assert whys == {"IS301": "the build fails: no .git here", "stages": "the build fails: no stages"}


def test_a_dockerfile_that_does_not_build_is_said_with_the_builders_last_words(fixed):
    with pytest.raises(EngineError, match=r"Dockerfile:3 does not build as it is") as caught:
        fixed(f"FROM base\n{pairs(1)}", breaks=lambda d, i: "3 E: no such package")
    assert caught.value.said == ("E: no such package",)


def test_edits_that_save_too_little_are_not_tried(fixed):
    record, engine = fixed(f"FROM base\n{pairs(2, size=20_000)}", min_size=100_000)
    assert (record.after, len(engine.texts)) == (None, 1)


def test_tests_need_something_that_runs_containers(fixed):
    with pytest.raises(EngineError, match="docker or podman"):
        fixed(f"FROM base\n{pairs(1)}", tests=("true",))


def test_another_images_dockerfile_is_refused(fixed, tmp_path):
    fixed(f"FROM base\n{pairs(1)}")
    with pytest.raises(UsageError):
        fixed("FROM other\nRUN put /x 1\nRUN put /y 1\n", image=str(tmp_path / "images/1.tar"))


def test_every_format_tells_the_same(fixed, tmp_path, monkeypatch):
    record, _ = fixed(f"FROM base\n{pairs(2)}ENV API_TOKEN=q7Zx8wLmP0aT3vRd9\n")
    value = json.loads(rendered(record, "json"))
    assert value["saved_bytes"] == record.saved
    assert [edit["lines"] for edit in value["edits"]] == [[2, 3], [4, 5]]
    assert value["builds"] == 2
    text, markdown = rendered(record, "text"), rendered(record, "markdown")
    for shown in (text, markdown, rendered(record, "json")):
        assert "q7Zx8wLmP0aT3vRd9" not in shown
        assert "IS001" in shown and "rm -rf /big1" in shown
    # From where the Dockerfile lies: a patch's names are for whoever stands there.
    monkeypatch.chdir(Path(record.dockerfile.path).parent)
    patch = rendered(record, "patch")
    assert "q7Zx8wLmP0aT3vRd9" in patch
    folder = tmp_path / "apply"
    target = folder / Path(record.dockerfile.path).name
    target.parent.mkdir(parents=True)
    target.write_text(record.dockerfile.text)
    subprocess.run(["patch", "-p1", "--quiet"], input=patch.encode(), cwd=folder, check=True)
    assert target.read_text() == record.changed.text
    assert set(FORMATS) == {"text", "json", "markdown", "patch"}


def test_what_is_left_of_a_finding_is_told_once_with_all_reasons(fixed, monkeypatch):
    """A refusal is of a step, and all steps of a rule's findings would each claim all that the rule has found."""
    from imgscope.suggestions.fix.plan import Plan

    def refuses(plan, step):
        plan.left.append(Refusal(step.finding.code, f"layer {step.layers[-1]} is refused"))
        return False

    monkeypatch.setattr(Plan, "attempt", refuses)
    record, _ = fixed(f"FROM base\n{pairs(2)}")
    left = [row for row in record.left if row.code == "IS001"]
    assert [row.bytes for row in left] == [record.before.content_bytes - record.before.merged_bytes]
    assert left[0].why.count(" is refused") == 2
