"""``imgscope diff`` as people use it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

from imgscope.differences import report
from tests.oracle.maketar import file, layer, symlink

BASE = layer(file("base", b"b" * 1000))


def test_quiet_answers_by_its_exit_code(imgscope, make):
    old, new = make(BASE), make(BASE, layer(file("x", b"1")))
    same = imgscope("diff", "-q", old, old)
    assert (same.returncode, same.stdout, same.stderr) == (0, "", "")
    other = imgscope("diff", "-q", old, new)
    assert (other.returncode, other.stdout, other.stderr) == (1, "", "")
    # What is left out does not count.
    assert imgscope("diff", "-q", "--only", "config", old, new).returncode == 0
    assert imgscope("diff", "-q", "--only", "removed", old, new).returncode == 0
    assert imgscope("diff", "-q", "--only", "files", "--path", "/other", old, new).returncode == 0


def test_growth_fails_with_its_reason_and_still_reports(imgscope, make):
    old, new = make(BASE), make(BASE, layer(file("x", b"1" * 100)))
    for limit, code in (("9%", 1), ("10%", 0), ("99", 1), ("100B", 0), ("1kB", 0)):
        done = imgscope("diff", old, new, "--fail-on-growth", limit)
        assert done.returncode == code, limit
        assert "Sharing" in done.stdout
        assert ("grew by 100 B (10.0 %), more than" in done.stderr) is bool(code)
    assert imgscope("diff", new, old, "--fail-on-growth", "0").returncode == 0
    assert imgscope("diff", old, new, "--fail-on-growth", "lots").returncode == 2


def test_wrong_words_are_told_with_the_nearest_right_one(imgscope, make):
    image = make(BASE)
    done = imgscope("diff", image, image, "--only", "adde")
    assert done.returncode == 2 and "did you mean added" in done.stderr
    assert imgscope("diff", image, image, "--min-size", "big").returncode == 2
    assert imgscope("diff", "-", "-").returncode == 2
    assert imgscope("diff", image, image, "-q", "--format", "json").returncode == 2
    assert imgscope("diff", image, "missing.tar").returncode == 3


def test_one_image_may_come_from_a_pipe(imgscope, make):
    old, new = make(BASE), make(BASE, layer(file("x", b"1")))
    done = imgscope("diff", old, "-", "--format", "json", input=new.read_bytes())
    assert [row["path"] for row in json.loads(done.stdout)["files"]] == ["/x"]


def test_all_formats_tell_the_same(imgscope, make, tmp_path):
    old = make(BASE, layer(file("app/big", b"1" * 5000), file("app/gone", b"2" * 700)))
    new = make(BASE, layer(file("app/big", b"3" * 9000), file("app/`odd`|name", b"4" * 50)))
    out = tmp_path / "d.json", tmp_path / "d.md"
    done = imgscope("diff", old, new, "--bytes", "-o", f"json={out[0]}", "-o", f"markdown={out[1]}")
    assert done.returncode == 0
    found, markdown = json.loads(out[0].read_text()), out[1].read_text()
    assert found["growth_bytes"] == 3350 and found["equal"] is False
    assert found["pull"]["changed_bytes"] == 9050
    assert {row["path"]: row["delta"] for row in found["files"]} == {
        "/app/big": 4000, "/app/gone": -700, "/app/`odd`|name": 50,
    }  # fmt: skip
    for text in (done.stdout, markdown):
        assert "+4,000 B" in text and "-700 B" in text and "+3,350 B" in text
    assert "`` /app/`odd`\\|name ``" in markdown or "``/app/`odd`\\|name``" in markdown


def test_the_json_fits_its_schema(imgscope, make, webapp, site):
    schema = json.loads((Path(report.__file__).parent / "diff.schema.json").read_text())
    odd = layer(file(b"\xff\xfe", b"x"), file("from", b"moved"), file("usr/lib/foo-1.dist-info/METADATA", b""))
    new = layer(file("to", b"moved"), symlink("base", "x"), file("usr/lib/foo-2.dist-info/METADATA", b""))
    for pair in ((make(odd), make(BASE, new)), (make(BASE), make(BASE)), (webapp, site)):
        for options in ((), ("--no-files",), ("--only", "layers"), ("--only", "files"), ("--only", "packages,config")):
            done = imgscope("diff", *pair, "--format", "json", *options)
            jsonschema.validate(json.loads(done.stdout), schema)


def test_names_and_words_cannot_drive_the_terminal(imgscope, make):
    evil = "esc\x1b[31m\nline"
    old = make(BASE, config={"Env": [f"A={evil}"]})
    new = make(BASE, layer(file(evil, b"x"), symlink("l", evil)), instructions=["FROM x", f"RUN {evil}"])
    for form in ("text", "markdown"):
        out = imgscope("diff", old, new, "--format", form).stdout
        assert "\x1b" not in out and "\nline" not in out


def test_the_report_fits_narrow_terminals(imgscope, make):
    old, new = make(BASE), make(BASE, layer(file("a/" * 30 + "x" * 60, b"1" * 5000)))
    for width in (40, 80, 120):
        for line in imgscope("diff", old, new, "--width", width).stdout.splitlines():
            assert len(line) <= width


def test_each_component_of_cuda_is_a_row_as_a_wheel_and_as_a_package(imgscope, make):
    site = "usr/local/lib/python3.12/site-packages"

    def wheel(name, version, path, size):
        record = f"{path},,\n{name}-{version}.dist-info/RECORD,,\n".encode()
        return file(f"{site}/{name}-{version}.dist-info/METADATA", b"") + (
            file(f"{site}/{name}-{version}.dist-info/RECORD", record) + file(f"{site}/{path}", bytes(size))
        )

    def package(version, size):
        status = f"Package: libcublas-12-4\nStatus: install ok installed\nVersion: {version}\nArchitecture: amd64\n"
        library = "usr/local/cuda-12.4/lib64/libcublas.so.12"
        return (
            file("var/lib/dpkg/status", status.encode())
            + file("var/lib/dpkg/info/libcublas-12-4.list", f"/{library}\n".encode())
            + file(library, bytes(size))
        )

    cudnn = "nvidia/cudnn/lib/libcudnn.so.9"
    old = layer(wheel("nvidia_cudnn_cu12", "9.1", cudnn, 9000), package("12.4.2", 5000))
    new = layer(wheel("nvidia_cudnn_cu12", "9.8", cudnn, 9900), package("12.4.5", 5500))
    found = json.loads(imgscope("diff", make(old), make(new), "--format", "json").stdout)
    rows = {row["name"]: row for row in found["packages"]}
    assert {name: (row["kind"], row["delta"]) for name, row in rows.items()} == {
        "nvidia_cudnn_cu12": ("upgraded", 900),
        "libcublas-12-4": ("upgraded", 500),
    }
