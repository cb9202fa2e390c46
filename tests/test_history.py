"""Instructions as their author would know them, whoever built the image."""

import time

import pytest

from imgscope.history import clean_instruction, moment, read_history
from imgscope.steps import fitted, undecorated
from tests.archive.images import layer

HASH = "8e112b88" + "0f" * 28
PREFERENCES = "$ErrorActionPreference = 'Stop'; $ProgressPreference = 'SilentlyContinue';"


@pytest.mark.parametrize(
    ("created_by", "instruction"),
    [
        # The classic builder.
        ('/bin/sh -c #(nop)  CMD ["bash"]', 'CMD ["bash"]'),
        ("/bin/sh -c #(nop) ADD file:0d8d in / ", "ADD file:0d8d in /"),
        ("/bin/sh -c apt-get update", "RUN apt-get update"),
        ("/bin/sh -c     apt-get update &&     apt-get install x", "RUN apt-get update &&     apt-get install x"),
        (f"/bin/sh -c #(nop) COPY dir:{HASH} in /app ", "COPY dir:8e112b88 in /app"),
        (f"/bin/sh -c #(nop) COPY multi:{HASH} in /app dir/ ", "COPY multi:8e112b88 in /app dir/"),
        (f"/bin/sh -c #(nop) COPY --chown=web:webdir:{HASH} in /app ", "COPY --chown=web:web dir:8e112b88 in /app"),
        (f"/bin/sh -c #(nop) ADD --chown=1000file:{HASH} in /x ", "ADD --chown=1000 file:8e112b88 in /x"),
        (f"/bin/sh -c #(nop) COPY --from=b --chown=1dir:{HASH} in /x ", "COPY --from=b --chown=1 dir:8e112b88 in /x"),
        ("|2 A=1 B=two words /bin/sh -c make all", "RUN make all"),
        ("|1 A= /bin/sh -c make", "RUN make"),
        ("|0 /bin/sh -c make", "RUN make"),
        ("|2 FLAGS=-O2 -DX=1\n-g CMD=/bin/sh -c x /bin/bash -ec make /bin/sh -c", "RUN make /bin/sh -c"),
        ("/bin/echo exec form", "RUN /bin/echo exec form"),
        # Other shells.
        (f"/bin/bash -o pipefail -c #(nop) COPY file:{HASH} in /b ", "COPY file:8e112b88 in /b"),
        ("/bin/bash -o pipefail -c curl x | sh", "RUN curl x | sh"),
        ("|1 OPAM=1 /bin/bash -o pipefail -c make", "RUN make"),
        ("/bin/bash -Eeuxo pipefail -c make", "RUN make"),
        ("/bin/sh -ex -c make", "RUN make"),
        ("/bin/ash -eo pipefail -c apk add x", "RUN apk add x"),
        ("/usr/bin/env bash -c make", "RUN make"),
        ("bash -lc make", "RUN make"),
        ("cmd /S /C powershell x", "RUN powershell x"),
        ("cmd /S /C #(nop)  ENV A=1", "ENV A=1"),
        (f"powershell -Command {PREFERENCES} Install-X -Y", "RUN Install-X -Y"),
        (f"powershell -Command {PREFERENCES} #(nop)  ENV A=1", "ENV A=1"),
        ("pwsh.exe -NoLogo -ExecutionPolicy Bypass -Command Get-X", "RUN Get-X"),
        ("python3 -c #(nop) ENV A=1", "ENV A=1"),
        ("/bin/sh -c echo '#(nop)' ENV A=1", "RUN echo '#(nop)' ENV A=1"),
        ("/bin/sh script.sh -c x", "RUN /bin/sh script.sh -c x"),
        # BuildKit.
        ("RUN /bin/sh -c pip install x # buildkit", "RUN pip install x"),
        ("RUN |1 TOKEN=abc /bin/sh -c make # buildkit", "RUN make"),
        ("RUN |1 A=b c /bin/bash -o pipefail -c make # buildkit", "RUN make"),
        ("RUN |1 MODE=fast /dev/pipes/EOF # buildkit", "RUN /dev/pipes/EOF"),
        ("COPY . /app # buildkit", "COPY . /app"),
        ("WORKDIR /app", "WORKDIR /app"),
        ("RUN /bin/bash -c set -e # not a suffix\necho # buildkit", "RUN set -e # not a suffix\necho"),
        (f"RUN powershell -Command {PREFERENCES} Get-X # buildkit", "RUN Get-X"),
        # buildah.
        ("/bin/sh -c touch b|force-mtime=1700000000", "RUN touch b"),
        ("/bin/sh -c touch b|unsetLabel=a|inheritLabels=false|clamp-mtime=1", "RUN touch b"),
        ("/bin/sh -c touch b|inheritAnnotations=false|force-mtime=17org.x=a b,c=d", "RUN touch b"),
        (f"/bin/sh -c #(nop) COPY dir:{HASH} in /a  |inheritLabels=false   |force-mtime=1 ", "COPY dir:8e112b88 in /a"),
        (f"/bin/sh -c #(nop) COPY --link dir:{HASH} in /app ", "COPY --link dir:8e112b88 in /app"),
        (f"|1 A=b /bin/sh -c make:sha256:{HASH}:sha256:{HASH}", "RUN make"),
        (f"/bin/sh -c docker pull x@sha256:{HASH}", f"RUN docker pull x@sha256:{HASH}"),
        ("/bin/sh -c #(nop) HEALTHCHECK NONE|unsetLabel=a|force-mtime=10", "HEALTHCHECK NONE"),
        ("/bin/sh -c a | b=c", "RUN a | b=c"),
        ("/bin/sh", "commit (/bin/sh)"),
        # Others.
        ("RUN bash -c 'make all'", "RUN bash -c 'make all'"),
        ("COPY --from=build /out /app", "COPY --from=build /out /app"),
        ("/bin/sh -c #(squash) from 5d5dc6a60012", "squashed from 5d5dc6a60012"),
        ("bazel build ...", "bazel build ..."),
        ("umoci insert", "umoci insert"),
        ("", ""),
    ],
)  # fmt: skip
def test_the_builders_noise_is_taken_away(created_by, instruction):
    assert clean_instruction(created_by) == instruction


