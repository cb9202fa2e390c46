"""``why``, ``cat``, ``extract`` and ``verify``: from a path to its layers, its bytes and its digests."""

import os
import shlex
import stat

import pytest

from tests.oracle.maketar import file, layer, symlink, whiteout


def test_why_tells_each_layers_deed(imgscope, webapp):
    out = imgscope("why", webapp, "/etc/webapp.conf").stdout
    assert "added" in out and "modified" in out and 'RUN echo "debug = false"' in out
    gone = imgscope("why", webapp, "/var/cache/pkg/archives/package-3.deb").stdout
    assert "not in the merged tree" in gone and "whiteout of /var/cache/pkg" in gone


def test_why_offers_the_nearest_path(imgscope, webapp):
    done = imgscope("why", webapp, "/etc/webap.conf")
    assert done.returncode == 2 and "did you mean /etc/webapp.conf" in done.stderr


def test_cat_gives_a_file_as_it_is_and_as_a_layer_had_it(imgscope, webapp):
    assert imgscope("cat", webapp, "/etc/webapp.conf").stdout == "debug = false\n"
    assert imgscope("cat", webapp, "/etc/webapp.conf", "--layer", 6).stdout == "debug = true\n"
    assert imgscope("cat", webapp, "/srv/app/.env", "--layer", 2).stdout.startswith("EXAMPLE_SETTING")
    removed = imgscope("cat", webapp, "/srv/app/.env")
    assert removed.returncode == 2 and removed.stdout == ""
    assert "removed in layer 7; layers 2 and 5 hold it: imgscope cat" in removed.stderr
    assert removed.stderr.rstrip().endswith("/srv/app/.env --layer 5")


