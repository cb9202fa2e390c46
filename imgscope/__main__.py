"""``python -m imgscope``, and the command ``imgscope``."""

import gc
import os
import sys
from contextlib import suppress


def main() -> None:
    """Run the command line. To import it takes a moment, in which Ctrl-C ends the program as it does later."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        # Asked by scripts, and answered without what reads a command line, which takes 20 ms to load. Where it can't be
        # written, the command line says so.
        from . import __version__

        with suppress(OSError):
            os.write(1, f"imgscope {__version__}\n".encode())
            return
    # Loading modules makes no rubbish either: looking for it costs a tenth of the start.
    gc.disable()
    try:
        from . import ending

        ending.at_once()
        from .cli import main as command_line
    except KeyboardInterrupt:
        os._exit(130)
    command_line()


if __name__ == "__main__":
    main()
