"""What looks for secrets takes time in proportion to what it meets, whatever that is."""

from __future__ import annotations

import time

import pytest

from imgscope.secrets import find, redact, redact_list, redact_pair
from imgscope.secrets.config import MAX_TEXT, redact_config
from imgscope.secrets.kinds import KEY_BY_NAME, LOGINS, PRIVATE_KEYS, in_text

# Pieces that patterns begin or go on with; each is repeated.
PIECES = [
    " ", "a", "A", "aA1", "-eyJ", "eyJ.", "\n", "\\", '"', "'", "=", "a=", "://", "://a:b@", "@", ":", "/",
    "-", "_", ".", "token=", "token=changeme=", "TOKEN=x ", "password:", "--password ", "-p ", "&token=",
    "| chpasswd ", "<<EOF\n", "(", "$(", "`", "{", '["', '","', '"a":', "<password>",
    "-----BEGIN PRIVATE KEY-----", "$6$", "sk-", "ghp_", "basic ", "define('a','", 'key="a" value="',
    "LS0tLS1CRUdJTi", "'a' ", "don't ", "\\\n", "ENV a ", "|9 A=", "é", "token = \n", '"bearer":{"',
    "BUNDLE__", "a:b:", "password ", "{ ", "} | passwd ", "net user ", "net use X: ", "+login ", "crypt('",
    ".auth('a',", "jdbc:oracle:a:", "://a/t/", "convertto-securestring ", "-p a;", "nuget push a ", "a=b,c=", "echo ",
    "printf '%s' ", "printf token=%s ", "%s=", "| base64 ", "echo YTpi | base64 -d;",
    "insert into a(password) values('", "insert into a(b) values (",
    "set password for a = '", "${token:-a", "user a on >b ", "<<A ", "<<A\n", "A\n<<A | ",
    "sed s/token/a/ ", "s/a/b/", "\\1token", "./login.sh -p ", "vault kv put a=", "reg /v token /d ", "-value a -name ",
    "<(echo a) ", "$'", "$p='", "ftp <<A\nuser a ", "read token <<< ", "'a' | out-file token ",
]  # fmt: skip
SIZE = 8_000


def seconds(function, *arguments) -> float:
    best = 60.0
    for _ in range(2):
        begin = time.process_time()
        function(*arguments)
        best = min(best, time.process_time() - begin)
        if best < 0.02:
            break
    return best


def grows_evenly(function, make) -> None:
    """Four times as much takes about four times as long; what is too fast to be measured is fast enough."""
    small, large = seconds(function, make(SIZE)), seconds(function, make(4 * SIZE))
    if large > 0.1:
        # One that goes over its input for every piece of it takes 16 times as long.
        assert large < 9 * small, f"{small:.3f} s, and {large:.3f} s for four times as much"
    assert large < 5


def repeated(piece: str, size: int, before: str = "", after: str = "") -> str:
    return before + (piece * (size // len(piece) + 1))[:size] + after


@pytest.mark.parametrize("piece", PIECES, ids=repr)
def test_texts(piece):
    def whole(text: str) -> None:
        redact(text)
        redact_pair("X", text)
        redact_list([text, "-c", text])

    grows_evenly(whole, lambda size: repeated(piece, size))


@pytest.mark.parametrize("before", ["RUN x", "ENV A=", "RUN |3 A=b ", '{"password": "', "https://x?a="])
def test_texts_that_begin_in_other_ways(before):
    for piece in (" ", "a", "-eyJ", "=", '"', ": ", "\\"):
        grows_evenly(find, lambda size, piece=piece: repeated(piece, size, before, "y"))


@pytest.mark.parametrize("piece", PIECES, ids=repr)
def test_files(piece):
    proofs = [kind.proof for kind in (*PRIVATE_KEYS, *LOGINS, KEY_BY_NAME)]

    def judge(data: bytes) -> None:
        for proof in proofs:
            proof(data)
        for name in (b"x.py", b"x.yaml", b".bash_history"):
            in_text(name, data)

    grows_evenly(judge, lambda size: repeated(piece, size // 4).encode())


def test_a_config_is_looked_at_to_a_bound():
    many = {"config": {"Labels": {f"l{number}": "ab cd " * 5_000 for number in range(100)}}}
    begin = time.process_time()
    labels = redact_config(many).config["config"]["Labels"]
    assert time.process_time() - begin < 20
    assert sum(map(len, labels.values())) <= MAX_TEXT + 100 * 60
    assert "too long" in labels["l99"]
    deep: object = "token=x"
    for _ in range(200):
        deep = {"a": [deep]}
    assert "token=x" not in str(redact_config({"config": {"x": deep}}).config)


@pytest.mark.parametrize(
    "config",
    [
        {"config": {"Labels": {f"k{number}": f"v{number}" for number in range(150_000)}}},
        {"config": {"Env": [f"K{number}=value {number}" for number in range(150_000)]}},
        {"history": [{"created_by": f"RUN step {number}"} for number in range(50_000)]},
        {"history": [{"created_by": "RUN --mount=type=bind,source=a,target=/b" * 26_000}]},
        {"history": [{"created_by": "x -p;" * 4_000}] * 50},
        {"history": [{"created_by": f"{number}" + "<<EOF pw\n" * 2_000} for number in range(50)]},
    ],
    ids=("labels", "variables", "steps", "mounts", "commands", "here-documents"),
)
def test_many_small_texts_cost_no_more_than_a_large_one(config):
    assert seconds(redact_config, config) < 3


def test_a_text_that_does_not_fit_hides_no_other():
    config = {"config": {"Labels": {"a": "x y " * 400_000, "b": "short text"}}, "history": [{"created_by": "RUN make"}]}
    shown = redact_config(config).config
    assert "too long" in shown["config"]["Labels"]["a"]
    assert shown["config"]["Labels"]["b"] == "short text"
    assert shown["history"] == [{"created_by": "RUN make"}]


def test_texts_that_are_equal_are_looked_at_once():
    shown = redact_config({"history": [{"created_by": "RUN tool --password hunter2Correct run"}] * 40_000}).config
    assert {step["created_by"] for step in shown["history"]} == {"RUN tool --password *** run"}
