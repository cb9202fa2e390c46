"""Images in a real registry: the same answers as from an archive, layout or engine, for as few requests as can be."""

from __future__ import annotations

import json
import os
import shutil
import subprocess

import pytest

from imgscope import analyze
from imgscope.errors import ArchiveError, ImageNotFoundError, PlatformError
from imgscope.verify import verify
from tests.archive.images import Image, descriptor, digest, index_of, layer, manifest_of, platform_of
from tests.conftest import FIXTURES

from .conftest import AMD, ARM
from .servers import blob_of


def layout_of(registry, reference, folder, *options):
    subprocess.run(
        [
            "skopeo",
            "copy",
            "--quiet",
            "--insecure-policy",
            "--src-tls-verify=false",
            *options,
            reference.replace("registry:", "docker://"),
            f"oci:{folder}:1",
        ],
        check=True,
    )
    return f"oci:{folder}:1"


def facts(analysis) -> dict:
    """All that an image is, whatever it was read from: no names, and not what was verified."""
    from imgscope.report.interface import Options
    from imgscope.report.json import render

    document = json.loads(b"".join(render(analysis, Options(width=100))))
    for key in ("reference", "names", "verified"):
        document["image"].pop(key, None)
    for row in document["layers"]:
        row.pop("blob_name", None)
    return document


@pytest.mark.parametrize("name", ["webapp:gzip", "webapp:zstd", "site:oci"])
def test_the_same_image_from_a_registry_and_from_a_layout(registry, name, tmp_path):
    reference = f"registry:{registry.address}/{name}"
    expected = facts(analyze(layout_of(registry, reference, tmp_path / "layout"), cache=False))
    cold = analyze(reference)
    warm = analyze(reference)
    assert facts(cold) == facts(warm) == facts(analyze(reference, cache=False))
    found = facts(cold)
    for document in (found, expected):
        # A layout that skopeo writes has the same manifest in OCI's form.
        document["image"].pop("manifest_digest")
        for row in document["layers"]:
            row.pop("media_type")
    assert found == expected
    assert cold.image.verified == ("manifest", "config", "layers")
    assert cold.image.names == (f"{registry.address}/{name}",)


def test_layers_that_are_not_compressed(registry, tmp_path):
    members = {}
    image = Image()
    top = manifest_of(image, members, pack="", media="tar")
    reference = registry.upload("plain", "1", members, top)
    layout = layout_of(registry, reference, tmp_path / "layout", "--preserve-digests")
    assert facts(analyze(reference)) == facts(analyze(layout))
    with analyze(reference, contents=True) as analysis:
        assert analysis.open("/middle").read() == b"y" * 2000


def test_the_same_image_from_an_archive(registry, site):
    # docker-archive: the layers' blobs are others, the files are not.
    found, expected = (facts(analyze(name)) for name in (f"registry:{registry.address}/site:1.0", site))
    assert found["files"] == expected["files"]
    assert found["waste"] == expected["waste"]
    assert found["image"]["id"] == expected["image"]["id"]


def test_what_was_read_costs_one_request(registry):
    reference = f"registry:{registry.address}/webapp:gzip"
    with registry.counted() as cold:
        first = analyze(reference)
    assert len(cold) == 2 + len(first.layers)
    with registry.counted() as warm:
        again = analyze(reference)
        assert len(list(again.files)) == len(list(first.files))
    assert [(asked.method, asked.path) for asked in warm] == [("HEAD", "/v2/webapp/manifests/gzip")]
    digest = first.image.manifest_digest
    with registry.counted() as by_digest:
        analyze(f"registry:{registry.address}/webapp@{digest}")
    assert by_digest == []


