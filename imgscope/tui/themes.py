"""The looks that are made for this program, by the colours of the terminal; Textual's own can be chosen as well."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="imgscope-dark",
    primary="#6cb6ff",
    secondary="#4d7fb3",
    accent="#cfa6ff",
    success="#7bd88f",
    warning="#e5b95c",
    error="#ff8078",
    foreground="#cdd3db",
    background="#14171c",
    surface="#191d24",
    panel="#20252e",
    dark=True,
    variables={
        "foreground-muted": "#8790a0",
        "border-blurred": "#39414f",
        "cursor": "#2c3a4f",
        "cursor-blurred": "#222833",
        "rewritten": "#6fc7c9",
        "wasted": "#e09a6a",
        "block-cursor-background": "#2c3a4f",
        "block-cursor-foreground": "#ffffff",
        "footer-key-foreground": "#6cb6ff",
    },
)
LIGHT = Theme(
    name="imgscope-light",
    primary="#0a58a8",
    secondary="#7fa6cf",
    accent="#7a3fb5",
    success="#1c7a37",
    warning="#8f5d00",
    error="#b8281f",
    foreground="#262b33",
    background="#fcfcfb",
    surface="#f4f4f2",
    panel="#ebebe8",
    dark=False,
    variables={
        "foreground-muted": "#666e7a",
        "border-blurred": "#c3c7cd",
        "cursor": "#d3e3f5",
        "cursor-blurred": "#e9ebee",
        "rewritten": "#0d6f74",
        "wasted": "#a34b12",
        "block-cursor-background": "#d3e3f5",
        "block-cursor-foreground": "#101418",
        "footer-key-foreground": "#0a58a8",
    },
)
# Where there are 256 colours these are all among them, so that none is taken for the next best: a quiet blue would
# become teal.
DARK_256 = Theme(
    name="imgscope-dark-256",
    primary="#5fafff",
    secondary="#5f87af",
    accent="#d7afff",
    success="#87d787",
    warning="#d7af5f",
    error="#ff8787",
    foreground="#d0d0d0",
    background="#121212",
    surface="#1c1c1c",
    panel="#262626",
    dark=True,
    variables={
        "foreground-muted": "#8a8a8a",
        "border-blurred": "#444444",
        "cursor": "#3a3a3a",
        "cursor-blurred": "#262626",
        "rewritten": "#5fafaf",
        "wasted": "#d7875f",
        "block-cursor-background": "#3a3a3a",
        "block-cursor-foreground": "#ffffff",
        "footer-key-foreground": "#5fafff",
    },
)
LIGHT_256 = Theme(
    name="imgscope-light-256",
    primary="#005faf",
    secondary="#87afd7",
    accent="#8700af",
    success="#008700",
    warning="#875f00",
    error="#af0000",
    foreground="#262626",
    background="#ffffff",
    surface="#eeeeee",
    panel="#e4e4e4",
    dark=False,
    variables={
        "foreground-muted": "#6c6c6c",
        "border-blurred": "#bcbcbc",
        "cursor": "#d7d7ff",
        "cursor-blurred": "#e4e4e4",
        "rewritten": "#005f5f",
        "wasted": "#af5f00",
        "block-cursor-background": "#d7d7ff",
        "block-cursor-foreground": "#080808",
        "footer-key-foreground": "#005faf",
    },
)
# The first sixteen colours are what the person made of them, and so is the ground.
SIXTEEN = Theme(
    name="imgscope-16",
    ansi=True,
    primary="ansi_cyan",
    secondary="ansi_blue",
    accent="ansi_magenta",
    success="ansi_green",
    warning="ansi_yellow",
    error="ansi_red",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    dark=True,
    variables={
        "foreground-muted": "ansi_default",
        "border-blurred": "ansi_default",
        "cursor": "ansi_default",
        "cursor-blurred": "ansi_default",
        "rewritten": "ansi_cyan",
        "wasted": "ansi_yellow",
        "block-cursor-background": "ansi_cyan",
        "block-cursor-foreground": "ansi_black",
        # Textual's own widgets ask for these where a theme has the terminal's colours.
        "ansi-background": "ansi_black",
        "ansi-foreground": "ansi_white",
        "input-selection-background": "ansi_blue",
        "input-selection-foreground": "ansi_white",
        "screen-selection-background": "ansi_blue",
        "screen-selection-foreground": "ansi_white",
        "input-cursor-background": "ansi_default",
        "input-cursor-foreground": "ansi_default",
        "input-cursor-text-style": "reverse",
        "footer-key-foreground": "ansi_cyan",
        "scrollbar": "ansi_blue",
        "scrollbar-background": "ansi_default",
        "scrollbar-background-hover": "ansi_default",
        "scrollbar-background-active": "ansi_default",
        "scrollbar-corner-color": "ansi_default",
    },
)
THEMES = (DARK, LIGHT, DARK_256, LIGHT_256, SIXTEEN)


def fitting(depth: str | None, light: bool) -> str:
    """Return the name of the theme for a terminal by its colours (as rich names them: ``standard``, ``256``)."""
    if depth == "standard":
        return SIXTEEN.name
    return (LIGHT_256 if light else DARK_256).name if depth == "256" else (LIGHT if light else DARK).name


def counterpart(name: str, *, dark: bool) -> str:
    """Return the name of the light theme beside a dark one, and the other way round."""
    few = name in (DARK_256.name, LIGHT_256.name)
    return fitting("256" if few else None, light=dark)


# Themes of Textual's own have none of these, so they are made from what every theme has.
FALLBACK = {
    "foreground-muted": "foreground-darken-2",
    "border-blurred": "panel-lighten-2",
    "cursor": "primary-muted",
    "cursor-blurred": "panel",
    "rewritten": "secondary",
    "wasted": "warning",
}
