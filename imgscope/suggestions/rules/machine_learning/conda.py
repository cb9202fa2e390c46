"""Where conda lives, by the names that its installers and images give its folders."""

from __future__ import annotations

_NAMES = (b"envs", b"micromamba")
_BEGINNINGS = (b"miniforge", b"mambaforge")


def in_conda(path: bytes) -> bool:
    """Tell whether a path lies within an installation of conda, or one of its environments."""
    return any(
        folder in _NAMES or b"conda" in folder or folder.startswith(_BEGINNINGS) for folder in path.split(b"/")[:-1]
    )
