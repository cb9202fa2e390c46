"""What a real engine, buildah and BuildKit's layout say of a build leads back to every line of its Dockerfile."""

import hashlib
import io
import json
import shutil
import subprocess
import tarfile

import pytest

import imgscope
from imgscope.dockerfile import match, parse, read
from tests.engine.conftest import base, docker, engine  # noqa: F401
from tests.engine.images import root_tar

from .test_match import statement

EVERYTHING = r"""# imgscope: ignore=IS099
ARG BASE=none
ARG VERSION=3
FROM ${BASE} AS first
ENV APP=/srv/app NAME="two words"
ARG VERSION
ARG EXTRA="a b"
RUN mkdir -p $APP && \
    # make it
    echo "$VERSION" > $APP/version
WORKDIR $APP
COPY app ./
COPY --chown=5:6 app/f b.txt $APP/more/
ADD ["one file", "/one/"]

FROM first AS second
SHELL ["/bin/sh", "-e", "-c"]
RUN echo two >> version; \
	\
    echo three
RUN ["/bin/busybox", "touch", "/exec form"]
LABEL a=1 b="two words" \
      c=$NAME
EXPOSE 80 443/tcp 53/udp
USER 1000:1000
VOLUME /data /more
STOPSIGNAL SIGINT
HEALTHCHECK --interval=5s CMD echo ok || exit 1
ONBUILD RUN echo later
WORKDIR sub
COPY --from=first /srv/app/version /copied
ENTRYPOINT exec /bin/sh
CMD ["-c", "echo \"quoted\" é"]

FROM second
"""


@pytest.fixture
def context(tmp_path):
    folder = tmp_path / "context"
    (folder / "app").mkdir(parents=True)
    (folder / "app" / "f").write_text("hi\n")
    (folder / "one file").write_text("x\n")
    (folder / "b.txt").write_text("y\n")
    (folder / "Dockerfile").write_text(EVERYTHING)
    return folder


def check(folder, analysis):
    found = match(read(folder / "Dockerfile"), analysis)
    assert (found.belongs, found.certainty, found.note, found.stage) == (True, "certain", "", 2)
    assert [m.instruction.first for m in found.matches] == [i.first for i in found.chain]
    # The one step that no instruction made is the base's.
    assert set(range(len(analysis.image.history))) - set(found.by_step) == {0}
    return found


@pytest.mark.engine
def test_the_classic_builder(base, context):  # noqa: F811
    name = "imgscope-test:everything"
    docker("build", "-q", "--build-arg", f"BASE={base}", "--build-arg", "EXTRA=c d", "-t", name, context)
    found = check(context, imgscope.analyze(name, cache=False))
    by_layer = {layer: m.instruction.keyword for layer, m in found.by_layer.items()}
    assert by_layer == {
        1: "RUN", 2: "COPY", 3: "COPY", 4: "ADD", 5: "RUN", 6: "RUN", 7: "WORKDIR", 8: "COPY", 9: "RUN",
    }  # fmt: skip
    later = EVERYTHING.split("\n").index("ONBUILD RUN echo later") + 1
    assert found.location((9,))[1:] == (later, later)


@pytest.mark.skipif(not shutil.which("buildah"), reason="needs buildah")
def test_buildah(context, tmp_path):
    tarball = tmp_path / "root.tar"
    tarball.write_bytes(root_tar())
    (context / "root.tar").write_bytes(root_tar())
    text = EVERYTHING.replace("FROM ${BASE} AS first", "FROM scratch AS base\nADD root.tar /\nFROM base AS first")
    (context / "Dockerfile").write_text(text)
    places = ["--root", tmp_path / "storage", "--runroot", tmp_path / "run", "--storage-driver", "vfs"]

    def buildah(*arguments):
        done = subprocess.run(["buildah", *map(str, [*places, *arguments])], capture_output=True, text=True)
        if "permitted" in done.stderr or "unprivileged" in done.stderr:
            pytest.skip(f"buildah can't build here: {done.stderr.splitlines()[-1]}")
        assert done.returncode == 0, done.stderr

    buildah("bud", "--isolation", "chroot", "--layers", "--format", "docker", "-q", "-t", "everything", context)
    buildah("push", "-q", "everything", f"docker-archive:{tmp_path / 'saved.tar'}")
    found = match(read(context / "Dockerfile"), imgscope.analyze(tmp_path / "saved.tar", cache=False))
    assert (found.belongs, found.note) == (True, "")
    assert [m.instruction.first for m in found.matches] == [i.first for i in found.chain]