def test_the_next_tag_costs_its_new_layers_alone(registry):
    members = {}
    common = (layer(a="a" * 5000), layer(b="b" * 5000))
    registry.upload("grows", "1", members, manifest_of(Image(layers=common), members))
    registry.upload("grows", "2", members, manifest_of(Image(layers=(*common, layer(c="c"))), members))
    analyze(f"registry:{registry.address}/grows:1")
    with registry.counted() as asked:
        found = analyze(f"registry:{registry.address}/grows:2")
    assert [request.path.split("/")[3] for request in asked] == ["manifests", "blobs", "blobs"]
    assert asked[-1].path.endswith(found.layers[-1].digest)
    # Another way to compress the same layer is no new layer.
    packed = registry.upload("grows", "zstd", members, manifest_of(Image(layers=common), members, "zstd", "tar+zstd"))
    with registry.counted() as asked:
        assert [row.compression for row in analyze(packed).layers] == ["zstd", "zstd"]
    assert [request.path.split("/")[3] for request in asked] == ["manifests", "blobs"]


def test_a_tag_that_moves_is_seen(registry):
    members = {}
    old, new = Image(layers=(layer(a="old"),)), Image(layers=(layer(a="new!"),))
    reference = registry.upload("moves", "latest", members, manifest_of(old, members))
    assert analyze(reference).image.id == old.id
    registry.upload("moves", "latest", members, manifest_of(new, members))
    assert analyze(reference).image.id == new.id


def test_one_platform_of_several_is_read_and_no_other(registry, platforms):
    with registry.counted() as asked:
        found = analyze(platforms, platform="linux/amd64")
    assert found.image.id == AMD.id and found.image.platform == "linux/amd64"
    # Two indexes, the manifest, the config, two layers: not the other platform's.
    assert len(asked) == 6
    assert analyze(platforms, platform="linux/arm64").image.id == ARM.id
    with pytest.raises(PlatformError, match=r"not there for linux/s390x, only for linux/amd64, linux/arm64"):
        analyze(platforms, platform="linux/s390x")


def test_an_index_that_does_not_say_for_what_its_manifests_are(registry):
    members = {}
    top = descriptor(index_of(manifest_of(ARM, members), manifest_of(AMD, members)), members, "index.v1+json")
    reference = registry.upload("unsaid", "1", members, top)
    assert analyze(reference, platform="linux/arm64").image.id == ARM.id
    assert analyze(reference, platform="linux/amd64").image.id == AMD.id


def test_contents_are_had_and_checked(registry, webapp):
    reference = f"registry:{registry.address}/webapp:gzip"
    wanted = analyze(webapp).open("/etc/passwd").read()
    assert analyze(reference, contents=True, cache=False).open("/etc/passwd").read() == wanted
    with registry.counted() as asked:
        known = analyze(reference)
    known = analyze(reference)
    paths = [file.path for file in known.files if file.type == "file" and file.size > 100_000]
    with registry.counted() as asked:
        for path in paths[:1] * 3:
            assert len(known.open(path).read()) > 100_000
    # Its layer, once; and the config, since the image is opened again.
    assert [request.status for request in asked] == [200, 200]
    known.close()


def test_every_command_takes_a_registry(registry, inside, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    reference = f"registry:{registry.address}/webapp:gzip"
    for command in (
        ["analyze", reference, "--format", "json"],
        ["check", reference, "--max-size", "1GB"],
        ["diff", reference, f"docker://{registry.address}/webapp:zstd", "--format", "json"],
        ["suggest", reference],
        ["why", reference, "/etc/passwd"],
        ["cat", reference, "/etc/passwd"],
        ["extract", reference, "/etc/passwd", "out"],
        ["verify", reference],
        ["baseline", "save", reference, "-o", "baseline.json"],
        ["bases", reference],
    ):
        done = inside(*command)
        assert done.returncode == 0, (command, done.stderr)
        assert done.stdout or command[0] in ("extract", "baseline")


def test_verify_reads_all_of_it(registry):
    reference = f"registry:{registry.address}/webapp:gzip"
    analyze(reference)
    with registry.counted() as asked:
        checks = verify(reference)
    assert all(check.ok for check in checks)
    assert len(asked) == 2 + 9


def test_a_layer_that_the_registrys_disk_has_damaged(registry, tmp_path):
    members = {}
    data = layer(a=os.urandom(50_000))
    image = Image(layers=(layer(b="b"), data))
    top = manifest_of(image, members)
    reference = registry.upload("damaged", "1", members, top)
    digest = json.loads(members[f"blobs/{top['digest'].replace(':', '/')}"])["layers"][1]["digest"]
    stored = registry.data / "docker/registry/v2/blobs/sha256" / digest[7:9] / digest[7:] / "data"
    whole = stored.read_bytes()
    for damaged in (whole[:-20] + bytes(20), whole[:30_000] + b"x" + whole[30_001:], whole[:-1], whole + b"x"):
        stored.write_bytes(damaged)
        with pytest.raises(ArchiveError, match=r"layer 1: .*damaged") as error:
            analyze(reference)
        assert "\n" not in str(error.value)
    stored.write_bytes(whole)
    # Nothing of what was wrong was kept.
    assert analyze(reference).layers[1].content_bytes == 50_000


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("webapp:gzp", "did you mean registry:{}/webapp:gzip"),
        ("nothing:1", "has no repository {}/nothing"),
        ("webapp@sha256:" + "0" * 64, "has no sha256:000000000000"),
    ],
)
def test_what_is_not_there(registry, name, words):
    with pytest.raises(ImageNotFoundError, match=words.format(registry.address)):
        analyze(f"registry:{registry.address}/{name}")


