"""``imgscope fleet scan``."""

from __future__ import annotations

from datetime import datetime

import click

from ..common import place_options


@click.command()
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True)
@click.option("--store", "path", metavar="DIR", required=True, help="Where the store is, or will be: a folder or URL.")
@click.option("--platform", metavar="OS/ARCH", help="Choose from images for several platforms.")
@click.option("--newest", metavar="N", type=click.IntRange(1), help="Only the last N tags of a repository, by version.")
@click.option("--since", metavar="DATE", type=click.DateTime(), help="Only images of registries that were made since.")
@place_options
@click.option("--jobs", metavar="N", type=click.IntRange(1, 256), help="Processes that read images (one a processor).")
@click.option("--scheduler", metavar="ADDRESS", help="Read on a Dask cluster: its scheduler, as in tcp://HOST:8786.")
@click.option("--dask", type=click.Choice(["local"]), help="Read on a Dask cluster that is made on this machine.")
@click.option("--no-digests", is_flag=True, help="Leave out the sha256 of files' contents.")
@click.option(
    "--log", type=click.Choice(["text", "json"]), default="text", show_default=True, help="What to write to stderr."
)
def command(
    sources: tuple[str, ...],
    path: str,
    platform: str | None,
    newest: int | None,
    since: datetime | None,
    jobs: int | None,
    scheduler: str | None,
    dask: str | None,
    no_digests: bool,
    log: str,
) -> int:
    """Read the images of registries, engines and archives into a store; each layer is read once.

    SOURCE is registry:HOST (all that its catalog lists), registry:HOST/REPO, registry:HOST/REPO:GLOB, docker: or
    podman: (all images of the engine that have a name), an archive, a layout, a folder of them, any reference of an
    image, a file of such, or - for standard input.

    What the store has is not read again: run it again after an interruption, or every night. Exit codes: 0 fine, 1
    some images could not be read (they are listed), 2 usage error, 3 none could be read.

    \b
    Examples:
      imgscope fleet scan registry:registry.example.com --store fleet
      imgscope fleet scan 'registry:ghcr.io/org/app:2.*' docker: backups/ --store fleet
      imgscope fleet scan - --store s3://bucket/fleet --scheduler tcp://10.0.0.5:8786
    """
    import gc

    from ...fleet.scanning import start

    # Unlike one analysis, a long scan does make rubbish.
    gc.enable()
    return start(
        sources,
        path,
        platform=platform,
        newest=newest,
        since=since,
        jobs=jobs,
        scheduler=scheduler,
        local=dask == "local",
        digests=not no_digests,
        json_log=log == "json",
    )
