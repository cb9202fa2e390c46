"""With a real engine and both of docker's builders: images of BusyBox are built, run, compared, and gone afterwards."""

import os
import socket
import subprocess
import tempfile
import threading
from functools import partial
from pathlib import Path

import pytest

from imgscope.errors import UsageError
from imgscope.fixes.builders import choose
from imgscope.fixes.failing import BuildFailedError
from imgscope.fixes.model import Options
from imgscope.fixes.recipe import read_recipe
from imgscope.fixes.run import run
from tests.engine.conftest import base, docker, engine  # noqa: F401

pytestmark = pytest.mark.engine

RUN_SH = "#!/bin/sh\necho started; date; cat /opt/data | wc -c\n"
SERVER = "#!/bin/sh\ntrap 'exit 0' TERM\nmkdir -p /www && echo hello > /www/index.html\nwhile :; do sleep 1; done\n"
TEXT = """FROM {base}
# what is needed once
RUN dd if=/dev/urandom of=/once bs=1k count=300 2>/dev/null
RUN rm /once
RUN mkdir /opt && dd if=/dev/zero of=/opt/data bs=1k count=500 2>/dev/null && touch /twice
RUN rm -r /twice; dd if=/dev/zero of=/opt/data bs=1k count=200 2>/dev/null
COPY run.sh /run.sh
LABEL who=me
CMD ["/run.sh"]
"""


@pytest.fixture(params=["classic", "buildkit"])
def builder(request, engine, monkeypatch):  # noqa: F811
    """A builder of docker's, new at each call; BuildKit may need another client than the first on PATH."""
    monkeypatch.setenv("DOCKER_BUILDKIT", str(int(request.param == "buildkit")))
    path = os.environ["PATH"]
    for folder in path.split(os.pathsep):
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{path}")
        if Path(folder, "docker").is_file() and choose("docker").kind == request.param:
            return partial(choose, "docker")
    pytest.skip(f"no docker client here builds by {request.param}")


def proven(folder, builder, image=None, recipe=None, alone=True, **chosen):
    """Fix a folder's Dockerfile, and see that the engine has nothing of it any more.

    Where it is not ``alone``, what another run makes the same is there until that one is done.
    """
    builder, recipe = builder(), {"network": "none", **(recipe or {})}
    options = Options(min_size=10_000, watch=1.0, **chosen)
    try:
        return run(read_recipe(str(folder), **recipe), image, options, engine=builder)
    finally:
        for words in (("images", "-aq"), ("ps", "-aq")):
            assert docker(*words, "--filter", f"label={builder.label}") == b""
        there = docker("images", "-aq", "--no-trunc").decode() if alone else ""
        assert not [one for one in builder.made if f":{one}" in there]


@pytest.fixture
def folder(base, tmp_path):  # noqa: F811
    (tmp_path / "Dockerfile").write_text(TEXT.format(base=base))
    (tmp_path / "run.sh").write_text(RUN_SH)
    (tmp_path / "run.sh").chmod(0o755)
    return tmp_path


def test_edits_are_proven_by_running_both_images(folder, builder):
    record = proven(folder, builder, tests=("test -s /opt/data",), outside=("docker inspect",))
    assert len(record.made) == 2
    assert record.saved == record.predicted == 800 * 1024
    assert [check.name for check in record.checks] == [
        "settings", "rights", "loads", "start", "output", "test: test -s /opt/data", "test: docker inspect",
    ]  # fmt: skip
    assert record.config == ()


def test_an_edit_that_breaks_a_test_is_left(folder, builder):
    # Whoever looks at the layers sees the difference: nothing else does.
    steps = 7 if builder().kind == "classic" else 6
    check = f"test $(docker history -q $IMAGE | wc -l) -gt {steps}"
    record = proven(folder, builder, outside=(check,))
    assert len(record.made) == 1
    # What the edit alone can't do, stages can't either.
    assert {left.why.partition(":")[0] for left in record.left if left.tried} == {"test"}


def test_a_test_that_fails_before_anything_is_changed_is_said(folder, builder):
    with pytest.raises(UsageError, match="the test fails in the image as it is: false: exit code 1"):
        proven(folder, builder, tests=("false",))