def test_names_without_a_scheme_are_looked_for_in_turn(registry, imgscope, tmp_path):
    name = f"{registry.address}/site:1.0"
    nobody = {"DOCKER_HOST": f"unix://{tmp_path}/no.sock"}
    done = imgscope("analyze", name, "--no-tui", env=nobody)
    assert done.returncode == 3 and f"registry:{name}" in done.stderr
    assert imgscope("analyze", name, "--no-tui", "--source", "docker,registry", env=nobody).returncode == 0
    assert imgscope("analyze", name, "--no-tui", env={**nobody, "IMGSCOPE_SOURCE": "registry"}).returncode == 0
    done = imgscope("analyze", f"{registry.address}/site:2", "--no-tui", "--source", "docker,registry", env=nobody)
    assert done.returncode == 3 and "no Docker engine" in done.stderr and "has no tag '2'" in done.stderr
    done = imgscope("analyze", name, "--source", "dockr", env=nobody)
    assert done.returncode == 2 and "there is no source 'dockr'" in done.stderr


def test_schema_1_is_refused_by_name(registry):
    from .servers import Quiet, serving

    class Old(Quiet):
        def do_GET(self):
            document = {"schemaVersion": 1, "name": "old", "fsLayers": [], "history": [], "signatures": [{}]}
            self.answer(200, json.dumps(document).encode(), Docker_Content_Digest="sha256:" + "1" * 64)

    with serving(Old) as server, pytest.raises(ArchiveError, match="schema 1"):
        analyze(f"registry:{server.host}/old:1")


@pytest.mark.skipif(not shutil.which("skopeo"), reason="needs skopeo")
def test_windows_layers_that_are_elsewhere(registry):
    members = {}
    image = Image(layers=(layer(a="a"), layer(**{"Files/x": "x"})), platform="windows/amd64")
    top = manifest_of(image, members)
    document = json.loads(members[f"blobs/{top['digest'].replace(':', '/')}"])
    first = document["layers"][0]
    first["mediaType"] = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    first["urls"] = ["https://mcr.example.com/v2/windows/blobs/x"]
    members.pop(f"blobs/{first['digest'].replace(':', '/')}")
    top = descriptor(document, members, "manifest.v1+json", platform=platform_of("windows/amd64"))
    found = analyze(registry.upload("windows", "1", members, top), platform="windows/amd64")
    assert "foreign layer" in found.layers[0].missing
    assert found.layers[1].content_bytes == 1
    assert [file.path for file in found.files] == ["/x"]


def test_windows_files_are_those_below_files(registry, make, tmp_path):
    """What lies beside them is the system's own; sizes are of all, and contents are the files'."""
    members = {}
    lower = layer(**{"Files/Windows/a.dll": "a" * 1000, "Files/b": "b" * 10, "Hives/System_Base": "h" * 500})
    upper = layer(**{"Files/Windows/a.dll": "A" * 2000, "Files/.wh.b": "", "Hives/System_Delta": "d" * 50})
    image = Image(layers=(lower, upper), platform="windows/amd64")
    top = manifest_of(image, members)
    reference = registry.upload("windows", "2", members, top)
    for _ in range(2):
        found = analyze(reference, platform="windows/amd64")
        files = {file.path: file.size for file in found.files if file.type == "file"}
        assert files == {"/Windows/a.dll": 2000, "/Hives/System_Base": 500, "/Hives/System_Delta": 50}
        assert found.image.content_bytes == 3560 and found.image.wasted_bytes == 1010
        assert found.open("/Windows/a.dll").read() == b"A" * 2000
        assert [event.kind for event in found.why("/b")] == ["added", "removed"]


