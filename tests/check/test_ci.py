"""What is there to paste into a CI: held against the hosts' schemas, and its shell really run."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml

from .schemas import GITHUB_ACTION, GITHUB_WORKFLOW, GITLAB_CI, PRE_COMMIT_CONFIG, schema

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
GITLAB = yaml.safe_load((ROOT / "templates/imgscope.gitlab-ci.yml").read_text())
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
PAGE = (ROOT / "docs/ci.md").read_text()
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def _words(command: str) -> list[str]:
    """A command line as a shell splits it."""
    done = subprocess.run(["sh", "-c", f'for word in {command}; do printf "%s\\0" "$word"; done'], capture_output=True)
    return done.stdout.decode().split("\0")[:-1]


# -- GitHub ---------------------------------------------------------------------------------------------------


def test_the_action_fits_githubs_schema():
    jsonschema.validate(ACTION, schema(GITHUB_ACTION))


def test_every_input_reaches_a_step_and_every_output_comes_from_one():
    text = (ROOT / "action.yml").read_text()
    for name in ACTION["inputs"]:
        assert f"inputs.{name} " in text, name
    # Inputs go by the environment: put into a script, they could be one.
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", ""), step["name"]


@pytest.fixture
def runner(tmp_path, monkeypatch):
    """A runner's files and environment; runs a step of the action as the runner does, and returns what it did."""
    for name in [name for name in os.environ if name.startswith(("GITHUB_", "CI_")) or name == "CI"]:
        monkeypatch.delenv(name)
    for name in ("output", "summary", "path"):
        (tmp_path / name).touch()
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    environment = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(workspace),
        "GITHUB_REPOSITORY": "acme/app",
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
        "GITHUB_PATH": str(tmp_path / "path"),
        "RUNNER_TEMP": str(tmp_path),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }

    def run(step: str, **given: str):
        script = tmp_path / "step.sh"
        script.write_text(STEPS[step]["run"])
        assert set(given) <= set(STEPS[step]["env"])
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=workspace,
            env={**os.environ, **environment, **dict.fromkeys(STEPS[step]["env"], ""), **given},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    run.folder = tmp_path
    run.environment = environment
    return run


def _outputs(runner) -> dict[str, str]:
    lines = (runner.folder / "output").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_the_actions_check_fails_the_step_and_leaves_reports_outputs_summary_and_annotations(runner, webapp):
    done = runner("Check", IMAGE=str(webapp), OPTIONS="  --max-wasted=1kB\n\n--require-non-root\n")
    assert done.returncode == 1, done.stderr
    outputs = _outputs(runner)
    assert outputs["verdict"] == "fail" and outputs["passed"] == "false"
    assert set(outputs) == set(ACTION["outputs"]) - {"growth-bytes", "html"}
    for name in ("json", "markdown", "sarif", "junit"):
        assert Path(outputs[name]).stat().st_size > 100
    assert json.loads(Path(outputs["json"]).read_text())["images"][0]["content_bytes"] == int(outputs["content-bytes"])
    assert "max-wasted" in (runner.folder / "summary").read_text()
    assert re.search(r"^::error file=.*title=imgscope max-wasted::", done.stdout, re.MULTILINE)


def test_the_action_writes_the_page_where_it_is_asked_for_and_links_it(runner, webapp):
    done = runner("Check", IMAGE=str(webapp), OPTIONS="--max-wasted=1kB", PAGE="true")
    assert done.returncode == 1
    assert Path(_outputs(runner)["html"]).read_text().startswith("<!doctype html>")
    assert runner("Link the page", ADDRESS="https://example.com/1").returncode == 0
    assert "(https://example.com/1)" in (runner.folder / "summary").read_text()


def test_the_actions_check_takes_several_images_a_config_and_a_baseline(runner, webapp, site, imgscope):
    baseline = runner.folder / "base.json"
    assert imgscope("baseline", "save", webapp, "-o", baseline).returncode == 0
    config = runner.folder / "budgets.toml"
    config.write_text('[check]\nmax-growth = "5%"\n')
    done = runner("Check", IMAGE=f"{webapp}\n{site}\n", CONFIG=str(config), BASELINE=str(baseline))
    assert done.returncode == 0, done.stdout + done.stderr
    assert _outputs(runner)["growth-bytes"] == "0" and _outputs(runner)["passed"] == "true"


