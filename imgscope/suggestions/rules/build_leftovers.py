"""What a build or an installation leaves in an image that nothing reads at run time, found by where it lies."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from ...paths import public, split
from ...settings import settings
from ..context import Context
from ..model import Certainty, Claim, Draft, Rule
from ..own_lines import first, homes, mended, quoted, removing, roots, then, with_option
from ..program import program
from ..system_files import system_owners
from ..toolchains import in_toolchain
from . import words

Filter = Callable[[Context, Sequence[Claim]], list[Claim]]
Removal = Callable[[Sequence[Claim], Sequence[str]], str]
"""Makes the command that removes files, of the files and the globs that found them; empty where none is sure."""

# So many files or folders are named one by one.
_NAMED = 6
_NO_DOCUMENTS = "--setopt=tsflags=nodocs"


def _whole_folders(claims: Sequence[Claim], places: Sequence[str]) -> str:
    return removing(homes(claims))


def _whole_places(claims: Sequence[Claim], places: Sequence[str]) -> str:
    return removing(roots(claims, places))


def _files(patterns: str) -> Removal:
    """Return what removes the files alone, found anew by find's ``patterns`` where they are many."""

    def command(claims: Sequence[Claim], places: Sequence[str]) -> str:
        named = [public(claim.path) for claim in claims]
        if len(named) <= _NAMED:
            return f"rm -f {quoted(named)}" if quoted(named) else ""
        folders = quoted(homes(claims))
        return f"find {folders} -type f {patterns} -delete" if folders else ""

    return command


def _all_but_licences(claims: Sequence[Claim], places: Sequence[str]) -> str:
    folders = quoted(homes(claims))
    kept = "! -iname 'copyright*' ! -iname 'licen*' ! -iname 'notice*' ! -iname 'copying*'"
    return f"find {folders} -type f {kept} -delete" if folders else ""


def _test_folders(claims: Sequence[Claim], places: Sequence[str]) -> str:
    tests = sorted({public(folder) for claim in claims if (folder := _test_folder(claim.path)) is not None})
    if len(tests) <= _NAMED:
        return removing(tests)
    return f"find {quoted(homes(claims))} -type d -name tests -prune -exec rm -rf {{}} +"


@dataclass(frozen=True, slots=True)
class BuildLeftover:
    """Something that is left: where it lies, which of that really is it, and what to do."""

    code: str
    name: str
    what: str
    places: tuple[str, ...]
    only: Filter
    fix: str
    why: str
    before: str
    after: str
    certainty: Certainty = "likely"
    removal: Removal = _whole_folders
    excluded: bool = False
    """Whether dpkg can leave it out when it unpacks packages."""
    option: str = ""
    """What makes dnf and its kind leave it out."""
    needs_stage: bool = False
    """Whether a build stage of its own answers it; what it does not answer may come along out of one."""


def shown(context: Context, code: str) -> list[Claim]:
    """Return what the merged tree shows of a rule's places: what is hidden is for the rules about layers."""
    tree = context.overlay.tree
    found: list[Claim] = []
    last, names = b"", tree.get(b"", {})
    for claim in context.claims(code):
        directory, name = split(claim.path)
        # They come a directory at a time.
        if directory != last:
            last, names = directory, tree.get(directory, {})
        if names.get(name) == claim.entry:
            found.append(claim)
    return found


def unowned(context: Context, claims: Sequence[Claim]) -> list[Claim]:
    """Return those of no package of the operating system, and of no toolchain."""
    if not claims:
        return []
    within = in_toolchain(context)
    loose = [claim for claim in claims if not within(split(claim.path)[0])]
    owners = system_owners(context) if loose else {}
    return [claim for claim in loose if claim.path not in owners]


def _check(left: BuildLeftover) -> Callable[[Context], Iterator[Draft]]:
    def check(context: Context) -> Iterator[Draft]:
        claims = shown(context, left.code)
        claims = left.only(context, claims) if claims else []
        if claims:
            layers = tuple(context.by_layer(claims))
            title = f"{left.what} in {words.layers(layers)}"
            yield Draft(
                title[:1].upper() + title[1:],
                left.fix,
                claims,
                layers,
                mended(context, claims, partial(_mend, left, _installs(context)), left.removal(claims, left.places)),
                (),
                left.certainty,
            )

    return check


