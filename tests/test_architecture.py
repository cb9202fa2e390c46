"""The one way through: nothing lower imports anything higher."""

import ast
from pathlib import Path

import pytest

import imgscope

PACKAGE = Path(imgscope.__file__).parent

# Stations in the order in which data passes them; a module may import its own station and those before it.
STATIONS = [
    ["errors", "bounds", "escape", "progress", "ending", "processes", "tar", "output"],
    ["units", "documents", "settings", "steps", "secrets", "pathsets", "config"],
    ["compression", "reference"],
    ["archive"],
    ["sources"],
    ["layer", "history", "cache_folder", "cache"],
    ["overlay"],
    ["contents", "shared", "rootfs"],
    ["rollup"],
    ["largest"],
    ["analysis", "compat.dive", "compat.dive_tree"],
    ["asides"],
    ["records", "saved", "analyzer", "outline", "verify"],
    ["compat", "extract", "packages", "dockerfile"],
    ["report", "tui", "differences", "checks", "base_images", "suggestions"],
    ["cli", "completion", "doctor", "docker_plugin"],
]
# What a source or an archive takes from a layer's side is handed in as a function, never imported.


def station(module: str) -> int | None:
    parts = module.split(".")
    for name in (".".join(parts[:2]), parts[0]):
        for number, names in enumerate(STATIONS):
            if name in names:
                return number
    return None


def imports(path: Path) -> set[str]:
    """Modules of the package that a file imports when it is imported itself (not for type checking, nor lazily)."""
    found = set()
    package = path.relative_to(PACKAGE).parts[:-1]

    def visit(nodes):
        for node in nodes:
            if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
                continue
            if isinstance(node, ast.ImportFrom) and node.level:
                base = list(package[: len(package) - node.level + 1])
                target = [*base, *(node.module.split(".") if node.module else [])]
                if target:
                    found.add(".".join(target))
                else:
                    found.update(alias.name for alias in node.names)
            elif isinstance(node, ast.If | ast.Try | ast.With):
                visit(ast.iter_child_nodes(node))

    visit(ast.parse(path.read_text()).body)
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_lower_imports_anything_higher(path):
    module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    own = station(module)
    if own is None:
        assert module in ("__init__", "__main__"), f"{module} has no station: add it to STATIONS"
        return
    for imported in imports(path):
        other = station(imported)
        if other is not None:
            assert other <= own, f"{module} imports {imported}, which stands higher"


def test_every_module_that_is_listed_exists():
    for names in STATIONS:
        for name in names:
            path = PACKAGE.joinpath(*name.split("."))
            if name not in ("packages", "tui", "differences", "checks", "base_images", "suggestions"):
                assert path.is_dir() or path.with_suffix(".py").is_file(), name
