"""``docker imgscope``, as the real Docker CLI calls it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from imgscope import __version__
from imgscope.docker_plugin import apply, metadata, split

from ..engine.conftest import missing
from ..engine.images import root_tar

PROGRAMS = Path(sys.executable).parent
# The test user's engine, wherever it is: none of these tests needs more than one image in it.
HOST = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"


@pytest.fixture
def config(tmp_path, monkeypatch):
    """A folder of Docker's own settings."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    return tmp_path / "docker"


@pytest.fixture(scope="session")
def docker():
    if not shutil.which("docker"):
        if os.environ.get("CI") == "true":
            pytest.fail("the gate must run these: needs docker")
        pytest.skip("needs docker")

    def run(*arguments: str, code: int = 0, **environment: str | None) -> str:
        given = {name: value for name, value in {**os.environ, **environment}.items() if value is not None}
        done = subprocess.run(["docker", *arguments], env=given, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture
def plugin(config, imgscope):
    assert imgscope("plugin", "install").returncode == 0
    return config / "cli-plugins" / "docker-imgscope"


@pytest.fixture(scope="session")
def image():
    """An image in the engine."""
    name = f"imgscope-plugin:{os.getpid()}"
    subprocess.run(["docker", "import", "-", name], input=root_tar(), check=True, capture_output=True)
    yield name
    subprocess.run(["docker", "rmi", name], check=False, capture_output=True)


def test_docker_lists_it_and_runs_it(docker, plugin):
    assert "imgscope*" in docker("--help")
    assert docker("imgscope", "--version").strip() == f"imgscope {__version__}"
    assert "Usage: docker imgscope analyze" in docker("imgscope", "analyze", "--help")


def test_exit_codes_and_arguments_pass_through(docker, plugin, webapp):
    assert "FAIL" in docker("imgscope", "check", str(webapp), "--max-size", "1kB", code=1)
    assert "docker imgscope analyze --help" in docker("imgscope", "analyze", "--nonsense", code=2)
    assert "no file" in docker("imgscope", "analyze", "./no-such.tar", code=3)


@pytest.mark.skipif(missing() is not None and os.environ.get("CI") != "true", reason="needs a Docker engine")
def test_dockers_own_options_choose_the_engine(docker, plugin, image):
    nowhere = "unix:///nobody/there.sock"
    assert image in docker("-H", HOST, "imgscope", "analyze", image, DOCKER_HOST=nowhere)
    assert image in docker(f"--host={HOST}", "-l", "error", "imgscope", "analyze", image, DOCKER_HOST=nowhere)
    docker("context", "create", "elsewhere", "--docker", f"host={HOST}", DOCKER_HOST=None)
    assert image in docker("--context", "elsewhere", "imgscope", "analyze", image, DOCKER_HOST=None)
    assert image in docker("imgscope", "analyze", image, DOCKER_HOST=None, DOCKER_CONTEXT="elsewhere")
    docker("context", "use", "elsewhere", DOCKER_HOST=None)
    assert image in docker("imgscope", "analyze", image, DOCKER_HOST=None)
    said = docker("-H", nowhere, "imgscope", "analyze", image, code=3)
    assert nowhere in said


@pytest.mark.skipif(missing() is not None and os.environ.get("CI") != "true", reason="needs a Docker engine")
def test_dockers_own_completion_is_answered(plugin, image):
    def complete(*words: str) -> list[str]:
        done = subprocess.run([plugin, "__complete", "imgscope", *words], capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    assert complete("ana")[0].startswith("analyze\t")
    assert image in complete("analyze", image[:-1])
    assert complete("analyze", image[:-1])[-1] == ":4"
    assert complete("nonsense", "x") == [":4"]


def test_the_metadata_is_answered_before_anything_is_imported(plugin):
    answered = subprocess.run([plugin, "docker-cli-plugin-metadata"], capture_output=True, text=True, check=True)
    said = json.loads(answered.stdout)
    assert (said["SchemaVersion"], said["Version"]) == ("0.1.0", __version__)
    assert json.loads(metadata()) == said
    script = (
        "import sys\nbefore = set(sys.modules)\nsys.argv[1:] = ['docker-cli-plugin-metadata']\n"
        "from imgscope.docker_plugin import main\nmain()\nprint(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "['__future__', 'imgscope', 'imgscope.docker_plugin']"


def test_install_and_uninstall(config, imgscope):
    place = config / "cli-plugins" / "docker-imgscope"
    assert imgscope("plugin", "install").returncode == 0
    assert imgscope("plugin", "install").returncode == 0, "again does no harm"
    assert place.resolve().name == "docker-imgscope"
    assert [path.name for path in place.parent.iterdir()] == ["docker-imgscope"]
    assert imgscope("plugin", "uninstall").returncode == 0
    assert not place.exists()
    assert imgscope("plugin", "uninstall").returncode == 0


def test_what_is_not_ours_stays(config, imgscope):
    place = config / "cli-plugins" / "docker-imgscope"
    place.parent.mkdir(parents=True)
    place.write_text("#!/bin/sh\necho somebody else's\n")
    for command in ("install", "uninstall"):
        done = imgscope("plugin", command)
        assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "somebody" in place.read_text()
    assert imgscope("plugin", "install", "--force").returncode == 0
    assert place.is_symlink()


def test_a_launcher_is_written_where_there_is_no_program_to_link(config, monkeypatch):
    from imgscope.cli import plugin, run

    monkeypatch.setattr(plugin, "_program", lambda: None)
    assert run(["plugin", "install"]) == 0
    place = config / "cli-plugins" / "docker-imgscope"
    assert not place.is_symlink()
    done = subprocess.run([place, "imgscope", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"imgscope {__version__}"
    assert run(["plugin", "uninstall"]) == 0
    assert not place.exists()


@pytest.mark.parametrize(
    ("given", "options", "rest"),
    [
        (["imgscope", "analyze", "x"], {}, ["analyze", "x"]),
        (["--context", "far", "imgscope", "analyze"], {"context": "far"}, ["analyze"]),
        (["-c=far", "-D", "imgscope"], {"context": "far", "debug": "true"}, []),
        (["-Htcp://h:1", "imgscope", "-h"], {"host": "tcp://h:1"}, ["-h"]),
        (["--context", "imgscope", "imgscope", "why"], {"context": "imgscope"}, ["why"]),
        (["--tlsverify=false", "imgscope"], {"tlsverify": "false"}, []),
        (["analyze", "x"], {}, ["analyze", "x"]),
    ],
)
def test_dockers_options_are_parted_from_ours(given, options, rest):
    assert split(given) == (options, rest)


def test_the_options_reach_the_environment(monkeypatch):
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.setenv(name, "before")
    assert apply({"context": "far"}) is None
    assert (os.environ.get("DOCKER_HOST"), os.environ["DOCKER_CONTEXT"]) == (None, "far")
    assert apply({"host": "tcp://h:1", "tlsverify": "true", "certificate": "/certs/ca.pem"}) is None
    assert (os.environ["DOCKER_HOST"], os.environ.get("DOCKER_CONTEXT")) == ("tcp://h:1", None)
    assert (os.environ["DOCKER_TLS_VERIFY"], os.environ["DOCKER_CERT_PATH"]) == ("1", "/certs")
    assert "not both" in apply({"host": "tcp://h:1", "context": "far"})
    assert apply({"context": "default"}) is None
    assert os.environ["DOCKER_HOST"] == "tcp://h:1", "Docker's default context is what DOCKER_HOST says"
