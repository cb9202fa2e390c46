"""Instructions are found in the history that builders write; another image's file is told from one that changed."""

import base64

import pytest

from imgscope.dockerfile import parse
from imgscope.dockerfile.match import _with_lines, match_history
from imgscope.dockerfile.provenance import dockerfile_text, layer_lines
from imgscope.history import read_history

BASE = [
    "/bin/sh -c #(nop) ADD file:e6a8c8a3c5b2f9f4a1e0d7c6b5a493827160fedcba9876543210abcdefabcdef in / ",
    '- /bin/sh -c #(nop)  CMD ["bash"]',
    "RUN /bin/sh -c set -eux; apt-get update # buildkit",
]


def matched(text: str, *steps: str, base=BASE, env=()):
    """Match ``text`` to a history; a step that begins with ``-`` made no layer."""
    history = [
        {"created_by": step.removeprefix("- "), **({"empty_layer": True} if step.startswith("- ") else {})}
        for step in (*base, *steps)
    ]
    config = {"history": history, "config": {"Env": ["PATH=/bin", *env]}}
    layers = sum("empty_layer" not in step for step in history)
    return match_history(parse(text), read_history(config, layers)[0], config)


def rows(found):
    return [(m.instruction.first, m.layer, m.certainty) for m in found.matches]


# What BuildKit writes for this file, with --build-arg MODE=fast.
BUILDKIT = """ARG OS=debian
FROM $OS:12
ARG MODE=slow
ENV APP=/srv/app NAME="two words"
WORKDIR $APP/in
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
RUN --mount=type=cache,target=/root/.cache make \\
    # why
    all | tee log
RUN <<EOF
set -e
echo hi
EOF
RUN <<EOF
#!/usr/bin/env python3
print()
EOF
RUN cat <<one >/one && cat <<two
1
one
2
two
RUN ["/bin/echo", "exec form"]
COPY --chown=1:2 --link a.txt "b c.txt" $APP/
COPY <<conf /etc/conf
x
conf
ADD --checksum=sha256:00 https://example.org/x.tgz /x.tgz
EXPOSE 80 $PORT/udp
HEALTHCHECK --interval=5s --retries=3 CMD ["curl", "-f", "x"]
VOLUME ["/data", "/more"]
USER $NAME
ENTRYPOINT exec $APP/run
CMD ["-c", "say \\"hi\\""]
"""
BUILDKIT_STEPS = [
    "- ARG MODE=fast",
    "- ENV APP=/srv/app NAME=two words",
    "WORKDIR /srv/app/in",
    "- SHELL [/bin/bash -o pipefail -c]",
    "RUN |1 MODE=fast /bin/bash -o pipefail -c make     all | tee log # buildkit",
    "RUN |1 MODE=fast /bin/bash -o pipefail -c set -e\necho hi\n # buildkit",
    "RUN |1 MODE=fast /dev/pipes/EOF # buildkit",
    "RUN |1 MODE=fast /bin/bash -o pipefail -c cat <<one >/one && cat <<two\n1\none\n2\ntwo # buildkit",
    "RUN |1 MODE=fast /bin/echo exec form # buildkit",
    "COPY a.txt b c.txt /srv/app/ # buildkit",
    "COPY <<conf /etc/conf # buildkit",
    "ADD https://example.org/x.tgz /x.tgz # buildkit",
    "- EXPOSE map[53/udp:{} 80/tcp:{}]",
    '- HEALTHCHECK &{["CMD" "curl" "-f" "x"] "5s" "0s" "0s" "0s" \'\\x03\'}',
    "- VOLUME [/data /more]",
    "- USER two words",
    '- ENTRYPOINT ["/bin/bash" "-o" "pipefail" "-c" "exec $APP/run"]',
    '- CMD ["-c" "say \\"hi\\""]',
]


def test_every_form_that_buildkit_writes():
    found = matched(BUILDKIT, *BUILDKIT_STEPS)
    assert (found.belongs, found.certainty, found.note) == (True, "certain", "")
    assert [found.instruction(layer) and found.instruction(layer).first for layer in range(12)] == [
        None, None, 5, 7, 10, 14, 18, 23, 24, 25, 28, None,
    ]  # fmt: skip
    assert len(found.matches) == len(found.chain) == 18
    assert found.location((0, 3)) == ("Dockerfile", 7, 9)


