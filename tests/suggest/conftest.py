"""Findings of images that are made for the purpose."""

from __future__ import annotations

import pytest

from imgscope import analyze
from imgscope.suggestions import Options, suggest
from tests.oracle.maketar import file, layer

# What makes a first layer a root filesystem.
SYSTEM = file("etc/os-release", b"ID=none")
BASE = ("ADD file:0123 in / ", layer(SYSTEM))


@pytest.fixture
def findings(make):
    """Return the findings of an image: ``findings(("RUN x", layer(…)), …, select=["IS1"])``; its base is one layer."""

    def look(*steps, select=(), min_size=1, config=None, base=True):
        steps = (BASE, *steps) if base else steps
        path = make(*(tar for _, tar in steps), instructions=[words for words, _ in steps], config=config)
        with analyze(path, cache=False) as analysis:
            return list(suggest(analysis, Options(tuple(select), (), min_size)).findings)

    return look
