"""Every key and what it does: the bindings, the help, the palette and the documentation are made from these tables."""

from __future__ import annotations

from typing import NamedTuple


class Key(NamedTuple):
    """An action: its name in the config file, the keys (Textual's names), what it does, and where it is listed."""

    name: str
    keys: str
    words: str
    group: str
    short: str = ""
    """What the footer says; empty: not in the footer."""


MOVING = "Moving"
PANES = "Panes"
LAYERS = "Layers and comparing"
TREE = "The file tree"
FILTERING = "Filter, sort and hide"
FILES = "Files"
PROGRAM = "Program"

_MOVEMENT = (
    Key("move.up", "up,k", "Up a line", MOVING),
    Key("move.down", "down,j", "Down a line", MOVING),
    Key("move.page_up", "pageup,u", "Up a page", MOVING),
    Key("move.page_down", "pagedown,d", "Down a page", MOVING),
    Key("move.first", "home,g", "To the first line", MOVING),
    Key("move.last", "end,G", "To the last line", MOVING),
)

KEYS: tuple[Key, ...] = (
    *_MOVEMENT,
    Key("next_change", "n", "To the next change", MOVING),
    Key("previous_change", "N", "To the change before", MOVING),
    Key("largest_file", "B", "To the largest file that is shown", MOVING),
    Key("largest_waste", "W", "To the largest group of waste", MOVING),
    Key("next_pane", "tab", "To the next pane", PANES, "Pane"),
    Key("previous_pane", "shift+tab", "To the pane before", PANES),
    Key("pane('layers')", "1", "Layers", PANES),
    Key("pane('tree')", "2", "File tree", PANES),
    Key("pane('details')", "3", "Details of the layer and the image", PANES),
    Key("pane('waste')", "4", "Waste, rolled up to folders", PANES),
    Key("pane('findings')", "5", "Findings: what the image does not need", PANES),
    Key("zoom", "z", "Give the pane that has the keys all of the screen, and back", PANES, "Zoom"),
    Key("why", "w", "Why: which layers held the selected path, and what each did to it", PANES, "Why"),
    Key("layer(-1)", "left_square_bracket", "The layer below, from any pane", LAYERS, "Below"),
    Key("layer(1)", "right_square_bracket", "The layer above, from any pane", LAYERS, "Above"),
    Key(
        "compare_layer",
        "ctrl+l,L",
        "Compare each layer with the one below it (natural); Ctrl+L draws the screen anew",
        LAYERS,
    ),
    Key(
        "compare_all", "a", "Compare with the first layer (aggregated); in the layers pane Ctrl+A too", LAYERS, "From 0"
    ),
    Key(
        "compare_from",
        "c",
        "Compare from the selected layer: choose another to see all between; again to stop",
        LAYERS,
        "Compare",
    ),
    Key("toggle_folder", "space", "Open or close a folder; strike out a layer or a finding, or not", TREE, "Open"),
    Key(
        "undo",
        "backspace",
        "Take back what was struck out last; in the layers and the findings u too",
        TREE,
        "Undo",
    ),
    Key("open", "right,l", "Open a folder, or step into it", TREE),
    Key("close", "left,h", "Close a folder, or step out of it", TREE),
    Key("toggle_all", "ctrl+space,ctrl+@,E", "Open or close all folders", TREE),
    Key("attributes", "b,ctrl+b", "Show or hide mode and owner", TREE),
    Key(
        "filter",
        "slash,ctrl+f,ctrl+underscore",
        "Filter by name, size, type, owner, mode, age; the lists by words",
        FILTERING,
        "Filter",
    ),
    Key(
        "clear_filter",
        "escape",
        "Leave and clear the filter; else close the pane and go to the tree; from a fleet's image back to the fleet",
        FILTERING,
    ),
    Key("filter_mode", "ctrl+t,f2", "Filter as: by its look, text, glob, regular expression", FILTERING),
    Key(
        "sort",
        "s,ctrl+o",
        "Sort by name, size, wasted bytes; the waste and the findings by what they list",
        FILTERING,
        "Sort",
    ),
    Key("changes_only", "x", "Only what the layer changed", FILTERING, "Changes"),
    Key("dead", "X", "Show or hide what is dead: stored by a layer, in the tree no more", FILTERING, "Dead"),
    Key("toggle_mark('added')", "ctrl+a,A", "Show or hide added", FILTERING),
    Key("toggle_mark('modified')", "M", "Show or hide modified, metadata only and rewritten", FILTERING),
    Key("toggle_mark('removed')", "ctrl+r,R", "Show or hide removed", FILTERING),
    Key("toggle_mark('unmodified')", "ctrl+u,U", "Show or hide unmodified", FILTERING),
    Key(
        "choose",
        "enter",
        "View the file; open the folder; follow the link; go to the wasted file's layer, or to a finding's paths",
        FILES,
        "Go to",
    ),
    Key("view", "v", "View the file's text or bytes", FILES, "View"),
    Key("diff", "f", "Difference between two layers' versions of the file", FILES, "Diff"),
    Key("extract", "e,ctrl+e", "Extract the file or folder to disk", FILES, "Extract"),
    Key(
        "fix",
        "D",
        "What to change in the Dockerfile for what is struck out; else how to fix the finding (in its pane d too)",
        FILES,
        "Fix",
    ),
    Key(
        "prove",
        "F",
        "Fix the Dockerfile and prove it: build it, run it, compare it with what it was; Esc stops",
        FILES,
        "Prove",
    ),
    Key("copy", "y", "Copy the path", FILES, "Copy"),
    Key("export", "o", "Export what is shown as JSON or Markdown", FILES),
    Key("app.command_palette", "colon,ctrl+p", "Every action by its name", PROGRAM),
    Key("help", "question_mark,f1", "All keys", PROGRAM, "Keys"),
    Key("app.draw_again", "f5", "Draw the screen anew", PROGRAM),
    Key("app.suspend", "ctrl+z", "Suspend; the shell's fg brings it back", PROGRAM),
    Key("app.theme", "T", "Switch between dark and light", PROGRAM),
    Key("app.quit", "q,ctrl+c,ctrl+q", "Quit, from anywhere", PROGRAM, "Quit"),
)


