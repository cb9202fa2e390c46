"""The library's public face: the names that stay, what stands for an image, how results show themselves."""

import ast
import inspect
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import imgscope
from imgscope import errors
from imgscope.reading import ReadKeywords
from tests.oracle.maketar import file, layer

ROOT = Path(__file__).parent.parent.parent
NAMES = """
    AmbiguousImageError Analysis ArchiveError ArtifactError Base Bases
    Break Candidate Cause Causes Change CheckFailedError
    CheckReport ConfigDifference ConfigError ConfigSecret ContentUnavailableError Difference
    DirectoryDifference DirectorySize DiveFigures Duplicate EncryptedLayerError EngineError Estimate Event
    Evidence File FileDifference FileSize Filter Finding Fit Fixed HistoryStep Image ImageCheck ImageError
    ImageNotFoundError ImgscopeError Jump Lack Layer LayerError LayerPair LimitError NoPlatformError PackageDifference
    PackageSize
    PackageSizes PathNotFoundError PlatformError Point Pull PullCost PulledLayer ReadOptions RegistryError Resolved
    RuleResult Squashed
    SquashedLayer Suggestions Totals Trend
    UsageError Waste WasteGroup WastedPath __version__ analyze bases check diff pull_cost squash suggest trend
"""

HOSTILE = '<script>alert("x")</script>\x1b[31m\u202e'
FILES = layer(file("etc/" + HOSTILE, b"x" * 5000), file("srv/a", b"y" * 200_000))
AGAIN = layer(file("etc/" + HOSTILE, b"z" * 9000), file(".wh.srv"))


@pytest.fixture
def app(make):
    return make(FILES, AGAIN, instructions=["COPY . /", f"RUN echo {HOSTILE}"])


@pytest.fixture
def results(app, make):
    """One result of each function, all made from one analysis."""
    other = make(FILES, layer(file("srv/b", b"b" * 300)), instructions=["COPY . /", "RUN other"])
    with (
        imgscope.analyze(app, cache=False) as analysis,
        imgscope.diff(analysis, other, cache=False) as difference,
        imgscope.check(analysis, {"max-size": "1kB", "forbidden-paths": ["/etc/*"]}) as verdict,
        imgscope.bases(analysis, [other], table=False, cache=False) as found,
    ):
        yield analysis, difference, imgscope.suggest(analysis, min_size=1), verdict, found


def test_the_names_that_are_exported():
    assert sorted(imgscope.__all__) == sorted(NAMES.split())
    assert set(imgscope.__all__) <= set(dir(imgscope))
    for name in imgscope.__all__:
        value = getattr(imgscope, name)
        assert name == "__version__" or value.__name__ == name
        assert name == "__version__" or inspect.getdoc(value), name
    with pytest.raises(AttributeError, match="no attribute 'analyse'"):
        imgscope.analyse  # noqa: B018


def test_all_errors_are_exported():
    own = {name for name, value in vars(errors).items() if inspect.isclass(value) and issubclass(value, Exception)}
    assert own == {name for name in imgscope.__all__ if name.endswith("Error")}


