"""Edits change what they are to change, and not one other character."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgscope.dockerfile import parse, read
from imgscope.dockerfile.edits import Edit, EditError, Places, apply, diff, write

LINES = st.sampled_from(
    [
        "RUN make && \\\n\tmake install",
        "RUN a \\\n  # about b\n\n  && b   ",
        "run lower   case",
        "  RUN indented\\\n",
        "COPY --chown=1:2  a  b\t/c",
        "RUN <<EOF\nRUN not me \\\nEOF",
        "COPY <<-x /y\n\tz\n\tx",
        'CMD [ "a" ,"b"]',
        "# a comment \\",
        "",
        "   ",
        "ENV A=é B='x  y'",
        "# imgscope: ignore=IS001",
        "RUN echo '# no comment' \\\n    '#'",
    ]
)


@st.composite
def dockerfiles(draw):
    text = "\n".join(["FROM base AS one", *draw(st.lists(LINES, max_size=12)), "FROM one", *draw(st.lists(LINES))])
    if draw(st.booleans()):
        text += "\n"
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


@settings(max_examples=150, deadline=None)
@given(dockerfiles(), st.data())
def test_a_word_replaced_leaves_every_other_character(text, data):
    old = parse(text)
    places = Places(old)
    run = data.draw(st.sampled_from(old.instructions))
    words = [i for i, char in enumerate(run.text) if char.isalpha()]
    at = data.draw(st.sampled_from(words))
    edit = places.replace(run, at, at + 1, "Q")
    assert text[edit.start] == run.text[at] and edit.end == edit.start + 1
    assert run.first <= places.line_of(edit.start) <= run.last
    if at >= len(run.keyword) and run.keyword == "RUN" and not run.heredocs:
        new = apply(old, [edit])
        assert new.text == text[: edit.start] + "Q" + text[edit.end :]
        assert new.instructions[run.index].text == run.text[:at] + "Q" + run.text[at + 1 :]


@settings(max_examples=150, deadline=None)
@given(dockerfiles(), st.data())
def test_append_adds_to_one_run_and_keeps_all_other_lines(text, data):
    old = parse(text)
    runs = [i for i in old.instructions if i.keyword == "RUN" and not i.heredocs]
    if not runs:
        return
    run = data.draw(st.sampled_from(runs))
    new = apply(old, [Places(old).append(run, [" &&", "rm -rf /x"])])
    changed = new.instructions[run.index]
    assert changed.text.split() == [*run.text.split(), "&&", "rm", "-rf", "/x"]
    before, after = text.split("\n"), new.text.split("\n")
    assert before[: run.first - 1] == after[: run.first - 1]
    tail = len(before) - run.last
    assert before[len(before) - tail :] == after[len(after) - tail :]
    assert text.count("\r\n") == text.count("\n") or new.text.count("\r\n") == 0
    assert [i.text for i in new.instructions if i.index != run.index] == [
        i.text for i in old.instructions if i.index != run.index
    ]


@settings(max_examples=150, deadline=None)
@given(dockerfiles(), st.data())
def test_removing_leaves_all_other_lines(text, data):
    old = parse(text)
    candidates = [i for i in old.instructions if i.keyword != "FROM"]
    if not candidates:
        return
    gone = data.draw(st.sampled_from(candidates))
    new = apply(old, [Places(old).remove(gone)])
    assert len(new.instructions) == len(old.instructions) - 1
    before = text.split("\n")
    rest = "\n".join(before[: gone.first - 1] + before[gone.last :])
    # A last line without an end of its own leaves none behind.
    assert new.text == (rest.removesuffix("\r") if gone.last == len(before) else rest)


@settings(max_examples=100, deadline=None)
@given(dockerfiles(), st.data())
def test_the_diff_patches_the_old_file_to_the_new_one(tmp_path_factory, text, data):
    old = parse(text)
    runs = [i for i in old.instructions if i.keyword == "RUN" and not i.heredocs]
    if not runs:
        return
    run = data.draw(st.sampled_from(runs))
    new = apply(old, [Places(old).append(run, [" && true"])])
    folder = tmp_path_factory.mktemp("diff")
    (folder / "Dockerfile").write_bytes(text.encode())
    done = subprocess.run(
        ["patch", "-p1", "--binary", "--quiet"], input=diff(old, new).encode(), cwd=folder, capture_output=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "Dockerfile").read_bytes() == new.text.encode()


@pytest.mark.parametrize("tool", [["patch", "-p1", "--batch"], ["git", "apply"], ["git", "apply", "-p1", "--index"]])
@pytest.mark.parametrize(
    ("path", "stand"),
    [
        ("Dockerfile", "."),
        ("./Dockerfile", "."),
        ("docker/Dockerfile.prod", "."),
        ("/docker/Dockerfile", "."),
        ("a folder/Docker file", "."),
        ("dö/Dockerfile", "."),
        ('odd"name\\/Dockerfile', "."),
        ("../other/Dockerfile", "../other"),
        ("/../other/Dockerfile", "../other"),
        ("../Dockerfile", ".."),
    ],
)
def test_a_patch_applies_where_the_user_stands(tmp_path, monkeypatch, path, stand, tool):
    """A file outside the current folder is patched from its own."""
    here = tmp_path / "top/here"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    # Of an absolute path what follows the current folder is given.
    named = str(here) + path if path.startswith("/") else path
    Path(named).parent.mkdir(parents=True, exist_ok=True)
    Path(named).write_text("FROM x\nRUN a\n")
    if tool[0] == "git":
        inside = Path(stand).resolve()
        for command in (["init", "-q"], ["add", "-A"]):
            subprocess.run(["git", *command], cwd=inside, check=True)
    old = parse("FROM x\nRUN a\n", named)
    new = apply(old, [Places(old).append(old.instructions[1], [" && b"])])
    done = subprocess.run(tool, input=diff(old, new).encode(), cwd=stand, capture_output=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr, diff(old, new))
    assert Path(named).read_text() == new.text


def test_an_edit_that_changes_its_neighbours_is_refused():
    old = parse("FROM x\nRUN a\nRUN b\n")
    end = old.text.index("a\n") + 1
    with pytest.raises(EditError, match="alter other instructions"):
        apply(old, [Edit(end, end, " \\")])
    with pytest.raises(EditError, match="would not be one"):
        apply(old, [Edit(end, end, "\nNOPE")])
    with pytest.raises(EditError, match="same place"):
        apply(old, [Edit(end, end, " 1"), Edit(end, end, " 2")])


def test_words_over_two_lines_and_heredocs_are_left_alone():
    old = parse("FROM x\nRUN one \\\n  two\nRUN <<EOF\nthree\nEOF\n")
    places = Places(old)
    run, heredoc = old.instructions[1:]
    with pytest.raises(EditError, match="several lines"):
        places.replace(run, run.text.index("one"), run.text.index("two") + 3, "x")
    with pytest.raises(EditError, match="here-document"):
        places.append(heredoc, [" && x"])


def test_bytes_that_are_no_text_are_kept_and_a_changed_file_is_not_written_over(tmp_path):
    path = tmp_path / "Dockerfile"
    path.write_bytes(b"FROM x\r\nRUN a \xff\xe9\r\n# end")
    path.chmod(0o640)
    old = read(path)
    new = apply(old, [Places(old).append(old.instructions[1], [" && b"])])
    write(old, new)
    assert path.read_bytes() == b"FROM x\r\nRUN a \xff\xe9 && b\r\n# end"
    assert path.stat().st_mode & 0o777 == 0o640
    with pytest.raises(EditError, match="changed meanwhile"):
        write(old, new)
    assert list(tmp_path.iterdir()) == [path]


def test_lines_are_inserted_with_the_files_own_ends():
    old = parse("FROM x\r\nCMD y")
    places = Places(old)
    assert apply(old, [places.lines(2, 1, ["USER 1"])]).text == "FROM x\r\nUSER 1\r\nCMD y"
    assert apply(old, [places.lines(3, 2, ["USER 1"])]).text == "FROM x\r\nCMD y\r\nUSER 1"
    assert apply(old, [places.lines(2, 2, ["CMD z", "USER 1"])]).text == "FROM x\r\nCMD z\r\nUSER 1"
    assert apply(old, [places.lines(2, 2, [])]).text == "FROM x"