_OF_DIFFERENCES = (
    Key("largest_delta", "W", "To the path whose size changed most", MOVING),
    Key("pane('packages')", "4", "Packages", PANES),
    Key("pane('config')", "5", "Configuration", PANES),
    Key("toggle_mark('metadata')", "m", "Show or hide metadata only", FILTERING),
    Key("toggle_mark('moved')", "V", "Show or hide moved", FILTERING),
)
_IN_DIFFERENCES = {
    "pane('details')": "What is shared, what is pulled, and the selected layer",
    "why": "Why: which layers of both images held the selected path, and what each did to it",
    "layer(-1)": "The layer before, from any pane",
    "layer(1)": "The layer after, from any pane",
    "toggle_folder": "Open or close a folder",
    "attributes": "Show or hide what differs in mode, owner and time",
    "clear_filter": "Leave and clear the filter, of a layer or package too; else close the pane and go to the tree",
    "sort": "Sort by what changed most, name, size",
    "changes_only": "Only what differs, or all paths of both images",
    "toggle_mark('modified')": "Show or hide changed, type changed and not compared",
    "toggle_mark('unmodified')": "Show or hide what is the same in both",
    "choose": "Difference of the file; open the folder; follow the link; only the files of the layer or package",
    "view": "View the file's text or bytes, of NEW and of OLD",
    "diff": "Difference between the file in OLD and in NEW",
    "extract": "Extract the file or folder of NEW (of OLD, where it is removed) to disk",
}
_NOT_IN_DIFFERENCES = (
    "largest_waste",
    "dead",
    "undo",
    "pane('waste')",
    "pane('findings')",
    "fix",
    "prove",
    "compare_layer",
    "compare_all",
    "compare_from",
)


def _keys_of_differences() -> tuple[Key, ...]:
    found: list[Key] = []
    for key in KEYS:
        if key.name not in _NOT_IN_DIFFERENCES:
            found.append(key._replace(words=_IN_DIFFERENCES.get(key.name, key.words)))
        # Its own stand where those that it lacks would be, or after their like.
        found += [own for own in _OF_DIFFERENCES if key.name == _AFTER[own.name]]
    return tuple(found)


_AFTER = {
    "largest_delta": "largest_file",
    "pane('packages')": "pane('details')",
    "pane('config')": "pane('waste')",
    "toggle_mark('metadata')": "toggle_mark('modified')",
    "toggle_mark('moved')": "toggle_mark('removed')",
}
DIFFERENCE_KEYS = _keys_of_differences()