@pytest.mark.parametrize("lost", range(len(BUILDKIT_STEPS)))
def test_each_instruction_is_found_for_itself(lost):
    """One step made unlike anything: its instruction has no partner, all others have the right one."""
    steps = list(BUILDKIT_STEPS)
    steps[lost] = "- " * steps[lost].startswith("- ") + "RUN /bin/sh -c something-else-altogether # buildkit"
    found = matched(BUILDKIT, *steps)
    assert found.belongs and found.certainty == "likely"
    lines = [found.chain[i].first for i in range(18)]
    assert {m.step - len(BASE): m.instruction.first for m in found.matches} == {
        i: line for i, line in enumerate(lines) if i != lost
    }
    optional = ("ARG", "SHELL")
    assert (f"line {lines[lost]} " in found.note) == (found.chain[lost].keyword not in optional)


def test_stages_of_one_file_are_chained_and_others_left_out():
    text = """FROM a AS tools
RUN build tools
FROM b AS base
RUN one
ONBUILD RUN triggered
FROM base AS mid
COPY --from=tools /t /t
FROM mid
RUN two
"""
    found = matched(
        text,
        "RUN /bin/sh -c one # buildkit",
        "- ONBUILD RUN triggered",
        "RUN /bin/sh -c triggered # buildkit",
        "COPY /t /t # buildkit",
        "RUN /bin/sh -c two # buildkit",
    )
    assert (found.certainty, found.stage) == ("certain", 3)
    assert rows(found) == [
        (4, 2, "certain"),
        (5, None, "certain"),
        (5, 3, "certain"),
        (7, 4, "certain"),
        (9, 5, "certain"),
    ]


def test_an_image_of_a_stage_that_is_not_the_last():
    text = "FROM a AS test\nRUN check things\nFROM a AS app\nRUN make app\nCMD x\n"
    found = matched(text, "RUN /bin/sh -c check things # buildkit")
    assert found.belongs and found.stage == 0 and found.note == "the image is stage test of Dockerfile, not the last"


def test_a_file_that_changed_since_is_matched_where_it_can_be():
    text = 'FROM a\nCOPY . /app\nRUN apt-get install -y curl git vim\nRUN make\nCMD ["x"]\n'
    steps = (
        "COPY . /app # buildkit",
        "RUN /bin/sh -c apt-get install -y curl git # buildkit",
        "RUN /bin/sh -c make # buildkit",
        '- CMD ["x"]',
    )
    found = matched(text, *steps)
    assert found.certainty == "likely" and "line 3 (RUN apt-get install -y curl git vim) differs there" in found.note
    assert rows(found) == [(2, 2, "certain"), (3, 3, "possible"), (4, 4, "certain"), (5, None, "certain")]
    found = matched(text.replace("RUN make", "RUN make\nRUN strip things"), *steps)
    assert "line 3" in found.note and "and 1 more" in found.note
    assert 5 not in [m.instruction.first for m in found.matches]


@pytest.mark.parametrize(
    "text",
    [
        'FROM a\nRUN npm ci\nCOPY . .\nCMD ["node"]\n',
        'FROM a\nRUN npm ci\nRUN npm run build\nCMD ["bash"]\n',
        "FROM a\nCOPY --from=x /x /y\n",
    ],
)
def test_a_file_of_another_image_is_said_to_be_one(text):
    found = matched(
        text, "RUN /bin/sh -c pip install -r r.txt # buildkit", "COPY app /app # buildkit", '- CMD ["bash"]'
    )
    assert not found.belongs and found.matches == () and found.instruction(2) is None
    assert "is not what this image was built from" in found.note and "line 2" in found.note


def test_an_image_without_history():
    found = matched("FROM a\nRUN x\n", base=())
    assert not found.belongs and "has no history" in found.note


def test_a_label_from_the_command_line_and_a_base_are_passed_over():
    found = matched("FROM a\nRUN x\n", "/bin/sh -c x", "- /bin/sh -c #(nop)  LABEL commit=1")
    assert rows(found) == [(2, 2, "certain")] or rows(found) == [(2, 2, "likely")]
    assert found.belongs


def test_equal_instructions_keep_their_order():
    found = matched("FROM a\nRUN x\nRUN x\nRUN x\n", *["RUN /bin/sh -c x # buildkit"] * 3)
    assert rows(found) == [(2, 2, "certain"), (3, 3, "certain"), (4, 4, "certain")]