def test_types_know_the_names_that_are_loaded_late():
    tree = ast.parse((ROOT / "imgscope/__init__.py").read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {(name.name, node.module) for node in block.body if isinstance(node, ast.ImportFrom) for name in node.names}
    assert typed - {("Any", "typing")} == set(imgscope._FACE.items())


def test_the_page_names_all():
    page = (ROOT / "docs/api.md").read_text()
    missing = [name for name in imgscope.__all__ if f"`{name}" not in page and name != "__version__"]
    assert missing in ([], ["ImgscopeError"])


def test_importing_it_loads_nothing_else():
    code = "import imgscope, sys; print(*(name for name in sys.modules if name.startswith('imgscope')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["imgscope"]


def test_options_by_keyword_and_as_one_value_are_the_same(app):
    assert set(ReadKeywords.__annotations__) == set(imgscope.ReadOptions.__dataclass_fields__)
    how = imgscope.ReadOptions(platform="linux/amd64", cache=False)
    with imgscope.analyze(app, options=how) as one, imgscope.analyze(app, cache=False) as other:
        assert one.image == other.image
    with pytest.raises(imgscope.PlatformError):
        imgscope.analyze(app, options=how, platform="linux/arm64")
    for call in (imgscope.analyze, imgscope.suggest, imgscope.check, imgscope.bases):
        with pytest.raises(TypeError, match="cach"):
            call(app, cach=False)


def test_a_reference_and_an_analysis_give_the_same(app):
    with imgscope.analyze(app, cache=False) as analysis:
        assert imgscope.suggest(analysis).findings == imgscope.suggest(app, cache=False).findings
        rules = {"max-size": "1kB", "max-path-size": {"/srv": "1kB"}, "forbidden-paths": ["*.pem"]}
        given, named = imgscope.check(analysis, rules), imgscope.check(app, rules, cache=False)
        assert [(row.name, row.status) for row in given.images[0].results] == [
            (row.name, row.status) for row in named.images[0].results
        ]
        assert given.exit_code == 1
        named.close()
        with imgscope.diff(analysis, app, cache=False) as difference:
            assert difference.equal
        # What was given stays open.
        assert analysis.open("/etc/" + HOSTILE).read() == b"z" * 9000


def test_a_function_reads_no_file_that_nobody_named(app, tmp_path, monkeypatch):
    (tmp_path / "imgscope.toml").write_text('[check]\nmax-size = "1kB"\n')
    (tmp_path / ".dive-ci").write_text("rules:\n  lowestEfficiency: 1.0\n")
    monkeypatch.chdir(tmp_path)
    assert [row.name for row in imgscope.check(app).images[0].results] == ["max-wasted", "forbidden-findings"]
    assert [row.name for row in imgscope.check(app, here=True).images[0].results] == ["max-size"]
    assert [row.name for row in imgscope.check(app, config="imgscope.toml").images[0].results] == ["max-size"]


def test_a_rule_that_there_is_not_is_named(app):
    with pytest.raises(imgscope.ConfigError, match="max-sise.*did you mean 'max-size'"):
        imgscope.check(app, {"max-sise": "1GB"})


def rows(results):
    analysis, difference, suggestions, verdict, found = results
    yield from results
    yield from (analysis.image, *analysis.layers, *analysis.image.history, *analysis.files, *analysis.waste)
    yield from (*analysis.changes(1), *analysis.why("/srv/a"), *analysis.waste_groups(), *analysis.top_files(9))
    yield from (difference.layers[0], *difference.files, difference.pull, difference.files, analysis.files)
    yield from (*suggestions.findings, *(row for finding in suggestions.findings for row in finding.evidence))
    yield from (*verdict.images, *verdict.images[0].results, verdict.images[0].results[0].causes)
    yield from (*found.candidates, found.base)


def test_every_row_shows_itself_in_one_short_line(results):
    for row in rows(results):
        shown = repr(row)
        assert shown.isprintable(), shown
        assert len(shown) < 600, shown
        assert type(row).__name__.removeprefix("Found") in shown or "Files" in shown
    analysis = results[0]
    assert repr(analysis).startswith("<Analysis of /")
    assert repr(analysis).endswith(": 2 layers, 214 kB, 205 kB wasted>")
    assert repr(analysis.waste[0]) == (
        "Waste(path='/srv/a', bytes=200 kB, stored_in=0, wasted_by=1, reason='shadowed')"
    )


class Tags(HTMLParser):
    """Which elements a text has, whether each is closed, and its words."""

    def __init__(self, text):
        super().__init__()
        self.open, self.names, self.words = [], set(), []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.names.add(tag)
        self.open.append(tag)
        assert {name for name, _ in attributes} <= {"style"}

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def test_notebooks_get_tables_without_scripts(results):
    for result in results:
        parsed = Tags(result._repr_html_())
        assert parsed.names <= {"div", "p", "b", "table", "caption", "thead", "tbody", "tr", "th", "td"}
        assert "table" in parsed.names
        assert not any(sign in "".join(parsed.words) for sign in "\x1b\u202e")
    assert any("<script>" in word for word in Tags(results[0]._repr_html_()).words)


def test_no_secret_is_shown(make):
    image = make(FILES, config={"Env": ["API_TOKEN=hunter2hunter2"]}, instructions=["RUN curl -u me:hunter2hunter2 x"])
    with imgscope.analyze(image, cache=False) as analysis:
        suggestions = imgscope.suggest(analysis)
        for result in (analysis, analysis.image, *analysis.layers, *suggestions.findings):
            assert "hunter2" not in repr(result)
        assert "hunter2" not in analysis._repr_html_() + suggestions._repr_html_()
