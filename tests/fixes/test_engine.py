"""With a real engine: images of BusyBox alone are built, run, compared, and gone afterwards."""

import os
import threading

import pytest

from imgscope.errors import UsageError
from imgscope.fixes.builders import choose
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


def proven(folder, image=None, **chosen):
    """Fix a folder's Dockerfile, and see that the engine has nothing of it any more."""
    builder = choose("docker")
    try:
        return run(read_recipe(str(folder)), image, Options(min_size=10_000, watch=1.0, **chosen), engine=builder)
    finally:
        for words in (("images", "-aq"), ("ps", "-aq")):
            assert docker(*words, "--filter", f"label={builder.label}") == b""
        there = docker("images", "-aq", "--no-trunc").decode()
        assert builder.made and not [one for one in builder.made if f":{one}" in there]


@pytest.fixture
def folder(base, tmp_path):  # noqa: F811
    (tmp_path / "Dockerfile").write_text(TEXT.format(base=base))
    (tmp_path / "run.sh").write_text(RUN_SH)
    (tmp_path / "run.sh").chmod(0o755)
    return tmp_path


def test_edits_are_proven_by_running_both_images(folder):
    record = proven(folder, tests=("test -s /opt/data",), outside=("docker inspect",))
    assert len(record.made) == 2
    assert record.saved == record.predicted == 800 * 1024
    assert [check.name for check in record.checks] == [
        "settings", "rights", "loads", "start", "output", "test: test -s /opt/data", "test: docker inspect",
    ]  # fmt: skip
    assert record.config == ()


def test_an_edit_that_breaks_a_test_is_left(folder):
    # Whoever looks at the layers sees the difference: nothing else does.
    check = "test $(docker history -q $IMAGE | wc -l) -gt 7"
    record = proven(folder, outside=(check,))
    assert len(record.made) == 1
    # What the edit alone can't do, stages can't either.
    assert {left.why.partition(":")[0] for left in record.left if left.tried} == {"test"}


def test_a_test_that_fails_before_anything_is_changed_is_said(folder):
    with pytest.raises(UsageError, match="the test fails in the image as it is: false: exit code 1"):
        proven(folder, tests=("false",))


def test_a_server_stays_up_and_answers_its_health_check(folder):
    (folder / "run.sh").write_text(SERVER)
    text = (folder / "Dockerfile").read_text()
    check = "HEALTHCHECK --interval=1s --retries=3 CMD grep -q hello /www/index.html\n"
    (folder / "Dockerfile").write_text(text.replace("CMD [", f"{check}CMD ["))
    record = proven(folder, tests=("grep hello /www/index.html",))
    assert len(record.made) == 2
    details = {check.name: check.detail for check in record.checks}
    assert details["start"] == "stays up, healthy"
    assert details["health"] == "HEALTHCHECK: healthy"


def test_two_runs_at_once_do_not_disturb_each_other_nor_an_image_that_is_there(folder):
    name = f"imgscope-test:fix-{os.getpid()}"
    docker("build", "-q", "-t", name, folder)
    found = {}

    def one(image):
        found[image] = proven(folder, image)

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
