"""``imgscope doctor``: what it finds, in good places and broken ones; never a traceback, never a credential."""

import json
import os
import socket
import subprocess
import sys
import threading

import pytest

from imgscope import __version__

QUIET = {"DOCKER_HOST": "", "DOCKER_CONTEXT": "", "CONTAINER_HOST": ""}


@pytest.fixture
def examined(imgscope, tmp_path):
    """Run it with a home of its own; returns the exit code and the JSON."""

    def run(code: int = 0, **environment: str):
        done = imgscope(
            "doctor", "--format", "json", env={**QUIET, "DOCKER_CONFIG": str(tmp_path / "docker"), **environment}
        )
        assert done.stderr == ""
        assert done.returncode == code, done.stdout
        found = json.loads(done.stdout)
        assert found["ok"] is (code == 0)
        return found

    return run


def states(found) -> dict[str, str]:
    return {
        f"{part}/{name}": finding["state"]
        for part, findings in found.items()
        if isinstance(findings, dict)
        for name, finding in findings.items()
        if part != "tool"
    }


def test_a_sound_place_is_sound(examined):
    found = examined(IMGSCOPE_CACHE_DIR="/tmp/imgscope-doctor-none")
    assert found["imgscope"]["version"]["value"] == __version__
    assert found["imgscope"]["python"]["value"].startswith(".".join(map(str, sys.version_info[:3])))
    assert {name.partition("/")[0] for name in states(found)} == {
        "imgscope", "libraries", "docker", "podman", "cache", "temporary", "terminal",
    }  # fmt: skip
    assert "problem" not in states(found).values()


def test_every_library_that_is_depended_on_is_looked_at(examined):
    import re
    import tomllib
    from pathlib import Path

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    wanted = {re.match(r"[A-Za-z0-9.-]+", line)[0].replace("backports.", "") for line in project["dependencies"]}
    assert set(examined()["libraries"]) == wanted


def test_text_is_for_people(imgscope):
    done = imgscope("doctor", env=QUIET)
    assert done.returncode == 0
    assert "Docker engine" in done.stdout
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) < 200


def test_an_engine_that_was_named_and_is_not_there_is_a_problem(examined):
    found = examined(1, DOCKER_HOST="unix:///nobody/there.sock")
    assert found["docker"]["engine"]["state"] == "problem"
    assert "/nobody/there.sock" in found["docker"]["engine"]["hint"]


def test_a_context_that_is_not_there_is_a_problem(examined):
    found = examined(1, DOCKER_CONTEXT="staging")
    assert "no Docker context 'staging'" in found["docker"]["context"]["hint"]


def test_contexts_are_listed(examined, tmp_path):
    from docker.context.config import get_context_id

    folder = tmp_path / "docker/contexts/meta" / get_context_id("staging")
    folder.mkdir(parents=True)
    settings = {"Name": "staging", "Metadata": {}, "Endpoints": {"docker": {"Host": "tcp://me:secret@127.0.0.1:1"}}}
    (folder / "meta.json").write_text(json.dumps(settings))
    found = examined()
    assert found["docker"]["context staging"]["value"] == "tcp://***@127.0.0.1:1"
    found = examined(1, DOCKER_CONTEXT="staging")
    assert "in use" in found["docker"]["context staging"]["value"]


def test_no_credentials_are_shown(imgscope, tmp_path):
    for host in ("tcp://me:secret@127.0.0.1:1", "ssh://me:secret@127.0.0.1:1"):
        done = imgscope(
            "doctor", "--format", "json", env={**QUIET, "DOCKER_HOST": host, "DOCKER_AUTH_CONFIG": "secret"}
        )
        assert "secret" not in done.stdout + done.stderr


def test_an_engine_is_described(examined):
    """A small server that answers what an engine answers, since what a real one says can't be foretold."""
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Engine(BaseHTTPRequestHandler):
        def do_GET(self):
            path = self.path.partition("?")[0]
            answer = [{"RepoTags": ["a:1", "b:1"]}] if path.endswith("/images/json") else {
                "Version": "99.1", "ApiVersion": "1.47", "MinAPIVersion": "1.24", "Os": "linux", "Arch": "riscv64",
            }  # fmt: skip
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Engine)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        found = examined(DOCKER_HOST=f"tcp://127.0.0.1:{server.server_port}")
    finally:
        server.shutdown()
    assert found["docker"]["engine"]["value"] == "99.1, API 1.47, linux/riscv64, 2 tags"


def test_an_engine_that_never_answers_is_given_up(tmp_path, examined, monkeypatch):
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "mute.sock"))
        listening.listen()
        from imgscope import doctor

        monkeypatch.setattr(doctor, "PATIENCE", 1)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/mute.sock")
        part = next(part for part in doctor.examine() if part.name == "docker")
    assert [finding.state for finding in part.findings if finding.name == "engine"] == ["problem"]


def test_a_cache_that_cannot_be_used_only_costs_time(examined, tmp_path):
    (tmp_path / "file").write_text("")
    found = examined(IMGSCOPE_CACHE_DIR=str(tmp_path / "file"))
    assert found["cache"]["writable"]["state"] == "note"


def test_the_folder_that_the_cache_uses_is_told(examined, tmp_path):
    """In one that others may look into it has its own."""
    (tmp_path / "cache").mkdir(mode=0o755)
    found = examined(IMGSCOPE_CACHE_DIR=str(tmp_path / "cache"))
    assert found["cache"]["folder"]["value"] == str(tmp_path / "cache" / "imgscope")
    (tmp_path / "link").symlink_to("cache")
    found = examined(IMGSCOPE_CACHE_DIR=str(tmp_path / "link"))
    assert found["cache"]["folder"]["state"] == "note"


def test_what_is_broken_is_told_and_fails(tmp_path):
    """A library that can't be imported: the rest is examined all the same."""
    broken = tmp_path / "msgspec"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise ImportError('no such symbol')")
    done = subprocess.run(
        [sys.executable, "-m", "imgscope", "doctor", "--format", "json"],
        env={**os.environ, **QUIET, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (1, "")
    assert found["libraries"]["msgspec"]["state"] == "problem"
    assert found["terminal"]["terminal"]["state"] == "ok"


def test_without_a_home(examined):
    examined(HOME="/nonexistent", XDG_CACHE_HOME="")


def test_an_encoding_that_lacks_letters(imgscope):
    done = imgscope("doctor", env={**QUIET, "PYTHONIOENCODING": "ascii", "IMGSCOPE_CACHE_DIR": "/tmp/ünïcode"})
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