@pytest.mark.parametrize("command", [["cat"], ["extract"]])
def test_the_command_that_is_offered_runs_as_it_stands(imgscope, webapp, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    rest = [] if command == ["cat"] else ["here dir"]
    for path in ("/var/cache/pkg", "/srv/app/.env"):
        done = imgscope(*command, webapp, path, *rest, "--platform", "linux/amd64")
        assert done.returncode == 2
        offered = shlex.split(done.stderr.strip().rpartition(": imgscope ")[2])
        again = imgscope(*offered)
        assert again.returncode == 0, (offered, again.stderr)
    assert any(tmp_path.rglob("package-3.deb"))


def test_what_came_through_a_pipe_is_offered_no_command(imgscope, webapp):
    done = imgscope("cat", "-", "/srv/app/.env", input=webapp.read_bytes())
    assert done.returncode == 2 and b"imgscope cat" not in done.stderr and b"layers 2 and 5 hold it" in done.stderr


@pytest.mark.parametrize("layer_", ["x", "-1", "1.5", "²", ""])
def test_what_is_no_layers_number_is_said_to_be(imgscope, webapp, layer_):
    done = imgscope("cat", webapp, "/etc/passwd", f"--layer={layer_}")
    assert done.returncode == 2 and "numbered from 0" in done.stderr and "range" not in done.stderr


def test_cat_reads_from_a_pipe(imgscope, webapp):
    done = imgscope("cat", "-", "/etc/webapp.conf", input=webapp.read_bytes())
    assert done.stdout == b"debug = false\n"


def test_extract_writes_a_folder_and_never_replaces_unasked(imgscope, webapp, tmp_path):
    assert imgscope("extract", webapp, "/srv/app", tmp_path).returncode == 0
    assert (tmp_path / "app/tests/data/cases.json").read_text().startswith('{"case": 1}')
    assert not (tmp_path / "app/.env").exists()
    (tmp_path / "app/.git/HEAD").write_text("mine")
    again = imgscope("extract", webapp, "/srv/app", tmp_path)
    assert again.returncode == 2 and "--force" in again.stderr
    assert (tmp_path / "app/.git/HEAD").read_text() == "mine"
    assert imgscope("extract", webapp, "/srv/app", tmp_path, "--force").returncode == 0
    assert (tmp_path / "app/.git/HEAD").read_text().startswith("ref:")


def test_extract_drops_set_uid_and_keeps_the_mode(imgscope, webapp, tmp_path):
    imgscope("extract", webapp, "/usr/lib/webapp", tmp_path)
    mode = (tmp_path / "webapp/engine.so").stat().st_mode
    assert stat.S_IMODE(mode) == 0o755


def test_extract_takes_a_layer_whole(imgscope, webapp, tmp_path):
    assert imgscope("extract", webapp, "/", tmp_path, "--layer", 6).returncode == 0
    found = {os.path.relpath(os.path.join(at, name), tmp_path) for at, _, names in os.walk(tmp_path) for name in names}
    assert found == {"etc/passwd", "etc/webapp.conf"}


def test_extract_does_not_follow_a_link_that_stands_in_the_destination(imgscope, webapp, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    destination = tmp_path / "destination"
    destination.mkdir()
    (destination / "app").symlink_to(outside)
    done = imgscope("extract", webapp, "/srv/app", destination, "--force")
    assert list(outside.iterdir()) == []
    assert done.returncode == 0 and (destination / "app").is_dir() and not (destination / "app").is_symlink()


def test_verify_recomputes_every_digest(imgscope, webapp, tmp_path):
    done = imgscope("verify", webapp)
    assert done.returncode == 0
    assert done.stdout.count("ok ") == 1 + 2 * 9


@pytest.fixture
def links(make):
    """An image with links of every kind, and a file that a later layer removes."""
    first = layer(
        file("usr/lib/os-release", b"ID=x\n"),
        file("opt/v1/bin/run", b"run"),
        file("opt/v1/lib/x"),
        file("k", b"kept"),
        symlink("etc/os-release", "../../../usr/lib/os-release"),
        symlink("lib", "usr/lib"),
        symlink("cur", "opt/v1/lib"),
        symlink("gone", "/no/where"),
        symlink("to-k", "k"),
        symlink("a", "b"),
        symlink("b", "a"),
        *(symlink(f"n{number}", f"n{number + 1}") for number in range(41)),
        file("n41", b"far"),
    )
    return make(first, layer(whiteout("k"), file("usr/lib/new", b"new")))


@pytest.mark.parametrize(
    ("words", "out", "said"),
    [
        (("/etc/os-release",), "ID=x\n", "/etc/os-release -> /usr/lib/os-release"),
        (("lib/os-release",), "ID=x\n", "/lib/os-release -> /usr/lib/os-release"),
        (("/cur/../bin/run",), "run", "-> /opt/v1/bin/run"),
        (("/../../usr/lib/new",), "new", ""),
        (("/n1",), "far", "/n1 -> /n41"),
        (("/n0",), None, "more than 40 links"),
        (("/a",), None, "in a circle"),
        (("/gone",), None, "/gone leads to /no, which is not in"),
        (("/to-k",), None, "removed in layer 1; layer 0 holds it: imgscope cat"),
        (("/to-k", "--layer", "0"), "kept", "/to-k -> /k"),
        (("/k", "--layer", "0"), "kept", ""),
        (("/lib/new", "--layer", "1"), "new", "/lib/new -> /usr/lib/new"),
        (("/lib/os-release", "--layer", "1"), None, "no /lib/os-release in layer 1"),
        (("/lib",), None, "/usr/lib in"),
        (("/usr/lib/new/x",), None, "/usr/lib/new is a file, not a directory"),
    ],
)
def test_cat_follows_links_as_a_kernel_does(imgscope, links, words, out, said):
    done = imgscope("cat", links, *words)
    assert done.stdout == (out or "") and done.returncode == (2 if out is None else 0)
    assert said in done.stderr and done.stderr.count("\n") <= 1


def test_why_tells_of_a_path_below_a_link_and_of_where_a_link_leads(imgscope, links):
    below = imgscope("why", links, "/lib/new").stdout
    assert below.startswith("/lib/new -> /usr/lib/new\n") and "layer 1   added" in below
    link = imgscope("why", links, "/etc/os-release").stdout
    assert "/etc/os-release  symlink" in link and "/usr/lib/os-release  file, 5 B, from layer 0" in link
    dangling = imgscope("why", links, "/gone")
    assert dangling.returncode == 0 and "leads to /no, which is not in" in dangling.stdout


def test_extract_follows_the_path_it_is_given(imgscope, links, tmp_path):
    done = imgscope("extract", links, "/lib", tmp_path / "out")
    assert done.returncode == 0 and "/lib -> /usr/lib" in done.stderr
    assert (tmp_path / "out/lib/new").read_text() == "new" and not (tmp_path / "out/lib").is_symlink()
    assert imgscope("extract", links, "/etc/os-release", tmp_path / "out").returncode == 0
    assert (tmp_path / "out/os-release").read_text() == "ID=x\n"
    gone = imgscope("extract", links, "/k", tmp_path / "out")
    assert gone.returncode == 2 and gone.stderr.rstrip().endswith("/out --layer 0") and " /k " in gone.stderr