def test_questions_that_the_manifest_and_the_config_answer(registry, inside, tmp_path):
    reference = f"registry:{registry.address}/webapp:gzip"
    wanted = json.loads(inside("analyze", FIXTURES / "webapp.tar", "--format", "json").stdout)
    # Whatever was read before.
    for _ in range(2):
        with registry.counted() as asked:
            done = inside("check", reference, "--max-compressed-size", "2MB", "--max-layers", "20", "--format", "json")
        assert done.returncode == 0 and len(asked) <= 2
        with registry.counted() as asked:
            found = json.loads(inside("analyze", reference, "--no-files", "--format", "json").stdout)
        assert len(asked) <= 2
        image = found["image"]
        assert image["blob_bytes"] == wanted["image"]["blob_bytes"]
        assert image["layers_read"] is False and image["content_bytes"] is None
        for row, other in zip(found["layers"], wanted["layers"], strict=True):
            assert [row[key] for key in ("digest", "diff_id", "blob_bytes", "instruction")] == [
                other[key] for key in ("digest", "diff_id", "blob_bytes", "instruction")
            ]
            assert row["content_bytes"] is None
        assert "to pull" in inside("analyze", reference, "--no-files").stdout
        assert "to pull" in inside("analyze", reference, "--no-files", "--format", "markdown").stdout
        analyze(reference)
    assert inside("check", reference, "--max-compressed-size", "1MB").returncode == 1
    # One rule that needs the layers, and all is read.
    with registry.counted() as asked:
        done = inside("check", reference, "--max-compressed-size", "2MB", "--max-size", "1MB", "--no-cache")
    assert done.returncode == 1 and len(asked) == 11


def test_a_user_by_name_is_looked_up_in_the_layers(registry, inside):
    """The config names one: which uid that is stands in a layer, which is read then."""
    reference = f"registry:{registry.address}/webapp:gzip"
    whole = inside("check", FIXTURES / "webapp.tar", "--require-non-root")
    found = inside("check", reference, "--require-non-root")
    assert "USER is" in found.stdout and found.returncode == whole.returncode == 0


def test_artifacts_are_listed_for_what_they_are(registry, inside):
    """A Helm chart, as helm pushes it."""
    members: dict[str, bytes] = {}
    config, chart = b'{"name":"chart"}', os.urandom(300)
    members[blob_of(digest(config))], members[blob_of(digest(chart))] = config, chart
    manifest = {
        "schemaVersion": 2,
        "config": {
            "mediaType": "application/vnd.cncf.helm.config.v1+json",
            "digest": digest(config),
            "size": len(config),
        },
        "layers": [
            {
                "mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
                "digest": digest(chart),
                "size": len(chart),
                "annotations": {"org.opencontainers.image.title": "chart-1.0.tgz"},
            }
        ],
    }
    reference = registry.upload("chart", "1", members, descriptor(manifest, members, "manifest.v1+json"))
    done = inside("analyze", reference, "--no-tui")
    assert done.returncode == 3 and "is an artifact (application/vnd.cncf.helm.config.v1+json)" in done.stderr
    with registry.counted() as asked:
        done = inside("analyze", reference, "--no-files")
    assert done.returncode == 0 and "chart-1.0.tgz" in done.stdout and "300 B" in done.stdout
    assert len(asked) <= 2
    found = json.loads(inside("analyze", reference, "--no-files", "--format", "json").stdout)
    assert [(row["blob_bytes"], row["digest"]) for row in found["layers"]] == [(300, digest(chart))]
    assert inside("check", reference, "--max-compressed-size", "1kB").returncode == 3
