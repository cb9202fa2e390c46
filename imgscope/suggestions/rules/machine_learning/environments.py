"""Python's environments: several of conda's, the same distribution in two places."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ....layer.index import FILE
from ....paths import join, public, split
from ....rootfs.programs import directories, search_path
from ....settings import environment
from ...model import Claim, Draft, Rule
from ...once import once
from ...program import started
from .conda import in_conda

if TYPE_CHECKING:
    from ....packages import Package
    from ...context import Context

_META = b"conda-meta"
_LEAST = 5_000_000
# Every environment has these, and they are small.
_USUAL = frozenset(("pip", "setuptools", "wheel"))
_INFO = (b".dist-info", b".egg-info")
_NAMED = 3
# By these a shell, or micromamba's entry point, knows which one to activate.
_VARIABLES = ("CONDA_DEFAULT_ENV", "ENV_NAME")
_SYSTEM_SHELLS = (b"etc/profile", b"etc/bash.bashrc", b"etc/bashrc", b"etc/profile.d/conda.sh")
_OWN_SHELLS = (b".bashrc", b".bash_profile", b".profile", b".zshrc")
_HOMES = 20


def _below(context: Context, prefix: bytes, without: tuple[bytes, ...]) -> Iterator[Claim]:
    """Yield the files below a folder, without some folders in it."""
    tree, kinds = context.overlay.tree, context.overlay.kinds
    pending = [prefix]
    while pending:
        here = pending.pop()
        for name, entry in tree.get(here, {}).items():
            path = join(here, name)
            if path in tree:
                if path not in without:
                    pending.append(path)
            elif entry >= 0 and kinds[entry] == FILE:
                yield Claim(path, entry)


def _environments(context: Context) -> Iterator[Draft]:
    """Find conda's environments beside the one that is used."""
    prefixes = sorted(split(path)[0] for path in context.overlay.tree if path.endswith(b"/" + _META))
    if len(prefixes) < 2:
        return
    used = [prefix for prefix in prefixes if _is_used(context, prefix)]
    if not used:
        return
    claims: list[Claim] = []
    others = [prefix for prefix in prefixes if prefix not in used]
    for prefix in others:
        claims += _below(context, prefix, (join(prefix, b"envs"), join(prefix, b"pkgs"), *used))
    if context.size(claims) < _LEAST:
        return
    layers = tuple(context.by_layer(claims))
    yield Draft(
        f"{len(prefixes)} conda environments: {public(used[0])} is used, and there is {public(others[0])}",
        "Create the environment in a build stage and copy only that (COPY --from, at the same path), or create it with "
        "micromamba, which needs no environment of its own.",
        claims,
        layers,
    )


def _is_used(context: Context, prefix: bytes) -> bool:
    """Tell whether anything says that an environment is used: PATH, conda's variables, the command."""
    variables = environment(context.analysis.image.config)
    place, name = public(prefix), split(prefix)[1].decode("utf-8", "replace")
    if variables.get("CONDA_PREFIX", "") == place or any(
        variables.get(word, "") in (place, name) for word in _VARIABLES
    ):
        return True
    run = started(context)
    inside = prefix + b"/"
    nested = inside + b"envs/"
    if any(path.startswith(inside) and not path.startswith(nested) for path in run.files):
        return True
    words = re.compile(rf"(?:-n|--name|-p|--prefix|activate)[=\s](?:\S{{0,200}}/)?{re.escape(name)}(?![\w.-])")
    if words.search(run.text) or words.search(_shells(context)):
        return True
    search = search_path(variables)
    conda = [path for path in search if path.endswith(b"bin") and _META in context.overlay.tree.get(split(path)[0], {})]
    return bool(conda) and split(conda[0])[0] == prefix


@once
def _shells(context: Context) -> str:
    """Return what shells read when they start, which is where ``conda init`` and many Dockerfiles activate one."""
    homes = [b"root", *(join(b"home", name) for name in sorted(context.root.names(b"home"))[:_HOMES])]
    paths = [*_SYSTEM_SHELLS, *(join(home, name) for home in homes for name in _OWN_SHELLS)]
    if not context.has_contents:
        return ""
    return "\n".join(context.root.text(path).decode("utf-8", "replace") for path in paths)


