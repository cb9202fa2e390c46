"""The JSON Schema of the configuration, made of the rules themselves: for editors, and for programs that write one."""

from __future__ import annotations

import json
from typing import Any

from ..suggestions.config import KEYS
from .config import IMAGE_KEYS, OTHER_KEYS
from .rules import RULES, Rule
from .values import AMOUNT, CODES, GLOBS, NUMBER, PART, SIZE, SWITCH, Kind

_KINDS = {
    "size": SIZE,
    "count": NUMBER,
    "share": PART,
    "size-or-share": AMOUNT,
    "switch": SWITCH,
    "globs": GLOBS,
    "suggestions": CODES,
}

_OFF = {"enum": [False, "off", "disabled"], "description": "Switches off what was set more generally."}
_GLOBS = {
    "anyOf": [
        {"type": "string", "pattern": "[^/ ]"},
        {"type": "array", "items": {"type": "string", "pattern": "[^/ ]"}},
    ]
}
_TEXT = {"type": "string", "minLength": 1}
_OTHERS: dict[str, dict[str, Any]] = {
    "baseline": _TEXT,
    "dockerfile": _TEXT,
    "ignored-paths": _GLOBS,
    "allow-skipped": {"type": "boolean"},
}


def _of_kind(kind: Kind) -> dict[str, Any]:
    value = kind.schema
    if kind is AMOUNT:
        both = {"type": "array", "items": value, "minItems": 1, "maxItems": 2}
        value = {"anyOf": [*value["anyOf"], {**both, "description": "A size and a share: neither may be passed."}]}
    severities = {
        "type": "object",
        "properties": {"fail": value, "warn": value},
        "additionalProperties": False,
        "minProperties": 1,
    }
    return {"description": f"Such as {kind.example}.", "anyOf": [value, severities, _OFF]}


def _of_rule(rule: Rule) -> dict[str, Any]:
    kind = next(name for name, kind in _KINDS.items() if kind is rule.kind)
    setting = {"$ref": f"#/$defs/{kind}"}
    if not rule.by_subject:
        return {"description": rule.summary, **setting}
    return {
        "description": rule.summary,
        "type": "object",
        "propertyNames": {"pattern": "[^/ ]"},
        "additionalProperties": setting,
    }


def schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12) of imgscope.toml, and of [tool.imgscope] in pyproject.toml."""
    keys = {rule.name: _of_rule(rule) for rule in RULES.values()}
    keys |= {name: {"description": text, **_OTHERS[name]} for name, text in OTHER_KEYS.items()}
    name = {"description": IMAGE_KEYS["name"], "type": "string", "minLength": 1}
    of_image = {
        "type": "object",
        "properties": {"name": name, **keys},
        "required": ["name"],
        "additionalProperties": False,
    }
    images = {"description": "Budgets of some of the images, by name pattern.", "type": "array", "items": of_image}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "imgscope.toml",
        "description": "Settings of imgscope check and imgscope suggest.",
        "type": "object",
        "properties": {
            "$schema": {"type": "string"},
            "check": {
                "description": "Budgets of all images.",
                "type": "object",
                "properties": {**keys, "image": images},
                "additionalProperties": False,
            },
            "image": {
                "description": "Where images are looked for.",
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "source": {
                        "description": "Sources that are asked in turn for a name without a scheme.",
                        "type": "array",
                        "items": {"enum": ["docker", "podman", "registry"]},
                        "minItems": 1,
                    }
                },
            },
            "suggest": {
                "description": "What imgscope suggest looks for.",
                "type": "object",
                "properties": {name: {"description": text, **value} for name, (text, value) in KEYS.items()},
                "additionalProperties": False,
            },
        },
        "additionalProperties": False,
        "$defs": {name: _of_kind(kind) for name, kind in _KINDS.items()},
    }


def schema_text() -> str:
    """Return the schema as it is printed and shipped."""
    return json.dumps(schema(), indent=1) + "\n"
