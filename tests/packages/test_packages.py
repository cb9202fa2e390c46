"""Packages as the databases of real tools tell of them, and whose each path is."""

from __future__ import annotations

import importlib.metadata
import io
import json
import os
import shutil
import sqlite3
import struct
import subprocess
import tarfile
from pathlib import Path

import pytest

import imgscope
from imgscope.differences import diff
from imgscope.differences.packages import version_key
from imgscope.packages import read_packages
from tests.archive.images import PACK, Image, docker_archive, write_tar
from tests.oracle.maketar import directory, file, layer, symlink


def image(path: Path, *layers: bytes, pack: str = "") -> Path:
    return write_tar(path, docker_archive(Image(layers), pack=pack, style="blobs" if pack else "legacy"))


def packages(path: Path):
    with imgscope.analyze(path, cache=False) as analysis:
        return read_packages(analysis)


def packed(folder: Path, *names: str) -> bytes:
    """A layer with what lies in a folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in names or sorted(path.name for path in folder.iterdir()):
            if (folder / name).exists():
                tar.add(folder / name, name)
    return buffer.getvalue()


# -- Debian -----------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not shutil.which("dpkg-query"), reason="needs dpkg")
@pytest.mark.parametrize("pack", ["", "gzip"])
def test_dpkg_tells_of_this_machine_what_dpkg_query_does(tmp_path, pack):
    owned = [
        path
        for path in ("/usr/bin/dpkg", "/usr/bin/env", "/bin/sh", "/bin/ls", "/etc/debian_version")
        if Path(path).exists()
    ]
    layers = [packed(Path("/"), "var/lib/dpkg/status", "var/lib/dpkg/info")]
    links = [symlink(name, os.readlink(f"/{name}")) for name in ("bin", "lib", "sbin") if os.path.islink(f"/{name}")]
    members = [file(os.path.realpath(path).lstrip("/"), b"x" * 10) for path in owned]
    layers.append(layer(*links, *members))
    found = packages(image(tmp_path / "i.tar", *layers, pack=pack))
    said = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package} ${Version} ${Architecture}\n"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    theirs = {tuple(line.split()[1:]) for line in said.splitlines() if line.startswith("installed ")}
    assert {(p.name, p.version, p.architecture) for p in found.packages} == theirs
    for path in owned:
        real = os.path.realpath(path)
        answer = subprocess.run(["dpkg-query", "-S", path, real], capture_output=True, text=True, check=False).stdout
        names = {line.split(":")[0] for line in answer.splitlines()}
        owner = found.owner(real)
        assert owner is not None, path
        assert owner.name in names
    assert not found.notes


def test_distroless_keeps_a_file_for_each_package(tmp_path):
    status = b"Package: libc6\nVersion: 2.36-9\nArchitecture: amd64\nMaintainer: x\n"
    found = packages(
        image(
            tmp_path / "i.tar",
            layer(
                file("var/lib/dpkg/status.d/libc6", status),
                file("var/lib/dpkg/status.d/libc6.md5sums", b"d41d8  usr/lib/libc.so\n"),
                file("usr/lib/libc.so", b"x" * 100),
            ),
        )
    )
    [package] = found.packages
    assert (package.name, package.version) == ("libc6", "2.36-9")
    assert found.owner("/usr/lib/libc.so") is package
    assert package.size == 100 + len(status) + 23


def test_a_removed_package_whose_configuration_stays_is_not_installed(tmp_path):
    kept = b"Package: a\nStatus: deinstall ok config-files\nVersion: 1\n\n"
    held = b"Package: b\nStatus: hold ok installed\nVersion: 2\n"
    found = packages(image(tmp_path / "i.tar", layer(file("var/lib/dpkg/status", kept + held))))
    assert [package.name for package in found.packages] == ["b"]


def test_paths_are_found_through_links_of_directories(tmp_path):
    """A package says /lib/x where /lib has become a link to /usr/lib; links in a ring lead nowhere."""
    status = b"Package: a\nStatus: install ok installed\nVersion: 1\n"
    found = packages(
        image(
            tmp_path / "i.tar",
            layer(
                directory("usr/lib"),
                symlink("lib", "usr/lib"),
                symlink("ring", "round"),
                symlink("round", "/ring"),
                file("usr/lib/x.so", b"123"),
                file("var/lib/dpkg/status", status),
                file("var/lib/dpkg/info/a.list", b"/.\n/lib\n/lib/x.so\n/ring/y\n/nowhere/z\n"),
            ),
        )
    )
    assert found.owner("/usr/lib/x.so").name == "a"
    assert found.owner("/lib/x.so") is None


# -- Alpine ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["lib/apk/db/installed", "usr/lib/apk/db/installed"])
def test_apk(tmp_path, place):
    database = b"""C:Q1abc=
