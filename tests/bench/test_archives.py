"""The archives that measurements rest on: the same at every making, and the same image in every compression."""

from __future__ import annotations

import imgscope
from tests.bench.archives import CODECS, make
from tests.bench.stages import STAGES, measure


def test_the_archives_are_what_they_claim(tmp_path):
    made = make(tmp_path / "one", "tiny", CODECS, lambda _: None)
    again = make(tmp_path / "two", "tiny", ["plain"], lambda _: None)
    assert made["plain"].read_bytes() == again["plain"].read_bytes()
    seen = set()
    for path in made.values():
        with imgscope.analyze(path) as analysis:
            layers = tuple((layer.diff_id, layer.entry_count, layer.content_bytes) for layer in analysis.layers)
            seen.add((analysis.image.id, layers, analysis.image.merged_bytes, analysis.image.dive))
    assert len(seen) == 1


def test_the_stages_of_an_analysis_are_measured(tmp_path):
    path = make(tmp_path, "tiny", ["plain"], lambda _: None)["plain"]
    found = measure(["analyze", str(path), "--no-cache"], 1, tmp_path / "notes")
    stages = {stage for stage, _ in found}
    assert {"scan a layer", "stack", "compare", "report"} <= stages <= set(STAGES)
