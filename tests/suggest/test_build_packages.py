"""Packages that only a build needs: with all that came along for them, and nothing that the program needs."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile

import pytest

from tests.oracle.maketar import file, layer, symlink

KB = 1000


def package(name, needs="", size=KB, recommends="", provides="", files=None):
    """A paragraph of dpkg's status, and the members of the package's files (``None``: somebody else makes them)."""
    fields = [f"Package: {name}", "Status: install ok installed", "Version: 1", "Architecture: amd64"]
    for key, value in (("Depends", needs), ("Recommends", recommends), ("Provides", provides)):
        fields += [f"{key}: {value}"] if value else []
    paths = files or {f"usr/lib/{name}/data": b"x" * size}
    members = [file(path, data) for path, data in paths.items() if data is not None]
    listed = "".join(f"/{path}\n" for path in paths)
    members.append(file(f"var/lib/dpkg/info/{name}.list", listed.encode()))
    return "\n".join(fields) + "\n\n", members


def debian(*packages, automatic=(), more=()):
    """A layer with packages: its whole database, as each layer has that writes to it."""
    marks = "".join(f"Package: {name}\nArchitecture: amd64\nAuto-Installed: 1\n\n" for name in automatic)
    return layer(
        *(member for _, members in packages for member in members),
        file("var/lib/dpkg/status", "".join(text for text, _ in packages).encode()),
        file("var/lib/apt/extended_states", marks.encode()),
        *more,
    )


def names(found):
    """The packages whose data a finding claims."""
    return {row.path.split("/")[3] for row in found.evidence if row.path.endswith("/data")}


BASE = ("ADD file:0123 in /", debian(package("libc6"), package("gcc-base")))
INSTALL = "RUN apt-get install -y build-essential curl"


def test_what_came_along_goes_and_what_others_need_stays(findings):
    made = debian(
        package("libc6"),
        package("gcc-base"),
        package("build-essential", "gcc (>= 4:12), make | other-make", recommends="fakeroot"),
        package("gcc", "gcc-12 (>= 12.2), libshared"),
        package("gcc-12", "libisl (= 1:2), libc6"),
        package("libisl"),
        package("make"),
        package("fakeroot"),
        package("curl", "libshared:amd64", recommends="publicsuffix"),
        package("libshared"),
        package("publicsuffix"),
        automatic=("gcc", "gcc-12", "libisl", "make", "libshared", "fakeroot", "publicsuffix"),
    )
    (found,) = findings(BASE, (INSTALL, made), base=False, select=["IS201"])
    assert names(found) == {"build-essential", "gcc", "gcc-12", "libisl", "make", "fakeroot"}
    assert found.layers == (1,)
    # The lists that dpkg keeps of them, and their part of its database.
    lists = sum(row.bytes for row in found.evidence if row.path.endswith(".list"))
    status = next(row.bytes for row in found.evidence if row.path == "/var/lib/dpkg/status")
    assert lists > 0
    assert status == sum(
        len(package(*words)[0])
        for words in (
            ("build-essential", "gcc (>= 4:12), make | other-make", 0, "fakeroot"),
            ("gcc", "gcc-12 (>= 12.2), libshared"),
            ("gcc-12", "libisl (= 1:2), libc6"),
            ("libisl",),
            ("make",),
            ("fakeroot",),
        )
    )
    assert found.bytes == 6 * KB + lists + status
    assert any("curl" in line for line in found.lines)


def test_a_compiler_of_the_base_is_not_the_authors(findings):
    base = ("ADD file:0123 in /", debian(package("libc6"), package("gcc", "cpp"), package("cpp"), package("git")))
    made = debian(package("libc6"), package("gcc", "cpp"), package("cpp"), package("git"), package("curl"))
    assert findings(base, ("RUN apt-get install -y curl", made), base=False, select=["IS2"]) == []


def test_recommendations_do_not_keep_a_compiler(findings):
    """pip recommends a compiler; the program needs neither."""
    made = debian(
        package("libc6"),
        package("gcc-base"),
        package("python3-pip", "python3-wheel", recommends="build-essential"),
        package("python3-wheel"),
        package("build-essential", "gcc"),
        package("gcc"),
        package("mail", recommends="build-essential"),
        automatic=("python3-wheel", "build-essential", "gcc"),
    )
    (found,) = findings(BASE, ("RUN apt-get install -y python3-pip mail", made), base=False, select=["IS201"])
    assert names(found) == {"python3-pip", "python3-wheel", "build-essential", "gcc"}


def test_what_a_kept_package_depends_on_is_no_build_tool(findings):
    made = debian(
        package("libc6"),
        package("gcc-base"),
        package("dkms", "gcc, linux-headers"),
        package("gcc", provides="c-compiler"),
        package("linux-headers"),
        package("needs-compiler", "c-compiler"),
        automatic=("gcc", "linux-headers"),
    )
    assert findings(BASE, ("RUN apt-get install -y dkms", made), base=False, select=["IS201"]) == []


@pytest.mark.parametrize(
    "config",
    [
        {"Cmd": ["make", "-C", "/app", "serve"]},
        {"Entrypoint": ["/usr/bin/make"]},
        {"Cmd": ["/bin/sh", "-c", "cd /app && exec make serve"]},
        {"Entrypoint": ["/start.sh"]},
    ],
    ids=["word", "path", "shell", "script"],
)
def test_what_the_container_runs_stays(findings, config):
    make = package("make", files={"usr/bin/make": b"x" * KB})
    script = file("start.sh", b"#!/bin/sh\n# gcc is not used\nexec make serve\n", mode=0o755)
    made = debian(package("libc6"), package("gcc-base"), make, package("gcc"), more=[script])
    (found,) = findings(BASE, (INSTALL, made), base=False, select=["IS201"], config=config)
    assert "/usr/lib/gcc/data" in [row.path for row in found.evidence]
    assert "/usr/bin/make" not in [row.path for row in found.evidence]
    assert found.certainty == "likely"


def test_without_a_program_it_is_only_possible(findings):
    made = debian(package("libc6"), package("gcc-base"), package("gcc"))
    (found,) = findings(BASE, (INSTALL, made), base=False, select=["IS201"], config={"Cmd": ["bash"]})
    assert found.certainty == "possible"


def test_an_interpreter_stays_for_its_scripts(findings):
    def made(*more):
        return debian(
            package("libc6"),
            package("gcc-base"),
            package("python3-pip", "python3"),
            package("python3", "python3-minimal"),
            package("python3-minimal"),
            automatic=("python3", "python3-minimal"),
            more=more,
        )

    run = "RUN apt-get install -y python3-pip"
    (all_of_it,) = findings(BASE, (run, made()), base=False, select=["IS201"])
    assert names(all_of_it) == {"python3-pip", "python3", "python3-minimal"}
    (pip,) = findings(BASE, (run, made(file("app/main.py"))), base=False, select=["IS201"])
    assert names(pip) == {"python3-pip"}


def test_scripts_that_are_served_do_not_keep_their_interpreter(findings):
    """npm built a page that nginx serves: Node goes with npm. With Node as the program it stays."""
    made = debian(
        package("libc6"),
        package("gcc-base"),
        package("npm", "nodejs"),
        package("nodejs", files={"usr/bin/node": b"x" * KB, "usr/lib/nodejs/data": b"x" * KB}),
        package("nginx", files={"usr/sbin/nginx": b"x" * KB}),
        automatic=("nodejs",),
        more=[file("var/www/site.js"), file("site/node_modules/x/index.js"), file("site/main.js")],
    )
    steps = (BASE, ("RUN apt-get install npm nginx", made))
    (found,) = findings(*steps, base=False, select=["IS201"], config={"Cmd": ["nginx"]})
    assert names(found) == {"npm", "nodejs"}
    # Started by name, by what is not there, by a script that a script starts, or by what starts others.
    scripts = [
        file("start.sh", b"#!/bin/sh\nexec /second.sh\n", mode=0o755),
        file("second.sh", b"#!/bin/sh\nexec node /site/main.js\n", mode=0o755),
        file("usr/bin/supervisord", b"x", mode=0o755),
    ]
    steps = (*steps, ("COPY . /", layer(*scripts)))
    for command in (["node", "/site/main.js"], ["/site/start"], ["/start.sh"], ["supervisord"]):
        (found,) = findings(*steps, base=False, select=["IS201"], config={"Cmd": command})
        assert names(found) == {"npm"}


@pytest.mark.parametrize(
    ("command", "goes"),
    [
        (["nginx", "-g", "daemon off;"], True),
        (["/bin/sh", "-c", "exec nginx -g 'daemon off;'"], True),
        (["python3", "/app/main.py"], False),
        (["/start.sh"], False),
        (["bash"], False),
    ],
)
def test_node_that_was_asked_for_goes_where_only_a_server_of_files_is_run(findings, command, goes):
    made = debian(
        package("libc6"),
        package("gcc-base"),
        package("npm", "nodejs"),
        package("nodejs", files={"usr/bin/node": b"x" * KB, "usr/lib/nodejs/data": b"x" * KB}),
        package("nginx", files={"usr/sbin/nginx": b"x" * KB}),
        package("python3", files={"usr/bin/python3": b"x" * KB}),
        more=[file("bin/sh", b"x", mode=0o755), file("bin/bash", b"x", mode=0o755)],
    )
    script = file("start.sh", b"#!/bin/sh\nnode /app/main.js &\nexec nginx\n", mode=0o755)
    steps = (BASE, ("RUN apt-get install npm nodejs nginx python3", made), ("COPY . /", layer(script)))
    (found,) = findings(*steps, base=False, select=["IS201"], config={"Cmd": command})
    assert names(found) == ({"npm", "nodejs"} if goes else {"npm"})


@pytest.mark.skipif(not shutil.which("gcc"), reason="needs gcc")
@pytest.mark.parametrize("pack", ["", "gzip"])
def test_libraries_of_the_program_stay(make, tmp_path, pack):
    """The header's package goes, the library's stays: the program's own ELF header says that it is needed."""
    from imgscope import analyze
    from imgscope.suggestions import Options, suggest

    (tmp_path / "x.c").write_text("int x(void) { return 0; }")
    (tmp_path / "main.c").write_text("int x(void); int main(void) { return x(); }")
    for command in (
        ["gcc", "-shared", "-fPIC", "-Wl,-soname,libx.so.1", "-o", "libx.so.1", "x.c"],
        ["gcc", "-o", "app", "main.c", "./libx.so.1"],
    ):
        subprocess.run(command, cwd=tmp_path, check=True)
    library = (tmp_path / "libx.so.1").read_bytes()
    made = debian(
        package("libc6"),
        package("gcc-base"),
        package("libx-dev", "libx1, libother1", files={"usr/include/x.h": b"x" * KB}),
        package("libx1", files={"usr/lib/libx.so.1.0": library, "usr/lib/libx.so.1": None}),
        package("libother1"),
        automatic=("libx1", "libother1"),
        more=[symlink("usr/lib/libx.so.1", "libx.so.1.0")],
    )
    app = layer(file("usr/local/bin/app", (tmp_path / "app").read_bytes(), mode=0o755))
    path = make(BASE[1], made, app, instructions=[BASE[0], INSTALL, "COPY app /usr/local/bin/"], pack=pack)
    with analyze(path, cache=False) as analysis:
        (found,) = suggest(analysis, Options(("IS201",), (), 1)).findings
    assert names(found) == {"libother1"}
    assert "/usr/include/x.h" in [row.path for row in found.evidence]


