"""What suggest says a fix saves is what the rebuilt image has lost; what ``--fix`` writes builds and runs as before."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from imgscope import analyze
from imgscope.dockerfile import match, read
from imgscope.suggestions import Options, suggest
from imgscope.suggestions.fix import fix
from tests.engine.conftest import engine  # noqa: F401

from .build import Unreachable, _sources, base_for, build, build_image, context, smoke
from .pairs import PAIRS, Pair

pytestmark = pytest.mark.engine
# The gate builds all that needs no network, and these; ``python -m tests.pairs.build`` builds all.
IN_THE_GATE = ("apt-lists", "c")


def reachable() -> bool:
    """Tell whether the packages' registry answers."""
    try:
        parts = urlsplit(_sources()[0])
        socket.create_connection((parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)), 10).close()
    except (OSError, Unreachable):
        return False
    return True


@pytest.fixture(
    scope="module", params=[p for p in PAIRS if not p.registries or p.name in IN_THE_GATE], ids=lambda p: p.name
)
def built(request, engine):  # noqa: F811
    pair: Pair = request.param
    if pair.registries and not reachable():
        pytest.skip("the packages' registry can't be reached from here")
    with tempfile.TemporaryDirectory(prefix="imgscope-pairs-") as folder:
        try:
            return build(pair, Path(folder))
        except Unreachable as error:
            if os.environ.get("CI") == "true" and os.geteuid() == 0:
                pytest.fail(f"the gate must run these: {error}")
            pytest.skip(str(error))


def test_the_prediction_is_what_is_lost(built):
    assert built.output["sloppy"] == built.output["good"] != b""
    assert built.lost > 0
    assert abs(built.error) <= 0.05, (built.predicted, built.lost)


def test_a_fault_mended_alone_loses_what_its_finding_says(built):
    for codes, predicted, lost in built.single():
        assert lost > 0
        assert abs(predicted - lost) <= 0.05 * lost, (codes, predicted, lost)


def test_the_fault_is_found_by_its_rule(built):
    assert set(built.pair.found) <= {finding.code for finding in built.reports["sloppy"].findings}


def test_the_well_made_image_has_no_findings(built):
    assert built.false == []


@pytest.mark.parametrize("pair", [p for p in PAIRS if not p.registries], ids=lambda p: p.name)
def test_a_fixed_dockerfile_builds_and_runs_and_is_smaller(engine, tmp_path, pair):  # noqa: F811
    context(pair, tmp_path, base_for(pair))
    dockerfile = tmp_path / "Dockerfile.sloppy"
    tag = f"imgscope-pairs:{pair.name}-unfixed"
    build_image(tmp_path, dockerfile.name, tag, network=False)
    with analyze(tag, cache=False, contents=True) as analysis:
        fixed = fix(suggest(analysis, Options(min_size=10_000), dockerfile=match(read(dockerfile), analysis)))
        before = analysis.image.content_bytes
    said = smoke(tag, pair)
    (tmp_path / "Dockerfile.fixed").write_text(fixed.after.text)
    build_image(tmp_path, "Dockerfile.fixed", f"imgscope-pairs:{pair.name}-fixed", network=False)
    assert smoke(f"imgscope-pairs:{pair.name}-fixed", pair) == said
    with analyze(f"imgscope-pairs:{pair.name}-fixed", cache=False) as analysis:
        assert analysis.image.content_bytes < before if fixed.made else analysis.image.content_bytes == before
