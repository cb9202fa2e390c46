"""``imgscope check``: a verdict and an exit code, with the reason, in every form that a CI reads."""

import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (["--max-size", "1GB"], 0),
        (["--max-size", "1kB"], 1),
        (["--max-layers", "9"], 0),
        (["--max-layers", "8"], 1),
        (["--max-layer-size", "1kB"], 1),
        (["--max-wasted", "50%"], 0),
        (["--max-wasted", "1%"], 1),
        (["--min-efficiency", "0.99"], 1),
        (["--max-files", "50"], 0),
        (["--max-files", "49"], 1),
        (["--max-file-size", "1kB"], 1),
        (["--max-path-size", "/srv/app=1kB"], 1),
        (["--max-path-size", "**/*.js=1GB"], 0),
        (["--forbidden-paths", "**/.git/**"], 1),
        (["--forbidden-paths", "**/*.pyc"], 0),
        (["--require-non-root"], 0),
        (["--max-size", "a lot"], 2),
        (["--max-siz", "1MB"], 2),
    ],
)
def test_each_rule_passes_or_fails_by_its_limit(check, webapp, rule, code):
    done = check(webapp, *rule)
    assert done.returncode == code, done.stdout + done.stderr
    if code == 1:
        assert "FAIL" in done.stdout


def test_an_image_that_can_not_be_had_is_3(check):
    assert check("no-such.tar", "--max-size", "1GB").returncode == 3


def test_a_root_user_fails_where_it_is_forbidden(check, site):
    assert check(site, "--require-non-root").returncode == 1


def test_a_failed_check_names_the_files_and_the_instruction(check, webapp):
    out = check(webapp, "--max-wasted", "1kB").stdout
    assert "RUN chown -R 1000:1000 /srv/app" in out and "/srv/app/  layer 5, 20 files metadata only" in out


def test_rules_come_from_the_nearest_file_and_a_misspelt_key_is_an_error(check, webapp, tmp_path):
    config = tmp_path / "imgscope.toml"
    config.write_text('[check]\nmax-wasted = "1kB"\n')
    assert check(webapp).returncode == 1
    config.write_text('[check]\nmax-wastd = "1kB"\n')
    done = check(webapp)
    assert done.returncode == 2 and "did you mean 'max-wasted'" in done.stderr
    config.unlink()
    (tmp_path / "pyproject.toml").write_text('[tool.imgscope.check]\nmax-wasted = "1GB"\n')
    assert check(webapp).returncode == 0


def test_growth_is_measured_against_a_baseline(check, webapp, site):
    assert check(webapp, "--baseline", webapp, "--max-growth", "0").returncode == 0
    done = check(webapp, "--baseline", site, "--max-growth", "5%")
    assert done.returncode == 1 and "/bin/busybox" in done.stdout


def test_every_format_at_once_each_to_its_file_and_it_still_fails(check, webapp, tmp_path):
    formats = ("json", "markdown", "junit", "sarif", "gitlab", "github")
    outputs = [word for name in formats for word in ("-o", f"{name}={tmp_path / name}")]
    assert check(webapp, "--max-wasted", "1kB", "--require-non-root", *outputs).returncode == 1
    result = json.loads((tmp_path / "json").read_text())
    assert result["verdict"] == "fail" and result["exit_code"] == 1
    suite = ET.parse(tmp_path / "junit").getroot()
    assert suite.get("tests") == "2" and suite.get("failures") == "1"
    sarif = json.loads((tmp_path / "sarif").read_text())
    assert sarif["version"] == "2.1.0" and sarif["runs"][0]["results"]
    issues = json.loads((tmp_path / "gitlab").read_text())
    assert {"description", "check_name", "fingerprint", "severity", "location"} <= issues[0].keys()
    assert (tmp_path / "github").read_text().startswith("::error file=")
    assert (tmp_path / "markdown").read_text().startswith("<!-- imgscope check")


def test_under_github_actions_it_annotates_and_writes_the_summary_by_itself(check, webapp, tmp_path):
    env = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "GITHUB_OUTPUT": str(tmp_path / "out"),
    }
    done = check(webapp, "--max-wasted", "1kB", env=env)
    assert done.returncode == 1 and "::error" in done.stdout
    assert "max-wasted" in (tmp_path / "summary").read_text()


def _dive() -> str | None:
    beside = Path(sys.executable).with_name("dive")
    return str(beside) if beside.exists() else shutil.which("dive")


@pytest.mark.skipif(_dive() is None, reason="needs dive (it comes with the development dependencies)")
@pytest.mark.parametrize(
    "rules",
    [
        "",
        "lowestEfficiency: 0.95",
        "lowest-efficiency: 0.5\n  highest-user-wasted-percent: disabled",
        "highestUserWastedPercent: 0.05",
        "highestUserWastedPercent: 0.06",
        "highestWastedBytes: 159",
        "highestWastedBytes: 158\n  lowestEfficiency: disabled",
        "lowestEfficiency: disabled\n  highestWastedBytes: disabled\n  highestUserWastedPercent: disabled",
    ],
)
def test_a_dive_ci_file_gives_dives_verdict(check, site, tmp_path, rules):
    config = tmp_path / ".dive-ci"
    config.write_text(f"rules:\n  {rules}\n" if rules else "rules: {}\n")
    dive = subprocess.run(
        [_dive(), "--source", "docker-archive", str(site), "--ci-config", str(config)],
        capture_output=True,
        env={**os.environ, "CI": "true"},
    )
    kebab = "-" in rules.partition(":")[0]
    done = check(site)
    if kebab:
        # This release of dive reads the one spelling only; ours reads both.
        assert done.returncode == 0
    else:
        assert done.returncode == (1 if dive.returncode else 0), done.stdout + dive.stdout.decode()
