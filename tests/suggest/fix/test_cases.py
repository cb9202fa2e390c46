"""What is written into Dockerfiles of every kind: the expected text, a patch that applies, scripts that parse."""

import subprocess

import pytest

from imgscope.dockerfile import parse
from imgscope.suggestions.rules import all_rules

from .cases import mend, mended, read_cases

CASES = read_cases()


def ids(case):
    return case.name


@pytest.mark.parametrize("case", CASES, ids=ids)
def test_a_dockerfile_becomes_what_is_expected(case, tmp_path):
    fixed = mended(case, tmp_path)
    assert fixed.after.text == (case.before if case.after is None else case.after)
    assert [f"{left.code} {left.why}" for left in fixed.left] == case.left
    assert bool(fixed.made) == (case.after is not None)


@pytest.mark.parametrize("case", [case for case in CASES if case.after is not None], ids=ids)
def test_what_is_written_is_read_by_builders_and_shells(case, tmp_path):
    before, after = parse(case.before), parse(case.after)
    for instruction in after.instructions:
        if instruction.keyword == "RUN" and not instruction.exec_form:
            done = subprocess.run(["bash", "-n", "-c", instruction.script], capture_output=True, text=True)
            assert (done.returncode, done.stderr) == (0, "")
    assert len(after.warnings) <= len(before.warnings)
    # Lines that are not part of a RUN stay as they are, and comments too.
    kept = [line for line in case.before.split("\n") if not line or line.lstrip().startswith("#")]
    assert [line for line in case.after.split("\n") if line.lstrip().startswith("#")] == [line for line in kept if line]
    for stage in (before, after):
        others = [i.text for i in stage.instructions if i.keyword not in ("RUN", "COPY", "ADD", "CMD", "ENTRYPOINT")]
        assert sorted(others) == sorted(i.text for i in before.instructions if i.text in others)


@pytest.mark.parametrize("variant", ["CRLF", "no line end", "CRLF, no line end"])
def test_line_ends_are_the_files_own(variant, tmp_path):
    def written(text):
        if "no line end" in variant:
            text = text.removesuffix("\n")
        return text.replace("\n", "\r\n") if "CRLF" in variant else text

    # A shell does not read a here-document with CRLF as one that was meant to be.
    cases = [case for case in CASES[::3] if "CRLF" not in variant or "<<" not in case.before]
    for number, case in enumerate(cases):
        folder = tmp_path / str(number)
        folder.mkdir()
        fixed = mend(written(case.before), case.image, folder, case.config, level=case.level, least=case.least)
        assert fixed.after.text == written(case.before if case.after is None else case.after), case.name
        if case.after is not None:
            (folder / "Dockerfile").write_bytes(written(case.before).encode())
            for tool in (["git", "apply", "-p1", "--check"], ["patch", "-p1", "--binary", "--quiet"]):
                done = subprocess.run([*tool], input=fixed.diff.encode(), cwd=folder, capture_output=True)
                assert done.returncode == 0, (case.name, tool, done.stderr)
            assert (folder / "Dockerfile").read_bytes() == fixed.after.text.encode()


@pytest.mark.parametrize("case", [case for case in CASES if case.after is not None], ids=ids)
def test_an_image_of_the_fixed_file_asks_for_nothing_more(case, tmp_path):
    fixed = mend(case.after, [], tmp_path, case.config, level=case.level)
    assert (fixed.made, fixed.diff) == ((), "")


def test_every_fixer_mends_a_case(tmp_path):
    made = set()
    for number, case in enumerate(case for case in CASES if case.after is not None):
        (folder := tmp_path / str(number)).mkdir()
        made.update(fix.code for fix in mended(case, folder).made)
    assert not {rule.code for rule in all_rules() if rule.fixer is not None} - made
