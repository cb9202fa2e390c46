"""Which repositories a registry has, where it tells (the distribution project's ``_catalog``)."""

from __future__ import annotations

from ...errors import ImageNotFoundError, RegistryError
from ..options import Options
from .client import MAX_PAGES, Client
from .names import REPOSITORY, Name

MAX_REPOSITORIES = 1_000_000


def catalog(host: str, options: Options | None = None) -> list[str]:
    """Return the names of a registry's repositories, in order: as many as whoever is logged in may see.

    Raises ``RegistryError``, also for a registry that lists none, as Docker Hub.
    """
    client = Client(Name(host, "_catalog"), options, scope="registry:catalog:*")
    try:
        return sorted(client.listed("/_catalog", "repositories", REPOSITORY, MAX_REPOSITORIES, MAX_PAGES))
    except ImageNotFoundError:
        raise RegistryError(
            f"{client.registry} does not list its repositories: name them, as in registry:HOST/REPOSITORY"
        ) from None
    finally:
        client.close()
