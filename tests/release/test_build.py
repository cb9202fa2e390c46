"""The wheel and the source archive: the same bytes wherever they are built, and all that belongs in them."""

import io
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile

from imgscope import __version__
from imgscope.cli import COMMANDS

from .conftest import ROOT, build


def test_builds_in_different_folders_are_equal(source, built, tmp_path):
    copy = tmp_path / "another place"
    shutil.copytree(source, copy, ignore=shutil.ignore_patterns("dist"))
    again = build(copy, umask=0o077)
    assert len(built) == 2
    assert again == built


def test_the_source_archive_builds_the_same_wheel(built, wheel, tmp_path):
    archive = next(data for name, data in built.items() if name.endswith(".tar.gz"))
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(tmp_path, filter="data")
    assert build(next(tmp_path.iterdir()))[wheel.name] == built[wheel.name]


def test_the_source_archive_has_what_building_and_testing_need(source, built):
    archive = next(data for name, data in built.items() if name.endswith(".tar.gz"))
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        names = {name.partition("/")[2] for name in tar.getnames()}
    wanted = {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}
    made = {name for name in wanted if name.partition("/")[0] in ("dist", ".cache", ".pytest_cache")}
    made |= {name for name in wanted if "/node_modules/" in name}
    assert not {name for name in wanted - made - names if "." in name and not name.endswith(".pyc")}
    assert {"LICENSE", "README.md", "hatch_build.py", ".ci/setup", "fixtures/webapp.tar"} <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith(".venv")]


def test_the_wheel_has_all_that_is_beside_the_code(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    data = {name.partition(".data/data/")[2] for name in names if ".data/data/" in name}
    assert {f"share/man/man1/imgscope-{name}.1" for name in COMMANDS} | {"share/man/man1/imgscope.1"} <= data
    assert {"share/bash-completion/completions/imgscope", "share/zsh/site-functions/_imgscope"} <= data
    assert "share/fish/vendor_completions.d/imgscope.fish" in data
    # Each file of the package that git or an editor's eye would count, code or not; but for the page's source.
    package = {str(path.relative_to(ROOT)) for path in (ROOT / "imgscope").rglob("*") if path.is_file()}
    missing = {name for name in package if "__pycache__" not in name and "/html/page/" not in name}
    missing -= set(names)
    assert not {name for name in missing if not name.endswith(".py")}, "data files that the wheel lacks"
    assert not [name for name in names if name.startswith("tests/")]
    assert any(name.endswith("licenses/LICENSE") for name in names)


def test_the_description_says_which_python_is_needed(wheel):
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(next(name for name in archive.namelist() if name.endswith("METADATA"))).decode()
    assert "Requires-Python: >=3.11" in metadata
    assert not re.search(r"^Requires-Dist: .* @ ", metadata, re.MULTILINE), "an index takes no direct references"


def test_the_commands_need_nothing_but_click_to_be_described():
    """What a build in isolation has is click alone: importing any command may need no other library."""
    script = (
        "import sys\nfrom importlib import import_module\nfrom imgscope.cli import COMMANDS\n"
        "[import_module('imgscope.cli.' + name.replace('-', '_')) for name in COMMANDS]\n"
        "names = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(names - set(sys.stdlib_module_names) - {'__main__', '_distutils_hack', 'imgscope'}))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['click']"


def test_the_changelog_speaks_of_this_version():
    first = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert first and first[1] == __version__
