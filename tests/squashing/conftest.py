"""The engine's images of the engine's tests, here too."""

from tests.engine.conftest import base, built, container_extras, engine

__all__ = ["base", "built", "container_extras", "engine"]
