"""imgscope: where a container image's bytes come from, which are wasted, and how to get rid of them.

::

    import imgscope

    with imgscope.analyze("app.tar") as analysis:
        print(analysis.image.wasted_bytes)
        for waste in analysis.top_waste(10):
            print(waste.path, waste.bytes, waste.reason)

``diff``, ``check``, ``suggest`` and ``bases`` take a reference or an analysis alike: see docs/api.md.
"""

from __future__ import annotations

# As in typing, which takes too long to import for a plugin that Docker asks at every `docker --help`.
TYPE_CHECKING = False

__version__ = "0.1.0"

if TYPE_CHECKING:
    from typing import Any

    from .analysis import Analysis as Analysis
    from .analyzer import analyze as analyze
    from .base_images.compare import Bases as Bases
    from .base_images.compare import Candidate as Candidate
    from .base_images.compare import bases as bases
    from .base_images.find import Base as Base
    from .base_images.fit import Fit as Fit
    from .base_images.fit import Lack as Lack
    from .checks.model import Cause as Cause
    from .checks.model import Causes as Causes
    from .checks.model import CheckReport as CheckReport
    from .checks.model import ImageCheck as ImageCheck
    from .checks.model import RuleResult as RuleResult
    from .checks.run import check as check
    from .differences import diff as diff
    from .differences.model import Break as Break
    from .differences.model import ConfigDifference as ConfigDifference
    from .differences.model import Difference as Difference
    from .differences.model import DirectoryDifference as DirectoryDifference
    from .differences.model import FileDifference as FileDifference
    from .differences.model import Filter as Filter
    from .differences.model import LayerPair as LayerPair
    from .differences.model import PackageDifference as PackageDifference
    from .differences.model import Pull as Pull
    from .errors import AmbiguousImageError as AmbiguousImageError
    from .errors import ArchiveError as ArchiveError
    from .errors import ArtifactError as ArtifactError
    from .errors import CheckFailedError as CheckFailedError
    from .errors import ConfigError as ConfigError
    from .errors import ContentUnavailableError as ContentUnavailableError
    from .errors import EncryptedLayerError as EncryptedLayerError
    from .errors import EngineError as EngineError
    from .errors import ImageError as ImageError
    from .errors import ImageNotFoundError as ImageNotFoundError
    from .errors import ImgscopeError as ImgscopeError
    from .errors import LayerError as LayerError
    from .errors import LimitError as LimitError
    from .errors import NoPlatformError as NoPlatformError
    from .errors import PathNotFoundError as PathNotFoundError
    from .errors import PlatformError as PlatformError
    from .errors import RegistryError as RegistryError
    from .errors import UsageError as UsageError
    from .history import HistoryStep as HistoryStep
    from .largest import DirectorySize as DirectorySize
    from .largest import FileSize as FileSize
    from .largest import PackageSize as PackageSize
    from .largest import PackageSizes as PackageSizes
    from .layer.estimate import Estimate as Estimate
    from .pulls.cost import PullCost as PullCost
    from .pulls.cost import PulledLayer as PulledLayer
    from .pulls.cost import pull_cost as pull_cost
    from .reading import ReadOptions as ReadOptions
    from .rollup import WasteGroup as WasteGroup
    from .rootfs.resolve import Resolved as Resolved
    from .rows import Change as Change
    from .rows import ConfigSecret as ConfigSecret
    from .rows import DiveFigures as DiveFigures
    from .rows import Duplicate as Duplicate
    from .rows import Event as Event
    from .rows import File as File
    from .rows import Image as Image
    from .rows import Layer as Layer
    from .rows import Totals as Totals
    from .rows import Waste as Waste
    from .rows import WastedPath as WastedPath
    from .squashing.run import Squashed as Squashed
    from .squashing.run import SquashedLayer as SquashedLayer
    from .squashing.run import squash as squash
    from .suggestions.fix.model import Fixed as Fixed
    from .suggestions.image import suggest as suggest
    from .suggestions.model import Evidence as Evidence
    from .suggestions.model import Finding as Finding
    from .suggestions.model import Suggestions as Suggestions
    from .trends.collect import trend as trend
    from .trends.model import Jump as Jump
    from .trends.model import Point as Point
    from .trends.model import Trend as Trend

# The public face, and where each name is kept: loaded when it is used, so that start-up costs nothing.
_FACE = {
    "AmbiguousImageError": "errors",
    "Analysis": "analysis",
    "ArchiveError": "errors",
    "ArtifactError": "errors",
    "Base": "base_images.find",
    "Bases": "base_images.compare",
    "Break": "differences.model",
    "Candidate": "base_images.compare",
    "Cause": "checks.model",
    "Causes": "checks.model",
    "Change": "rows",
    "CheckFailedError": "errors",
    "CheckReport": "checks.model",
    "ConfigDifference": "differences.model",
    "ConfigError": "errors",
    "ConfigSecret": "rows",
    "ContentUnavailableError": "errors",
    "Difference": "differences.model",
    "DirectoryDifference": "differences.model",
    "DirectorySize": "largest",
    "DiveFigures": "rows",
    "Duplicate": "rows",
    "EncryptedLayerError": "errors",
    "EngineError": "errors",
    "Estimate": "layer.estimate",
    "Event": "rows",
    "Evidence": "suggestions.model",
    "File": "rows",
    "FileDifference": "differences.model",
    "FileSize": "largest",
    "Filter": "differences.model",
    "Finding": "suggestions.model",
    "Fit": "base_images.fit",
    "Fixed": "suggestions.fix.model",
    "HistoryStep": "history",
    "Image": "rows",
    "ImageCheck": "checks.model",
    "ImageError": "errors",
    "ImageNotFoundError": "errors",
    "ImgscopeError": "errors",
    "Jump": "trends.model",
    "Lack": "base_images.fit",
    "Layer": "rows",
    "LayerError": "errors",
    "LayerPair": "differences.model",
    "LimitError": "errors",
    "PackageDifference": "differences.model",
    "PackageSize": "largest",
    "PackageSizes": "largest",
    "PathNotFoundError": "errors",
    "NoPlatformError": "errors",
    "PlatformError": "errors",
    "RegistryError": "errors",
    "Point": "trends.model",
    "Pull": "differences.model",
    "PullCost": "pulls.cost",
    "PulledLayer": "pulls.cost",
    "ReadOptions": "reading",
    "Resolved": "rootfs.resolve",
    "RuleResult": "checks.model",
    "Squashed": "squashing.run",
    "SquashedLayer": "squashing.run",
    "Suggestions": "suggestions.model",
    "Totals": "rows",
    "Trend": "trends.model",
    "UsageError": "errors",
    "Waste": "rows",
    "WasteGroup": "rollup",
    "WastedPath": "rows",
    "analyze": "analyzer",
    "bases": "base_images.compare",
    "check": "checks.run",
    "diff": "differences",
    "pull_cost": "pulls.cost",
    "squash": "squashing.run",
    "suggest": "suggestions.image",
    "trend": "trends.collect",
}

__all__ = ["__version__", *_FACE]  # noqa: PLE0604 (they are)


def __getattr__(name: str) -> Any:
    if name in _FACE:
        from importlib import import_module

        value = getattr(import_module(f".{_FACE[name]}", __name__), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
