"""The registry of the registry's tests, here too."""

from tests.registry.conftest import inside, nobody, registry, tools

__all__ = ["inside", "nobody", "registry", "tools"]
