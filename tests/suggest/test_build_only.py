"""What a build leaves in an image that nothing reads at run time; and what looks like it and is needed."""

from __future__ import annotations

import json

import pytest

from imgscope.knowledge.toolchains import JDK_HOMES, TOOLCHAINS
from imgscope.suggestions.rules.build_leftovers import LEFT
from tests.oracle.maketar import file, layer, symlink, whiteout
from tests.suggest.test_build_packages import BASE as DEBIAN
from tests.suggest.test_build_packages import debian, package
from tests.suggest.test_leftovers import example

from .conftest import SYSTEM

DATA = b"x" * 5000
RUN = "RUN make install"


def claimed(findings, *members, select, run=RUN, config=None):
    """The paths that a rule claims in a layer with these files (as text: their paths), and the findings."""
    made = [file(member, DATA) if isinstance(member, str) else member for member in members]
    found = findings((run, layer(*made)), select=[select], config=config or {"Cmd": ["/app"]})
    return {row.path.lstrip("/") for finding in found for row in finding.evidence}


def beside(path):
    """Files that have to be there for a place to count: what a map is for, a test among tests."""
    folder = next((f"/{name}/" for name in ("tests", "test", "__tests__") if f"/{name}/" in path), None)
    more = [path.split(folder)[0] + folder + "test_it.py"] if folder else []
    return [*more, path.removesuffix(".map")] if path.endswith(".map") else more


PLACES = [
    (left, glob)
    for left in LEFT
    for glob in left.places
    if not glob.endswith("*.a") and "node_modules/**/test" not in glob
]


@pytest.mark.parametrize(("left", "glob"), PLACES, ids=lambda value: getattr(value, "code", value))
def test_every_place_is_found(findings, left, glob):
    path = example(glob)
    if "-packages" in path:
        path = path.replace("-packages/root", "-packages/pandas")
    found = findings((RUN, layer(*(file(name, DATA) for name in (path, *beside(path))))), select=[left.code])
    assert f"/{path}" in [row.path for finding in found for row in finding.evidence]
    assert {finding.code for finding in found} == {left.code}
    assert all(finding.fix and finding.lines for finding in found)


@pytest.mark.parametrize("left", LEFT, ids=lambda left: left.code)
def test_the_bases_own_and_the_removed_are_other_rules(findings, left):
    path = example(left.places[-1])
    made = layer(SYSTEM, *(file(name, DATA) for name in (path, *beside(path))))
    removed = layer(*(whiteout(name) for name in (path, *beside(path))))
    app = ("COPY app /", layer(file("app", b"x")))
    assert findings(("ADD file:0123 in /", made), app, base=False, select=[left.code]) == []
    assert findings((RUN, made), ("RUN rm", removed), select=[left.code]) == []


# -- one by one -------------------------------------------------------------------------------------------------------


def test_a_container_that_compiles_keeps_its_headers(findings):
    paths = ["usr/local/include/x.h", "usr/local/lib/libx.a"]
    assert claimed(findings, *paths, select="IS202") == {paths[0]}
    assert claimed(findings, *paths, select="IS203") == {paths[1]}
    for code in ("IS202", "IS203"):
        assert claimed(findings, *paths, select=code, config={"Cmd": ["sh", "-c", "gcc x.c && ./a.out"]}) == set()


def test_static_libraries_of_toolchains_are_theirs(findings):
    keep = [
        "usr/local/go/pkg/x/libx.a",
        "usr/local/lib/gcc/x86_64-linux-gnu/14/libgcc.a",
        "srv/photo.a",
        "srv/data.la.txt",
    ]
    go = ["usr/local/lib/python3.12/config-3.12-x86_64-linux-gnu/libpython3.12.a", "opt/x/lib/libx.la"]
    assert claimed(findings, *keep, *go, select="IS203") == set(go)


def test_headers_of_a_package_are_the_package_managers(findings):
    kept = package("needed", files={"usr/include/needed.h": DATA})
    made = debian(package("libc6"), package("gcc-base"), kept, more=[file("usr/include/loose.h", DATA)])
    (found,) = findings(DEBIAN, ("RUN apt-get install needed", made), base=False, select=["IS202"])
    assert [row.path for row in found.evidence] == ["/usr/include/loose.h"]


def test_git_history_counts_where_a_run_made_it(findings):
    path = "opt/tool/.git/objects/pack/x.pack"
    assert claimed(findings, path, select="IS204", run="RUN git clone x /opt/tool") == {path}
    assert claimed(findings, path, select="IS204", run="COPY . /opt/tool") == set()
    assert claimed(findings, path, select="IS204", config={"Cmd": ["sh", "-c", "git pull && /app"]}) == set()


