from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.oracle import compare, reference

Read = Callable[..., reference.Result]


@pytest.fixture(params=["imgscope", "reference"])
def read(request: pytest.FixtureRequest) -> Read:
    """Analyse layers, bottom first, with the product and with the reference: each case holds for both."""
    if request.param == "reference":
        return lambda *layers: reference.stack(layers)
    return lambda *layers: compare.result_of(compare.analyze_layers(layers))
