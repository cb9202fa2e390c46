"""``python -m imgscope``."""

from .cli import main

main()
