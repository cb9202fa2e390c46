"""A real registry, filled by skopeo."""

from __future__ import annotations

import os
import subprocess

import pytest

from imgscope import cli
from imgscope.sources import options
from imgscope.sources.registry import places, transport
from tests.archive.images import Image, attestation, descriptor, index_of, layer, manifest_of, platform_of
from tests.conftest import FIXTURES

from .servers import Registry, missing


@pytest.fixture(scope="session")
def tools():
    why = missing()
    if why is not None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"the gate must run these: {why}")
        pytest.skip(why)


@pytest.fixture(autouse=True)
def nobody(tmp_path, monkeypatch):
    """No test finds the user's logins, proxies or settings, nor waits long."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("IMGSCOPE_REGISTRY") or name.startswith("SSL_CERT"):
            monkeypatch.delenv(name)
    for name in ("REGISTRY_AUTH_FILE", "IMGSCOPE_SOURCE"):
        monkeypatch.delenv(name, raising=False)
    empty = tmp_path / "nobody"
    for name, folder in {"DOCKER_CONFIG": "docker", "XDG_CONFIG_HOME": "config", "XDG_RUNTIME_DIR": "run"}.items():
        monkeypatch.setenv(name, str(empty / folder))
    monkeypatch.setattr(places, "_SYSTEM", empty)
    monkeypatch.setattr(places, "_DAEMON", empty / "daemon.json")
    monkeypatch.setattr(transport, "pause", lambda seconds: None)
    monkeypatch.setattr(options, "chosen", options.chosen)
    before = (options.chosen.sources, options.chosen.jobs, options.chosen.login, options.chosen.login_host)
    options.chosen.login_host = ""
    yield
    options.chosen.sources, options.chosen.jobs, options.chosen.login, options.chosen.login_host = before


@pytest.fixture(scope="session")
def registry(tools, tmp_path_factory) -> Registry:
    """A registry without a login, with the tests' images in every form that skopeo can write."""
    found = Registry(tmp_path_factory.mktemp("registry"))
    webapp, site = f"oci-archive:{FIXTURES / 'webapp.tar'}", f"docker-archive:{FIXTURES / 'site.tar'}"
    found.push(webapp, "webapp:gzip")
    found.push(webapp, "webapp:zstd", "--format=oci", "--dest-compress-format=zstd")
    found.push(site, "site:1.0")
    found.push(site, "site:oci", "--format=oci")
    yield found
    found.stop()


ARM = Image(layers=(layer(bottom="arm" * 1000),), platform="linux/arm64")
AMD = Image(layers=(layer(bottom="amd" * 1000), layer(etc="x")), platform="linux/amd64")


@pytest.fixture(scope="session")
def platforms(registry) -> str:
    """An image for two platforms, with an attestation, in a nested index."""
    members: dict[str, bytes] = {}
    amd = {**manifest_of(AMD, members), "platform": platform_of("linux/amd64")}
    arm = {**manifest_of(ARM, members), "platform": platform_of("linux/arm64")}
    inner = descriptor(index_of(arm, attestation(members, amd)), members, "index.v1+json")
    return registry.upload("several", "1", members, descriptor(index_of(amd, inner), members, "index.v1+json"))


@pytest.fixture
def inside(capfd):
    """Run the command line in this process, which is much sooner; returns what ``imgscope`` does."""

    def run(*arguments: object):
        capfd.readouterr()
        code = cli.run([str(word) for word in arguments])
        out, err = capfd.readouterr()
        return subprocess.CompletedProcess(arguments, code, out, err)

    return run
