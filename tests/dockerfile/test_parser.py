"""Dockerfiles are read as builders read them, with the lines that everything stands on."""

import pytest

from imgscope.dockerfile import parse
from imgscope.errors import UsageError

HARD = r"""# syntax=docker/dockerfile:1
# escape=\
# imgscope: ignore=IS090, IS091 (not ours)

ARG TAG=3.11 VARIANT=slim
FROM --platform=$BUILDPLATFORM python:${TAG}-${VARIANT} AS build
# imgscope: ignore=IS001
RUN apt-get update && \

    # why gcc
    # imgscope: ignore=IS002
    apt-get install -y gcc # not a comment
COPY --chown=a:b --link ["with space", "/src/"]
RUN --mount=type=cache,target=/root/.cache <<EOF
# imgscope: ignore=IS003
FROM nowhere
EOF
COPY <<-one <<"two" /etc/
	first
	one
$second
two
FROM build
	run echo lower
ONBUILD COPY . /app
ENV A=1 B="two words"
CMD ["x", "y"]
"""


def test_lines_stages_and_flags():
    found = parse(HARD)
    assert [(i.keyword, i.first, i.last, i.stage) for i in found.instructions] == [
        ("ARG", 5, 5, -1),
        ("FROM", 6, 6, 0),
        ("RUN", 8, 12, 0),
        ("COPY", 13, 13, 0),
        ("RUN", 14, 17, 0),
        ("COPY", 18, 22, 0),
        ("FROM", 23, 23, 1),
        ("RUN", 24, 24, 1),
        ("ONBUILD", 25, 25, 1),
        ("ENV", 26, 26, 1),
        ("CMD", 27, 27, 1),
    ]
    build, last = found.stages
    assert (build.name, build.base, build.written) == ("build", "python:3.11-slim", "python:${TAG}-${VARIANT}")
    assert (last.name, last.base_stage, found.base(1)) == (None, 0, "python:3.11-slim")
    copy = found.instructions[3]
    assert copy.flag("chown") == "a:b" and copy.flag("link") == "" and copy.flag("from") is None
    assert copy.exec_form and copy.arguments == ("with space", "/src/")
    assert found.instructions[2].rest.endswith("gcc # not a comment")
    assert found.instructions[4].script == "# imgscope: ignore=IS003\nFROM nowhere\n"
    assert [(h.name, h.content, h.chomp, h.expand) for h in found.instructions[5].heredocs] == [
        ("one", "\tfirst\n", True, True),
        ("two", "$second\n", False, False),
    ]
    assert found.instructions[8].trigger.keyword == "COPY"
    assert found.instructions[9].pairs == (("A", "1"), ("B", '"two words"'))


def test_ignore_comments_reach_the_file_or_the_next_instruction():
    found = parse(HARD)
    assert found.ignores == {"IS090", "IS091"}
    assert [i.ignores for i in found.instructions if i.ignores] == [{"IS001", "IS002"}]


def test_build_arguments_choose_the_base():
    text = "ARG TAG\nARG OS=debian\nFROM $OS:${TAG:-12}\n"
    assert parse(text).stages[0].base == "debian:${TAG:-12}"
    assert parse(text, arguments={"TAG": "13"}).stages[0].base == "debian:13"
    assert parse(text, arguments={"OS": "x", "TAG": "1"}).stages[0].base == "x:1"


def test_a_backtick_as_escape():
    found = parse("# escape=`\nFROM x\nRUN dir c:\\ && `\n    echo\n")
    assert found.escape == "`" and found.instructions[1].last == 4


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Dockerfile has no FROM"),
        ("ARG A=1\n", "Dockerfile has no FROM"),
        ("RUN x\nFROM y\n", "Dockerfile:1: RUN stands before the first FROM"),
        ("FROM x\nRUNN y\n", "Dockerfile:2: unknown instruction: RUNN"),
        ("FROM x\nRUN <<EOF\nendless\n", "Dockerfile:2: unterminated heredoc"),
        ("FROM x\nENV A\n", "Dockerfile:2: ENV must have two arguments"),
        ("FROM x AS\n", "Dockerfile:1: FROM needs an image"),
        ("FROM x\nONBUILD ONBUILD RUN y\n", "Dockerfile:2: ONBUILD can't do this"),
        ("# escape=x\nFROM x\n", "Dockerfile:1: invalid escape token"),
        ("\x7fELF\0\0", "it has NUL bytes"),
        ("FROM x\nB\x1b[31mAD y\n", r"Dockerfile:2: unknown instruction: B\x1b[31mAD"),
    ],
)
def test_what_no_builder_takes_is_one_line_that_names_the_line(text, message):
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_size_and_depth_are_bounded():
    with pytest.raises(UsageError, match="larger than 1 MiB"):
        parse("FROM x\n" + "#" * (1 << 20))
    parse("#a=x" + " " * 500_000 + "y\nFROM x\n")
    with pytest.raises(UsageError):
        parse("FROM x\nCMD " + "[" * 500_000 + "\n")
