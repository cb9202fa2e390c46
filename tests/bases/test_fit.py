"""What an app needs and another base lacks, without an engine: links, scripts, users, Python, certificates."""

from __future__ import annotations

import pytest

from imgscope.base_images.compare import bases
from tests.oracle.maketar import directory, file, layer, symlink

SHELL = file("bin/sh", b"\0shell", mode=0o755)
PASSWD = file("etc/passwd", b"root:x:0:0::/:/bin/sh\n")
COMMON = (SHELL, PASSWD, directory("tmp"))
INSTRUCTIONS = ["ADD file:0123 in / ", "COPY . /"]


def python(version: str, prefix: str = "usr/local"):
    number = version.replace(".", "")
    return (
        file(f"{prefix}/bin/python{version}", b"\0python" + number.encode(), mode=0o755),
        symlink(f"{prefix}/bin/python3", f"python{version}"),
        directory(f"{prefix}/lib/python{version}"),
    )


@pytest.fixture
def fit(make):
    """Return (verdict, names that lack) of an app made for one base on another."""

    def judge(below, app, other, **config):
        image = make(layer(*below), layer(*app), instructions=INSTRUCTIONS, config=config)
        candidate = make(layer(*other), instructions=INSTRUCTIONS[:1])
        comparison = opened = bases(str(image), [str(candidate)], table=False, cache=False)
        with opened:
            result = comparison.candidates[0].fit
            return result.verdict, [lack.name for lack in result.lacks]

    return judge


def script(first: str, rest: str = "") -> bytes:
    return f"#!{first}\n{rest}\n".encode()


def test_a_base_with_all_that_is_asked_for_fits(fit):
    app = (file("app/start", script("/bin/sh", "exec /app/tool"), mode=0o755), file("app/tool", b"\0", mode=0o755))
    assert fit(COMMON, app, COMMON, Cmd=["/app/start"]) == ("fits", [])


def test_the_first_line_of_a_script_counts_when_it_is_started(fit):
    bash = file("bin/bash", b"\0bash", mode=0o755)
    app = (file("app/start", script("/bin/bash"), mode=0o755),)
    assert fit((*COMMON, bash), app, COMMON, Cmd=["/app/start"]) == ("unfit", ["/bin/bash"])


def test_a_script_that_nobody_starts_leaves_it_unsure(fit):
    bash = file("bin/bash", b"\0bash", mode=0o755)
    app = (file("app/start", script("/bin/sh"), mode=0o755), file("app/maybe", script("/bin/bash"), mode=0o755))
    assert fit((*COMMON, bash), app, COMMON, Cmd=["/app/start"]) == ("unsure", ["/bin/bash"])


def test_what_lacks_already_is_no_fault_of_another_base(fit):
    app = (file("app/start", script("/bin/sh"), mode=0o755), file("app/never", script("/usr/bin/perl"), mode=0o755))
    assert fit(COMMON, app, COMMON, Cmd=["/app/start"]) == ("fits", [])


def test_env_finds_its_program_by_path(fit):
    env = (file("usr/bin/env", b"\0env", mode=0o755), file("opt/bin/tool", b"\0tool", mode=0o755))
    app = (file("app/start", script("/usr/bin/env tool"), mode=0o755),)
    config = {"Cmd": ["/app/start"], "Env": ["PATH=/opt/bin:/bin"]}
    assert fit((*COMMON, *env), app, (*COMMON, *env), **config)[0] == "unfit", (
        "the base's PATH doesn't move with the app"
    )
    assert fit((*COMMON, *env), app, (*COMMON, env[0]), **config) == ("unfit", ["tool"])


def test_a_command_of_a_shell_script_that_lacks_is_named(fit):
    curl = file("usr/bin/curl", b"\0curl", mode=0o755)
    text = "# wget is not used\nset -e\nif curl -f x; then echo ok; fi\nexec /app/tool"
    app = (file("app/start", script("/bin/sh", text), mode=0o755), file("app/tool", b"\0", mode=0o755))
    assert fit((*COMMON, curl), app, COMMON, Cmd=["/app/start"]) == ("unsure", ["curl"])


@pytest.mark.parametrize("test", [["CMD-SHELL", "curl -f http://localhost || exit 1"], ["CMD", "curl", "-f", "x"]])
def test_what_a_healthcheck_calls_counts_but_does_not_decide(fit, test):
    curl = file("usr/bin/curl", b"\0curl", mode=0o755)
    app = (file("app/tool", b"\0", mode=0o755),)
    config = {"Cmd": ["/app/tool"], "Healthcheck": {"Test": test}}
    assert fit((*COMMON, curl), app, (*COMMON, curl), **config) == ("fits", [])
    assert fit((*COMMON, curl), app, COMMON, **config) == ("unsure", ["curl"])


@pytest.mark.parametrize(
    ("user", "expected"),
    [("app", ("unfit", ["app"])), ("1000", ("fits", [])), ("root", ("fits", [])), ("0:staff", ("unfit", ["staff"]))],
)
def test_a_user_by_name_has_to_be_in_etc_passwd(fit, user, expected):
    below = (
        SHELL,
        directory("tmp"),
        file("etc/passwd", b"root:x:0:0::/:/bin/sh\napp:x:1000:1000::/:/bin/sh\n"),
        file("etc/group", b"staff:x:50:\n"),
    )
    assert fit(below, (file("app/start", b"\0", mode=0o755),), COMMON, Cmd=["/app/start"], User=user) == expected