@pytest.mark.parametrize(
    ("created_by", "comment", "shown"),
    [
        ("", "Imported from -", "Imported from -"),
        ("", "merge sha256:1 to sha256:2", "merge sha256:1 to sha256:2"),
        ("jib-maven-plugin:3.4.0", "dependencies", "jib-maven-plugin:3.4.0 (dependencies)"),
        ("ko build ko://x.org/x", "go build output, at /x", "ko build ko://x.org/x (go build output, at /x)"),
        ("bash", "what I did", "commit (bash): what I did"),
        ("/docker-entrypoint.sh nginx", "by hand", "/docker-entrypoint.sh nginx (by hand)"),
        ("/bin/sh", "FROM docker.io/library/alpine:latest", "commit (/bin/sh)"),
        ("RUN /bin/sh -c x # buildkit", "buildkit.dockerfile.v0", "RUN x"),
    ],
)  # fmt: skip
def test_what_tools_say_that_know_no_instructions(created_by, comment, shown):
    assert clean_instruction(created_by, comment) == shown


def instructions(*steps: str) -> list[str]:
    found, _ = read_history({"history": [{"created_by": step} for step in steps]}, len(steps))
    return [step.instruction for step in found]


def test_the_shell_that_a_step_names_holds_for_those_after_it():
    assert instructions("SHELL [python3 -c]", "RUN |1 A=b c python3 -c print(1) # buildkit")[1] == "RUN print(1)"
    assert instructions("python3 -c #(nop)  SHELL [python3 -c]", "python3 -c print(1)")[1] == "RUN print(1)"
    assert instructions('/bin/sh -c #(nop) SHELL ["/odd shell", "--run"]', "/odd shell --run x")[1] == "RUN x"
    assert instructions("python3 -c print(1)") == ["python3 -c print(1)"]
    # The one before says nothing any more.
    assert instructions("SHELL [python3 -c]", "SHELL [/bin/sh -c]", "python3 -c x")[2] == "python3 -c x"


def test_what_a_step_was_called_is_kept():
    raw = f"/bin/sh -c #(nop) COPY dir:{HASH} in /app "
    step = read_history({"history": [{"created_by": raw}]}, 1)[0][0]
    assert (step.created_by, step.instruction) == (raw, "COPY dir:8e112b88 in /app")


@pytest.mark.parametrize("width", range(5, 60))
def test_where_a_copy_went_is_seen_at_every_width(width):
    for text in ("COPY --chown=web:web --link dir:8e112b88 in /app", "ADD multi:8e112b88 in /app"):
        shown = fitted(text, width)
        assert shown.endswith(" /app") and (len(shown) <= max(width, len("COPY … /app"))) and shown[:3] == text[:3]
        assert width < len(text) or shown == text
    assert fitted("COPY --link a/very/long/source /app", width).endswith(" /app")


