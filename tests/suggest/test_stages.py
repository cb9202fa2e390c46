"""The proposed Dockerfile: a build stage, and a final one that copies what no finding is about."""

from __future__ import annotations

import pytest

from imgscope import analyze
from imgscope.dockerfile import match, parse
from imgscope.suggestions import Options, suggest
from tests.archive.images import Image, docker_archive, write_tar
from tests.oracle.maketar import directory, file, layer
from tests.suggest.test_build_packages import BASE, debian, package

BIG = b"x" * 300_000
INSTALL = "RUN apt-get update && apt-get install -y gcc curl"
CURL = package("curl", "libcurl4")
PACKAGES = debian(
    package("libc6"),
    package("gcc-base"),
    package("gcc", files={"usr/bin/gcc": BIG}),
    CURL,
    package("libcurl4"),
    package("libpq5"),
    automatic=("libcurl4", "libpq5"),
    more=[file("etc/ld.so.cache", BIG), file("var/cache/x", BIG), file("usr/lib/made-by-postinst", BIG)],
)
CONFIG = {
    "Cmd": ["app", "--port", "80"],
    "User": "app",
    "WorkingDir": "/srv",
    "Env": ["PATH=/usr/local/bin:/bin", "MODE=a b", "OTHER=1"],
    "ExposedPorts": {"80/tcp": {}},
}


@pytest.fixture
def propose(tmp_path):
    """The proposal for an image: ``propose(("COPY x /", layer(…)), ("USER app", None), …, dockerfile=text)``."""

    def look(*steps, config=CONFIG, dockerfile=None):
        steps = (BASE, (INSTALL, PACKAGES), *steps)
        history = [{"created_by": words, **({} if tar else {"empty_layer": True})} for words, tar in steps]
        layers = tuple(tar for _, tar in steps if tar)
        image = Image(layers, extra={"history": history, "config": config})
        with analyze(write_tar(tmp_path / "image.tar", docker_archive(image)), cache=False) as analysis:
            matched = match(parse(dockerfile), analysis) if dockerfile is not None else None
            return suggest(analysis, Options((), (), 1000), dockerfile=matched).proposal

    return look


def copied(lines):
    """What the final stage copies, by its path."""
    return [line.split()[-1] for line in lines if line.startswith("COPY --from=build")]


APP = layer(file("usr/local/bin/app", BIG), file("srv/www/a", BIG), file("srv/www/b", BIG), directory("srv/empty"))


def test_directories_that_are_needed_and_packages_that_stay(propose):
    lines = propose(("COPY app /", APP))
    final = lines[lines.index("FROM …") :]
    assert copied(final) == ["/srv", "/usr/local"]
    assert [line.strip(" \\&") for line in final if line.startswith("        ")] == ["curl"]
    assert lines[0] == "FROM … AS build"
    assert INSTALL in lines


def test_no_finding_no_proposal(make):
    path = make(BASE[1], APP, instructions=[BASE[0], "COPY app /"], config=CONFIG)
    with analyze(path, cache=False) as analysis:
        assert suggest(analysis).proposal == ()


def test_what_a_finding_is_about_is_not_copied(propose):
    mixed = layer(
        file("srv/.git/objects/x", BIG),
        file("srv/www/index.html", BIG),
        file("srv/api/main.py", BIG),
        file("root/.cache/pip/x", BIG),
        file("usr/lib/mine/plugin.so", BIG),
        file("etc/app/app.conf", b"x"),
    )
    lines = propose(("RUN git clone x /srv", mixed))
    assert copied(lines) == ["/etc/app", "/srv/api", "/srv/www", "/usr/lib/mine"]


def test_few_lines_for_many_places(propose):
    """What is scattered is copied with what lies between."""
    mixed = layer(*(member for n in range(40) for member in (file(f"srv/{n}/a", BIG), file(f"srv/{n}/libx.a", BIG))))
    assert copied(propose(("RUN make", mixed))) == ["/srv"]


def test_what_is_scattered_among_the_systems_files_is_cut_short(propose):
    lines = propose(("RUN make", layer(*(file(f"usr/bin/tool{n}", b"x" * (1000 + n)) for n in range(50)))))
    assert copied(lines) == sorted(f"/usr/bin/tool{n}" for n in range(20, 50))
    assert any("20 smaller files" in line for line in lines)


def test_settings_and_users_are_set_again(propose):
    owned = layer(file("srv/www/a", BIG, uid=7, gid=8), file("srv/www/b", BIG, uid=7, gid=8), file("home/app/x", uid=7))
    dockerfile = (
        "FROM debian:12\n"
        f"{INSTALL}\n"
        'ENV MODE="a b"\n'
        "RUN useradd -m app && \\\n    make\n"
        "WORKDIR /srv\n"
        "USER app\n"
        "EXPOSE 80\n"
        'CMD ["app", "--port", "80"]\n'
    )
    settings = [(words, None) for words in ("USER app", "EXPOSE 80", 'CMD ["app" "--port" "80"]')]
    steps = (("ENV MODE=a b", None), ("RUN useradd -m app &&     make", owned), ("WORKDIR /srv", None), *settings)
    lines = propose(*steps, dockerfile=dockerfile)
    cut = lines.index("FROM debian:12")
    assert list(lines[:6]) == [
        "FROM debian:12 AS build",
        INSTALL,
        'ENV MODE="a b"',
        "RUN useradd -m app && \\",
        "    make",
        "WORKDIR /srv",
    ]
    final = [line for line in lines[cut:] if not line.startswith(" ")]
    assert final == [
        "FROM debian:12",
        "RUN apt-get update && \\",
        'ENV MODE="a b"',
        "EXPOSE 80/tcp",
        "WORKDIR /srv",
        "RUN useradd -m app",
        "COPY --from=build --chown=7:0 /home/app /home/app",
        "COPY --from=build --chown=7:8 /srv /srv",
        "USER app",
        'CMD ["app", "--port", "80"]',
    ]
    assert parse("\n".join(lines)).stages[1].base == "debian:12"
    # The image's history alone tells nearly as much.
    assert [line for line in final if line not in propose(*steps)] == ["FROM debian:12"]


def test_odd_paths_are_quoted(propose):
    odd = layer(file("a dir/x", BIG), file("usr/local/app", BIG))
    lines = propose(("COPY . /", odd))
    assert 'COPY --from=build ["/a dir", "/a dir"]' in lines


def test_secrets_are_not_repeated(propose):
    lines = propose(("RUN API_TOKEN=hunter2hunter2 make", APP))
    assert "hunter2" not in "\n".join(lines)
    assert any("API_TOKEN" in line for line in lines)