def _installs(context: Context) -> bool:
    """Tell whether the image has dpkg, which reads its settings when it unpacks packages."""
    return any(context.overlay.lookup(path) is not None for path in (b"usr/bin/dpkg", b"etc/dpkg"))


def _mend(left: BuildLeftover, dpkg: bool, text: str, claims: Sequence[Claim]) -> str:
    """Return a RUN so that it leaves none of it; ``dpkg`` tells whether the image has that.

    What is left out when packages are unpacked costs no layer a byte, so that goes before a removal.
    """
    if left.option:
        changed = with_option(text, r"\b(?:microdnf|dnf5?|yum)(?: -\S+){0,9} (?:re)?install\b", left.option)
        if changed:
            return changed
    places = roots(claims, left.places) if left.excluded and dpkg else []
    if places and re.search(r"\b(?:apt-get|apt)\b", text) and "dpkg.cfg.d" not in text:
        lines = [f"path-exclude={place}/*" for place in places]
        if "/usr/share/doc" in places:
            lines.append("path-include=/usr/share/doc/*/copyright")
        shown = " ".join(f"'{line}'" for line in lines)
        return first(text, f"printf '%s\\n' {shown} > /etc/dpkg/dpkg.cfg.d/01-{left.name}")
    return then(text, left.removal(claims, left.places))


COMPILERS = frozenset(
    (
        "gcc",
        "g++",
        "cc",
        "c++",
        "clang",
        "clang++",
        "make",
        "cmake",
        "ninja",
        "meson",
        "go",
        "cargo",
        "rustc",
        "tcc",
        "R",
    )
)


def _unless_it_compiles(context: Context, claims: Sequence[Claim]) -> list[Claim]:
    """A container that compiles needs headers and libraries to compile with."""
    return [] if program(context).words & COMPILERS else unowned(context, claims)


def _static(context: Context, claims: Sequence[Claim]) -> list[Claim]:
    """Leave out those of compilers, and of languages' packages: whoever installs these does not link them."""
    named = []
    for claim in claims:
        *folders, name = claim.path.split(b"/")
        compilers = b"gcc" in folders and b"lib" in folders
        if _PACKAGE_HOMES.isdisjoint(folders) and (
            name.endswith(b".la") or (name.startswith(b"lib") and not compilers)
        ):
            named.append(claim)
    return _unless_it_compiles(context, named)


def _cloned(context: Context, claims: Sequence[Claim]) -> list[Claim]:
    if "git" in program(context).words:
        return []
    return [claim for claim in claims if context.is_run(context.layer_of(claim))]


_HOMES = ("site-packages", "dist-packages", "node_modules")
_TESTS = ("tests", "test", "__tests__")
_TEST_FOLDERS = {name.encode() for name in _TESTS}
_PACKAGE_HOMES = {name.encode() for name in _HOMES}


def _tests(context: Context, claims: Sequence[Claim]) -> list[Claim]:
    """Keep what is a package's tests for sure: below the package, and with names as tests have them."""
    known: dict[bytes, bool] = {}
    found: list[Claim] = []
    for claim in claims:
        home = _test_folder(claim.path)
        if home is None:
            continue
        if home not in known:
            known[home] = _holds_tests(context, home)
        if known[home]:
            found.append(claim)
    return found


def _test_folder(path: bytes) -> bytes | None:
    """Return the outermost folder of tests on a path, below a package's own folder."""
    parts = path.split(b"/")
    start = next(
        (place for place, part in enumerate(parts) if part in (b"site-packages", b"dist-packages", b"node_modules")),
        None,
    )
    if start is None:
        # Python's own test suite.
        at = next((place for place, part in enumerate(parts) if part.startswith(b"python3")), None)
        return b"/".join(parts[: at + 2]) if at is not None and parts[at + 1 : at + 2] == [b"test"] else None
    for place in range(start + 2, len(parts) - 1):
        # A package may be called test; in a scope it is one folder further down.
        scoped = parts[place - 1].startswith(b"@") or parts[place - 1] == b"node_modules"
        if parts[place] in _TEST_FOLDERS and not scoped:
            return b"/".join(parts[: place + 1])
    return None