def test_an_image_that_begins_with_a_dash_is_no_option(runner):
    assert runner("Check", IMAGE="--schema", OPTIONS="--max-size=1GB").returncode in (2, 3)


_GH = """#!{python}
# A stand-in for GitHub's program: comments are files in a folder; it knows what the action asks of it.
import os, pathlib, sys
folder = pathlib.Path(os.environ["RUNNER_TEMP"], "comments")
folder.mkdir(exist_ok=True)
words = sys.argv[1:]
assert words[0] == "api" and os.environ["GH_TOKEN"] == "secret"
address = next(word for word in words if word.startswith("repos/acme/app/issues/"))
if "--method" not in words:
    assert address.endswith("/7/comments") and words[words.index("--jq") + 1].count("env.MARKER") == 1
    for path in sorted(folder.iterdir()):
        if path.read_text().startswith(os.environ["MARKER"]):
            print(path.name)
else:
    body = pathlib.Path(words[words.index("-F") + 1].removeprefix("body=@")).read_text()
    method = words[words.index("--method") + 1]
    name = address.rsplit("/", 1)[1] if method == "PATCH" else str(100 + len(list(folder.iterdir())))
    assert (method, address.split("/")[-2]) in (("PATCH", "comments"), ("POST", "7"))
    (folder / name).write_text(body)
"""


def test_the_actions_comment_is_written_once_and_then_updated(runner, webapp, site):
    gh = runner.folder / "bin" / "gh"
    gh.parent.mkdir()
    gh.write_text(_GH.replace("{python}", sys.executable))
    gh.chmod(0o755)
    runner.environment["PATH"] = f"{gh.parent}{os.pathsep}{runner.environment['PATH']}"
    report = str(runner.folder / "imgscope-reports/imgscope.markdown")
    comments = runner.folder / "comments"

    def comment():
        done = runner("Comment", GH_TOKEN="secret", NUMBER="7", REPORT=report)
        assert done.returncode == 0, done.stderr

    runner("Check", IMAGE=str(webapp), OPTIONS="--max-wasted=1kB")
    comment()
    assert "FAIL" in (comments / "100").read_text()
    runner("Check", IMAGE=str(webapp), OPTIONS="--max-wasted=1GB")
    comment()
    assert "PASS" in (comments / "100").read_text()
    # Another image's report is a comment of its own.
    runner("Check", IMAGE=str(site), OPTIONS="--max-wasted=1GB")
    comment()
    assert sorted(path.name for path in comments.iterdir()) == ["100", "101"]


def test_the_actions_comment_is_left_out_where_there_is_no_report(runner):
    assert runner("Comment", REPORT=str(runner.folder / "none")).returncode == 0


def test_the_actions_installation_makes_imgscope_a_command(runner):
    # Installing for real takes the network; here pip only says what it would have done.
    python = runner.folder / "bin" / "python3"
    python.parent.mkdir()
    python.write_text(
        "#!/bin/sh\n"
        'case "$1 $2" in\n'
        '"-m venv") mkdir -p "$3/bin"; printf \'#!/bin/sh\\nshift 4; echo "$@"\\n\' >"$3/bin/python"; '
        'chmod +x "$3/bin/python";;\n'
        f'*) exec {sys.executable} "$@";; esac\n'
    )
    python.chmod(0o755)
    runner.environment["PATH"] = f"{python.parent}{os.pathsep}{os.environ['PATH']}"
    done = runner("Install imgscope", SOURCE="/somewhere/action")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == "/somewhere/action"
    assert (runner.folder / "path").read_text() == f"{runner.folder}/imgscope/bin\n"
    assert runner("Install imgscope", SOURCE="/somewhere", VERSION="0.1.0").stdout.split()[-1] == "imgscope==0.1.0"


# -- GitLab ---------------------------------------------------------------------------------------------------