def test_tests_are_told_from_packages_that_are_called_so(findings):
    site = "usr/local/lib/python3.12/site-packages"
    tests = [
        f"{site}/pandas/tests/test_frame.py",
        f"{site}/pandas/tests/data/x.csv",
        "app/node_modules/qs/test/parse.js",
    ]
    keep = [
        f"{site}/django/test/client.py",
        f"{site}/tests/test_top.py",
        "app/node_modules/test/index.js",
        "app/node_modules/@playwright/test/index.js",
        f"{site}/numpy/testing/utils.py",
    ]
    assert claimed(findings, *tests, *keep, select="IS207") == set(tests)
    own = "usr/local/lib/python3.12/test/test_io.py"
    assert claimed(findings, own, select="IS207") == {own}


def test_source_maps_lie_beside_what_they_map(findings):
    maps = ["srv/www/app.js.map", "srv/www/style.css.map"]
    sources = ["srv/www/app.js", "srv/www/style.css"]
    keep = ["srv/www/world.map", "srv/www/gone.js.map"]
    assert claimed(findings, *maps, *sources, *keep, select="IS209") == set(maps)
    used = {"Cmd": ["node", "--enable-source-maps", "/srv/www/app.js"]}
    assert claimed(findings, *maps, *sources, select="IS209", config=used) == set()


def test_source_maps_of_a_distributions_package_are_not_built_here(findings):
    script = {"usr/share/nodejs/x/x.js": DATA, "usr/share/nodejs/x/x.js.map": DATA}
    own = [file("srv/x.js", DATA), file("srv/x.js.map", DATA)]
    made = debian(package("libc6"), package("gcc-base"), package("nodejs", files=script), more=own)
    (found,) = findings(DEBIAN, ("RUN apt-get install nodejs", made), base=False, select=["IS209"])
    assert [row.path for row in found.evidence] == ["/srv/x.js.map"]


def test_licences_stay(findings):
    keep = [
        "usr/share/doc/x/copyright",
        "usr/share/doc/x/LICENSE.gz",
        "usr/share/doc/x/COPYING",
        "usr/share/doc/x/NOTICE",
    ]
    assert claimed(findings, *keep, "usr/share/doc/x/changelog.gz", select="IS210") == {"usr/share/doc/x/changelog.gz"}


def test_the_language_that_is_asked_for_stays(findings):
    german, french = "usr/share/locale/de/LC_MESSAGES/git.mo", "usr/share/locale/fr/LC_MESSAGES/git.mo"
    everyones = ["usr/lib/locale/C.utf8/LC_CTYPE", "usr/share/locale/locale.alias"]
    config = {"Env": ["PATH=/bin", "LANG=de_DE.UTF-8"], "Cmd": ["/app"]}
    assert claimed(findings, german, french, *everyones, select="IS211", config=config) == {french}


# -- toolchains -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("one", TOOLCHAINS, ids=lambda one: one.what)
def test_toolchains_are_found_unless_they_are_run(findings, one):
    homes = [example(glob).removesuffix("/deep/down/file") for glob in one.places]
    programs = [f"{home}/bin/{one.proof[0].decode()}" for home in homes] if one.proof else []
    paths = [example(glob) for glob in one.places]
    files = [path for path, home in zip(paths, homes, strict=True) if path == home]
    programs = [path for path in programs if not any(path.startswith(f"{known}/") for known in files)]
    assert claimed(findings, *paths, *programs, select="IS213") == {*paths, *programs}
    # A directory that is called so is not yet one.
    if one.proof:
        assert claimed(findings, *paths, select="IS213") == set(files)


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("usr/local/go/bin/go", "go run ."),
        ("usr/local/rustup/toolchains/x/bin/rustc", "cargo run"),
        ("usr/share/dotnet/sdk/8.0/x.dll", "dotnet watch"),
        ("opt/gradle-8/bin/gradle", "/app/gradlew bootRun"),
        ("usr/local/zig/zig", "zig run x.zig"),
    ],
)
def test_a_toolchain_that_is_run_stays(findings, path, command):
    assert claimed(findings, path, select="IS213", config={"Cmd": ["/bin/sh", "-c", command]}) == set()
    assert claimed(findings, path, select="IS213", config={"Cmd": ["dotnet", "cargo.dll"]}) == {path}


