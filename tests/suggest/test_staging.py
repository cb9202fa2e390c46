"""One stage written as two: the user's own lines, what runs is the same, and only what is needed goes along."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from imgscope import analyze
from imgscope.dockerfile import match, parse
from imgscope.suggestions import Options, suggest
from imgscope.suggestions.staging import Extra, Staged, staged
from tests.archive.images import Image, docker_archive, write_tar
from tests.oracle.maketar import directory, file, layer, symlink
from tests.suggest.fix.cases import LAYERED, _steps
from tests.suggest.test_build_packages import BASE, debian, package

BIG = b"x" * 300_000
PACKAGES = debian(
    package("libc6"),
    package("gcc-base"),
    package("gcc", files={"usr/bin/gcc": BIG}),
    package("curl", "libcurl4"),
    package("libcurl4"),
    automatic=("libcurl4",),
)
INSTALL = "RUN apt-get update && apt-get install -y gcc curl"
APP = layer(file("srv/app/run.sh", b"#!/bin/sh\n", mode=0o755), file("srv/app/data", BIG))


@pytest.fixture
def write(tmp_path):
    """The staged Dockerfile: ``write(text, layer, …, config=…, extra=…)``, a layer for each RUN, COPY and ADD."""

    def go(text, *layers, config=None, extra=Extra(), bold=True):  # noqa: B008
        dockerfile = parse(text, "Dockerfile")
        steps = _steps(dockerfile, len(dockerfile.stages) - 1)
        assert sum("empty_layer" not in step for step in steps) == len(layers)
        history = [{"created_by": BASE[0]}, *steps]
        image = Image(
            (BASE[1], *layers), extra={"history": history, "config": {"Cmd": ["/srv/app/run.sh"], **(config or {})}}
        )
        path = write_tar(tmp_path / "image.tar", docker_archive(image))
        with analyze(path, cache=False, contents=True) as analysis:
            report = suggest(analysis, Options(min_size=1000), dockerfile=match(dockerfile, analysis))
            return staged(report, extra, bold=bold)

    return go


TEXT = f"""# syntax=docker/dockerfile:1
ARG BASE=debian:12
FROM ${{BASE}}
# who it is of
LABEL who=me
ARG VERSION=1
ENV VERSION=${{VERSION}} \\
    MODE=fast
{INSTALL}

# the app
WORKDIR /srv/app
COPY . .
EXPOSE 8000

# last
USER 7
CMD ["/srv/app/run.sh"]
"""
STAGED = f"""# syntax=docker/dockerfile:1
ARG BASE=debian:12
FROM ${{BASE}} AS build
ARG VERSION=1
ENV VERSION=${{VERSION}} \\
    MODE=fast
{INSTALL}

# the app
WORKDIR /srv/app
COPY . .

# last
USER 7

FROM ${{BASE}}
# who it is of
LABEL who=me
ARG VERSION=1
ENV VERSION=${{VERSION}} \\
    MODE=fast