def test_a_server_stays_up_and_answers_its_health_check(folder, builder):
    (folder / "run.sh").write_text(SERVER)
    text = (folder / "Dockerfile").read_text()
    check = "HEALTHCHECK --interval=1s --retries=3 CMD grep -q hello /www/index.html\n"
    (folder / "Dockerfile").write_text(text.replace("CMD [", f"{check}CMD ["))
    record = proven(folder, builder, tests=("grep hello /www/index.html",))
    assert len(record.made) == 2
    details = {check.name: check.detail for check in record.checks}
    assert details["start"] == "stays up, healthy"
    assert details["health"] == "HEALTHCHECK: healthy"


def test_two_runs_at_once_do_not_disturb_each_other_nor_an_image_that_is_there(folder, builder):
    name = f"imgscope-test:fix-{os.getpid()}"
    docker("build", "-q", "-t", name, folder)
    found = {}

    def one(image):
        found[image] = proven(folder, builder, image, alone=False)

    try:
        threads = [threading.Thread(target=one, args=(image,)) for image in (None, name)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [(len(found[image].made), found[image].builds) for image in (None, name)] == [(2, 2), (2, 1)]
        assert docker("image", "inspect", name)
    finally:
        docker("rmi", name)


def test_the_line_that_fails_is_known(folder, builder):
    text = (folder / "Dockerfile").read_text().replace("# what", "RUN echo first; \\\n  exit 3\n# what")
    (folder / "Dockerfile").write_text(text)
    with pytest.raises(BuildFailedError) as caught:
        proven(folder, builder)
    assert str(caught.value).partition(" ")[0].endswith("Dockerfile:2")
    assert "3" in caught.value.said[-1]


def test_of_steps_that_run_at_once_the_one_that_fails_is_known(folder, builder, base):  # noqa: F811
    lines = (
        f"FROM {base} AS a", "RUN sleep 1; echo a > /a", f"FROM {base} AS b", "RUN sleep 0.3; exit 7",
        f"FROM {base}", "COPY --from=a /a /a", "COPY --from=b /b /b",
    )  # fmt: skip
    (folder / "Dockerfile").write_text("\n".join([*lines, ""]))
    with pytest.raises(BuildFailedError) as caught:
        proven(folder, builder)
    assert str(caught.value).partition(" ")[0].endswith("Dockerfile:4")


def test_steps_before_an_edit_are_not_built_again_and_a_target_is_built(folder, builder, base):  # noqa: F811
    # What comes of the clock differs each time that it is built.
    text = (folder / "Dockerfile").read_text()
    text = text.replace(
        f"FROM {base}\n", f"FROM {base} AS app\nRUN date +%N > /when; head -c 9 /dev/urandom >> /when\n"
    )
    (folder / "Dockerfile").write_text(f"{text}FROM app AS broken\nRUN exit 1\n")
    name = f"imgscope-test:fix-{os.getpid()}-cache"
    same = 'test "$(docker run --rm --network=none --entrypoint cat $IMAGE /when | cksum)" = "{}"'
    command = ["docker", *builder()._verb(), "-q", "--target", "app", "--network=none", "-t", name, str(folder)]
    subprocess.run([word for word in command if "progress" not in word], check=True, capture_output=True)
    try:
        there = subprocess.run(
            f"docker run --rm --network=none --entrypoint cat {name} /when | cksum", shell=True, capture_output=True,
            text=True, check=True,
        ).stdout.strip()  # fmt: skip
        record = proven(folder, builder, name, {"target": "app"}, outside=(same.format(there),))
    finally:
        docker("rmi", name)
    assert len(record.made) == 2
    assert record.builds == 1


def test_secrets_agents_and_cache_mounts_are_handed_on(folder, builder):
    if builder().kind != "buildkit":
        pytest.skip("the older builder has none of it")
    text = (folder / "Dockerfile").read_text()
    mounts = (
        "RUN --mount=type=secret,id=key grep -q started /run/secrets/key\n"
        'RUN --mount=type=ssh test -S "$SSH_AUTH_SOCK"\n'
        "RUN --mount=type=cache,target=/cached dd if=/dev/zero of=/cached/x bs=1k count=300 2>/dev/null\n"
    )
    (folder / "Dockerfile").write_text(text.replace("# what", f"{mounts}# what"))
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as agent:
        agent.bind(f"{short}/agent")
        agent.listen()
        recipe = {"secrets": (f"id=key,src={folder}/run.sh",), "ssh": (f"default={short}/agent",)}
        record = proven(folder, builder, recipe=recipe)
    assert len(record.made) == 2
    assert all(mount in record.changed.text for mount in mounts.splitlines())
