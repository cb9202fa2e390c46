"""Where a fleet's images are found: registries, engines, archives, lists. Nothing of a layer is read here."""

from .find import Wanted, find

__all__ = ["Wanted", "find"]
