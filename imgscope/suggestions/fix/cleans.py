"""What each package manager leaves in a layer that may go, by the rule that finds it. Data."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

Need = Literal["lists", "tool", "offline"]
"""What of a later command asks for what an earlier one fetched. *lists*: any use without an update of its own; *tool*:
any call of the program, which would fetch it all again; *offline*: only a call that may not fetch."""


class Clean(NamedTuple):
    """What goes with the leftovers of one rule.

    ``manager`` makes them. ``places`` pairs what is removed (a path of the shell, ``{0}`` stands for the first group)
    with the pattern of the files there, without the leading slash. ``tool`` is the manager's own way to clean, taken
    where it can be run. ``need`` says which later commands ask for them.
    """

    manager: str
    places: tuple[tuple[str, re.Pattern[bytes]], ...]
    need: Need
    tool: str = ""


def _places(*pairs: tuple[str, bytes]) -> tuple[tuple[str, re.Pattern[bytes]], ...]:
    return tuple((shown, re.compile(pattern, re.DOTALL)) for shown, pattern in pairs)


# By rule; what follows the code parts leftovers of one rule that not the same commands need.
CLEANS = {
    "IS101": Clean("apt", _places(("/var/lib/apt/lists/*", rb"var/lib/apt/lists/.")), "lists"),
    "IS102": Clean(
        "apt",
        _places(
            ("/var/cache/apt/archives/*.deb", rb"var/cache/apt/archives/[^/]+\.deb$"),
            ("/var/cache/apt/archives/partial/*", rb"var/cache/apt/archives/partial/[^/]+$"),
            ("/var/cache/apt/*.bin", rb"var/cache/apt/[^/]+\.bin$"),
        ),
        "offline",
    ),
    "IS103": Clean("apk", _places(("/var/cache/apk/*", rb"var/cache/apk/.")), "lists"),
    "IS104": Clean(
        "dnf",
        _places(
            ("/var/cache/dnf/*", rb"var/cache/dnf/."),
            ("/var/cache/yum/*", rb"var/cache/yum/."),
            ("/var/cache/libdnf5/*", rb"var/cache/libdnf5/."),
        ),
        "offline",
        "clean all",
    ),
    "IS105": Clean("zypper", _places(("/var/cache/zypp/*", rb"var/cache/zypp/.")), "offline", "clean --all"),
    "IS106": Clean("pip", _places(("/{0}", rb"((?:.+/)?\.cache/pip)/.")), "offline"),
    "IS107": Clean("uv", _places(("/{0}", rb"((?:.+/)?\.cache/uv)/.")), "offline", "cache clean"),
    "IS108": Clean(
        "poetry",
        _places(
            ("/{0}", rb"((?:.+/)?\.cache/pypoetry/(?:cache|artifacts))/."), ("/{0}", rb"((?:.+/)?\.cache/pipenv)/.")
        ),
        "offline",
    ),
    "IS109": Clean("conda", _places(("/{0}/*", rb"((?:.+/)?(?:mini|ana|)conda3?/pkgs)/."),
                                    ("/{0}/*", rb"((?:.+/)?miniforge3/pkgs)/.")), "offline", "clean --all --yes"),
    "IS110": Clean("npm", _places(("/{0}", rb"((?:.+/)?\.npm/(?:_cacache|_logs|_npx))/.")), "offline",
                   "cache clean --force"),
    "IS111": Clean("yarn", _places(("/{0}", rb"((?:.+/)?\.cache/yarn)/."), ("/{0}", rb"((?:.+/)?\.yarn-cache)/.")),
                   "offline", "cache clean"),
    "IS112": Clean(
        "pnpm",
        _places(("/{0}", rb"((?:.+/)?(?:\.local/share/pnpm/store|\.pnpm-store|\.cache/pnpm))/.")),
        "tool",
    ),
    "IS113": Clean("go", _places(("/{0}", rb"((?:.+/)?go/pkg/(?:mod|sumdb))/."),
                                 ("/{0}", rb"((?:.+/)?\.cache/go-build)/.")), "tool"),
    "IS114": Clean("cargo", _places(("/{0}", rb"((?:.+/)?\.cargo/(?:registry|git))/."),
                                    ("/{0}", rb"(usr/local/cargo/(?:registry|git))/.")), "tool"),
    "IS117": Clean("composer", _places(("/{0}", rb"((?:.+/)?\.composer/cache)/."),
                                       ("/{0}", rb"((?:.+/)?\.cache/composer)/.")), "offline", "clear-cache"),
    "IS118": Clean("gem", _places(
        ("/{0}/*", rb"((?:usr/local/bundle|(?:usr|usr/local)/lib/ruby/gems/[^/]+|var/lib/gems/[^/]+)/cache)/."),
        ("/{0}/*", rb"((?:.+/)?\.bundle/cache)/."), ("/{0}/*", rb"((?:.+/)?\.gem/(?:.+/)?cache)/.")), "offline"),
    "IS120": Clean(
        "pacman",
        _places(("/var/cache/pacman/pkg/*", rb"var/cache/pacman/pkg/.")),
        "offline",
    ),
    "IS120 sync": Clean("pacman", _places(("/var/lib/pacman/sync/*", rb"var/lib/pacman/sync/.")), "lists"),
}  # fmt: skip