def test_symlinks_are_followed_through_both_images(fit):
    below = (*COMMON, symlink("lib", "usr/lib"), file("usr/lib/tool/run", b"\0", mode=0o755))
    app = (symlink("app/run", "../lib/tool/run"), symlink("app/round", "round"))
    moved = (*COMMON, file("lib/tool/run", b"\0", mode=0o755))
    assert fit(below, app, moved, Cmd=["/app/run"]) == ("fits", [])
    verdict, lacks = fit(below, app, COMMON, Cmd=["/app/run"])
    assert (verdict, lacks) == ("unfit", ["/app/run", "/app/run"])


def test_packages_of_one_python_are_not_seen_by_another(fit):
    app = (
        file("usr/local/lib/python3.12/site-packages/x.py", b"x = 1\n"),
        file("usr/local/lib/python3.12/site-packages/deep/y.py", b"y = 1\n"),
    )
    below = (*COMMON, *python("3.12"))
    command = {"Cmd": ["python3", "-m", "x"]}
    assert fit(below, app, (*COMMON, *python("3.12")), **command) == ("fits", [])
    assert fit(below, app, (*COMMON, *python("3.13")), **command) == ("unfit", ["Python 3.12"])
    elsewhere = fit(below, app, (*COMMON, *python("3.12", "usr")), **command)
    assert elsewhere == ("unfit", ["a Python that looks in /usr/local/lib/python3.12/site-packages"])


def test_a_virtual_environment_needs_the_python_that_it_links_to(fit):
    app = (
        symlink("venv/bin/python3", "/usr/local/bin/python3"),
        file("venv/pyvenv.cfg", b"home = /usr/local/bin\n"),
        file("venv/lib/python3.12/site-packages/x.py", b""),
    )
    command = {"Cmd": ["/venv/bin/python3", "-m", "x"]}
    below = (*COMMON, *python("3.12"))
    assert fit(below, app, (*COMMON, *python("3.12")), **command) == ("fits", [])
    assert fit(below, app, (*COMMON, *python("3.13")), **command) == ("unfit", ["Python 3.12"])


def test_certificates_and_folders_that_go_missing_are_told(fit):
    app = (file("app/start", b"\0", mode=0o755),)
    below = (*COMMON, file("etc/ssl/certs/ca-certificates.crt", b"x"))
    assert fit(below, app, (SHELL,), Cmd=["/app/start"]) == ("unsure", ["CA certificates", "/tmp"])


def test_an_image_that_lacks_something_itself_is_told_so(make):
    app = layer(file("app/start", script("/bin/tool"), mode=0o755), file("bin/.wh.tool"))
    below = layer(*COMMON, file("bin/tool", b"\0", mode=0o755))
    image = make(below, app, instructions=INSTRUCTIONS, config={"Cmd": ["/app/start"]})
    comparison = opened = bases(str(image), [str(make(below))], table=False, cache=False)
    with opened:
        assert comparison.candidates[0].fit.lacks == ()
        assert any("/bin/tool" in note for note in comparison.notes)


def test_another_platform_never_fits(make):
    image = make(layer(*COMMON), layer(file("app/start", b"\0", mode=0o755)), instructions=INSTRUCTIONS)
    from imgscope import analyze
    from imgscope.base_images.app import read_app
    from imgscope.base_images.find import find_base
    from imgscope.base_images.fit import Needs, judge
    from imgscope.rootfs.root import FileFacts, Root

    with analyze(image, cache=False) as analysis:
        root = Root(analysis, FileFacts())
        needs = Needs(root, read_app(analysis, find_base(analysis), root), {})
        assert judge(needs, set(), needs, ("linux/amd64", "linux/arm64")).verdict == "unfit"


@pytest.mark.parametrize("pack", ["gzip", "zstd"])
def test_compressed_archives_tell_the_same(make, pack):
    bash = file("bin/bash", b"\0bash", mode=0o755)
    app = layer(file("app/start", script("/bin/bash"), mode=0o755))
    image = make(layer(*COMMON, bash), app, instructions=INSTRUCTIONS, config={"Cmd": ["/app/start"]}, pack=pack)
    other = make(layer(*COMMON), instructions=INSTRUCTIONS[:1], pack=pack)
    comparison = opened = bases(str(image), [str(other)], table=False, cache=False)
    with opened:
        (candidate,) = comparison.candidates
        assert [lack.name for lack in candidate.fit.lacks] == ["/bin/bash"]
        assert (
            comparison.brings.content_bytes + comparison.adds.content_bytes == comparison.analysis.image.content_bytes
        )


def test_of_a_saved_analysis_only_names_are_known(make, imgscope, tmp_path):
    bash = file("bin/bash", b"\0bash", mode=0o755)
    app = layer(file("app/start", script("/bin/bash"), mode=0o755))
    image = make(layer(*COMMON, bash), app, instructions=INSTRUCTIONS, config={"Cmd": ["/app/start"]})
    for content, verdict in ((COMMON, "unfit"), ((*COMMON, bash), "unsure")):
        other = make(layer(*content), instructions=INSTRUCTIONS[:1])
        saved = tmp_path / f"{verdict}.json"
        assert imgscope("analyze", other, "-o", f"json={saved}").returncode == 0
        comparison = opened = bases(str(image), [str(saved)], table=False, cache=False)
        with opened:
            assert comparison.candidates[0].fit.verdict == verdict