@pytest.mark.parametrize(
    ("instruction", "shown"),
    [
        (
            "RUN set -eux; apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt",
            "RUN … apt-get install curl && rm -rf /var/lib/apt",
        ),
        (
            "RUN --mount=type=cache,target=/root/.cache pip install --no-cache-dir -r requirements.txt",
            "RUN pip install -r requirements.txt",
        ),
        ("RUN cd /usr/src/app; echo 'aa && bb; cc'; make -j8 install", "RUN … make -j8 install"),
        (
            'RUN savedAptMark="$(apt-mark showmanual)"; DEBIAN_FRONTEND=noninteractive apt-get -qq install -y x',
            "RUN … apt-get install x",
        ),
        ("RUN apt-get update && apt-get upgrade", "RUN apt-get update && apt-get upgrade"),
    ],
)
def test_a_run_is_shown_by_its_point_where_there_is_no_room_for_all_of_it(instruction, shown):
    assert fitted(instruction, 40) == shown
    assert fitted(instruction, len(instruction)) == instruction


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_reports_show_where_a_copy_went(make, imgscope, columns):
    steps = ["ADD x /", f"/bin/sh -c #(nop) COPY --chown=1:1dir:{HASH} in /app "]
    old, new = (make(layer(a="1"), layer(b=b), instructions=steps) for b in ("2", "3"))
    for words in [("analyze", old, "--no-tui"), ("diff", old, new, "--no-tui")][: 1 if columns < 60 else 2]:
        rows = imgscope(*words, env={"COLUMNS": str(columns)}).stdout.splitlines()
        assert any(row.lstrip().startswith(("1 ", "1")) and row.rstrip().endswith(" /app") for row in rows), rows


PIECES = [" ", "a", "|1 A=b ", "|", "sh ", "sh -x ", f":sha256:{HASH}", "|force-mtime=1", "#(nop) ", "--chown=", "dir:"]
STARTS = ["RUN x", "/bin/sh -c ", "/bin/sh -c #(nop) COPY --chown=", "|1 A=", "powershell -Command $"]


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("start", STARTS)
def test_no_history_takes_more_than_its_length(piece, start):  # fmt: skip
    def seconds(size: int) -> float:
        text = start + piece * (size // len(piece)) + "y"
        begin = time.process_time()
        read_history({"history": [{"created_by": text}] * 3}, 3)
        return time.process_time() - begin

    assert seconds(400_000) < 1 + 12 * seconds(100_000)
    assert undecorated(start + piece * 1000 + " # buildkit").buildkit


def test_empty_steps_make_no_layer():
    history = [
        {"created_by": "ADD x /"},
        {"created_by": "ENV A=1", "empty_layer": True},
        {"created_by": "RUN /bin/sh -c y # buildkit"},
    ]
    steps, note = read_history({"history": history}, 2)
    assert [step.layer for step in steps] == [0, None, 1]
    assert note is None


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_a_history_that_does_not_fit_the_layers_is_noted(layers):
    steps, note = read_history({"history": [{"created_by": "a"}, {"created_by": "b"}]}, layers)
    assert note is not None
    assert all(step.layer is None or step.layer < layers for step in steps)


@pytest.mark.parametrize("history", [None, 3, [3, None], [{"created_by": 3, "empty_layer": "yes"}], {}])
def test_a_history_of_any_shape_is_read(history):
    read_history({"history": history}, 1)


def test_a_layer_that_several_steps_made_tells_of_all_of_them():
    # As buildah --squash writes it.
    history = [
        {"created_by": "/bin/sh -c #(nop) COPY file:" + "a" * 64 + " in /a ", "empty_layer": True},
        {"created_by": "/bin/sh -c make", "empty_layer": True},
        {"created_by": "/bin/sh -c #(nop) ENV X=1"},
    ]
    steps, note = read_history({"history": history}, 1)
    assert note is None
    assert steps[2].layer == 0
    assert steps[2].instruction == "squashed: COPY file:aaaaaaaa in /a; RUN make; ENV X=1"
    # A RUN that changed nothing, and what only sets something, made no part of the next layer.
    history = [{"created_by": "ENV A=1", "empty_layer": True}, {"created_by": "RUN true", "empty_layer": True}]
    steps, _ = read_history({"history": [*history, {"created_by": "COPY a /a"}]}, 1)
    assert steps[2].instruction == "COPY a /a"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-01-04T00:00:00Z", 1767484800),
        ("2026-01-04T00:00:00.123456789Z", 1767484800.123456),
        ("2026-01-04T02:00:00+02:00", 1767484800),
        ("2026-01-04T00:00:00", 1767484800),
        ("2026-01-04", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_a_time_is_the_same_wherever_it_is_read(text, seconds, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        found = moment(text)
        assert (found.timestamp() if found is not None else None) == seconds
    finally:
        monkeypatch.undo()
        time.tzset()
