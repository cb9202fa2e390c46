"""``imgscope analyze`` as people and pipelines use it."""

import json
import os
import subprocess
import sys

import pytest


def test_the_report_is_plain_in_a_pipe_and_within_its_width(imgscope, webapp):
    for width in ("40", "72", "100"):
        done = imgscope("analyze", webapp, env={"COLUMNS": width})
        assert done.returncode == 0 and not done.stderr
        assert "\x1b" not in done.stdout
        # The last line is a command to be copied, which no width cuts.
        lines = [line for line in done.stdout.splitlines() if not line.startswith("next: ")]
        assert max(map(len, lines)) <= int(width)


def test_the_report_shows_where_the_bytes_went(imgscope, webapp):
    out = imgscope("analyze", webapp, "--bytes", "--width", 200).stdout
    assert "RUN chown -R 1000:1000 /srv/app" in out
    assert "metadata only" in out and "shadowed" in out
    line = next(line for line in out.splitlines() if "B in layers =" in line)
    content, merged, wasted = (int(part.replace(",", "")) for part in line.split() if part[0].isdigit())
    assert content == merged + wasted and wasted > 0


def test_json_goes_to_standard_output_and_other_formats_to_files_in_one_run(imgscope, webapp, tmp_path):
    done = imgscope(
        "analyze", webapp, "--format", "json", "-o", f"markdown={tmp_path}/a.md", "-o", f"dive={tmp_path}/d"
    )
    assert json.loads(done.stdout)["schema_version"] == 1
    assert (tmp_path / "a.md").read_text().startswith("# ")
    assert json.loads((tmp_path / "d").read_text())["image"]["sizeBytes"] > 0


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (["analyze", "no-such-file.tar"], 3, "no file"),
        (["analyze"], 2, "Missing argument"),
        (["analyze", "x", "--format", "yaml"], 2, "yaml"),
        (["analyze", "x", "-o", "yaml=x"], 2, "no format 'yaml'"),
        (["analyze", "x", "-o", "json"], 2, "give a file"),
        (["analyse", "x"], 2, "Did you mean 'analyze'"),
        (["analyze", "x", "--platform", "a/b/c/d"], 2, "a/b/c/d"),
    ],
)
def test_wrong_use_is_one_line_and_an_exit_code(imgscope, arguments, code, word):
    done = imgscope(*arguments)
    assert done.returncode == code
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1 and done.stderr.startswith("imgscope: ")
    assert word in done.stderr


def test_a_file_that_can_not_be_written_stays_as_it_was(imgscope, webapp, tmp_path):
    (tmp_path / "kept").write_text("precious")
    done = imgscope("analyze", webapp, "-o", f"json={tmp_path}/kept/below")
    assert done.returncode == 3 and len(done.stderr.splitlines()) == 1
    assert (tmp_path / "kept").read_text() == "precious"
    full = imgscope("analyze", webapp, "-o", "json=/dev/full")
    assert full.returncode == 3 and "No space left" in full.stderr


def test_an_output_file_replaces_another_whole(imgscope, webapp, tmp_path):
    target = tmp_path / "out.json"
    target.write_text("old")
    target.chmod(0o640)
    assert imgscope("analyze", webapp, "-o", f"json={target}").returncode == 0
    assert json.loads(target.read_text())["image"]
    assert target.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.json"]


