"""imgscope: where a container image's bytes come from, which are wasted, and how to get rid of them.

::

    import imgscope

    analysis = imgscope.analyze("app.tar")
    print(analysis.image.wasted_bytes)
    for waste in analysis.top_waste(10):
        print(waste.path, waste.bytes, waste.reason)
"""

from __future__ import annotations

# As in typing, which takes too long to import for a plugin that Docker asks at every `docker --help`.
TYPE_CHECKING = False

__version__ = "0.1.0"

if TYPE_CHECKING:
    from typing import Any

    from .analysis import Analysis as Analysis
    from .analyzer import analyze as analyze
    from .errors import ImgscopeError as ImgscopeError

# The public face, and where each name is kept: loaded when it is used, so that start-up costs nothing.
_FACE = {"analyze": "analyzer", "Analysis": "analysis", "ImgscopeError": "errors"}

__all__ = ["Analysis", "ImgscopeError", "__version__", "analyze"]


def __getattr__(name: str) -> Any:
    if name in _FACE:
        from importlib import import_module

        value = getattr(import_module(f".{_FACE[name]}", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