def test_what_scripts_of_a_package_made_goes_with_it(findings):
    """Bytecode beside its modules, an archive of classes in its own folder; not what others put there later."""
    made = debian(
        package("libc6"),
        package("gcc-base"),
        package("python3-pip", files={"usr/lib/python3/dist-packages/pip/main.py": b"x" * KB}),
        package("default-jdk", files={"usr/lib/jvm/java/lib/modules": b"x" * KB}),
        more=[
            file("usr/lib/python3/dist-packages/pip/__pycache__/main.cpython-311.pyc", b"x" * 7),
            file("usr/lib/jvm/java/lib/classes.jsa", b"x" * 70),
        ],
    )
    later = layer(file("usr/lib/jvm/java/lib/mine", b"x" * 700))
    (found,) = findings(
        BASE, (INSTALL, made), ("COPY mine /usr/lib/jvm/java/lib/", later), base=False, select=["IS201"]
    )
    paths = [row.path for row in found.evidence]
    assert "/usr/lib/python3/dist-packages/pip/__pycache__/main.cpython-311.pyc" in paths
    assert "/usr/lib/jvm/java/lib/classes.jsa" in paths
    assert "/usr/lib/jvm/java/lib/mine" not in paths


def test_a_saved_analysis_has_no_packages_to_look_at(make, tmp_path, imgscope):
    path = make(BASE[1], debian(package("gcc")), instructions=[BASE[0], INSTALL])
    saved = tmp_path / "saved.json"
    assert imgscope("analyze", path, "-o", f"json={saved}").returncode == 0
    done = imgscope("suggest", saved, "--select", "IS201")
    assert done.returncode == 0, done.stderr
    assert "IS201" in done.stdout


