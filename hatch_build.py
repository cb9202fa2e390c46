"""Adds what the wheel has beside the package: manual pages, made from the commands' help, and shells' completion."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_COMPLETION = {
    "imgscope.bash": "share/bash-completion/completions/imgscope",
    "imgscope.zsh": "share/zsh/site-functions/_imgscope",
    "imgscope.fish": "share/fish/vendor_completions.d/imgscope.fish",
}


class Hook(BuildHookInterface):  # type: ignore[misc,type-arg,unused-ignore]
    """Called by hatchling around the build of a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the pages in a temporary folder and say where they go."""
        if version == "editable":
            return
        root = Path(self.root)
        self._folder = tempfile.mkdtemp(prefix="imgscope-man-")
        sys.path[:0] = [str(root), str(root / "docs")]
        try:
            from make_man import pages
        finally:
            del sys.path[:2]
        for name, text in pages().items():
            path = Path(self._folder) / name
            path.write_text(text)
            build_data["shared_data"][str(path)] = f"share/man/man1/{name}"
        for name, place in _COMPLETION.items():
            build_data["shared_data"][str(root / "imgscope" / "completion" / name)] = place

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Take the temporary folder away."""
        if version != "editable":
            shutil.rmtree(self._folder, ignore_errors=True)
