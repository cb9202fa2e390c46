"""More than one browser, and more than one Node."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ....paths import public
from ...model import Claim, Draft, Rule
from ..build_leftovers import shown

if TYPE_CHECKING:
    from ...context import Context

_BROWSERS, _NODES = "IS505", "IS513"
# Where programs that drive a browser keep one: the folder, and how those of one browser begin there.
_BROWSER = re.compile(
    rb"(.*/(?:ms-playwright|puppeteer/(?:chrome|chrome-headless-shell|firefox)|\.local-chromium)/[^/]+)/.+|"
    rb"((?:usr/lib|opt)/(?:chromium|chromium-browser|google/chrome|firefox|firefox-esr))/.+"
)
_LARGE = 50 << 20
_NODE_SIZE = 20 << 20


def _browsers(context: Context) -> Iterator[Draft]:
    homes: dict[bytes, list[Claim]] = {}
    for claim in shown(context, _BROWSERS):
        match = _BROWSER.fullmatch(claim.path)
        if match is not None:
            homes.setdefault(match[1] or match[2], []).append(claim)
    whole = {home: context.size(claims) for home, claims in homes.items()}
    large = sorted((home for home in homes if whole[home] >= _LARGE), key=lambda home: (-whole[home], home))
    if len(large) < 2:
        return
    part = [claim for home in large[1:] for claim in homes[home]]
    layers = tuple(context.by_layer(part))
    names = ", ".join(public(home) for home in large[:3])
    yield Draft(
        f"{len(large)} browsers: {names}",
        "Install the one that is driven, and name it: playwright install chromium --with-deps, or the system's with "
        "PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 or PUPPETEER_SKIP_DOWNLOAD=1.",
        part,
        layers,
    )


def _nodes(context: Context) -> Iterator[Draft]:
    """Find Nodes beside the one that PATH finds."""
    from ....rootfs.programs import search_path
    from ....settings import environment

    root, overlay = context.root, context.overlay
    first = root.program(b"node", search_path(environment(context.analysis.image.config)))
    programs = [
        claim
        for claim in shown(context, _NODES)
        if claim.path.endswith(b"/node") and overlay.sizes[overlay.inode(claim.entry)] >= _NODE_SIZE
    ]
    if first is None or not programs:
        return
    inode = overlay.inode(first.entry)
    others = [claim for claim in programs if overlay.inode(claim.entry) != inode]
    if not others:
        return
    layers = tuple(context.by_layer(others))
    yield Draft(
        f"{len(others) + 1} Nodes: PATH finds {public(first.path)}, and there is {public(others[0].path)}",
        "Install one: from the base image, or by COPY --from=node. A driver that brings its own (Playwright for "
        "Python, for instance) may need that.",
        others,
        layers,
    )


RULES = (
    Rule(
        code=_BROWSERS,
        name="browsers-twice",
        summary="More than one browser for tests or rendering.",
        certainty="possible",
        check=_browsers,
        why="Playwright and Puppeteer download browsers of their own, often beside the distribution's, and Playwright "
        "all three kinds where one is driven.",
        before="RUN npx playwright install",
        after="RUN npx playwright install chromium --with-deps",
        places=(
            "**/ms-playwright/**",
            "**/puppeteer/**",
            "**/.local-chromium/**",
            "/usr/lib/chromium/**",
            "/usr/lib/chromium-browser/**",
            "/opt/google/chrome/**",
            "/usr/lib/firefox-esr/**",
            "/usr/lib/firefox/**",
        ),
    ),
    Rule(
        code=_NODES,
        name="nodes-twice",
        summary="More than one Node.",
        certainty="possible",
        check=_nodes,
        why="The distribution's Node, one of a version manager, one that a driver brings: each has a hundred "
        "megabytes, and PATH finds one.",
        before="FROM node:22-slim\nRUN apt-get update && apt-get install -y nodejs npm",
        after="FROM node:22-slim",
        places=("**/bin/node", "**/driver/node"),
    ),
)
