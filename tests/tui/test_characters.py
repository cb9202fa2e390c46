"""Terminals that can't show all: ASCII forms, and colours that are there."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from rich.color import Color, ColorSystem

from imgscope.tui import themes
from imgscope.tui.characters import FORMS, is_utf8, to_ascii


@pytest.mark.parametrize(
    ("environment", "coerced", "utf8"),
    [
        ({"LC_ALL": "C"}, True, False),
        ({"LC_ALL": "POSIX"}, True, False),
        # Python sets LC_CTYPE itself in the C locale.
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, True, False),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, False, True),
        ({"LANG": "C.UTF-8"}, False, True),
        ({"LANG": "en_US.utf8"}, False, True),
        # Not installed here, so Python fell back to C; the terminal is as it says all the same.
        ({"LANG": "de_DE.UTF-8", "LC_CTYPE": "C.UTF-8"}, True, True),
        ({"LANG": "de_DE.ISO-8859-1", "LC_CTYPE": "C.UTF-8"}, True, False),
        ({"LANG": "de_DE@euro.ISO-8859-15"}, False, False),
        ({"LC_ALL": "ja_JP.eucJP", "LANG": "C.UTF-8"}, False, False),
        ({"LC_ALL": "", "LC_CTYPE": "", "LANG": ""}, True, True),
        ({"LC_CTYPE": "C.UTF-8"}, True, True),
    ],
)
def test_the_locale_decides(environment, coerced, utf8):
    assert is_utf8(environment, coerced) is utf8


def test_every_form_is_one_ascii_cell_for_one_cell():
    for char, form in FORMS.items():
        assert len(form) == cell_len(char) == 1
        assert form.isascii()
        assert form.isprintable()


@pytest.mark.parametrize("text", ["│ ▸ bin/ █░▏…", "日本 a", "🇩🇪x", "e\u0301", "❤\ufe0f", "plain", "╬▞"])
def test_ascii_takes_the_same_cells(text):
    assert to_ascii(text).isascii()
    assert len(to_ascii(text)) == cell_len(text)


@pytest.mark.parametrize("theme", [themes.DARK_256, themes.LIGHT_256], ids=lambda theme: theme.name)
def test_256_colours_are_shown_as_they_are_meant(theme):
    shades = [theme.primary, theme.secondary, theme.accent, theme.success, theme.warning, theme.error, theme.background]
    for shade in (*shades, *(value for value in theme.variables.values() if value.startswith("#"))):
        color = Color.parse(shade)
        shown = color.downgrade(ColorSystem.EIGHT_BIT).get_truecolor()
        assert max(abs(a - b) for a, b in zip(color.triplet, shown, strict=True)) <= 10, shade


def test_the_theme_fits_the_terminal():
    assert themes.fitting("standard", light=True) == "imgscope-16"
    assert themes.fitting("256", light=False) == "imgscope-dark-256"
    assert themes.fitting("256", light=True) == "imgscope-light-256"
    assert themes.fitting("truecolor", light=False) == "imgscope-dark"
    assert themes.fitting(None, light=False) == "imgscope-dark"
    for theme in (themes.DARK, themes.DARK_256, themes.LIGHT, themes.LIGHT_256):
        there = themes.counterpart(theme.name, dark=theme.dark)
        assert themes.counterpart(there, dark=not theme.dark) == theme.name
