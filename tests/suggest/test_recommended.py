"""What only recommendations brought: it goes likely where nothing names it, and is named where it is used unnamed."""

import pytest

from tests.oracle.maketar import file, layer
from tests.suggest.test_build_packages import BASE, KB, debian, package

SIZE = 200 * KB
RUN = "RUN apt-get update && apt-get install -y python3 curl \\\n    vcs"
PROGRAM = file("srv/app.py", b"import http.server\nprint('listening to all that pagers show')\n")
CONFIG = {"Cmd": ["python3", "/srv/app.py"]}


def bought(name, needs="", recommends="", paths=()):
    """A package with some files, the first of which has nearly all its bytes."""
    files = {path: b"x" * (SIZE if number == 0 else 10) for number, path in enumerate(paths)}
    return package(name, needs, recommends=recommends, files=files)


def look(findings, *members, config=CONFIG, recommended=(), settings=b"", run=RUN):
    more = [file("etc/vcs/vcs.conf", settings)] if settings else []
    vcs = {"usr/bin/vcs": b"x", **({"etc/vcs/vcs.conf": None} if settings else {})}
    names = ["shower", "ca-certificates", *(one[0].split("\n")[0].removeprefix("Package: ") for one in recommended)]
    made = debian(
        package("libc6"),
        package("gcc-base"),
        package("python3", files={"usr/bin/python3": b"x"}),
        package("curl", files={"usr/bin/curl": b"x"}, recommends="ca-certificates"),
        package("vcs", recommends=", ".join(name for name in names if name != "ca-certificates"), files=vcs),
        bought("shower", "libshow", paths=["usr/bin/shower", "usr/share/man/man1/shower.1.gz"]),
        bought("libshow", paths=["usr/lib/x86_64-linux-gnu/libshow.so.2"]),
        bought("ca-certificates", paths=["usr/share/ca-certificates/mozilla/A.crt"]),
        *recommended,
        automatic=("shower", "libshow", "ca-certificates", *names),
        more=more,
    )
    found = findings(
        BASE, (run, made), ("COPY . /srv", layer(PROGRAM, *members)), base=False, select=["IS403"], config=config,
        min_size=KB,
    )  # fmt: skip
    return {one.certainty: one for one in found}


def packages(finding):
    return {row.path.rpartition("/")[2] for row in finding.evidence if row.bytes >= SIZE}


def test_what_nothing_names_goes_with_what_it_brought_and_the_rest_is_named(findings):
    found = look(findings)
    assert packages(found["likely"]) == {"shower", "libshow.so.2"}
    assert packages(found["possible"]) == {"A.crt"}
    assert "name ca-certificates, which may be used without being called" in found["likely"].fix
    text = "\n".join(found["likely"].lines)
    assert text == RUN.replace("install -y", "install --no-install-recommends -y") + " ca-certificates"
    assert "ca-certificates" not in "\n".join(found["possible"].lines)


@pytest.mark.parametrize(
    "member",
    [
        file("srv/pages.py", b"subprocess.run(['shower', '-F', path])\n"),
        file("srv/start.sh", b"#!/bin/sh\nexec /usr/bin/shower /srv/log\n", mode=0o755),
        file("srv/server", b"\x7fELF\0\0vcs log | shower -R\0", mode=0o755),
        file("srv/settings.toml", b'pager = "shower"\n'),
        file("srv/app.jar", b"PK\3\4"),
    ],
    ids=["python", "script", "binary", "settings", "packed"],
)
def test_what_a_file_of_the_program_names_may_be_used(findings, member):
    found = look(findings, member)
    assert set(found) == {"possible"}
    assert {"shower", "A.crt"} <= packages(found["possible"])


@pytest.mark.parametrize(
    "config",
    [{"Cmd": ["bash"]}, {"Cmd": ["/bin/sh", "-c", "python3 /srv/app.py | shower"]}, {}],
    ids=["a shell", "the command", "nothing"],
)
def test_what_is_run_has_to_be_known(findings, config):
    assert set(look(findings, config=config)) == {"possible"}


def test_settings_of_a_package_name_what_it_calls(findings):
    assert set(look(findings, settings=b"[core]\npager = /usr/bin/shower -F\n")) == {"possible"}
    assert "likely" in look(findings, settings=b"[core]\npager = none\n")


@pytest.mark.parametrize(
    "path",
    [
        "etc/init.d/daemon",
        "usr/lib/x86_64-linux-gnu/tool/plugin.so",
        "usr/lib/python3/dist-packages/tool.py",
        "usr/share/fonts/truetype/a.ttf",
        "usr/lib/x86_64-linux-gnu/libtool.so.1",
        "usr/share/tool/data.bin",
    ],
)
def test_what_is_used_without_being_called_is_only_possible(findings, path):
    program = () if path.endswith((".so.1", ".bin")) else ("usr/bin/tool",)
    found = look(findings, recommended=[bought("tool", paths=[path, *program])])
    assert packages(found["likely"]) == {"shower", "libshow.so.2"}
    assert packages(found["possible"]) == {"A.crt", path.rpartition("/")[2]}
    assert "ca-certificates and tool" in found["likely"].fix


def test_what_a_used_package_needs_stays_with_it(findings):
    used = bought("tool", "libtool", paths=["usr/share/fonts/tool.ttf", "usr/bin/tool"])
    found = look(findings, recommended=[used, bought("libtool", paths=["usr/lib/x86_64-linux-gnu/libtool.so.1"])])
    assert packages(found["possible"]) == {"A.crt", "tool.ttf", "libtool.so.1"}
    assert found["likely"].fix.count("libtool") == 0


def test_a_library_that_is_loaded_by_its_name_stays(findings):
    found = look(findings, file("srv/native.py", b"ctypes.CDLL('libshow.so.2')\n"))
    assert packages(found["likely"]) == {"shower"}
    assert packages(found["possible"]) == {"A.crt", "libshow.so.2"}
    assert "ca-certificates and libshow" in found["likely"].fix or "libshow and ca-certificates" in found["likely"].fix
