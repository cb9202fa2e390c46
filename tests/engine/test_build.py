"""``imgscope build`` with a real engine: what was built is what is analysed, or checked."""

import json
import os


def _context(folder, base):
    (folder / "Dockerfile").write_text(f'FROM {base}\nCOPY big /big\nRUN ["/bin/chmod", "600", "/big"]\n')
    (folder / "big").write_bytes(os.urandom(200_000))


def test_the_image_is_built_and_analysed(imgscope, base, tmp_path, monkeypatch):
    _context(tmp_path, base)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_BUILDKIT", "0")
    done = imgscope("build", "-t", "imgscope-test:built", "--report", "json=out.json", ".")
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "out.json").read_text())
    assert "imgscope-test:built" in found["image"]["names"]
    assert found["image"]["wasted_bytes"] == 200_000


def test_the_image_is_checked_by_the_rules_for_its_name(imgscope, base, tmp_path, monkeypatch):
    _context(tmp_path, base)
    (tmp_path / "imgscope.toml").write_text('[[check.image]]\nname = "imgscope-test:*"\nmax-wasted = "1kB"\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_BUILDKIT", "0")
    done = imgscope("build", "--check", "-t", "imgscope-test:built", "--report", "sarif=out.sarif", ".")
    assert done.returncode == 1, done.stderr
    assert "FAIL  max-wasted" in done.stdout and "/big" in done.stdout
    # The annotation stands on the line that made the waste.
    result = json.loads((tmp_path / "out.sarif").read_text())["runs"][0]["results"][0]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "Dockerfile" and place["region"]["startLine"] == 3


def test_without_a_name_the_id_is_what_is_looked_at(imgscope, base, tmp_path, monkeypatch):
    _context(tmp_path, base)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOCKER_BUILDKIT", "0")
    done = imgscope("build", "--report", "json=out.json", "--iidfile", "iid", ".")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "out.json").read_text())["image"]["id"] == (tmp_path / "iid").read_text()
