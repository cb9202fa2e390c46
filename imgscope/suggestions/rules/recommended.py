"""Debian packages that came along because others recommend them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from ...packages.dependencies import Installed
from ...report.sizes import quantity
from ..context import Context
from ..model import Certainty, Claim, Draft, Rule
from ..own_lines import mended, with_option
from ..own_packages import OwnPackages, own_packages
from ..recommended import recommended
from . import words
from .recommended_fixes import NO_RECOMMENDS

# From the last of several names on: each part of a line is gone through once.
_APT = re.compile(r"\b(?:apt-get|apt|aptitude)\b(?:(?!\b(?:apt-get|apt|aptitude)\b)[^&|;])*?\binstall\b")
_CALL = r"\b(?:apt-get|apt|aptitude)(?:\s+-\S+){0,9}\s+install\b"
_PACKAGES = re.compile(r"--no-install-recommends(?:(?:\s|\\\r?\n)+[\w.+:=/*@~-]+)*")
# How many packages a title names.
_NAMED = 4


def _recommended(context: Context) -> Iterator[Draft]:
    runs = {
        layer
        for layer in context.own_layers
        if context.is_run(layer)
        and _APT.search(context.instruction(layer))
        and "install-recommends" not in context.instruction(layer).lower()
    }
    own = own_packages(context) if runs else None
    if own is None:
        return
    found = recommended(context)
    by_need = found.named if found.unreached else []
    parts: tuple[tuple[Certainty, set[Installed], str], ...] = (
        ("likely", found.unreached, "only recommended by others, and called by nothing here"),
        ("possible", found.others, "only recommended by others"),
    )
    for certainty, packages, why in parts:
        claims = _claims(context, own, packages, runs)
        if not claims:
            continue
        layers = tuple(context.by_layer(claims))
        names = [one.name for one in by_need] if certainty == "likely" else []
        keep = f"{_listed(names)}, which may be used without being called by name" if names else ""
        named = f"name {keep}" if keep else "name those of them that the program uses"
        yield Draft(
            f"{quantity(len(packages), 'package')} in {words.layers(layers)} that nothing depends on, {why}: "
            f"{_named(packages)}",
            f"Install with --no-install-recommends, and {named}.",
            claims,
            layers,
            mended(context, claims, partial(_with_names, names)),
            certainty=certainty,
        )


def _claims(context: Context, own: OwnPackages, found: set[Installed], runs: set[int]) -> list[Claim]:
    """Return the files of packages in layers of some RUN."""
    wanted = {id(one.package) for one in found}
    claims: list[Claim] = []
    for path, package in own.owners.items():
        if id(package) in wanted:
            entry = context.overlay.lookup(path)
            if entry is not None and entry >= 0 and context.overlay.layer_of(entry) in runs:
                claims.append(Claim(path, entry))
    return claims


def _with_names(names: Sequence[str], text: str, _: Sequence[Claim]) -> str:
    """Let apt install no more than what is needed, and what is named besides where there is one call to name it."""
    changed = with_option(text, _CALL, "--no-install-recommends")
    calls = list(_PACKAGES.finditer(changed))
    if not names or len(calls) != 1:
        return changed
    return f"{changed[: calls[0].end()]} {' '.join(names)}{changed[calls[0].end() :]}"


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _named(found: Iterable[Installed]) -> str:
    """Name the largest packages."""
    ranked = sorted(found, key=lambda one: (-one.package.size, one.name))
    more = f" and {len(ranked) - _NAMED} more" if len(ranked) > _NAMED else ""
    return ", ".join(one.name for one in ranked[:_NAMED]) + more


RULES = (
    Rule(
        "IS403",
        "recommended-packages",
        "Debian packages that nothing depends on, only recommended by others.",
        "possible",
        _recommended,
        why="apt installs what a package recommends, unless it is told not to. A program may use such a package all "
        "the same: name those that it does. A finding is *likely* where it is known what the container runs, and "
        "neither its files nor settings of other packages name a program or a library of these. Certificates, fonts, "
        "modules, plug-ins and services, which are used without being called, are only *possible*.",
        before="RUN apt-get update && apt-get install -y git",
        after="RUN apt-get update && apt-get install -y --no-install-recommends git ca-certificates \\\n"
        "    && rm -rf /var/lib/apt/lists/*",
        final_stage="left out if told",
        fixer=NO_RECOMMENDS,
    ),
)