def test_of_a_jdk_the_runtime_stays_where_java_runs(findings):
    home = "opt/java/openjdk"
    runtime = [f"{home}/bin/java", f"{home}/lib/modules", f"{home}/lib/server/libjvm.so", f"{home}/bin/jcmd"]
    beyond = [f"{home}/bin/javac", f"{home}/jmods/java.base.jmod", f"{home}/lib/src.zip", f"{home}/include/jni.h"]
    java = {"Entrypoint": ["java", "-jar", "/app.jar"]}
    assert claimed(findings, *runtime, *beyond, select="IS213", config=java) == set(beyond)
    assert claimed(findings, *runtime, *beyond, select="IS213") == {*runtime, *beyond}
    # A program that is started by a script may be Java all the same.
    assert claimed(findings, *runtime, *beyond, "srv/app.jar", select="IS213") == set(beyond)
    assert claimed(findings, *runtime, f"{home}/lib/src.zip", select="IS213") == set(), "a JRE is not a JDK"
    assert all(glob.endswith("/**") for glob in JDK_HOMES)


# -- bytecode ---------------------------------------------------------------------------------------------------------


def test_bytecode_by_what_is_the_matter_with_it(findings):
    cache = "app/__pycache__"
    members = [
        file("usr/local/bin/python3.12", b"x", mode=0o755),
        *(file(f"app/{name}.py", b"x") for name in ("a", "b", "c")),
        file("usr/lib/python3/dist-packages/six.py", b"x"),
        *(
            file(path, DATA)
            for path in (
                f"{cache}/a.cpython-312.pyc",
                f"{cache}/b.cpython-312.pyc",
                f"{cache}/b.cpython-312.opt-1.pyc",
                f"{cache}/c.cpython-311.pyc",
                f"{cache}/gone.cpython-312.pyc",
                "app/a.pyc",
                "app/alone.pyc",
                f"{cache}/odd.pyc",
            )
        ),
    ]
    found = findings(("RUN pip install x", layer(*members)), select=["IS208"])
    told = {
        finding.title.split(",")[0]: ({row.path.split("/")[-1] for row in finding.evidence}, finding)
        for finding in found
    }
    assert {title: (names, finding.certainty) for title, (names, finding) in told.items()} == {
        "Bytecode whose source is gone": ({"gone.cpython-312.pyc"}, "certain"),
        "Bytecode for a Python that the image does not have": ({"c.cpython-311.pyc"}, "certain"),
        "Bytecode that is there twice": ({"b.cpython-312.opt-1.pyc", "a.pyc"}, "likely"),
        "Python's bytecode": ({"a.cpython-312.pyc", "b.cpython-312.pyc"}, "possible"),
    }


def test_bytecode_of_a_python_that_is_not_found_is_not_foreign(findings):
    found = findings(
        ("RUN x", layer(file("app/a.py"), file("app/__pycache__/a.cpython-39.pyc", DATA))), select=["IS208"]
    )
    assert [finding.certainty for finding in found] == ["possible"]


# -- node_modules -----------------------------------------------------------------------------------------------------


def module(path, *, dependencies=(), peers=(), more=()):
    manifest = {"name": path.split("node_modules/")[-1], "dependencies": dict.fromkeys(dependencies, "*")}
    manifest["peerDependencies"] = dict.fromkeys(peers, "*")
    return [file(f"{path}/package.json", json.dumps(manifest).encode()), file(f"{path}/index.js", DATA), *more]


def project(home, dependencies=(), development=(), scripts=None):
    manifest = {
        "dependencies": dict.fromkeys(dependencies, "*"),
        "devDependencies": dict.fromkeys(development, "*"),
        "scripts": scripts or {},
    }
    return file(f"{home}/package.json", json.dumps(manifest).encode())


def development(findings, *members, config=None):
    paths = claimed(findings, *members, select="IS206", run="RUN yarn install", config=config)
    return {path.removesuffix("/index.js") for path in paths if path.endswith("/index.js")}


def test_dev_dependencies_with_all_that_only_they_need(findings):
    home = "app/node_modules"
    members = [
        project("app", ["express", "@scope/kit"], ["typescript", "eslint"]),
        *module(f"{home}/express", dependencies=["debug"]),
        *module(f"{home}/debug", dependencies=["ms"]),
        *module(f"{home}/ms"),
        *module(f"{home}/@scope/kit", peers=["react"]),
        *module(f"{home}/react"),
        *module(f"{home}/typescript"),
        *module(f"{home}/eslint", dependencies=["debug", "chalk", "@eslint/core"]),
        *module(f"{home}/eslint/node_modules/debug", dependencies=["ms"]),
        *module(f"{home}/chalk"),
        *module(f"{home}/@eslint/core"),
    ]
    assert development(findings, *members) == {
        f"{home}/{name}" for name in ("typescript", "eslint", "eslint/node_modules/debug", "chalk", "@eslint/core")
    }


