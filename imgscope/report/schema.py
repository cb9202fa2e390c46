"""The JSON Schema of a saved analysis, as shipped with the package."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any


def analysis_schema() -> dict[str, Any]:
    """Return the schema of ``imgscope analyze --format json``."""
    schema: dict[str, Any] = json.loads(files(__package__).joinpath("analysis.schema.json").read_text("utf-8"))
    return schema