P:musl
V:1.2.5-r0
A:x86_64
S:400000
T:the C library
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755
Z:Q1xyz=
R:libc.musl-x86_64.so.1

P:busybox
V:1.36.1-r2
A:x86_64
F:
R:linuxrc
F:bin
R:busybox
"""
    tree = [
        file("lib/ld-musl-x86_64.so.1", b"x" * 50),
        file("bin/busybox", b"y" * 70),
        file("linuxrc", b"z"),
        file("own", b""),
    ]
    found = packages(image(tmp_path / "i.tar", layer(*tree, file(place, database))))
    assert [(p.name, p.version, p.architecture, p.size) for p in found.packages] == [
        ("musl", "1.2.5-r0", "x86_64", 50),
        ("busybox", "1.36.1-r2", "x86_64", 71),
    ]
    assert found.owner("/linuxrc").name == "busybox" and found.owner("/own") is None


# -- rpm ---------------------------------------------------------------------------------------------------------------

SPEC = """
Name: {name}
Version: {version}
Release: 2
Epoch: {epoch}
Summary: test
License: MIT
BuildArch: noarch
%description
test
%install
mkdir -p %{{buildroot}}/opt/{name}/sub
echo {version} > %{{buildroot}}/opt/{name}/one
echo two > %{{buildroot}}/opt/{name}/sub/two
%files
/opt/{name}
"""


@pytest.fixture(scope="module")
def rpm_root(tmp_path_factory) -> Path:
    """A root into which rpm itself has installed two packages that rpmbuild made."""
    if not shutil.which("rpmbuild"):
        pytest.skip("needs Debian's rpm")
    folder = tmp_path_factory.mktemp("rpm")
    root = folder / "root"
    root.mkdir()
    environment = {**os.environ, "HOME": str(folder)}
    for name, version, epoch in (("alpha", "1.5", 0), ("beta", "2.0", 3)):
        spec = folder / f"{name}.spec"
        spec.write_text(SPEC.format(name=name, version=version, epoch=epoch))
        subprocess.run(
            ["rpmbuild", "-bb", "--define", f"_topdir {folder}/build", spec],
            check=True, capture_output=True, env=environment,
        )  # fmt: skip
    made = sorted((folder / "build/RPMS").rglob("*.rpm"))
    subprocess.run(
        ["rpm", "--root", root, "--define", "_db_backend sqlite", "--dbpath", "/var/lib/rpm", "-i", "--nodeps", *made],
        check=True, capture_output=True, env=environment,
    )  # fmt: skip
    return root


@pytest.mark.parametrize("pack", ["", "gzip"])
def test_rpm_reads_what_rpm_wrote(rpm_root, tmp_path, pack):
    found = packages(image(tmp_path / "i.tar", packed(rpm_root, "opt", "var"), pack=pack))
    assert found.notes == []
    assert sorted((p.ecosystem, p.name, p.version, p.architecture) for p in found.packages) == [
        ("rpm", "alpha", "1.5-2", "noarch"),
        ("rpm", "beta", "3:2.0-2", "noarch"),
    ]
    assert found.owner("/opt/beta/sub/two").name == "beta"
    assert [p.size for p in found.packages] == [8, 8]


def database(*blobs: bytes, extra: str = "") -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE Packages (hnum INTEGER PRIMARY KEY, blob BLOB)")
    connection.executemany("INSERT INTO Packages (blob) VALUES (?)", [(blob,) for blob in blobs])
    if extra:
        connection.executescript(extra)
    connection.commit()
    return connection.serialize()


@pytest.mark.parametrize(
    "data",
    [
        b"not a database",
        database(b""),
        database(b"\xff" * 64),
        database(struct.pack(">II", 1, 4) + struct.pack(">IIII", 1000, 6, 0, 1 << 31) + b"abcd"),
        database(struct.pack(">II", 1 << 31, 4) + b"abcd"),
        database(struct.pack(">II", 1, 4) + struct.pack(">IIII", 1116, 4, 0, 1 << 30) + b"abcd"),
        database(
            extra="DROP TABLE Packages; CREATE VIEW Packages AS WITH RECURSIVE c(blob) AS "
            "(SELECT 1 UNION ALL SELECT blob+1 FROM c WHERE blob > 0) SELECT blob, 1 AS rowid FROM c WHERE blob < 0;"
        ),
    ],
    ids=["text", "empty", "noise", "count", "entries", "integers", "endless"],
)
def test_a_hostile_rpm_database_costs_a_note_and_no_more(tmp_path, data):
    found = packages(image(tmp_path / "i.tar", layer(file("var/lib/rpm/rpmdb.sqlite", data))))
    assert found.packages == []
    assert len(found.notes) == 1


@pytest.mark.parametrize(
    "place",
    [
        *("var/lib/rpm/Packages", "usr/lib/sysimage/rpm/Packages.db", "usr/share/rpm/rpmdb.sqlite"),
        *("var/lib/dpkg/status", "lib/apk/db/installed", "var/lib/pacman/local/a-1/desc"),
    ],
)
def test_a_database_that_is_none_is_named_and_its_packages_are_not_called_none(tmp_path, place):
    found = packages(image(tmp_path / "i.tar", layer(file(place, b"\0" * 100))))
    assert found.packages == [] and len(found.unread) == 1
    assert place in found.notes[0] and "can't be read" in found.notes[0]


# -- Python and npm ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pack", ["", "gzip"])
def test_python_tells_of_this_environment_what_importlib_does(tmp_path, pack):
    distribution = importlib.metadata.distribution("click")
    site = Path(str(distribution.locate_file("")))
    home = "usr/lib/python3/site-packages"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in ("click", f"click-{distribution.version}.dist-info"):
            tar.add(
                site / name, f"{home}/{name}", filter=lambda info: None if info.name.endswith("__pycache__") else info
            )
    found = packages(image(tmp_path / "i.tar", buffer.getvalue(), pack=pack))
    [package] = found.packages
    assert (package.ecosystem, package.name, package.version) == ("python", "click", distribution.version)
    for path in distribution.files or []:
        if (site / path).is_file() and ".." not in str(path) and "__pycache__" not in str(path):
            assert found.owner(f"/{home}/{path}") is package, path
    assert package.size == sum(
        (site / path).stat().st_size
        for path in distribution.files or []
        if (site / path).is_file() and ".." not in str(path) and "__pycache__" not in str(path)
    )


def test_scripts_outside_of_site_packages_belong_to_their_project(tmp_path):
    home = "usr/lib/python3.12/site-packages"
    record = b'../../../bin/tool,,\n"odd,name.py",,\n/etc/tool.conf,,\n../../../../../../../climb,,\n'
    found = packages(
        image(
            tmp_path / "i.tar",
            layer(
                file(f"{home}/tool-2.dist-info/METADATA", b"Name: tool\n"),
                file(f"{home}/tool-2.dist-info/RECORD", record),
                *(file(name, b"1") for name in ("usr/bin/tool", f"{home}/odd,name.py", "etc/tool.conf", "climb")),
            ),
        )
    )
    for path in ("/usr/bin/tool", f"/{home}/odd,name.py", "/etc/tool.conf", "/climb"):
        assert found.owner(path).name == "tool", path


def test_a_project_that_the_system_installed_is_not_counted_twice(tmp_path):
    home = "usr/lib/python3/dist-packages"
    status = b"Package: python3-yaml\nStatus: install ok installed\nVersion: 6.0-3\n"
    listed = f"/{home}/PyYAML-6.0.egg-info/PKG-INFO\n".encode()
    found = packages(
        image(
            tmp_path / "i.tar",
            layer(
                file("var/lib/dpkg/status", status),
                file("var/lib/dpkg/info/python3-yaml.list", listed),
                file(f"{home}/PyYAML-6.0.egg-info/PKG-INFO", b"Name: PyYAML"),
                file("usr/local/lib/python3/site-packages/own-1.0-py3.11.egg-info/PKG-INFO", b"Name: own"),
            ),
        )
    )
    assert [(p.name, p.version) for p in found.packages] == [("python3-yaml", "6.0-3"), ("own", "1.0")]


SITE = "usr/lib/python3/dist-packages"
META = b"Metadata-Version: 1.1\nname: Found-By-Content\nVersion: 7\n\nName: not-this\nVersion: 8\n"


@pytest.mark.parametrize(
    ("path", "content", "known"),
    [
        (f"{SITE}/foo_bar-1.0-py3.9.egg-info", b"", ("foo_bar", "1.0")),
        (f"{SITE}/foo-1.0.egg-info", META, ("foo", "1.0")),
        (f"{SITE}/plain.egg-info", META, ("Found-By-Content", "7")),
        ("usr/lib/python2.7/lib-dynload/Python.egg-info", META, ("Found-By-Content", "7")),
        (f"{SITE}/plain.egg-info/PKG-INFO", META, ("Found-By-Content", "7")),
        ("srv/app/plain.egg-info/PKG-INFO", META, ("Found-By-Content", "7")),
        (f"{SITE}/plain.dist-info/METADATA", META, ("Found-By-Content", "7")),
        (f"{SITE}/a-1!2.0+x.dist-info/METADATA", META, ("a", "1!2.0+x")),
        (f"{SITE}/a-2-py3.11.egg/EGG-INFO/PKG-INFO", META, ("a", "2")),
        (f"{SITE}/zipped-3-py2.7-linux-x86_64.egg", b"PK", ("zipped", "3")),
    ],
)
@pytest.mark.parametrize("pack", ["", "gzip"])
def test_python_projects_of_every_age(tmp_path, path, content, known, pack):
    found = packages(image(tmp_path / "i.tar", layer(file(path, content)), pack=pack))
    assert [(p.ecosystem, p.name, p.version) for p in found.packages] == [("python", *known)]
    assert found.owner(f"/{path}") is found.packages[0] and not found.notes


def test_an_eggs_files_are_its_own(tmp_path):
    egg = f"{SITE}/a-2.egg"
    tree = [file(f"{egg}/EGG-INFO/PKG-INFO", b"1"), file(f"{egg}/a/b.py", b"22"), file(f"{SITE}/c.py", b"333")]
    [package] = packages(image(tmp_path / "i.tar", layer(*tree))).packages
    assert package.size == 3


@pytest.mark.parametrize(
    "path",
    [f"{SITE}/nothing.egg-info", f"{SITE}/nothing.egg-info/PKG-INFO", f"{SITE}/nothing.dist-info/METADATA"],
)
def test_a_project_that_says_no_name_or_version_is_named(tmp_path, path):
    found = packages(image(tmp_path / "i.tar", layer(file(path, b"Summary: x\n"))))
    assert found.packages == [] and "nothing" in found.notes[0]


@pytest.mark.parametrize("pack", ["", "gzip"])
def test_pacman(tmp_path, pack):
    home = "var/lib/pacman/local"
    desc = b"%NAME%\nglibc\n\n%VERSION%\n2.40-1\n\n%BASE%\nglibc\n\n%ARCH%\nx86_64\n\n%LICENSE%\nGPL\nLGPL\n"
    files = b"%FILES%\nusr/\nusr/lib/\nusr/lib/libc.so.6\n\n%BACKUP%\netc/gai.conf\tabc\n"
    tree = [file(f"{home}/glibc-2.40-1/desc", desc), file(f"{home}/glibc-2.40-1/files", files)]
    tree += [file("usr/lib/libc.so.6", b"x" * 1000), file("etc/gai.conf", b"")]
    found = packages(image(tmp_path / "i.tar", layer(*tree), pack=pack))
    [package] = found.packages
    assert (package.ecosystem, package.name, package.version) == ("pacman", "glibc", "2.40-1")
    assert (package.architecture, package.size) == ("x86_64", 1000 + len(desc) + len(files))
    assert found.owner("/usr/lib/libc.so.6") is package and found.owner("/etc/gai.conf") is None


def test_conda_has_its_python_packages_once(tmp_path):
    site = "lib/python3.12/site-packages"
    record = {"name": "numpy", "version": "2.1", "subdir": "linux-64", "depends": ["python"], "paths_data": [[{}]]}
    record["files"] = [f"{site}/numpy/a.py", f"{site}/numpy-2.1.dist-info/METADATA"]
    tree = [
        file("opt/conda/conda-meta/numpy-2.1-py312_0.json", json.dumps(record).encode()),
        file("opt/conda/conda-meta/broken.json", b'{"name": 7}'),
        file(f"opt/conda/{site}/numpy/a.py", b"12345"),
        file(f"opt/conda/{site}/numpy-2.1.dist-info/METADATA", b""),
        file(f"opt/conda/{site}/own-1.dist-info/METADATA", b""),
    ]
    found = packages(image(tmp_path / "i.tar", layer(*tree)))
    assert [(p.ecosystem, p.name, p.version) for p in found.packages] == [
        ("conda", "numpy", "2.1"),
        ("python", "own", "1"),
    ]
    assert found.owner(f"/opt/conda/{site}/numpy/a.py") is found.packages[0]
    assert len(found.notes) == 1 and "broken" in found.notes[0]


def test_what_databases_say_is_bounded_for_the_whole_image(tmp_path, monkeypatch):
    from imgscope.packages import reader

    monkeypatch.setattr(reader, "MAX_PATHS", 50)
    monkeypatch.setattr(reader, "MAX_PACKAGES", 8)
    many = [file(f"srv/p{number}-1.dist-info/RECORD", b"a\nb\n" * 20) for number in range(3)]
    status = b"".join(b"Package: p%d\nStatus: install ok installed\nVersion: 1\n\n" % n for n in range(9))
    deep = file("var/lib/dpkg/info/p0.list", b"/" + b"d/" * 3000 + b"\n/usr/ok\n")
    found = packages(image(tmp_path / "i.tar", layer(file("var/lib/dpkg/status", status), deep, *many)))
    assert len(found.packages) == 8 and "dpkg" in found.unread
    found = packages(image(tmp_path / "j.tar", layer(*many)))
    assert sum(len(p.paths) for p in found.packages) <= 50 + 3 and "more paths than are read" in found.notes[0]


@pytest.mark.skipif(not shutil.which("npm"), reason="needs npm")
def test_npm_reads_what_npm_installed(tmp_path):
    for name, version in (("left", "1.2.3"), ("@scope/right", "0.1.0")):
        folder = tmp_path / "src" / name.replace("/", "-")
        folder.mkdir(parents=True)
        (folder / "package.json").write_text(json.dumps({"name": name, "version": version, "main": "index.js"}))
        (folder / "index.js").write_text("module.exports = 1;\n")
    app = tmp_path / "root" / "app"
    app.mkdir(parents=True)
    (app / "package.json").write_text('{"name": "app", "version": "9.0.0"}')
    sources = [str(path) for path in sorted((tmp_path / "src").iterdir())]
    environment = {**os.environ, "npm_config_cache": str(tmp_path / "cache")}
    subprocess.run(
        ["npm", "install", "--offline", "--no-audit", "--install-links", *sources],
        cwd=app, check=True, capture_output=True, env=environment,
    )  # fmt: skip
    found = packages(image(tmp_path / "i.tar", packed(tmp_path / "root")))
    assert {(p.name, p.version) for p in found.packages} == {("left", "1.2.3"), ("@scope/right", "0.1.0")}
    assert found.owner("/app/node_modules/@scope/right/index.js").name == "@scope/right"
    assert found.owner("/app/package.json") is None


def test_nested_packages_have_their_own_files(tmp_path):
    found = packages(
        image(
            tmp_path / "i.tar",
            layer(
                file("node_modules/a/package.json", b'{"name": "a", "version": "1"}'),
                file("node_modules/a/lib/x.js", b"12345"),
                file("node_modules/a/node_modules/b/package.json", b'{"name": "b", "version": "2"}'),
                file("node_modules/a/node_modules/b/y.js", b"123"),
                file("node_modules/broken/package.json", b"{"),
                file("node_modules/deep/package.json", b"[" * 100_000),
            ),
        )
    )
    assert {p.name: p.size for p in found.packages} == {"a": 29 + 5, "b": 29 + 3}
    assert len(found.notes) == 2


# -- the difference ----------------------------------------------------------------------------------------------------


def dpkg_layer(**versions: str) -> bytes:
    status = "\n".join(f"Package: {n}\nStatus: install ok installed\nVersion: {v}\n" for n, v in versions.items())
    lists = [file(f"var/lib/dpkg/info/{name}.list", f"/usr/{name}\n".encode()) for name in versions]
    files = [file(f"usr/{name}", version.encode() * 10) for name, version in versions.items()]
    return layer(file("var/lib/dpkg/status", status.encode()), *lists, *files)


def test_packages_added_removed_upgraded_and_modified(tmp_path):
    base = layer(file("base", b"1"))
    old = image(tmp_path / "old.tar", base, dpkg_layer(same="1", gone="1", up="1.9", down="2:1.0"))
    new = image(
        tmp_path / "new.tar",
        base,
        dpkg_layer(same="1", come="3", up="1.10", down="1.5"),
        layer(file("usr/same", b"other")),
    )
    with diff(old, new, cache=False) as found:
        assert {(row.name, row.kind, row.version_before, row.version_after) for row in found.packages} == {
            ("gone", "removed", "1", None),
            ("come", "added", None, "3"),
            ("up", "upgraded", "1.9", "1.10"),
            ("down", "downgraded", "2:1.0", "1.5"),
            ("same", "modified", "1", "1"),
        }
        deltas = [abs(row.delta) for row in found.packages]
        assert deltas == sorted(deltas, reverse=True)
        total = sum(row.delta for row in found.packages) + found.unpackaged_bytes
        assert total == found.new.image.merged_bytes - found.old.image.merged_bytes


BROKEN = layer(file("var/lib/rpm/rpmdb.sqlite", b"SQLite format 3\0, or so"))


@pytest.mark.parametrize("turned", [False, True])
def test_packages_that_can_not_be_read_are_neither_added_nor_removed(tmp_path, imgscope, turned):
    good = image(tmp_path / "good.tar", layer(file("var/lib/rpm/rpmdb.sqlite", database(header(b"alpha")))))
    pair = [good, image(tmp_path / "broken.tar", BROKEN)][:: -1 if turned else 1]
    for form in ("text", "markdown", "json"):
        done = imgscope("diff", *pair, "--format", form, "--only", "packages")
        assert "can't be read" in " ".join(done.stdout.split()) and "alpha" not in done.stdout
    found = json.loads(done.stdout)
    assert found["packages"] == [] and found["unpackaged_bytes"] is None


def header(name: bytes) -> bytes:
    """A header with a name, a version and a release."""
    data = name + b"\x001\x001\0"
    entries = [(1000, 6, 0, 1), (1001, 6, len(name) + 1, 1), (1002, 6, len(name) + 3, 1)]
    return struct.pack(">II", 3, len(data)) + b"".join(struct.pack(">IIII", *entry) for entry in entries) + data


def test_rules_that_need_all_packages_say_that_they_are_not_known(tmp_path, imgscope):
    path = image(tmp_path / "i.tar", layer(file("base", b"1")), BROKEN)
    for form in ("text", "markdown", "json"):
        done = imgscope("suggest", path, "--format", form)
        assert done.returncode == 0 and "rpmdb.sqlite can't be read" in " ".join(done.stdout.replace("`", "").split())
    done = imgscope("check", path, "--forbidden-findings", "IS201")
    assert done.returncode == 1 and "rpmdb.sqlite can't be read" in " ".join(done.stdout.replace("`", "").split())


def test_a_saved_analysis_has_packages_where_its_databases_are_the_other_images_too(tmp_path, imgscope):
    same, saved = dpkg_layer(a="1"), tmp_path / "old.json"
    old = image(tmp_path / "old.tar", same)
    saved.write_text(imgscope("analyze", old, "--format", "json").stdout)
    with diff(saved, image(tmp_path / "new.tar", same, layer(file("usr/a", b"22"))), cache=False) as found:
        assert [(row.name, row.kind) for row in found.packages] == [("a", "modified")]
    with diff(saved, image(tmp_path / "other.tar", same, dpkg_layer(a="2")), cache=False) as found:
        assert found.packages == () and any("packages are not compared" in note for note in found.notes)


@pytest.mark.parametrize("pack", ["gzip", "zstd"])
def test_no_compressed_layer_is_read_again_for_its_packages(tmp_path, pack, monkeypatch):
    from imgscope.contents import ImageContents

    assert pack in PACK
    layers = [
        dpkg_layer(a="1"),
        layer(
            file("./lib/apk/db/installed", b"P:x\nV:1\n"),
            file("usr/share/rpm/rpmdb.sqlite", database()),
            file("srv/foo-1.dist-info/RECORD", b""),
            file("srv/foo-1.dist-info/METADATA", b""),
            file("srv/bar-1.egg-info/installed-files.txt", b"PKG-INFO\n"),
            file("srv/bar-1.egg-info/PKG-INFO", b""),
            file("srv/node_modules/@s/p/package.json", b"{}"),
            file("var/lib/dpkg/status.d/d", b"Package: d\nVersion: 1\n"),
        ),
    ]
    path = image(tmp_path / "i.tar", *layers, pack=pack)
    with imgscope.analyze(path, cache=False) as analysis:
        monkeypatch.setattr(ImageContents, "_bytes", lambda *_: pytest.fail("a layer was read again"))
        found = read_packages(analysis)
    assert {p.name for p in found.packages} == {"a", "d", "x", "foo", "bar", "@s/p"}
    # What the cache gives back has them too.
    imgscope.analyze(path).close()
    with imgscope.analyze(path) as analysis:
        assert len(read_packages(analysis).packages) == 6


@pytest.mark.parametrize(
    ("lower", "higher"),
    [("1.9", "1.10"), ("1.0~rc1", "1.0"), ("1.0rc1", "1.0"), ("9.0", "1:1.0"), ("1.0", "1.0-1"), ("1.2a", "1.2b")],
)
def test_versions_are_ordered_as_their_tools_order_them(lower, higher):
    assert version_key(lower) < version_key(higher)