# -- Alpine ------------------------------------------------------------------------------------------------------------


def alpine(*packages, world):
    """A layer with apk's database: (name, needs, provides)."""
    texts, members = [], []
    for name, needs, provides in packages:
        texts.append(f"P:{name}\nV:1-r0\nA:x86_64\nD:{needs}\np:{provides}\nF:usr/lib/{name}\nR:data\n\n")
        members.append(file(f"usr/lib/{name}/data", b"x" * KB))
    asked = [] if world is None else [file("etc/apk/world", world.encode())]
    return layer(*members, file("lib/apk/db/installed", "".join(texts).encode()), *asked)


MUSL = ("musl", "", "so:libc.musl-x86_64.so.1=1")


def test_apk_by_its_world(findings):
    base = ("ADD file:0123 in /", alpine(MUSL, world="musl\n"))
    made = alpine(
        MUSL,
        (".build-deps", "gcc libffi-dev>3", ""),
        ("gcc", "so:libisl.so.23 so:libc.musl-x86_64.so.1 libgcc=13-r1 !conflict", "cmd:gcc=13"),
        ("isl", "", "so:libisl.so.23=23.3"),
        ("libgcc", "", "so:libgcc_s.so.1=1"),
        ("libffi-dev", "libffi=3-r1 pc:x", "pc:libffi=3"),
        ("libffi", "", "so:libffi.so.8=8"),
        ("nodejs", "so:libgcc_s.so.1 so:libc.musl-x86_64.so.1", ""),
        world="musl\n.build-deps\nnodejs>18\n",
    )
    (found,) = findings(base, ("RUN apk add nodejs", made), base=False, select=["IS201"])
    assert names(found) == {".build-deps", "gcc", "isl", "libffi-dev", "libffi"}
    assert found.lines == ("RUN apk add nodejs && \\", "    apk del .build-deps")


