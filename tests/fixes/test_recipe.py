"""What is built: contexts, Dockerfiles and compose files; and what of a context is sent."""

import io
import tarfile

import pytest

from imgscope.dockerfile.ignore import Ignore
from imgscope.errors import UsageError
from imgscope.fixes.recipe import read_recipe
from imgscope.fixes.sending import pack

COMPOSE = """
services:
  web:
    build:
      context: ./web
      dockerfile: Dockerfile.${KIND:-prod}
      args:
        VERSION: 1.5
        DEBUG: false
        FROM_HERE:
      target: app
      secrets: [token, {source: other}]
      ssh: ["default"]
  plain:
    build: web
  image:
    image: nginx
secrets:
  token: {file: ./token.txt}
  other: {environment: OTHER}
"""


@pytest.fixture
def compose(tmp_path):
    (tmp_path / "web").mkdir()
    (tmp_path / "web/Dockerfile.prod").write_text("FROM base AS app\n")
    (tmp_path / "web/Dockerfile").write_text("FROM scratch\n")
    path = tmp_path / "compose.yaml"
    path.write_text(COMPOSE)
    return path


def test_a_service_of_a_compose_file(compose, monkeypatch):
    monkeypatch.delenv("KIND", raising=False)
    recipe = read_recipe("web", str(compose), arguments=("MORE=1",))
    assert recipe.context == compose.parent / "web"
    assert recipe.dockerfile.path.endswith("Dockerfile.prod")
    assert recipe.arguments == ("VERSION=1.5", "DEBUG=false", "FROM_HERE", "MORE=1")
    assert (recipe.target, recipe.ssh) == ("app", ("default",))
    assert recipe.secrets == (f"id=token,src={compose.parent / 'token.txt'}", "id=other,env=OTHER")
    assert read_recipe("plain", str(compose)).dockerfile.path.endswith("/Dockerfile")


@pytest.mark.parametrize(
    ("service", "words"), [("image", "has no build"), ("none", "has no service none; give one of web, plain, image")]
)
def test_a_service_that_is_not_built(compose, service, words):
    with pytest.raises(UsageError, match=words):
        read_recipe(service, str(compose))


@pytest.mark.parametrize("text", ["services: [", "a: &a [*a]", "[]", ""])
def test_a_compose_file_that_is_none(compose, text):
    compose.write_text(text)
    with pytest.raises(UsageError):
        read_recipe("web", str(compose))


def test_a_context_has_a_dockerfile_or_it_is_said(tmp_path):
    with pytest.raises(UsageError, match="has no Dockerfile"):
        read_recipe(str(tmp_path))
    (tmp_path / "Containerfile").write_text("FROM scratch\n")
    assert read_recipe(str(tmp_path)).dockerfile.path.endswith("Containerfile")
    with pytest.raises(UsageError, match="not a folder to build from: an image goes with --image"):
        read_recipe("myapp:1.0")


def sent(context, ignore=""):
    packed = io.BytesIO()
    pack(context, Ignore(".dockerignore", ignore), b"FROM x\n", packed)
    packed.seek(0)
    # A client takes it for an archive by the first header, which has to stand for itself.
    assert tarfile.TarInfo.frombuf(packed.getvalue()[:512], "utf-8", "strict").isreg()
    with tarfile.open(fileobj=packed) as tar:
        return {member.name: (member, tar.extractfile(member) and tar.extractfile(member).read()) for member in tar}


def test_a_context_is_sent_as_docker_does(tmp_path):
    for name in ("a/one", "a/two.log", "b/kept.log", "Dockerfile"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "link").symlink_to("a/one")
    (tmp_path / "hard").hardlink_to(tmp_path / "a/one")
    found = sent(tmp_path, "**/*.log\n!b/kept.log\n")
    assert set(found) == {".imgscope-fix.Dockerfile", ".dockerignore", "a", "a/one", "b", "b/kept.log", "Dockerfile",
                          "link", "hard"}  # fmt: skip
    assert found["hard"][1] == b"a/one"
    assert found["link"][0].linkname == "a/one"
    assert {member.uid for member, _ in found.values()} == {0}
    # What is not the user's is told to the builder as not to be copied.
    assert found[".dockerignore"][1] == b"**/*.log\n!b/kept.log\n.imgscope-fix.Dockerfile\n.dockerignore\n"
    (tmp_path / ".dockerignore").write_text("x")
    assert found[".dockerignore"][1].decode().endswith(".dockerignore\n")
    assert sent(tmp_path, "x")[".dockerignore"][1] == b"x\n.imgscope-fix.Dockerfile\n"
    assert not (tmp_path / ".imgscope-fix.Dockerfile").exists()