def layout(folder, text: str, *, damaged: bool = False):
    """An OCI layout as BuildKit exports it: an index with the image and what is attested of it."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(data: bytes) -> dict:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"digest": f"sha256:{digest}", "size": len(data)}

    layers = []
    for name in ("base", "one", "two"):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w") as tar:
            tar.addfile(tarfile.TarInfo(name))
        layers.append(put(file.getvalue()))
    config = {
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]},
        "history": [{"created_by": f"mystery {n}"} for n in range(3)],
    }
    manifest = {
        "schemaVersion": 2,
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **put(json.dumps(config).encode())},
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", **layer} for layer in layers],
    }
    image = put(json.dumps(manifest).encode())
    written = json.dumps(statement(text, "v1"))
    for name, layer in zip(("b", "1"), layers, strict=False):
        written = written.replace(f'"sha256:{name}"', json.dumps(layer["digest"]))
    # The two layers of the statement are equal in that test and not in this one.
    third = json.dumps(layers[2]["digest"])
    head, _, tail = written.rpartition(json.dumps(layers[1]["digest"]))
    attested = put((head + third + tail).encode())
    if damaged:
        (blobs / attested["digest"].removeprefix("sha256:")).write_bytes(b"{}")
    attestation = put(
        json.dumps(
            {
                "schemaVersion": 2,
                "config": put(b"{}"),
                "layers": [
                    {
                        "mediaType": "application/vnd.in-toto+json",
                        "annotations": {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v1"},
                        **attested,
                    }
                ],
            }
        ).encode()
    )
    index = {
        "schemaVersion": 2,
        "manifests": [
            {**image, "platform": {"os": "linux", "architecture": "amd64"}},
            {
                **attestation,
                "platform": {"os": "unknown", "architecture": "unknown"},
                "annotations": {
                    "vnd.docker.reference.type": "attestation-manifest",
                    "vnd.docker.reference.digest": image["digest"],
                },
            },
        ],
    }
    top = put(json.dumps(index).encode())
    top["mediaType"] = "application/vnd.oci.image.index.v1+json"
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [top]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    return folder


@pytest.mark.parametrize("packed", [False, True])
def test_provenance_beside_the_image_maps_layers_exactly(tmp_path, packed):
    text = "FROM a\nRUN this \\\n  and that\nRUN <<EOF\nx\nEOF\n"
    place = layout(tmp_path / "layout", text)
    if packed:
        with tarfile.open(tmp_path / "image.tar", "w") as tar:
            tar.add(place, ".")
        place = tmp_path / "image.tar"
    analysis = imgscope.analyze(place, cache=False)
    found = match(parse(text), analysis)
    assert [(m.instruction.first, m.layer, m.certainty) for m in found.matches] == [
        (2, 1, "certain"),
        (4, 2, "certain"),
    ]
    # Another file's lines are none of this image's.
    assert not match(parse(text + "RUN more\n"), analysis).belongs


def test_a_damaged_provenance_is_none(tmp_path):
    text = "FROM a\nRUN this \\\n  and that\nRUN <<EOF\nx\nEOF\n"
    analysis = imgscope.analyze(layout(tmp_path / "layout", text, damaged=True), cache=False)
    assert not match(parse(text), analysis).belongs