def test_the_gitlab_template_fits_gitlabs_schema():
    job = {**GITLAB[".imgscope"], "stage": "test"}
    jsonschema.validate({**GITLAB, "size": job}, schema(GITLAB_CI))


def test_the_gitlab_job_fails_and_leaves_what_its_artifacts_name(webapp, tmp_path):
    job = GITLAB[".imgscope"]
    variables = {**job["variables"], "IMGSCOPE_IMAGE": "my image.tar", "IMGSCOPE_OPTIONS": "--max-wasted 1kB"}
    shutil.copy(webapp, tmp_path / "my image.tar")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-ec", "\n".join(job["script"])],
        cwd=tmp_path,
        env={**os.environ, **variables, "PATH": path},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1, done.stderr
    named = [*job["artifacts"]["paths"], *job["artifacts"]["reports"].values()]
    assert all((tmp_path / name).stat().st_size for name in named)


def test_the_gitlab_job_installs_the_version_that_is_asked_for(tmp_path):
    (tmp_path / "pip").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (tmp_path / "pip").chmod(0o755)

    def installed(version):
        script = "\n".join(GITLAB[".imgscope"]["before_script"])
        env = {"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "IMGSCOPE_VERSION": version}
        return subprocess.run(["sh", "-ec", script], env=env, capture_output=True, text=True).stdout.split()[-1]

    assert installed("") == "imgscope" and installed("0.1.0") == "imgscope==0.1.0"


# -- pre-commit -----------------------------------------------------------------------------------------------


def test_the_pre_commit_hooks_have_what_pre_commit_wants():
    for hook in HOOKS:
        assert {"id", "name", "entry", "language"} <= hook.keys()
        assert set(hook.get("stages", [])) <= {"pre-commit", "pre-push", "manual"}
        if "files" in hook:
            re.compile(hook["files"])
    config = {"repos": [{"repo": "https://example.org/imgscope", "rev": "v1", "hooks": [{"id": HOOKS[0]["id"]}]}]}
    jsonschema.validate(config, schema(PRE_COMMIT_CONFIG))


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_pre_commit_hook_passes_and_fails(hook, imgscope, webapp, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    entry = hook["entry"].split()
    assert entry[0] == "imgscope"
    (tmp_path / "imgscope.toml").write_text('[check]\nmax-size = "3MB"\n')
    assert imgscope(*entry[1:], webapp).returncode == 0
    (tmp_path / "imgscope.toml").write_text('[check]\nmax-size = "2MB"\n')
    assert imgscope(*entry[1:], webapp).returncode == 1


# -- the page -------------------------------------------------------------------------------------------------


def test_the_pages_workflows_and_jobs_fit_the_hosts_schemas():
    seen = set()
    for text in _blocks("yaml"):
        # YAML 1.1, which PyYAML reads, takes the word "on" for true.
        document = {"on" if key is True else key: value for key, value in yaml.safe_load(text).items()}
        if "jobs" in document:
            jsonschema.validate(document, schema(GITHUB_WORKFLOW))
            used = [step for job in document["jobs"].values() for step in job["steps"] if "imgscope" in str(step)]
            for step in used:
                if "/imgscope@" in step.get("uses", ""):
                    assert set(step["with"]) <= set(ACTION["inputs"])
            seen.add("github")
        elif "repos" in document:
            jsonschema.validate(document, schema(PRE_COMMIT_CONFIG))
            ids = {hook["id"] for repo in document["repos"] for hook in repo["hooks"]}
            assert ids <= {hook["id"] for hook in HOOKS}
            seen.add("pre-commit")
        else:
            jsonschema.validate(document, schema(GITLAB_CI))
            seen.add("gitlab")
    assert seen == {"github", "gitlab", "pre-commit"}


def test_the_pages_commands_are_understood(imgscope):
    from imgscope.cli import cli

    lines = [line for text in _blocks("sh") for line in text.splitlines() if line.startswith("imgscope ")]
    assert lines
    import click

    for line in lines:
        words = _words(line)[1:]
        command = cli.get_command(click.Context(cli), words[0])
        if isinstance(command, click.Group):
            command, words = command.commands[words[1]], words[1:]
        command.make_context(words[0], words[1:])