RUN apt-get update && \\
    apt-get install -y --no-install-recommends \\
        curl && \\
    apt-get clean && rm -rf /var/lib/apt/lists/*
COPY --from=build /srv /srv
# the app
WORKDIR /srv/app
EXPOSE 8000
# last
USER 7
CMD ["/srv/app/run.sh"]
"""


def test_the_users_lines_and_their_order_stay(write):
    found = write(TEXT, PACKAGES, APP)
    assert isinstance(found, Staged)
    assert found.dockerfile.text == STAGED
    assert found.line == 3
    assert found.bytes >= len(BIG)


def test_line_ends_are_the_files_own(write):
    found = write(TEXT.replace("\n", "\r\n"), PACKAGES, APP)
    assert found.dockerfile.text == STAGED.replace("\n", "\r\n")
    found = write(TEXT.rstrip("\n"), PACKAGES, APP)
    assert found.dockerfile.text.rstrip("\n") == STAGED.rstrip("\n")


def test_a_stage_keeps_its_name_for_who_asks_for_it(write):
    text = f'from debian:12 as app\n{INSTALL}\nCOPY . .\nCMD ["x"]\n'
    lines = write(text, PACKAGES, APP).dockerfile.text.split("\n")
    assert lines[0] == "from debian:12 as build"
    assert "from debian:12 as app" in lines[1:]
    assert sum("as app" in line for line in lines) == 1


def test_a_name_that_is_taken_is_not_taken_again(write):
    text = f'FROM debian:12 AS build\nRUN x\nFROM debian:12\n{INSTALL}\nCOPY --from=build /x /srv\nCMD ["x"]\n'
    found = write(text, PACKAGES, APP)
    assert [stage.name for stage in found.dockerfile.stages] == ["build", "builder", None]


def test_owners_modes_and_empty_folders_are_kept(write):
    made = layer(
        directory("data", mode=0o700, uid=7, gid=8),
        directory("srv", mode=0o755),
        directory("srv/a", mode=0o755, uid=7, gid=8),
        file("srv/a/x", BIG, uid=7, gid=8),
        file("srv/b/y", BIG),
    )
    lines = write(f'FROM debian:12\n{INSTALL}\nRUN x\nCMD ["x"]\n', PACKAGES, made).dockerfile.text.split("\n")
    assert [line for line in lines if line.startswith("COPY")] == [
        "COPY --from=build --chown=7:8 /data /data",
        "COPY --from=build --chown=7:8 /srv/a /srv/a",
        "COPY --from=build /srv/b /srv/b",
    ]
    assert "RUN chmod 700 /data" in lines


def test_a_folder_for_data_that_an_instruction_makes_is_kept(write):
    made = layer(file("srv/x", BIG), directory("var/lib/app", uid=7), directory("var/lib/other", uid=7))
    text = f'FROM debian:12\n{INSTALL}\nRUN mkdir /var/lib/app && x\nVOLUME /var/lib/app\nCMD ["x"]\n'
    lines = write(text, PACKAGES, made).dockerfile.text
    assert "COPY --from=build --chown=7:0 /var/lib/app /var/lib/app" in lines
    assert "/var/lib/other" not in lines


def test_users_that_instructions_add_come_along_with_their_numbers(write):
    made = layer(
        file("etc/passwd", b"app:x:1000:1000::/:/bin/sh\n"), file("etc/group", b"app:x:1000:\n"), file("srv/x", BIG)
    )
    text = f'FROM debian:12\n{INSTALL}\nRUN useradd app && x\nUSER app\nCMD ["x"]\n'
    lines = write(text, PACKAGES, made).dockerfile.text.split("\n")
    assert "COPY --from=build /etc/passwd /etc/group /etc/" in lines
    assert lines.index("COPY --from=build /etc/passwd /etc/group /etc/") < lines.index(
        "USER app", lines.index("FROM debian:12")
    )


def test_no_folder_is_left_out_by_its_name(write):
    made = layer(
        file("root/.cargo/bin/hello", BIG, mode=0o755),
        file("root/.cache/huggingface/model", BIG),
        file("root/go/bin/tool", BIG, mode=0o755),
        file("root/.cache/pip/http/x", BIG),
    )
    text = f'FROM debian:12\n{INSTALL}\nRUN x\nCMD ["/root/.cargo/bin/hello"]\n'
    config = {"Cmd": ["/root/.cargo/bin/hello"]}
    lines = write(text, PACKAGES, made, config=config).dockerfile.text
    for path in ("/root/.cargo", "/root/.cache/huggingface", "/root/go"):
        assert f"COPY --from=build {path}" in lines, path
    assert "/root/.cache/pip" not in lines


def test_what_an_instruction_names_in_a_systems_folder_comes_along(write):
    made = layer(
        file("var/lib/dpkg/status", b"Package: x\n\n"),
        file("etc/app/own.conf", b"x" * 100),
        file("etc/made-by-a-package", b"x" * 100),
        file("usr/bin/tool", BIG, mode=0o755),
    )
    run = "RUN apt-get install -y x && echo > /etc/app/own.conf && cc -o /usr/bin/tool"
    text = f'FROM debian:12\n{INSTALL}\n{run}\nCMD ["tool"]\n'
    lines = write(text, PACKAGES, made, config={"Cmd": ["tool"]}).dockerfile.text
    assert "COPY --from=build /etc/app" in lines
    assert "COPY --from=build /usr/bin/tool" in lines
    assert "made-by-a-package" not in lines


def test_secrets_and_version_control_stay_behind(write):
    key = (
        b"-----BEGIN OPENSSH "
        + b"PRIVATE KEY-----\n"
        + b"b3BlbnNzaC1rZXk" * 4
        + b"\n-----END OPENSSH "
        + b"PRIVATE KEY-----\n"
    )
    made = layer(file("srv/app/x", BIG), file("srv/.git/objects/a", BIG), file("srv/deploy/id_ed25519", key))
    lines = write(f'FROM debian:12\n{INSTALL}\nCOPY . /srv\nCMD ["x"]\n', PACKAGES, made).dockerfile.text
    assert "COPY --from=build /srv/app" in lines
    assert ".git" not in lines and "deploy" not in lines and "COPY --from=build /srv /srv" not in lines


def test_tools_that_pip_installed_stay_behind_and_what_others_need_does_not(write):
    home = "usr/local/lib/python3.11/site-packages"

    def dist(name, requires=(), requested=False):
        data = f"Name: {name}\nVersion: 1\n" + "".join(f"Requires-Dist: {one}\n" for one in requires)
        place = f"{home}/{name}-1.dist-info"
        record = f"{name}/__init__.py,,\n{name}-1.dist-info/METADATA,,\n{name}-1.dist-info/RECORD,,\n"
        made = [file(f"{place}/METADATA", data.encode()), file(f"{place}/RECORD", record.encode())]
        made += [file(f"{home}/{name}/__init__.py", BIG)]
        return made + ([file(f"{place}/REQUESTED", b"")] if requested else [])

    made = layer(
        *dist("poetry", ["keyring", "requests"], requested=True),
        *dist("keyring", ["jeepney"]),
        *dist("jeepney"),
        *dist("requests", ["certifi"]),
        *dist("certifi"),
        *dist("flask", ["requests"], requested=True),
    )
    text = f'FROM debian:12\n{INSTALL}\nRUN pip install poetry flask\nCMD ["x"]\n'
    lines = write(text, PACKAGES, made).dockerfile.text
    copied = {line.rpartition("/")[2] for line in lines.split("\n") if line.startswith(f"COPY --from=build /{home}")}
    assert {name for name in copied if "-" not in name} == {"requests", "certifi", "flask"}


def test_what_would_be_copied_along_is_taken_away_first(write):
    made = layer(
        *(member for n in range(20) for member in (file(f"srv/{n}/a", BIG), file(f"srv/{n}/.git/objects/x", BIG)))
    )
    text = f'FROM debian:12\n{INSTALL}\nCOPY . /srv\nUSER 7\nCMD ["x"]\n'
    lines = write(text, PACKAGES, made).dockerfile.text.split("\n")
    trimmed = next(line for line in lines if line.startswith("RUN rm -rf"))
    assert set(trimmed.split()[3:]) == {f"/srv/{n}/.git" for n in range(20)}
    assert lines[lines.index(trimmed) - 1] == "USER root"
    assert "COPY --from=build /srv /srv" in lines


def test_what_a_proof_found_lacking_is_brought_along(write):
    extra = Extra(("libfoo1",), ("/root/.cache/pip/http/x",))
    made = layer(file("root/.cache/pip/http/x", BIG), file("srv/x", BIG))
    lines = write(f'FROM debian:12\n{INSTALL}\nRUN x\nCMD ["x"]\n', PACKAGES, made, extra=extra).dockerfile.text
    assert "        libfoo1 && \\" in lines
    assert "COPY --from=build /root/.cache" in lines


def test_stages_that_come_after_are_a_reason_not_to(write, tmp_path):
    text = f'FROM debian:12 AS app\n{INSTALL}\nCOPY . .\nCMD ["x"]\n'
    dockerfile = parse(text + "FROM app AS other\nRUN y\n", "Dockerfile")
    steps = _steps(dockerfile, 0)
    image = Image((BASE[1], PACKAGES, APP), extra={"history": [{"created_by": BASE[0]}, *steps], "config": {}})
    path = write_tar(tmp_path / "other.tar", docker_archive(image))
    with analyze(path, cache=False, contents=True) as analysis:
        found = staged(suggest(analysis, Options(min_size=1000), dockerfile=match(dockerfile, analysis)))
    assert found == "other stages come after the one that the image is of"
    assert LAYERED


def test_what_only_a_tool_of_the_build_brought_up_to_date_of_the_base_is_saved_too(write):
    """gcc asks for a newer library of the base's than curl does: without gcc the base's own will do."""

    def made(bound):
        text, members = package("libc6", files={"usr/lib/libc.so.6": BIG})
        return debian(
            (text.replace("Version: 1", "Version: 2"), members),
            package("gcc-base"),
            package("gcc", "libc6 (= 2)", files={"usr/bin/gcc": b"x"}),
            package("curl", f"libc6 (>= {bound})"),
        )

    text = f'FROM debian:12\n{INSTALL}\nCOPY . .\nCMD ["x"]\n'
    saved = {bound: write(text, made(bound), APP).bytes for bound in ("1", "1.1~")}
    assert saved["1"] - saved["1.1~"] == pytest.approx(len(BIG), abs=100)


def test_certificates_that_came_along_with_a_tool_of_the_build_are_asked_for(write):
    """No file names them, and no proof sees that they lack."""
    installed = debian(
        package("libc6"),
        package("gcc-base"),
        package("git", "ca-certificates"),
        package("ca-certificates", "openssl"),
        package("openssl"),
        package("curl"),
        automatic=("ca-certificates", "openssl"),
    )
    lines = write(f'FROM debian:12\n{INSTALL}\nCOPY . .\nCMD ["x"]\n', installed, APP).dockerfile.text
    assert "        ca-certificates \\\n        curl && \\\n" in lines


@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
def test_a_static_program_needs_nothing_else(write, tmp_path):
    (tmp_path / "a.c").write_text("int main(void) { return 0; }\n")
    done = subprocess.run(["gcc", "-static", "-o", tmp_path / "a", tmp_path / "a.c"], capture_output=True)
    if done.returncode:
        pytest.skip("gcc links no static program here")
    made = layer(
        file("usr/local/bin/app", (tmp_path / "a").read_bytes(), mode=0o755),
        file("etc/ssl/certs/ca-certificates.crt", b"x" * 100),
    )
    packages = debian(package("libc6"), package("gcc-base"), package("gcc", files={"usr/bin/gcc": BIG}))
    end = 'ENV MODE=fast\nUSER 7\nENTRYPOINT ["/usr/local/bin/app"]\n'
    text = f"FROM debian:12\nRUN apt-get install -y gcc\nRUN gcc\n{end}"
    config = {"Cmd": None, "Entrypoint": ["/usr/local/bin/app"], "Env": ["PATH=/bin:/x y", "MODE=fast"], "User": "7"}
    found = write(text, packages, made, config=config)
    assert found.dockerfile.text.partition("\n\n")[2] == (
        'FROM scratch\nENV PATH="/bin:/x y"\n'
        "COPY --from=build /etc/ssl /etc/ssl\n"
        "COPY --from=build /usr/local /usr/local\n"
        'ENV MODE=fast\nUSER 7\nENTRYPOINT ["/usr/local/bin/app"]\n'
    )
    assert "FROM debian:12\nCOPY" in write(text, packages, made, config=config, bold=False).dockerfile.text
    # A shell, or another program that somebody wanted there, is a reason to stay.
    shell = {**config, "Entrypoint": ["/bin/sh", "-c", "/usr/local/bin/app"]}
    assert "scratch" not in write(text, packages, made, config=shell).dockerfile.text
    assert (
        "scratch" not in write(text.replace("gcc\nRUN", "gcc curl\nRUN"), PACKAGES, made, config=config).dockerfile.text
    )


@pytest.mark.parametrize(
    ("run", "again"),
    [
        ("RUN apt-get update && apt-get upgrade -y && apt-get install -y gcc curl", "apt-get upgrade -y"),
        ("RUN apt-get update && apt-get -y full-upgrade; apt-get install -y gcc curl", "apt-get dist-upgrade -y"),
        ("RUN apt-get update && apt-get install -y gcc curl && apt-get upgrade -y openssl", ""),
        ("RUN apt-get update && apt-get install -y gcc curl # no upgrade", ""),
    ],
)
def test_updates_of_the_base_are_made_again(write, run, again):
    found = write(f'FROM debian:12\n{run}\nCOPY . /srv\nCMD ["/srv/app/run.sh"]\n', PACKAGES, APP)
    final = found.dockerfile.text.rpartition("FROM debian:12\n")[2]
    start = f"RUN apt-get update && \\\n    {again} && \\\n" if again else "RUN apt-get update && \\\n"
    assert final.startswith(f"{start}    apt-get install -y --no-install-recommends \\\n        curl && \\\n")
    assert (f", {again} again" in found.what) == bool(again)


def test_what_updates_store_is_stored_again(write):
    """The base's library comes in a new version: with the updates made again that saves nothing."""
    base = package("libc6", files={"usr/lib/libc.so.6": BIG})
    renewed = debian(base, package("gcc-base"), more=[file("var/lib/dpkg/other", b"x")])
    text = 'FROM debian:12\nRUN apt-get update && apt-get {} -y\nCOPY . /srv\nCMD ["/srv/app/run.sh"]\n'
    saved = {word: write(text.format(word), renewed, APP) for word in ("upgrade", "install-nothing")}
    assert saved["install-nothing"].bytes - saved["upgrade"].bytes >= len(BIG)
    again = "RUN apt-get update && \\\n    apt-get upgrade -y && \\\n    apt-get clean"
    assert again in saved["upgrade"].dockerfile.text


def test_settings_of_packages_that_stay_behind_stay_there_too(write):
    """A package's script leaves a link that makes a program load what is not installed again."""
    installed = debian(
        package("libc6"),
        package("gcc-base"),
        package("gcc", "tool-more", files={"usr/bin/gcc": BIG}),
        package("curl"),
        package("tool-more", files={"etc/tool/available/more.ini": b"load=more"}),
        automatic=("tool-more",),
        more=[symlink("etc/tool/conf.d/more.ini", "/etc/tool/available/more.ini")],
    )
    own = layer(
        file("etc/tool/available/own.ini", b"load=own"),
        symlink("etc/tool/conf.d/own.ini", "/etc/tool/available/own.ini"),
        file("srv/x", BIG),
    )
    text = f'FROM debian:12\n{INSTALL}\nRUN echo load=own > /etc/tool/available/own.ini && enable\nCMD ["x"]\n'
    lines = write(text, installed, own).dockerfile.text.split("\n")
    assert [line.rpartition(" ")[2] for line in lines if line.startswith("COPY") and "/etc" in line] == [
        "/etc/tool/available/own.ini",
        "/etc/tool/conf.d/own.ini",
    ]


def test_a_folder_of_roots_stays_roots_where_what_is_in_it_has_another_owner(write):
    """A builder gives the folders that it makes for a COPY to whom --chown names."""
    made = layer(directory("home/dev", uid=7), directory("home/dev/app"), file("home/dev/app/x", BIG, uid=7))
    text = f'FROM debian:12\n{INSTALL}\nRUN mkdir /home/dev/app && x\nCMD ["x"]\n'
    lines = write(text, PACKAGES, made).dockerfile.text.split("\n")
    assert "COPY --from=build --chown=7:0 /home/dev/app/x /home/dev/app/x" in lines
    assert "RUN chown 7:0 /home/dev && chown 0:0 /home/dev/app" in lines