def test_ignore_comments_of_the_instructions_that_made_layers():
    found = matched("# imgscope: ignore=IS009\nFROM a\n# imgscope: ignore=is001\nRUN x\nRUN y\n",
                    "RUN /bin/sh -c x # buildkit", "RUN /bin/sh -c y # buildkit")  # fmt: skip
    assert found.ignores("IS009", ()) and found.ignores("IS001", (3, 2))
    assert not found.ignores("IS001", (3,)) and not found.ignores("IS002", (2,))
    assert found.ignores("IS001", (), found.at(found.chain[0]))
    assert not found.ignores("IS001", (), found.at(found.chain[1]))


def test_hostile_histories_take_no_time():
    text = "FROM a\n" + "".join(f'RUN echo {n} "$X" && true\nCOPY a$X$Y /b$Z/\n' for n in range(120))
    steps = ["RUN " + "a b " * 2000] * 300 + ["COPY " + "--a=b " * 3000] * 300 + ['- CMD ["' + '\\"' * 5000] * 300
    assert not matched(text, *steps).belongs


def statement(text: str, version: str) -> dict:
    """A statement as BuildKit writes it with mode=max, for a base of one layer and two steps."""
    metadata = {
        "source": {
            "infos": [{"filename": "Dockerfile", "data": base64.b64encode(text.encode()).decode()}],
            "locations": {
                "step0": {"locations": [{"ranges": [{"start": {"line": 1}, "end": {"line": 1}}]}]},
                "step1": {"locations": [{"ranges": [{"start": {"line": 2}, "end": {"line": 3}}]}]},
                "step2": {"locations": [{"ranges": [{"start": {"line": 4}, "end": {"line": 4}}]}]},
                "step3": {},
            },
        },
        "layers": {
            "step0:0": [[{"digest": "sha256:b"}]],
            "step1:0": [[{"digest": "sha256:b"}, {"digest": "sha256:1"}], [{"digest": "sha256:b"}]],
            "step2:0": [[{"digest": "sha256:b"}, {"digest": "sha256:1"}, {"digest": "sha256:1"}]],
            "step3:0": [[{"digest": "sha256:other"}]],
        },
    }
    if version == "v1":
        return {"predicateType": "https://slsa.dev/provenance/v1",
                "predicate": {"runDetails": {"metadata": {"buildkit_metadata": metadata}}}}  # fmt: skip
    return {"predicateType": "https://slsa.dev/provenance/v0.2",
            "predicate": {"metadata": {"https://mobyproject.org/buildkit@v1#metadata": metadata}}}  # fmt: skip


@pytest.mark.parametrize("version", ["v0.2", "v1"])
def test_provenance_names_the_lines_of_layers(version):
    text = "FROM a\nRUN this \\\n  and that\nRUN <<EOF\nx\nEOF\n"
    made = statement(text, version)
    assert dockerfile_text(made) == text
    lines = layer_lines(made, text, ["sha256:b", "sha256:1", "sha256:1"])
    assert lines == {0: 1, 1: 2, 2: 4}
    assert layer_lines(made, text + "RUN more\n", ["sha256:b", "sha256:1", "sha256:1"]) == {}
    # The history alone knows nothing of these.
    found = _with_lines(matched(text, "one", "two", base=("base",)), lines)
    assert found.belongs and found.certainty == "certain"
    assert [(m.instruction.first, m.layer) for m in found.matches] == [(2, 1), (4, 2)]


@pytest.mark.parametrize(
    "damage",
    [
        {"predicate": {"metadata": []}},
        {"predicate": {"runDetails": {"metadata": {"buildkit_metadata": {"source": 1, "layers": {"a": 2}}}}}},
        {"predicate": {"runDetails": {"metadata": {"buildkit_metadata": {"source": {"infos": [{"data": "%"}, 3]}}}}}},
        {},
    ],
)
def test_a_provenance_that_says_nothing(damage):
    assert dockerfile_text(damage) is None and layer_lines(damage, "FROM x\n", ["sha256:b"]) == {}


def test_variables_that_double_and_stars_over_long_values_cost_next_to_nothing():
    from time import process_time

    from imgscope.dockerfile.expansion import expand

    begin = process_time()
    values = {"A0": "a" * 10}
    for number in range(200):
        values[f"A{number + 1}"] = expand(f"$A{number}$A{number}", values)
    assert max(map(len, values.values())) <= 1 << 15
    long = {"A": "a" * 400_000, "B": "a" * 4000, "P": "*a*a*a*a*b"}
    for word in ("${A##*a*a*a*a*b}", "${B//a*a*a*b/x}", "${B##$P}", "$A$A"):
        expand(word, long)
    assert process_time() - begin < 2
