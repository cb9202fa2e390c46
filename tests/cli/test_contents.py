"""``why``, ``cat``, ``extract`` and ``verify``: from a path to its layers, its bytes and its digests."""

import os
import stat


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