def test_apk_without_a_world_keeps_what_nothing_asks_for(findings):
    base = ("ADD file:0123 in /", alpine(MUSL, world=None))
    made = alpine(MUSL, ("gcc", "so:libisl.so.23", ""), ("isl", "", "so:libisl.so.23=2"), ("curl", "", ""), world=None)
    (found,) = findings(base, ("RUN apk add curl gcc", made), base=False, select=["IS201"])
    assert names(found) == {"gcc", "isl"}


# -- rpm ---------------------------------------------------------------------------------------------------------------

SPEC = """
Name: {name}
Version: 1
Release: 1
Summary: test
License: MIT
BuildArch: noarch
{relations}
%description
test
%install
mkdir -p %{{buildroot}}/usr/lib/{name}
echo {name} > %{{buildroot}}/usr/lib/{name}/data
%files
/usr/lib/{name}
"""
RPMS = {
    "filesystem": "",
    "gcc": "Requires: /usr/lib/cpp/data, libisl >= 1\nRequires: (binutils or lld)\nRecommends: manual",
    "cpp": "",
    "isl": "Provides: libisl = 2",
    "binutils": "Requires: filesystem",
    "manual": "",
    "nginx": "Requires: pcre",
    "pcre": "",
}


@pytest.mark.skipif(not shutil.which("rpmbuild"), reason="needs rpm")
def test_rpm_by_what_packages_require(findings, tmp_path):
    environment = {**os.environ, "HOME": str(tmp_path)}
    for name, relations in RPMS.items():
        (tmp_path / f"{name}.spec").write_text(SPEC.format(name=name, relations=relations))
    specs = sorted(tmp_path.glob("*.spec"))
    define = ["--define", f"_topdir {tmp_path}/build"]
    subprocess.run(["rpmbuild", "-bb", *define, *specs], check=True, capture_output=True, env=environment)
    made = sorted((tmp_path / "build/RPMS").rglob("*.rpm"))

    def installed(root, *names):
        wanted = [path for path in made if path.name.split("-")[0] in names]
        options = ["--define", "_db_backend sqlite", "--dbpath", "/var/lib/rpm", "-i", "--nodeps"]
        root.mkdir()
        subprocess.run(["rpm", "--root", root, *options, *wanted], check=True, capture_output=True, env=environment)
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for part in ("usr", "var"):
                tar.add(root / part, part)
        return buffer.getvalue()

    base = installed(tmp_path / "base", "filesystem")
    (found,) = findings(
        ("ADD file:0123 in /", base),
        ("RUN dnf install -y gcc nginx", installed(tmp_path / "made", *RPMS)),
        base=False,
        select=["IS201"],
    )
    assert names(found) == {"gcc", "cpp", "isl", "binutils", "manual"}
    assert any("dnf install -y nginx" in line for line in found.lines)


def test_a_database_that_lies_is_no_error(findings):
    hostile = (
        b"Package: gcc\nStatus: install ok installed\nVersion: 1\nDepends: gcc, ,|,(, a|gcc (>\n\n\xff: x\nPackage:\n"
    )
    marks = file("var/lib/apt/extended_states", b"\0\xff: \nPackage")
    made = layer(file("var/lib/dpkg/status", hostile + b"\0" * 100), marks, file("usr/bin/gcc", b"x" * KB))
    found = findings(BASE, (INSTALL, made), base=False, select=["IS201"])
    assert "/usr/bin/gcc" not in [row.path for finding in found for row in finding.evidence]