def test_dev_dependencies_that_pnpm_links(findings):
    store = "app/node_modules/.pnpm"
    members = [
        project("app", ["a"], ["b"]),
        symlink("app/node_modules/a", ".pnpm/a@1/node_modules/a"),
        symlink("app/node_modules/b", ".pnpm/b@1/node_modules/b"),
        *module(f"{store}/a@1/node_modules/a", dependencies=["shared"]),
        symlink(f"{store}/a@1/node_modules/shared", "../../shared@1/node_modules/shared"),
        *module(f"{store}/shared@1/node_modules/shared"),
        *module(f"{store}/b@1/node_modules/b", dependencies=["shared", "c"]),
        symlink(f"{store}/b@1/node_modules/shared", "../../shared@1/node_modules/shared"),
        symlink(f"{store}/b@1/node_modules/c", "../../c@1/node_modules/c"),
        *module(f"{store}/c@1/node_modules/c"),
    ]
    assert development(findings, *members) == {f"{store}/b@1/node_modules/b", f"{store}/c@1/node_modules/c"}


@pytest.mark.parametrize(
    ("command", "scripts"),
    [
        (["npm", "start"], {"start": "nodemon -r dotenv/config index.js"}),
        (["yarn", "serve"], {"serve": "npm run inner", "inner": "npx nodemon"}),
        (["node_modules/.bin/nodemon"], {}),
        (["/bin/sh", "-c", "cd /app && nodemon index.js"], {}),
    ],
)
def test_a_dev_dependency_that_is_run_stays(findings, command, scripts):
    members = [
        project("app", [], ["nodemon", "eslint"], scripts),
        *module("app/node_modules/nodemon", dependencies=["chokidar"]),
        *module("app/node_modules/chokidar"),
        *module("app/node_modules/eslint"),
        symlink("app/node_modules/.bin/nodemon", "../nodemon/index.js"),
        symlink("app/node_modules/.bin/eslint", "../eslint/index.js"),
    ]
    config = {"Cmd": command, "WorkingDir": "/app"}
    assert development(findings, *members, config=config) == {"app/node_modules/eslint"}


def test_manifests_that_lie_are_no_error(findings):
    members = [
        file("a/package.json", b'{"devDependencies": {"../../etc": "*", "": 1, "x": []}, "dependencies": [1]}'),
        file("b/package.json", b"[" * 10000),
        *module("a/node_modules/x"),
        *module("b/node_modules/x"),
        file("a/node_modules/broken/package.json", b"{"),
    ]
    assert development(findings, *members) == {"a/node_modules/x"}


# -- sources ----------------------------------------------------------------------------------------------------------


def test_sources_of_java_beside_its_archive(findings):
    source = layer(file("src/pom.xml", DATA), file("src/main/Main.java", DATA), file("src/notes.txt", DATA))
    built = layer(file("srv/app.jar", DATA), file("src/target/classes/Main.class", DATA))
    java = {"Cmd": ["java", "-jar", "/srv/app.jar"]}
    steps = (("COPY . /src", source), ("RUN mvn package", built))
    (found,) = findings(*steps, select=["IS205"], config=java)
    paths = {row.path for row in found.evidence}
    assert paths == {"/src/pom.xml", "/src/main/Main.java", "/src/notes.txt", "/src/target/classes/Main.class"}
    assert found.layers == (1, 2)
    # Where the program runs in that folder, only what are sources for sure.
    (found,) = findings(*steps, select=["IS205"], config={**java, "WorkingDir": "/src"})
    assert {row.path for row in found.evidence} == {"/src/main/Main.java", "/src/target/classes/Main.class"}
    # Sources that nothing was built of are the program.
    assert findings(steps[0], select=["IS205"], config=java) == []
    assert findings(*steps, select=["IS205"], config={"Cmd": ["sh", "-c", "make run"]}) == []


def test_folders_as_deep_as_paths_can_be(findings):
    """Deeper than Python's stack."""
    deep = "a/" * 1990
    assert claimed(findings, f"{deep}libx.a", f"{deep}Makefile", f"{deep}x.c", select="IS203") == {f"{deep}libx.a"}
    java = [file(f"{deep}Main.java", DATA), file(f"{deep}pom.xml", DATA), file("srv/x.jar", DATA)]
    assert f"{deep}Main.java" in claimed(findings, *java, select="IS205")