_TEST_NAME = re.compile(rb"test_.*\.py|.*_test\.py|conftest\.py")


def _holds_tests(context: Context, folder: bytes) -> bool:
    """Tell whether a folder called test is one: django.test, for instance, is not."""
    if b"node_modules" in folder:
        # npm's packages name their tests as they like, but a folder of that name is nothing else there.
        return True
    tree = context.overlay.tree
    pending, seen = [folder], 0
    while pending and seen < 1000:
        here = pending.pop()
        for name in tree.get(here, {}):
            seen += 1
            if _TEST_NAME.fullmatch(name):
                return True
            inner = here + b"/" + name
            if inner in tree:
                pending.append(inner)
    return False


def _maps(context: Context, claims: Sequence[Claim]) -> list[Claim]:
    if "enable-source-maps" in program(context).text or "enable-source-maps" in str(context.analysis.image.config):
        return []
    lookup = context.overlay.lookup
    # A distribution's package brings its maps whatever is built here.
    return unowned(context, [claim for claim in claims if lookup(claim.path.removesuffix(b".map")) is not None])


_DOCUMENTS = ("doc", "man", "info", "gtk-doc", "doc-base", "lintian", "help", "devhelp")
_LICENCE = re.compile(rb"(?i)copyright|licen[cs]es?|copying|notice|legal|authors")


def _documents(context: Context, claims: Sequence[Claim]) -> list[Claim]:
    """Licences ask to be passed on with what they are for."""
    return [claim for claim in claims if not _LICENCE.match(split(claim.path)[1])]


_LOCALE = re.compile(rb"(?:usr/(?:local/)?share/locale|usr/lib/locale)/([A-Za-z]+)")


def _languages(context: Context, claims: Sequence[Claim]) -> list[Claim]:
    """Leave out the languages that the image's variables ask for, and those that every program knows."""
    kept = {b"C", b"c", b"POSIX", b"locale"}
    variables = settings(context.analysis.image.config).get("Env")
    for variable in variables if isinstance(variables, list) else ():
        name, _, value = str(variable).partition("=")
        if name in ("LANG", "LANGUAGE") or name.startswith("LC_"):
            kept.update(word.encode() for word in re.findall(r"[A-Za-z]+", value.partition(".")[0])[:1])
    found = []
    for claim in claims:
        match = _LOCALE.match(claim.path)
        if match is None or match[1] not in kept:
            found.append(claim)
    return found


