"""Puts the one file together: template, style, script, and the data compressed between tags where nothing can be live.

What an image holds gets into the file in two places only: the data, as base64 of compressed JSON, and the title,
escaped. The policy in the file lets its own script and style run, by their hashes, and nothing be fetched.
"""

from __future__ import annotations

import zlib
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from html import escape as escape_html
from importlib.resources import files
from typing import Any

from ...escape import escape
from ..portable import dumps

# The longest title: a browser's tab shows a few dozen characters.
_TITLE = 200


@cache
def asset(name: str) -> str:
    """Return a file of ``assets/``."""
    return (files(__package__) / "assets" / name).read_text(encoding="utf-8")


def policy(script: str, style: str) -> str:
    """Return the Content-Security-Policy that allows this script and this style, and nothing else."""
    allowed = " ".join(
        (
            "default-src 'none';",
            f"script-src '{_hash(script)}';",
            f"style-src '{_hash(style)}';",
            "img-src data:;",
            "base-uri 'none';",
            "form-action 'none'",
        )
    )
    return allowed


def _hash(text: str) -> str:
    return "sha256-" + b64encode(sha256(text.encode()).digest()).decode("ascii")


def assemble(document: dict[str, Any], title: str) -> Iterator[bytes]:
    """Yield the file: the same for the same document, byte for byte."""
    script, style = asset("page.js"), asset("page.css")
    shown = escape_html(escape(title)[:_TITLE])
    before, after = asset("page.html").split("<!--data-->")
    for mark, text in (("<!--title-->", shown), ("<!--policy-->", policy(script, style))):
        before = before.replace(mark, text)
    yield before.replace("/*style*/", style).encode("utf-8", "replace")
    # zlib's format has no time and no name in it, as gzip's has.
    yield b64encode(zlib.compress(dumps(document, indent=None, base64=False), 9))
    yield after.replace("/*script*/", script).encode()
