"""The one way through: nothing lower imports anything higher."""

import ast
from pathlib import Path

import pytest

import imgscope

PACKAGE = Path(imgscope.__file__).parent

# Stations in the order in which data passes them; a module may import its own station and those before it.
STATIONS = [
    [
        "errors",
        "bounds",
        "escape",
        "paths",
        "globs",
        "knowledge",
        "brief",
        "progress",
        "ending",
        "processes",
        "stopping",
        "tar",
        "output",
    ],
    ["units", "documents", "settings", "steps", "secrets", "config"],
    ["compression", "reference", "reading"],
    ["archive"],
    ["sources"],
    ["layer", "history", "cache"],
    ["overlay"],
    ["contents", "shared", "rootfs"],
    ["rows"],
    ["tree"],
    ["rollup", "largest"],
    ["highlights"],
    ["analysis", "compat.dive", "compat.dive_tree"],
    ["asides"],
    ["cache.layers", "cache.records", "saved", "assembling", "outline", "scanning", "analyzer", "verify"],
    ["compat", "extract", "packages", "dockerfile"],
    ["layering"],
    ["report"],
    ["differences"],
    ["trends", "squashing", "pulls"],
    ["base_images"],
    ["suggestions"],
    ["checks"],
    ["report.html"],
    ["fixes"],
    ["fleet"],
    ["tui"],
    ["cli", "completion", "doctor", "docker_plugin"],
]
# What a source or an archive takes from a layer's side is handed in as a function, never imported.

# Imports of what stands higher that there are for now, and why; each is within a function, or for types alone.
HIGHER = {
    ("progress", "archive.image"): "types: what it is told of while an image is read",
    ("progress", "layer.index"): "types: the same",
    ("progress", "sources.backend"): "types: the same",
    ("progress", "report.sizes"): "sizes as people read them, where a terminal shows the way",
    ("rootfs.resolve", "analysis"): "types: what a path is resolved in, for its words on what is not there",
    ("rootfs.root", "analysis"): "types: whose tree and contents are read",
    ("rootfs.user", "analysis"): "types: whose config is read",
    ("brief", "report.sizes"): "the same, where a result is shown in a line",
    ("reading", "shared"): "types: what analyses in a row have in common",
    ("analysis", "report.sizes"): "the same",
    ("analysis", "report.notebook"): "a result shows itself in a notebook",
    ("report.svg", "report.html.tree"): "the map's tree, which the page has too",
    ("differences.report.html", "report.html"): "a page holds what every command finds, so it stands above them all",
    ("base_images.report.html", "report.html"): "the same",
    ("suggestions.outputs.html", "report.html"): "the same",
    ("checks.outputs.html", "report.html"): "the same",
    ("analysis", "packages.sizes"): "an analysis finds its packages when it is first asked for them",
    ("asides", "packages.sizes"): "the same, in another process meanwhile",
}
# Files that import one another, by types or within functions, for now.
CIRCLES = [
    # An analysis resolves paths, and says what is not there; both read it by type alone.
    {"analysis", "rootfs.resolve"},
    # A plan and its steps know one another; the report has the plan's outcome.
    {"suggestions"},
]


def station(module: str) -> int | None:
    parts = module.split(".")
    for name in (".".join(parts[:2]), parts[0]):
        for number, names in enumerate(STATIONS):
            if name in names:
                return number
    return None


def imports(path: Path) -> set[str]:
    """Modules of the package that a file imports: at its top, within functions, for type checking alone."""
    found = set()
    package = path.relative_to(PACKAGE).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = list(package[: len(package) - node.level + 1])
            target = [*base, *(node.module.split(".") if node.module else [])]
            for alias in node.names:
                inner = [*target, alias.name]
                file, folder = PACKAGE.joinpath(*inner).with_suffix(".py"), PACKAGE.joinpath(*inner, "__init__.py")
                is_module = file.is_file() or folder.is_file()
                found.add(".".join(inner if is_module else target))
    return found - {""}


MODULES = {".".join(path.relative_to(PACKAGE).with_suffix("").parts): path for path in sorted(PACKAGE.rglob("*.py"))}
IMPORTS = {module.removesuffix(".__init__"): imports(path) for module, path in MODULES.items()}


@pytest.mark.parametrize("module", sorted(IMPORTS))
def test_nothing_lower_imports_anything_higher(module):
    own = station(module)
    if own is None:
        assert module in ("__init__", "__main__"), f"{module} has no station: add it to STATIONS"
        return
    for imported in IMPORTS[module]:
        other = station(imported)
        if other is not None and (module, imported) not in HIGHER:
            assert other <= own, f"{module} imports {imported}, which stands higher"


def test_every_exception_is_one():
    for module, imported in HIGHER:
        assert imported in IMPORTS[module], f"{module} does not import {imported} any more"
        assert (station(module) or 0) < (station(imported) or 0), f"{imported} is not higher than {module} any more"


def test_no_files_import_one_another():
    """In no circle, however long: neither within functions nor for types. Only what a notebook shows is asked back."""
    after = {module: {name for name in found if not name.endswith(".notebook")} for module, found in IMPORTS.items()}
    reach = {}
    for module in after:
        reached, pending = set(), [module]
        while pending:
            more = after.get(pending.pop(), set()) - reached
            reached |= more
            pending += more
        reach[module] = reached
    circles = {
        frozenset({module, *(other for other in reached if module in reach.get(other, ()))})
        for module, reached in reach.items()
        if module in reached
    }
    for circle in circles:
        assert any(
            {module if module in known else module.split(".")[0] for module in circle} <= known for known in CIRCLES
        ), sorted(circle)


def test_every_module_that_is_listed_exists():
    for names in STATIONS:
        for name in names:
            path = PACKAGE.joinpath(*name.split("."))
            if name not in ("packages", "tui", "differences", "checks", "base_images", "suggestions"):
                assert path.is_dir() or path.with_suffix(".py").is_file(), name


# Longer than any other may be: each is one loop that must not call, and what belongs to it.
LONG = {"layer.scan", "overlay.merge"}


def test_no_module_is_longer_than_500_lines():
    long = {module for module, path in MODULES.items() if len(path.read_text().splitlines()) > 500}
    assert long <= LONG