_IN_FLEETS = {
    "next_pane": "To the next pane",
    "previous_pane": "To the pane before",
    "zoom": "Give the pane that has the keys all of the screen, and back",
    "open": "To the pane that the line leads to: a repository's images, an image's layers",
    "close": "Back to the pane that led here",
    "filter": "Show only lines with these words",
    "clear_filter": "Leave and clear the filter; else back to the pane that led here",
    "sort": "Sort by the next column; a click on a column's head does too",
    "choose": "To the repository's images; open the image, or the image of the layer",
    "copy": "Copy the repository's name, the image's reference, the layer's digest",
}
_OF_FLEETS = (
    Key("pane('repositories')", "1", "Repositories", PANES),
    Key("pane('images')", "2", "Images of the repository, by their tags", PANES),
    Key("pane('image-layers')", "3", "Layers of the image", PANES),
    Key("ask_again", "o", "Open the image from its reference, whatever the store has of it", FILES, "From source"),
)


def _keys_of_fleets() -> tuple[Key, ...]:
    found: list[Key] = []
    for key in KEYS:
        if key.name in _IN_FLEETS:
            found.append(key._replace(words=_IN_FLEETS[key.name], group=PANES if key.group == TREE else key.group))
        elif key.name.startswith(("app.", "help")) or key in _MOVEMENT:
            found.append(key)
        if key.name == "previous_pane":
            found += _OF_FLEETS[:3]
        elif key.name == "choose":
            found += _OF_FLEETS[3:]
    return tuple(found)


FLEET_KEYS = _keys_of_fleets()

# ``name=Word``: what the key does there, where that is another thing than elsewhere.
# What the line at the bottom shows for the pane that has the keys, the most needed first: a narrow one is cut off.
FOOTERS: dict[str, tuple[str, ...]] = {
    "layers": (
        "next_pane",
        "choose",
        "toggle_folder=Strike out",
        "compare_from",
        "compare_all",
        "filter",
        "changes_only",
        "why",
        "zoom",
    ),
    "tree": (
        "toggle_folder",
        "filter",
        "changes_only",
        "sort",
        "view",
        "why",
        "diff",
        "extract",
        "copy",
        "dead",
        "zoom",
        "next_pane",
    ),
    "details": ("next_pane", "layer(-1)", "layer(1)", "filter", "zoom"),
    "waste": ("choose", "filter", "sort", "why", "zoom", "view", "extract", "copy", "next_pane"),
    "findings": ("choose", "toggle_folder=Strike out", "fix", "prove", "filter", "sort", "zoom", "next_pane"),
    "why": ("next_pane", "view", "diff", "extract", "copy"),
    "packages": ("choose", "next_pane", "filter", "changes_only"),
    "config": ("next_pane", "filter"),
    # A fleet's.
    "repositories": ("choose=Images", "filter", "sort", "copy", "zoom", "next_pane"),
    "images": ("choose=Open image", "filter", "sort", "clear_filter=Back", "ask_again", "copy", "zoom", "next_pane"),
    "image-layers": ("choose=Open image", "filter", "sort", "clear_filter=Back", "copy", "zoom", "next_pane"),
}
# Always in sight, at its right end.
ALWAYS = ("help", "app.quit")


def movement() -> list[tuple[str, str, str]]:
    """Return (where, keys, words) of the keys that move within a list."""
    return [(key.name.removeprefix("move."), key.keys, key.words) for key in _MOVEMENT]


def actions(keys: tuple[Key, ...] = KEYS) -> list[Key]:
    """Return the keys that hold in every pane."""
    return [key for key in keys if not key.name.startswith("move.")]


def names() -> list[str]:
    """Return the names of all actions as the config file has them."""
    return sorted({identifier(key.name) for key in (*KEYS, *DIFFERENCE_KEYS, *FLEET_KEYS)})


def identifier(name: str) -> str:
    """Return an action's name as the config file has it: ``toggle_mark('added')`` is ``toggle_mark.added``."""
    return (
        name.removeprefix("app.")
        .replace("('", ".")
        .replace("')", "")
        .replace("(-1)", ".below")
        .replace("(1)", ".above")
    )


_PRETTY = {
    "left_square_bracket": "[",
    "ctrl+space": "Ctrl+Space",
    "ctrl+@": "",
    "pageup": "PgUp",
    "right_square_bracket": "]",
    "question_mark": "?",
    "slash": "/",
    "colon": ":",
    "ctrl+underscore": "Ctrl+/",
    "pagedown": "PgDn",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "escape": "Esc",
}


def pretty(keys: str) -> str:
    """Write keys as people do: ``Ctrl+F  /``."""
    words: list[str] = []
    for key in filter(None, keys.split(",")):
        if key in _PRETTY:
            words += filter(None, [_PRETTY[key]])
        elif "+" in key:
            *modifiers, last = key.split("+")
            words.append("+".join([*(word.capitalize() for word in modifiers), _PRETTY.get(last, last.capitalize())]))
        else:
            words.append(key if len(key) == 1 else key.capitalize())
    return "  ".join(words)