def _names_twice(context: Context) -> bool:
    """Tell whether two folders hold records of one distribution, by their names: else nothing has to be read."""
    seen: set[bytes] = set()
    for path in context.overlay.tree:
        if path.endswith(_INFO):
            name = re.sub(rb"[-_.]+", b"-", split(path)[1].partition(b"-")[0]).lower()
            if name.decode("utf-8", "replace") not in _USUAL and name in seen:
                return True
            seen.add(name)
    return False


def _site(location: bytes) -> bytes | None:
    """Return the folder of packages that a distribution lies in, by where its records are."""
    directory, name = split(location)
    if not name.endswith(_INFO):
        directory, name = split(directory)
    return directory if name.endswith(_INFO) else None


def _distributions(context: Context) -> Iterator[Draft]:
    """Find distributions that two folders of Python's packages have, outside of conda's environments."""
    if not _names_twice(context):
        return
    by_name: dict[str, dict[bytes, Package]] = {}
    for one in context.packages.packages:
        site = _site(one.location)
        if one.ecosystem == "python" and site is not None and not in_conda(one.location):
            name = re.sub(r"[-_.]+", "-", one.name).lower()
            if name not in _USUAL:
                by_name.setdefault(name, {}).setdefault(site, one)
    twice = {name: sites for name, sites in by_name.items() if len(sites) > 1}
    if not twice:
        return
    rank = _ranked(context)
    spare = {
        id(sites[site]): (name, site, best)
        for name, sites in sorted(twice.items())
        for best in [min(sites, key=rank)]
        for site in sites
        if site != best
    }
    lookup = context.overlay.lookup
    claims = [
        Claim(path, entry)
        for path, one in context.packages.owners.items()
        if id(one) in spare
        and (entry := lookup(path)) is not None
        and entry >= 0
        and context.overlay.layer_of(entry) in context.own_layers
    ]
    if context.size(claims) < _LEAST:
        return
    layers = tuple(context.by_layer(claims))
    names = sorted({name for name, _, _ in spare.values()})
    _, site, best = next(iter(spare.values()))
    told = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    yield Draft(
        f"Python packages in two places: {told}, in {public(best)} and {public(site)}",
        "Install them once: where Python looks first, the others are not imported. A copy made by pip install --target "
        "belongs into a build stage.",
        claims,
        layers,
    )


def _ranked(context: Context) -> Callable[[bytes], tuple[int, int, bytes]]:
    """Return the key by which the folder comes first that Python imports from: PYTHONPATH, then its own prefix."""
    variables = environment(context.analysis.image.config)
    named = [path.strip(b"/") for path in directories(variables.get("PYTHONPATH", ""))]
    search = search_path(variables)
    python = next(filter(None, (context.root.program(name, search) for name in (b"python3", b"python"))), None)
    first = next((path for path in search if {b"python3", b"python"} & set(context.root.names(path))), b"")
    prefixes = [split(first)[0], split(split(python.path)[0])[0] if python is not None else b""]

    def key(site: bytes) -> tuple[int, int, bytes]:
        at = named.index(site) if site in named else len(named)
        own = next((place for place, prefix in enumerate(prefixes) if prefix and site.startswith(prefix + b"/")), 2)
        return at, own, site

    return key


RULES = (
    Rule(
        code="IS510",
        name="conda-environments",
        summary="Several conda environments, of which one is used.",
        certainty="possible",
        check=_environments,
        why="conda itself lives in an environment, with a Python of its own. An image that creates another has both. "
        "Files that environments share by hard links are counted once all their names would go.",
        before="FROM condaforge/miniforge3\nRUN conda env create -n app -f environment.yml",
        after="FROM condaforge/miniforge3 AS build\nRUN conda env create -p /opt/conda/envs/app -f environment.yml\n"
        "FROM debian:12-slim\nCOPY --from=build /opt/conda/envs/app /opt/conda/envs/app",
    ),
    Rule(
        code="IS514",
        name="distributions-twice",
        summary="The same Python package in two places.",
        certainty="possible",
        check=_distributions,
        why="A virtual environment beside the system's Python, a folder made by pip install --target, a distribution's "
        "package beside the wheel: Python imports the first that it finds.",
        before="RUN pip install torch && python -m venv /venv && /venv/bin/pip install torch",
        after="RUN python -m venv /venv && /venv/bin/pip install torch",
    ),
)
