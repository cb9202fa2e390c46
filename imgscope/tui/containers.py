"""Containers of which nothing scrolls: when one gets another size, all of the screen is laid out once.

Textual lays it out and draws it a second time, because how much could be scrolled is another number then.
"""

from __future__ import annotations

from textual import containers
from textual.geometry import Size
from textual.reactive import Reactive


class Row(containers.Horizontal):
    """Widgets side by side."""

    virtual_size = Reactive(Size(0, 0), repaint=False)


class Column(containers.Vertical):
    """Widgets one above the other."""

    virtual_size = Reactive(Size(0, 0), repaint=False)
