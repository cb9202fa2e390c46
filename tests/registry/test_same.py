"""One image from everywhere: an engine, an archive, a layout and a registry tell the same of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from imgscope import analyze
from imgscope.report.interface import Options
from imgscope.report.json import render

from .test_reading import layout_of

pytestmark = pytest.mark.engine

# What is a matter of how the image is stored, or where: the rest is what it is.
STORED = ("reference", "names", "verified", "manifest_digest", "blob_bytes", "compressed_estimate", "id", "config")
OF_LAYERS = ("digest", "media_type", "compression", "blob_bytes", "blob_name", "compressed_estimate", "blob_linked")


def facts(analysis) -> dict:
    document = json.loads(b"".join(render(analysis, Options(width=100))))
    for key in STORED:
        document["image"].pop(key, None)
    for row in document["layers"]:
        for key in OF_LAYERS:
            row.pop(key, None)
    return document


@pytest.fixture(scope="module")
def engine_is_there():
    if not shutil.which("docker") or subprocess.run(["docker", "version"], capture_output=True).returncode:
        if os.environ.get("CI") == "true":
            pytest.fail("the gate must run these: needs a Docker engine")
        pytest.skip("needs a Docker engine")


@pytest.fixture(scope="module")
def site():
    from tests.conftest import FIXTURES

    return FIXTURES / "site.tar"


def test_the_same_image_from_everywhere(registry, engine_is_there, site, tmp_path):
    name = "imgscope-registry-test:same"
    loaded = subprocess.run(["docker", "load", "-i", site], capture_output=True, text=True, check=True).stdout
    subprocess.run(["docker", "tag", loaded.rpartition(": ")[2].strip(), name], check=True)
    try:
        reference = f"registry:{registry.address}/site:1.0"
        wanted = facts(analyze(reference))
        assert facts(analyze(f"docker:{name}")) == wanted
        assert facts(analyze(site)) == wanted
        assert facts(analyze(layout_of(registry, reference, tmp_path / "layout"))) == wanted
    finally:
        subprocess.run(["docker", "rmi", name], capture_output=True)
