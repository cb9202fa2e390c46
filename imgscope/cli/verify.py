"""``imgscope verify``."""

from __future__ import annotations

import click

from ..errors import CheckFailedError
from .common import source_options


@click.command()
@click.argument("reference", metavar="IMAGE")
@source_options
@click.option("--platform", metavar="OS/ARCH", help="Choose from an image for several platforms.")
@click.option("--image", metavar="NAME", help="Choose by name, tag or digest where there are several images.")
def command(reference: str, platform: str | None, image: str | None) -> None:
    """Recompute an image's digests: its config's, and every layer's blob digest and diff_id.

    Exits with 1 when one is wrong.

    \b
    Example:
      imgscope verify app.tar
    """
    from ..progress import terminal_progress

    progress = terminal_progress(reference)
    from ..report.sizes import quantity
    from ..verify import verify

    checks = verify(reference, platform=platform, image=image, progress=progress)
    if progress is not None:
        progress.finish()
    width = max(len(check.what) for check in checks)
    for check in checks:
        word = "ok" if check.ok else "WRONG" if check.actual is not None else "unknown" if check.unchecked else "absent"
        click.echo(f"{word:<7} {check.what:<{width}}  {check.actual or check.expected or '-'}")
        if check.unchecked:
            click.echo(f"        {'not checked':<{width}}  {check.unchecked}")
        if not check.ok and check.actual is not None:
            click.echo(f"        {'claimed':<{width}}  {check.expected}")
    wrong = [check for check in checks if not check.ok and check.actual is not None]
    if wrong:
        raise CheckFailedError(
            f"{quantity(len(wrong), 'digest')} of {len(checks)} wrong: the image is damaged or forged"
        )
