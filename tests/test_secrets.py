"""What looks like a secret is found and taken out of texts; what does not is left alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imgscope.secrets import REDACTED, find, in_list, redact, redact_list
from imgscope.secrets.config import redact_config

VALUE = "q7R2vX9pLm4TzK8w"
SECRETS = [
    f"NPM_TOKEN={VALUE}",
    f"|1 NPM_TOKEN={VALUE} /bin/sh -c npm ci",
    f'ENV DB_PASSWORD="{VALUE}"',
    f"ENV API_KEY {VALUE}",
    f"RUN export AWS_SECRET_ACCESS_KEY={VALUE} && make",
    f"RUN curl -u admin:{VALUE} https://example.com",
    f"RUN git clone https://bot:{VALUE}@example.com/x.git",
    f"RUN git clone https://{VALUE}{VALUE}@example.com/x.git",
    f"RUN curl -H 'Authorization: Bearer {VALUE}' https://example.com",
    f"RUN tool --password {VALUE} run",
    f"RUN tool --token={VALUE} run",
    f"LABEL com.example.secret={VALUE}",
    f"RUN echo password: {VALUE} > /x",
]
FORMS = [
    "AKIA" + "ABCDEFGHIJKLMNOP",
    "ghp_" + "a1" * 18,
    "glpat-" + "a1b2" * 5,
    "xoxb-" + "1234567890-abc",
    "npm_" + "a1" * 18,
    "AIza" + "a1b2c" * 7,
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----",
]
HARMLESS = [
    "PATH=/usr/local/sbin:/usr/local/bin",
    "GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D",
    "PYTHON_SHA256=5c88848668640d3e152b35b4536ef1c23b2ca4bd2c957ef1ecbb053f571dd3f6",
    "DB_PASSWORD_FILE=/run/secrets/db",
    "NPM_TOKEN=$NPM_TOKEN",
    "NPM_TOKEN=${NPM_TOKEN}",
    "SSH_AUTH_SOCK=/tmp/agent",
    "RUN --mount=type=secret,id=npmrc,target=/root/.npmrc npm ci",
    "RUN npm config set //registry/:_authToken=${NPM_TOKEN}",
    "RUN apt-get install -y libpam-passwdqc passwd",
    "RUN pip install --no-cache-dir flask==2.0 tokenizers==0.13",
    "RUN curl https://example.com/a@b/c.tgz",
    "RUN useradd --password ! app",
    "USE_TOKEN=true",
    "",
]


@pytest.mark.parametrize("text", SECRETS)
def test_a_value_with_a_secret_name_is_taken_out(text):
    assert find(text)
    assert VALUE not in redact(text)
    assert REDACTED in redact(text)


@pytest.mark.parametrize("value", FORMS)
def test_a_value_with_a_well_known_form_is_taken_out(value):
    text = f"RUN use {value} and go on"
    assert redact(text) == f"RUN use {REDACTED} and go on"


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_texts_stay_as_they_are(text):
    assert redact(text) == text


@pytest.mark.parametrize(
    "text", ["PASSWORD>echo", "token > printf", "password >cat", "$p='", "ftp <<A\nuser\nA", "read T <<<"]
)
def test_half_a_command_is_no_fault(text):
    assert len(redact_list(text.split())) == len(text.split())
    redact(text)


@pytest.mark.parametrize(
    "program", ["smbclient", "add-user.sh", "isql", "steamcmd +login me", "vault kv put", "printf %s"]
)
def test_a_list_may_end_with_an_empty_word(program):
    words = [*program.split(), "password", ""]
    assert redact_list(words)[-1] == ""


def test_a_config_is_looked_through():
    def in_config(config):
        return bool(redact_config(config).found)

    assert not in_config({"config": {"Env": ["PATH=/bin"], "Labels": None}, "history": [{"created_by": "RUN make"}, 7]})
    assert in_config({"config": {"Env": [f"API_TOKEN={VALUE}"]}})
    assert in_config({"history": [{"created_by": f"|1 API_TOKEN={VALUE} /bin/sh -c make"}]})
    assert not in_config({"config": [], "history": {}})


def test_a_long_text_takes_no_long_time():
    import time

    for text in ("A" * 300_000, "TOKEN" * 60_000, "a://" * 60_000, "x=" * 150_000, "_" * 200_000 + "TOKEN="):
        start = time.perf_counter()
        redact(text)
        assert time.perf_counter() - start < 5, text[:10]


_WORDS = (
    "PASSWORD|token|NAME|x|=|:| |\"|'|--password|-p|-u|mysql|&&|docker login --password-stdin|chpasswd|<<EOF|EOF|https://|@"
    "|Bearer|[|]|{|}|,|;|(|)|ENV |LABEL |ARG |RUN |/bin/sh -c |#(nop) |***|<|>|/|$"
    "|printf|%s|base64|-d|<<<|insert into a (password) values (|vault kv put|sed s/TOKEN/|$p|./login.sh|-value|<(echo"
)
PIECES = st.sampled_from([VALUE, "\n", "\\", "|", "|2 ", "ghp_" + "a1" * 18, *_WORDS.split("|")])


@settings(max_examples=400, deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join) | st.text())
def test_any_text_is_redacted_once_and_for_all(text):
    shown = redact(text)
    assert redact(shown) == shown
    for start, end in ((secret.start, secret.end) for secret in find(text)):
        assert 0 <= start < end <= len(text)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(PIECES, max_size=8).map("".join), max_size=6))
def test_lists_keep_their_words(words):
    assert len(redact_list(words)) == len(words)
    for number, secret in in_list(words):
        assert 0 <= secret.start < secret.end <= len(words[number])
