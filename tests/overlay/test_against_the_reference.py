"""The fast implementation against the slow one, on stacks that hypothesis makes.

``IMGSCOPE_EXAMPLES=20000 pytest tests/overlay/test_against_the_reference.py`` looks longer, at other stacks each
time; without it the examples are few and always the same.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import imgscope
from tests.oracle import compare, reference
from tests.oracle.maketar import docker_archive
from tests.oracle.strategies import stacks

LONG = os.environ.get("IMGSCOPE_EXAMPLES")
EXAMPLES = int(LONG or 1000)
quick = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=not LONG,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stacks") / "image.tar"


def analyzed(path: Path) -> reference.Result:
    with imgscope.analyze(path, cache=False) as analysis:
        return compare.result_of(analysis)


@quick
@given(stack=stacks())
def test_an_image_reads_as_the_reference_says(image, stack):
    docker_archive(image, stack)
    compare.assert_same(analyzed(image), reference.stack(stack))


@settings(quick, max_examples=EXAMPLES // 5)
@given(stack=stacks(max_layers=6, max_members=30))
def test_so_does_a_large_one(image, stack):
    docker_archive(image, stack)
    compare.assert_same(analyzed(image), reference.stack(stack))


@settings(quick, max_examples=EXAMPLES // 5)
@given(stack=stacks(), piece=st.sampled_from((1 << 20, 512, 700, 1)))
def test_every_way_to_read_the_layers_gives_the_same(image, stack, piece):
    expected = reference.stack(stack)
    streamed = compare.analyze_layers(stack, lambda data: compare.scanned_stream(data, piece))
    compare.assert_same(compare.result_of(streamed), expected)
    for compression in ("gzip", "zstd"):
        docker_archive(image, stack, compression)
        compare.assert_same(analyzed(image), expected)


@settings(quick, max_examples=EXAMPLES // 5)
@given(stack=stacks())
def test_the_tree_as_of_each_layer_is_that_of_the_layers_up_to_it(stack):
    analysis = compare.analyze_layers(stack)
    for number in range(len(stack)):
        tree = analysis.tree(number)
        shorter = compare.analyze_layers(stack[: number + 1])
        assert [tree.row(*pair) for pair in tree.overlay.paths()] == list(shorter.files)