LEFT = (
    BuildLeftover(
        "IS204",
        "cloned-git",
        "git history",
        ("/**/.git/**", "/**/.hg/**", "/**/.svn/**"),
        _cloned,
        "Clone in a build stage; or clone without history and remove .git in the same RUN.",
        "Everything that was ever in a repository lies in its .git folder. What is built from it needs one state.",
        "RUN git clone https://example.com/tool.git /opt/tool",
        "RUN git clone --depth 1 https://example.com/tool.git /opt/tool && rm -rf /opt/tool/.git",
        needs_stage=True,
        removal=_whole_places,
    ),
    BuildLeftover(
        "IS203",
        "static-libraries",
        "static libraries and libtool archives",
        ("/**/*.a", "/**/*.la"),
        _static,
        "Build in a stage of its own and copy what is run; or remove them in the same RUN.",
        "They are put into programs when those are linked. At run time only shared libraries are loaded.",
        "RUN ./configure && make install",
        "RUN ./configure --disable-static && make install && find /usr/local/lib -name '*.la' -delete",
        needs_stage=True,
        removal=_files("\\( -name '*.a' -o -name '*.la' \\)"),
    ),
    BuildLeftover(
        "IS202",
        "headers",
        "headers and compilers' settings",
        (
            "/usr/include/**",
            "/usr/local/include/**",
            "/opt/*/include/**",
            "/usr/local/lib/pkgconfig/**",
            "/usr/local/lib/*/pkgconfig/**",
            "/usr/local/lib/cmake/**",
            "/usr/local/lib/*/cmake/**",
            "/usr/local/share/pkgconfig/**",
            "/usr/local/share/aclocal/**",
        ),
        _unless_it_compiles,
        "Build in a stage of its own and copy what is run; or remove them in the same RUN.",
        "Only compilers read them.",
        "RUN make install",
        "RUN make install && rm -rf /usr/local/include",
        needs_stage=True,
    ),
    BuildLeftover(
        "IS207",
        "installed-tests",
        "tests of installed packages",
        (
            *(f"/**/{home}/**/{folder}/**" for home in _HOMES for folder in _TESTS),
            *(f"/{home}/lib/python3*/test/**" for home in ("usr/local", "usr", "opt/*")),
        ),
        _tests,
        "Remove them in the RUN that installs the packages.",
        "Packages bring the tests that their authors run, and the data for them. A few packages import theirs: try it.",
        "RUN pip install --no-cache-dir pandas",
        "RUN pip install --no-cache-dir pandas && \\\n"
        "    find /usr/local/lib/python3*/site-packages \\\n"
        "        -type d -name tests -prune -exec rm -rf {} +",
        "possible",
        removal=_test_folders,
    ),
    BuildLeftover(
        "IS209",
        "source-maps",
        "source maps",
        (
            "/**/*.js.map",
            "/**/*.mjs.map",
            "/**/*.cjs.map",
            "/**/*.css.map",
            "/**/*.ts.map",
            "/**/*.mts.map",
            "/**/*.cts.map",
        ),
        _maps,
        "Build without them, or keep them where errors are looked into, not in the image.",
        "A source map leads from a minified script back to its source. Only debuggers read it.",
        "RUN npm run build",
        "RUN npm run build && find dist node_modules -name '*.map' -delete",
        removal=_files("-name '*.map'"),
    ),
    BuildLeftover(
        "IS211",
        "locales",
        "translations and locales that the image does not use",
        (
            "/usr/share/locale/**",
            "/usr/local/share/locale/**",
            "/usr/share/i18n/**",
            "/usr/lib/locale/**",
            "/usr/share/X11/locale/**",
        ),
        _languages,
        "Have the package manager leave them out, or remove them in the RUN that installs the packages.",
        "Programs' messages in a hundred languages. A server writes its log in one.",
        "RUN apt-get update && apt-get install -y git",
        "RUN printf '%s\\n' 'path-exclude=/usr/share/locale/*' 'path-exclude=/usr/share/i18n/*' \\\n"
        "        > /etc/dpkg/dpkg.cfg.d/no-locales && \\\n"
        "    apt-get update && apt-get install -y git",
        "possible",
        excluded=True,
    ),
    BuildLeftover(
        "IS210",
        "documentation",
        "documentation and man pages",
        (
            *(f"/{home}/share/{folder}/**" for home in ("usr", "usr/local") for folder in _DOCUMENTS),
            *("/usr/local/man/**", "/opt/*/share/man/**", "/opt/*/share/doc/**"),
        ),
        _documents,
        "Have the package manager leave it out (dnf: --setopt=tsflags=nodocs), or remove it in the RUN that installs "
        "the packages. Licences should stay.",
        "Nobody reads a manual in a container.",
        "RUN apt-get update && apt-get install -y git",
        "RUN printf '%s\\n' 'path-exclude=/usr/share/man/*' 'path-exclude=/usr/share/doc/*' \\\n"
        "        'path-include=/usr/share/doc/*/copyright' > /etc/dpkg/dpkg.cfg.d/no-docs && \\\n"
        "    apt-get update && apt-get install -y git",
        "possible",
        removal=_all_but_licences,
        excluded=True,
        option=_NO_DOCUMENTS,
    ),
)

RULES = tuple(
    Rule(
        left.code,
        left.name,
        f"{left.what[:1].upper()}{left.what[1:]}.",
        left.certainty,
        _check(left),
        why=left.why,
        before=left.before,
        after=left.after,
        places=left.places,
        needs_stage=left.needs_stage,
        final_stage="left out" if left.needs_stage else "either",
    )
    for left in LEFT
)
