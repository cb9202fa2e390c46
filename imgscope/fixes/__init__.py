"""From advice to a proven fix: a Dockerfile is changed, built, tested and held against what it was.

``fix`` returns a ``Record``: what was made of it and by which proof, what was left and why, and the patch. Nothing of
the user's is touched by it; ``writing.write`` writes the files.
"""

from __future__ import annotations

import os

# As in typing, which the removal of what a run leaves has no use for.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from ..progress import Progress
    from .model import Options, Record

__all__ = ["fix"]


def fix(
    context: str | os.PathLike[str] = ".",
    dockerfile: str | None = None,
    *,
    image: str | None = None,
    options: Options | None = None,
    arguments: tuple[str, ...] = (),
    secrets: tuple[str, ...] = (),
    ssh: tuple[str, ...] = (),
    target: str = "",
    network: str = "",
    client: str | None = None,
    cache: bool = True,
    progress: Progress | None = None,
) -> Record:
    """Fix the Dockerfile of a folder, prove it, and return what came of it; nothing is written.

    ``dockerfile`` is by default the folder's; where it is a compose file, ``context`` names a service. ``image`` is
    what it has built already: then that is not built again. ``client`` is ``docker``, ``podman`` or ``buildah``, by
    default the first that answers. The rest is handed to the builder as it is. Raises ``UsageError`` where the
    Dockerfile can't be read or a test fails in the image as it is, ``EngineError`` where nothing builds or the
    Dockerfile does not, ``ImageError`` where the image can't be read.
    """
    from .model import Options as Chosen
    from .recipe import read_recipe
    from .run import run

    recipe = read_recipe(
        os.fspath(context),
        dockerfile,
        arguments=arguments,
        secrets=secrets,
        ssh=ssh,
        target=target,
        network=network,
    )
    return run(recipe, image, options or Chosen(), client=client, cache=cache, progress=progress)
