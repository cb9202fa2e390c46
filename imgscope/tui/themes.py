"""The two looks that are made for this program; Textual's own themes can be chosen as well."""

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
THEMES = (DARK, LIGHT)
# Themes of Textual's own have none of these, so they are made from what every theme has.
FALLBACK = {
    "foreground-muted": "foreground-darken-2",
    "border-blurred": "panel-lighten-2",
    "cursor": "primary-muted",
    "cursor-blurred": "panel",
    "rewritten": "secondary",
    "wasted": "warning",
}