def test_a_reader_that_goes_away_is_no_error(webapp):
    done = subprocess.run(
        f"{sys.executable} -m imgscope analyze {webapp} --format json | head -c 10; echo ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.endswith("0\n")
    assert done.stderr == ""


def test_standard_input_and_a_file_say_the_same(imgscope, webapp):
    from_file = json.loads(imgscope("analyze", webapp, "--format", "json").stdout)
    from_pipe = json.loads(imgscope("analyze", "-", "--format", "json", input=webapp.read_bytes()).stdout)
    for result in (from_file, from_pipe):
        result["image"].pop("reference")
    assert from_pipe == from_file


def test_the_second_run_comes_from_the_cache_and_says_the_same(imgscope, webapp, own_cache):
    first = imgscope("analyze", webapp).stdout
    records = list(own_cache.rglob("*"))
    assert any(path.is_file() for path in records)
    assert imgscope("analyze", webapp).stdout == first
    assert (
        imgscope("analyze", webapp, "--format", "json").stdout
        == imgscope("analyze", webapp, "--format", "json", "--no-cache").stdout
    )


def test_no_result_replaces_what_is_read_or_another_result(imgscope, webapp, site, tmp_path):
    copy, linked = tmp_path / "image.tar", tmp_path / "linked.tar"
    copy.write_bytes(webapp.read_bytes())
    linked.symlink_to(copy)
    for arguments in (
        ("analyze", copy, "-o", f"json={copy}"),
        ("analyze", linked, "-o", f"json={copy}"),
        ("analyze", f"docker-archive:{copy}", "-o", f"json={linked}"),
        ("suggest", copy, "-o", f"sarif={copy}"),
        ("diff", site, copy, "-o", f"json={copy}"),
        ("bases", site, "--with", copy, "-o", f"json={copy}"),
        ("check", site, copy, "--max-size", "1GB", "-o", f"json={copy}"),
        ("baseline", "save", copy, "-o", copy),
        ("analyze", copy, "-o", f"json={tmp_path}/x", "-o", f"markdown={tmp_path}/./x"),
    ):
        done = imgscope(*arguments)
        assert done.returncode == 2
        assert "give another file" in done.stderr or "goes there already" in done.stderr
    assert copy.read_bytes() == webapp.read_bytes() and not (tmp_path / "x").exists()


def test_a_result_can_go_nowhere_through_links_in_a_circle(imgscope, webapp, tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    done = imgscope("analyze", webapp, "-o", f"json={tmp_path}/a")
    assert done.returncode == 3 and "can't be written" in done.stderr and "internal" not in done.stderr


def test_a_damaged_cache_is_rebuilt_never_trusted(imgscope, webapp, own_cache):
    first = imgscope("analyze", webapp, "--format", "json").stdout
    for path in own_cache.rglob("*"):
        if path.is_file():
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 0xFF
            path.write_bytes(data)
    assert imgscope("analyze", webapp, "--format", "json").stdout == first


def test_a_changed_file_is_read_again(imgscope, webapp, site, tmp_path):
    archive = tmp_path / "image.tar"
    archive.write_bytes(webapp.read_bytes())
    first = json.loads(imgscope("analyze", archive, "--format", "json").stdout)
    archive.write_bytes(site.read_bytes())
    second = json.loads(imgscope("analyze", archive, "--format", "json").stdout)
    assert first["image"]["id"] != second["image"]["id"]


def test_without_a_home_or_a_cache_folder_it_works_all_the_same(imgscope, webapp):
    done = imgscope("analyze", webapp, env={"IMGSCOPE_CACHE_DIR": "/proc/nowhere", "HOME": "/proc/nowhere"})
    assert done.returncode == 0 and not done.stderr


def test_the_cache_is_its_owners_alone(imgscope, webapp, own_cache):
    imgscope("analyze", webapp)
    for path in own_cache.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_cache_info_and_clear(imgscope, webapp, own_cache):
    imgscope("analyze", webapp)
    info = imgscope("cache", "info").stdout
    assert str(own_cache) in info and "images  1" in info
    assert imgscope("cache", "clear").returncode == 0
    assert "images  0" in imgscope("cache", "info").stdout


def test_duplicates_are_found_by_content(imgscope, webapp):
    result = json.loads(imgscope("analyze", webapp, "--format", "json", "--duplicates").stdout)
    groups = {tuple(group["paths"]) for group in result["duplicates"]}
    assert ("/srv/app/assets/photo-copy.raw", "/srv/app/assets/photo.raw") in groups


@pytest.mark.skipif(os.name != "posix", reason="terminals of POSIX")
def test_colour_is_for_terminals_and_may_be_refused(webapp):
    import pty

    def on_terminal(*arguments, **env):
        parent, child = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "imgscope", "analyze", str(webapp), "--no-tui", *arguments],
            stdout=child,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            env={**{key: value for key, value in os.environ.items() if key != "NO_COLOR"}, "TERM": "xterm", **env},
        )
        os.close(child)
        data = b""
        while True:
            try:
                piece = os.read(parent, 65536)
            except OSError:
                break
            if not piece:
                break
            data += piece
        os.close(parent)
        assert process.wait() == 0
        return data

    assert b"\x1b[" in on_terminal()
    assert b"\x1b[" not in on_terminal("--no-color")
    assert b"\x1b[" not in on_terminal(NO_COLOR="1")
    assert b"\x1b[" not in on_terminal(TERM="dumb")


@pytest.mark.parametrize("width", [40, 60, 80, 99, 100, 140])
def test_the_report_keeps_to_its_width_and_leaves_room_for_instructions(imgscope, webapp, width):
    text = imgscope("analyze", webapp, "--width", str(width)).stdout
    assert max(len(line) for line in text.splitlines() if not line.startswith("next: ")) <= width
    row = next(line for line in text.splitlines() if line.split()[:1] == ["4"])
    assert "RUN rm -rf" in row
