"""A secret in each form is found in every layer position; none of its characters get into any output or the cache."""

from __future__ import annotations

import json

import pytest

from imgscope.cache import _MAGIC, _zstd
from tests.oracle.maketar import file, layer, whiteout

VALUE = "Zq7Rv2XpL9mT4zK8wB3n"
KEY = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{VALUE}{VALUE}\n-----END OPENSSH PRIVATE KEY-----\n"
FILES = [
    ("root/.ssh/id_ed25519", KEY, "IS601"),
    ("srv/tls/server.key", KEY.replace("OPENSSH ", ""), "IS601"),
    ("srv/tls/server.pem", KEY.replace("OPENSSH", "RSA"), "IS601"),
    ("root/.npmrc", f"//registry.npmjs.org/:_authToken={VALUE}\n", "IS602"),
    ("root/.aws/credentials", f"[default]\naws_access_key_id = AKIA\naws_secret_access_key = {VALUE}\n", "IS602"),
    ("app/.env", f"DB_PASSWORD={VALUE}\n", "IS602"),
    ("root/.docker/config.json", json.dumps({"auths": {"r.example": {"auth": VALUE}}}), "IS602"),
    ("root/.git-credentials", f"https://me:{VALUE}@example.com\n", "IS602"),
    ("root/.netrc", f"machine example.com login me password {VALUE}\n", "IS602"),
    ("root/.pypirc", f"[pypi]\nusername = me\npassword = {VALUE}\n", "IS602"),
    ("root/.kube/config", f"users:\n- user:\n    token: {VALUE}\n", "IS602"),
    ("root/.config/gcloud/application_default_credentials.json", json.dumps({"refresh_token": VALUE}), "IS602"),
    ("app/terraform.tfstate", json.dumps({"password": VALUE}), "IS602"),
    ("root/.m2/settings.xml", f"<settings><password>{VALUE}</password></settings>", "IS602"),
    ("root/.cargo/credentials.toml", f'[registry]\ntoken = "{VALUE}"\n', "IS602"),
    ("app/.htpasswd", f"me:{VALUE}\n", "IS602"),
]
POSITIONS = ["base", "middle", "removed", "overwritten", "top"]


def image(make, position, *planted):
    """Three layers, one of which holds the planted (path, content)."""
    secret = layer(*(file(path, content.encode()) for path, content in planted))
    other = layer(file("other", b"x"))
    layers = {
        "base": [secret, other, other],
        "middle": [other, secret, other],
        "removed": [other, secret, layer(*(whiteout(path) for path, _ in planted))],
        "overwritten": [other, secret, layer(*(file(path, b"nothing") for path, _ in planted))],
        "top": [other, other, secret],
    }[position]
    return make(*layers, instructions=["ADD rootfs.tar /", "RUN two", "RUN three"])


def outputs(imgscope, path, folder):
    """Everything that the command prints and writes."""
    texts = []
    for form in ("text", "json", "markdown", "sarif"):
        done = imgscope("suggest", path, "--format", form)
        assert done.returncode == 0, done.stderr
        texts += [done.stdout, done.stderr]
    for record in folder.rglob("*"):
        if record.is_file() and record.name != "CACHEDIR.TAG":
            data = record.read_bytes()
            assert data.startswith(_MAGIC)
            texts.append(_zstd().decompress(data[len(_MAGIC) + 16 :]).decode("latin-1"))
    return texts


@pytest.mark.parametrize(("path", "content", "code"), FILES, ids=[path for path, _, _ in FILES])
def test_a_file_in_every_position(findings, make, path, content, code):
    from imgscope import analyze
    from imgscope.suggestions import Options, suggest

    for position in POSITIONS:
        with analyze(image(make, position, (path, content)), cache=False) as analysis:
            found = [finding for finding in suggest(analysis, Options(("IS6",))).findings if finding.code == code]
        assert [row.path for finding in found for row in finding.evidence] == ["/" + path], position
        assert (": removed later" in found[0].title) == (position == "removed")


@pytest.mark.parametrize("position", POSITIONS)
def test_no_character_of_a_file_gets_out(imgscope, make, own_cache, position):
    texts = outputs(imgscope, image(make, position, *((path, content) for path, content, _ in FILES)), own_cache)
    assert not any(VALUE in text or VALUE[:8] in text or VALUE[-8:] in text for text in texts)
    found = {(row["path"], one["code"]) for one in json.loads(texts[2])["findings"] for row in one["evidence"]}
    assert found >= {("/" + path, code) for path, _, code in FILES}


CONFIGS = [
    {"config": {"Env": [f"API_TOKEN={VALUE}"]}},
    {"config": {"Labels": {"com.example.password": VALUE}}},
    {"history": [{"created_by": f"|1 NPM_TOKEN={VALUE} /bin/sh -c npm ci"}]},
    {"history": [{"created_by": f"RUN |1 NPM_TOKEN={VALUE} /bin/sh -c npm ci # buildkit"}]},
    {"history": [{"created_by": f"/bin/sh -c git clone https://me:{VALUE}@example.com/x.git"}]},
    {"history": [{"created_by": f"/bin/sh -c curl -H 'Authorization: Bearer {VALUE}' https://example.com"}]},
    {
        "history": [
            {"created_by": f"/bin/sh -c #(nop)  ENV SECRET_KEY={VALUE}", "empty_layer": True},
            {"created_by": "x"},
        ]
    },
]


@pytest.mark.parametrize("config", CONFIGS, ids=range(len(CONFIGS)))
def test_a_value_in_the_config(imgscope, tmp_path, own_cache, config):
    from tests.archive.images import Image, docker_archive, write_tar

    data = layer(file("var/lib/apt/lists/x", b"x" * 300_000))
    path = write_tar(tmp_path / "image.tar", docker_archive(Image((data,), extra=config)))
    texts = outputs(imgscope, path, own_cache)
    assert any("IS603" in text for text in texts)
    assert not any(VALUE in text or VALUE[:8] in text for text in texts)
