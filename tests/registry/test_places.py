"""Mirrors, short names and where names are looked for, as the machine and the project have it set."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from imgscope import analyze
from imgscope.errors import ConfigError, RegistryError
from imgscope.sources import options
from imgscope.sources.registry import places
from imgscope.sources.registry.names import parse

NOWHERE = "127.0.0.1:9"


def conf(text: str, name: str = "registries.conf") -> None:
    path = Path(os.environ["XDG_CONFIG_HOME"]) / "containers" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def told(text: str) -> list[str]:
    return [f"{place.name.host}/{place.name.repository}" for place in places.places(parse(text))]


@pytest.mark.parametrize(
    ("text", "host", "repository", "wanted"),
    [
        ("python", "docker.io", "library/python", "latest"),
        ("python:3.12", "docker.io", "library/python", "3.12"),
        ("docker.io/python", "docker.io", "library/python", "latest"),
        ("index.docker.io/team/app", "docker.io", "team/app", "latest"),
        ("team/app:1", "docker.io", "team/app", "1"),
        ("localhost/app", "localhost", "app", "latest"),
        ("host:5000/a/b:c", "host:5000", "a/b", "c"),
        ("ghcr.io/o/a:1@sha256:" + "a" * 64, "ghcr.io", "o/a", "sha256:" + "a" * 64),
    ],
)
def test_names(text, host, repository, wanted):
    found = parse(text)
    assert (found.host, found.repository, found.wanted) == (host, repository, wanted)


def test_a_mirror_has_what_the_registry_itself_has_not_to_be_asked_for(registry):
    conf(f'[[registry]]\nlocation = "{NOWHERE}"\n[[registry.mirror]]\nlocation = "{registry.address}"\n')
    found = analyze(f"registry:{NOWHERE}/site:1.0")
    assert found.image.names == (f"{NOWHERE}/site:1.0",)


def test_a_mirror_that_is_of_no_use_is_passed_by(registry):
    conf(f'[[registry]]\nlocation = "{registry.address}"\n[[registry.mirror]]\nlocation = "{NOWHERE}"\n')
    assert analyze(f"registry:{registry.address}/site:1.0").layers
    conf(f'[[registry]]\nlocation = "{registry.address}"\n[[registry.mirror]]\nlocation = "{registry.address}/no"\n')
    assert analyze(f"registry:{registry.address}/webapp:gzip").layers


def test_prefixes_and_blocks():
    conf(
        'short-name-mode = "enforcing"\n'
        '[[registry]]\nprefix = "example.com/old"\nlocation = "new.example.com/team"\ninsecure = true\n'
        '[[registry]]\nprefix = "*.bad.example.com"\nblocked = true\n'
        '[[registry]]\nlocation = "docker.io"\n[[registry.mirror]]\nlocation = "m.example.com/hub"\n'
        '[[registry.mirror]]\nlocation = "d.example.com"\npull-from-mirror = "digest-only"\n'
    )
    assert told("example.com/old/app:1") == ["new.example.com/team/app"]
    assert told("example.com/older:1") == ["example.com/older"]
    assert told("python") == ["m.example.com/hub/library/python", "docker.io/library/python"]
    assert told("python@sha256:" + "a" * 64)[1] == "d.example.com/library/python"
    with pytest.raises(RegistryError, match="blocked"):
        told("x.bad.example.com/app")
    conf("[[registry")
    with pytest.raises(RegistryError, match="can't be read"):
        told("python")


def test_mirrors_of_docker(monkeypatch, tmp_path):
    file = tmp_path / "daemon.json"
    monkeypatch.setattr(places, "_DAEMON", file)
    file.write_text('{"registry-mirrors": ["https://mirror.example.com/", "ftp://x", 5, "http://10.0.0.1:5000"]}')
    assert told("python") == [f"{host}/library/python" for host in ("mirror.example.com", "10.0.0.1:5000", "docker.io")]
    assert told("ghcr.io/a/b") == ["ghcr.io/a/b"]


def test_short_names():
    conf('[aliases]\n"fedora" = "registry.fedoraproject.org/fedora"\n', "registries.conf.d/x.conf")
    assert places.alias("fedora:42") == "registry.fedoraproject.org/fedora:42"
    for text in ("python:3.12", "localhost/fedora", "a.b/fedora", "team/fedora"):
        assert places.alias(text) == text


def test_a_project_says_where_names_are_looked_for(registry, imgscope, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = f"{registry.address}/site:1.0"
    (tmp_path / "imgscope.toml").write_text('[image]\nsource = ["docker", "registry"]\n')
    assert imgscope("analyze", name, "--no-tui", env={"DOCKER_HOST": f"unix://{tmp_path}/no.sock"}).returncode == 0
    assert options.chosen.kinds() == ("engine", "registry")
    for wrong in ('source = ["dockr"]', "source = 5", "sources = []", "source = []"):
        (tmp_path / "imgscope.toml").write_text(f"[image]\n{wrong}\n")
        with pytest.raises((ConfigError, options.UsageError)):
            options.chosen.kinds()
