"""A secret of every form at every place of an image: none of its characters in any output, file, record or screen."""

from __future__ import annotations

import base64
import json

import pytest
from click.testing import CliRunner

from imgscope.cache import _MAGIC, _zstd
from imgscope.cli import cli
from tests.archive.images import Image, docker_archive, write_tar
from tests.html.pages import decoded, encoded
from tests.oracle.maketar import file, layer, whiteout

# What builders write before a command, by the shell.
SHELLS = (
    "/bin/sh -c",
    "/bin/sh -e -c",
    "/bin/bash -o pipefail -c",
    "/bin/ash -eo pipefail -c",
    "powershell -Command $ErrorActionPreference = 'Stop';",
    "cmd /S /C",
)


class Plants:
    """Hands out values, each its own, and remembers where it was planted."""

    def __init__(self, mark: str) -> None:
        self.mark = mark
        self.places: dict[str, str] = {}

    def __call__(self, place: str) -> str:
        value = f"{self.mark}{len(self.places):03d}" + "Xp9mT4zK8w" + "B3nLq6Vd"
        self.places[value] = place
        return value

    def within(self, text: str) -> list[str]:
        """Return where what stands in a text was planted; a piece of a value counts as well."""
        if self.mark not in text and "T4zK8w" not in text and "B3nLq6" not in text:
            return []
        return [place for value, place in self.places.items() if value[:8] in text] or ["some"]


def commands(v: Plants, place: str) -> list[str]:
    """One shell command for each form."""
    basic = base64.b64encode(f"me:{v(place + ' basic')}".encode()).decode()
    v.places[basic[4:]] = place + " base64"
    return [
        f"mysql -u root -p{v(place + ' -pX')} -e 'select 1'",
        f"docker login -u me -p {v(place + ' -p X')} r.example.net",
        f"tool --password {v(place + ' --password X')} run",
        f"tool --password={v(place + ' --password=X')} run",
        f"tool --api-key '{v(place + ' quoted')}' run",
        f"echo {v(place + ' login')} | docker login -u me --password-stdin",
        f'echo "{v(place + " login quoted")}" | podman login -u me --password-stdin r.example.net',
        f"echo 'root:{v(place + ' chpasswd')}' | chpasswd",
        f"chpasswd <<EOF\nroot:{v(place + ' heredoc')}\nEOF",
        f"htpasswd -bc /etc/htpasswd me {v(place + ' htpasswd')}",
        f"sshpass -p {v(place + ' sshpass')} ssh me@host",
        f"sshpass -p'{v(place + ' sshpass glued')}' ssh me@host",
        f"curl -u me:{v(place + ' -u')} https://r.example.net",
        f"tool -u name:{v(place + ' -u of a tool')}",
        f"curl -H 'Authorization: Bearer {v(place + ' bearer')}' https://r.example.net",
        f"curl -H 'Authorization: Basic {basic}' https://r.example.net",
        f'curl -H "PRIVATE-TOKEN: {v(place + " header")}" https://r.example.net',
        f"curl --header=X-Api-Key:{v(place + ' header glued')} https://r.example.net",
        f"git clone https://me:{v(place + ' URL')}@r.example.net/x.git",
        f"curl 'https://r.example.net/x?a=1&token={v(place + ' query')}&X-Amz-Signature={v(place + ' signature')}'",
        f"export DEPLOY_TOKEN={v(place + ' export')} && make",
        f"DB_PASSWORD='two words {v(place + ' words')}' make",
        f"docker build --build-arg NPM_TOKEN={v(place + ' --build-arg')} .",
        f"docker run -e API_SECRET={v(place + ' -e')} x",
        f"npm config set //r.example.net/:_authToken {v(place + ' config set')}",
        f"psql -c \"ALTER USER app PASSWORD '{v(place + ' SQL')}'\"",
        f"sh -c 'tool --token {v(place + ' inner')} run'",
        f'printf \'{{"password": "{v(place + " JSON")}"}}\' > /x.json',
        f"redis-cli -a {v(place + ' redis')} ping",
        f"aws configure set aws_secret_access_key {v(place + ' aws')}",
        f"set WIN_TOKEN={v(place + ' set')}",
        f"$env:WIN_SECRET='{v(place + ' $env')}'",
        f"printf 'user=%s\\npassword=%s\\n' me {v(place + ' printf')} > /x.conf",
        f"echo me:{v(place + ' to base64')} | base64",
        f"powershell $p = '{v(place + ' $p')}'",
        f"powershell Set-Variable -Name password -Value '{v(place + ' -Value')}'",
        f"reg add HKLM\\x /v Password /d {v(place + ' reg')}",
        f"fish -c 'set -x DB_PASSWORD {v(place + ' fish')}'",
        f"csh -c 'setenv DB_PASSWORD {v(place + ' csh')}'",
        f"./login.sh -w {v(place + ' script')}",
        f"redis-cli ACL SETUSER me on '>{v(place + ' ACL')}'",
        f"sqlite3 x \"INSERT INTO users (name, password) VALUES ('me', '{v(place + ' INSERT')}')\"",
        f"mysql -e \"CREATE USER me IDENTIFIED BY '{v(place + ' IDENTIFIED')}'\"",
        f"vault kv put secret/x value={v(place + ' vault')}",
        f"kubectl create secret generic x --from-literal=k={v(place + ' literal')}",
        f"gpg --passphrase {v(place + ' gpg')} -d x",
        f"openssl enc -k {v(place + ' openssl -k')} -in x",
        f"7z x -p{v(place + ' 7z')} x",
        f"unzip -P {v(place + ' unzip')} x",
        f"ldapsearch -xw {v(place + ' ldap')} -D me",
        f"smbclient -U u%{v(place + ' smbclient')} //h/x",
        f"curl --proxy-user u:{v(place + ' proxy')} https://r.example.net",
        f"cat <<EOF > .env\nDB_PASSWORD={v(place + ' here-document')}\nEOF",
        f"cat <<EOF | chpasswd\nroot:{v(place + ' here-document piped')}\nEOF",
        f"sed -i s/PLACEHOLDER/{v(place + ' sed')}/ x",
        f"gh secret set X < <(echo {v(place + ' substitution')})",
    ]


def config(v: Plants) -> dict:
    """An image config with secrets all over."""
    history: list[dict] = [{"created_by": "/bin/sh -c #(nop) ADD file:0 in / "}]
    for number, shell in enumerate(SHELLS):
        value = v(f"ARG under {shell}")
        more = v(f"ARG of words under {shell}")
        prefix = "RUN " if number % 2 else ""
        history.append({"created_by": f"{prefix}|2 NPM_TOKEN={value} X=two {more} {shell} make {number}"})
    history += [{"created_by": f"/bin/sh -c {text}"} for text in commands(v, "RUN of the classic builder")]
    history += [{"created_by": f"RUN /bin/sh -c {text} # buildkit"} for text in commands(v, "RUN of BuildKit")]
    history.append({"created_by": f"RUN |1 NPM_TOKEN={v('exec form')} npm ci # buildkit"})
    empty: list[str] = [
        f"ENV API_KEY={v('ENV step')}",
        f"/bin/sh -c #(nop)  ENV API_SECRET={v('classic ENV step')} A=b",
        f"ENV DB_PASSWORD=two words {v('ENV step of words')} A=b",
        f"ENV OLD_TOKEN {v('old ENV step')}",
        f"ARG TOKEN={v('ARG step')}",
        f"LABEL com.example.secret={v('LABEL step')}",
        f'CMD ["app" "--password" "{v("CMD step")}"]',
        f'ENTRYPOINT ["app", "--token={v("ENTRYPOINT step")}"]',
        f'HEALTHCHECK &{{["CMD-SHELL" "curl -u me:{v("HEALTHCHECK step")} http://x"] "30s" "0s" "0s" "0s" \'\\x03\'}}',
    ]
    history += [{"created_by": text, "empty_layer": True} for text in empty]
    history.append({"created_by": "COPY . /app", "comment": f"deploy token={v('comment')}", "author": "me"})
    shells = commands(v, "OnBuild")
    lists = [
        ["mysql", f"-p{v('CMD -pX')}"],
        ["app", "--password", v("CMD --password")],
        ["curl", "-u", f"me:{v('CMD -u')}", f"https://me:{v('CMD URL')}@x"],
        ["curl", "-H", f"Authorization: Bearer {v('CMD header')}"],
        ["sh", "-c", f"echo {v('CMD script')} | docker login --password-stdin"],
        ["vault", "kv", "put", "secret/x", f"value={v('CMD vault')}"],
        ["printf", "password=%s", v("CMD printf")],
        ["redis-cli", "ACL", "SETUSER", "me", "on", f">{v('CMD ACL')}"],
    ]
    return {
        "config": {
            "Env": [
                "PATH=/usr/bin:/bin",
                f"API_KEY={v('ENV')}",
                f"MYSQL_PWD={v('ENV PWD')}",
                f"REDIS_AUTH={v('ENV AUTH')}",
                f"SECRET_KEY_BASE={v('ENV BASE')}",
                f"DATABASE_URL=postgres://me:{v('ENV URL')}@db/app",
                f"STORAGE=AccountName=a;AccountKey={v('ENV AccountKey')}==;EndpointSuffix=x",
                f"JAVA_OPTS=-Xmx1g -Dspring.password={v('ENV option')}",
                f"CONFIG={json.dumps({'password': v('ENV JSON')})}",
            ],
            "Labels": {
                "com.example.password": v("LABEL"),
                "com.example.json": json.dumps({"db": {"token": v("LABEL JSON")}}),
                "com.example.text": f"clone with https://me:{v('LABEL URL')}@r.example.net/x",
                "com.example.mail": "me@example.net",
            },
            "Entrypoint": ["/bin/sh", "-c", f"exec app --token {v('ENTRYPOINT')}"],
            "Cmd": [word for words in lists for word in words],
            "Healthcheck": {"Test": ["CMD", "curl", "-u", f"me:{v('HEALTHCHECK')}", "http://localhost"]},
            "OnBuild": [f"RUN {text}" for text in shells] + [f"ENV TOKEN={v('ONBUILD ENV')}"],
            "Shell": ["/bin/bash", "-c"],
            "User": "0",
            "ExposedPorts": {"80/tcp": {}},
            "Unknown": {"deep": [{"password": v("unknown key")}]},
        },
        "container_config": {"Cmd": ["/bin/sh", "-c", f"#(nop) ENV API_KEY={v('container_config')}"]},
        "moby.buildkit.buildinfo.v1": base64.b64encode(
            json.dumps({"attrs": {"build-arg:NPM_TOKEN": v("buildinfo")}}).encode()
        ).decode(),
        "author": f"me with token={v('author')}",
        "history": history,
    }


DOCKERFILE = """\
FROM x
# deploy with TOKEN={comment}
ENV DB_PASSWORD="{env}" \\
    OTHER={more}
RUN echo {login} | docker login --password-stdin
RUN apt-get update && apt-get install -y gcc && tool --password {run}
HEALTHCHECK CMD curl -u me:{health} http://localhost
CMD ["app", "--password", "{cmd}"]
"""


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """Two images that differ in their secrets alone, and the Dockerfile of another."""
    folder = tmp_path_factory.mktemp("planted")
    v = Plants("Zq7R")
    paths = []
    for name in ("old", "new"):
        values = config(v)
        steps = [step for step in values["history"] if not step.get("empty_layer")]
        layers = [layer(file(f"d{number}/f", b"x" * 200_000)) for number in range(len(steps))]
        layers[0] = layer(
            file("etc/os-release", b"ID=debian\n"),
            file("var/lib/apt/lists/x", b"p" * 900_000),
            file("usr/local/go/bin/go", b"\x7fELF" + b"g" * 900_000, mode=0o755),
        )
        layers[1] = layer(file("gone", b"y" * 500_000))
        layers[2] = layer(whiteout("gone"))
        image = Image(tuple(layers), names=(f"{name}:1", f"https://me:{v('name')}@r.example.net/x:1"), extra=values)
        paths.append(write_tar(folder / f"{name}.tar", docker_archive(image)))
    dockerfile = folder / "Dockerfile"
    words = {word: v(f"Dockerfile {word}") for word in ("comment", "env", "more", "run", "login", "health", "cmd")}
    text = DOCKERFILE.format(**{**words, "more": f"-Dpassword={words['more']}"})
    dockerfile.write_text(text)
    steps = [
        {"created_by": "/bin/sh -c #(nop) ADD file:0 in / "},
        {"created_by": "ENV DB_PASSWORD=" + words["env"] + " OTHER=-Dpassword=" + words["more"], "empty_layer": True},
        {"created_by": f"RUN /bin/sh -c {text.splitlines()[4][4:]} # buildkit"},
        {"created_by": f"RUN /bin/sh -c {text.splitlines()[5][4:]} # buildkit"},
        {"created_by": f'CMD ["app" "--password" "{words["cmd"]}"]', "empty_layer": True},
    ]
    lists = layer(
        file("var/lib/apt/lists/deb_Packages", b"p" * 900_000), file("usr/bin/gcc", b"\x7fELF" + b"g" * 900_000)
    )
    image = Image(
        (
            layer(file("etc/os-release", b"ID=debian\n"), file("usr/bin/apt-get", b"\x7fELF")),
            layer(file("x", b"x")),
            lists,
        ),
        extra={
            "history": steps,
            "config": {"Cmd": ["app", "--password", words["cmd"]], "Env": [f"DB_PASSWORD={words['env']}"]},
        },
    )
    built = write_tar(folder / "built.tar", docker_archive(image))
    return v, *paths, built, dockerfile


def run(*arguments: object, codes: tuple[int, ...] = (0, 1)) -> str:
    """Run a command in this process; return all that it prints."""
    done = CliRunner().invoke(cli, [str(word) for word in arguments], catch_exceptions=False, standalone_mode=False)
    assert done.exit_code in codes, done.output
    return done.stdout + done.stderr


def of_cache(folder) -> str:
    """All that the cache holds, as plain text."""
    texts = []
    for record in folder.rglob("*"):
        if record.is_file():
            data = record.read_bytes()
            texts.append(data.decode("latin-1"))
            if data.startswith(_MAGIC):
                texts.append(_zstd().decompress(data[len(_MAGIC) + 16 :]).decode("latin-1"))
    return "\n".join(texts)


CHECKS = ("--max-layer-size", "1kB", "--require-non-root", "--forbidden-paths", "/**", "--max-wasted", "1B")
JSON = ("--no-config", "--format", "json")
EVERY = [
    ("analyze", "NEW", "--format", form) for form in ("text", "json", "markdown", "dive", "html", "svg")
] + [
    ("check", "NEW", *CHECKS, "--no-config", "--format", form)
    for form in ("text", "json", "markdown", "github", "junit", "sarif", "gitlab", "html")
] + [
    ("check", "NEW", "--baseline", "OLD", "--max-growth", "0", "--forbidden-findings", "ALL", *JSON),
    *(("diff", "OLD", "NEW", "--format", form) for form in ("text", "json", "markdown", "html")),
    *(("suggest", "NEW", "--format", form) for form in ("text", "json", "markdown", "sarif", "html")),
    *(("bases", "NEW", "--format", form) for form in ("text", "json", "markdown", "html")),
    *(("trend", "OLD", "NEW", "--format", form) for form in ("text", "json", "csv", "markdown", "html", "svg")),
    *(("pull-cost", "NEW", "--from", "OLD", "--format", form) for form in ("text", "json", "markdown")),
    *(("pull-cost", "NEW", "--from", "OLD", "--what-if", "--format", form) for form in ("text", "json", "markdown")),
    ("pull-cost", "NEW", "--what-if", "-o", "plan=-"),
    *(("squash", "NEW", "-o", "SCRATCH", "--format", form) for form in ("text", "json")),
    ("why", "NEW", "/gone"),
    ("why", "NEW", "/d7/f"),
    ("verify", "NEW"),
    ("baseline", "save", "NEW", "-o", "-"),
]  # fmt: skip


def named(words, old, new):
    return [{"OLD": old, "NEW": new, "SCRATCH": f"{new}.squashed"}.get(word, word) for word in words]


@pytest.mark.parametrize("words", EVERY, ids=lambda words: " ".join(word for word in words if word not in CHECKS))
def test_no_output_shows_a_secret(planted, words):
    v, old, new, *_ = planted
    for _ in ("cold", "warm"):
        text = run(*named(words, old, new))
        if words[-1] == "html" and words[0] != "trend":
            text = text.replace(encoded(text), decoded(text))
        assert v.within(text) == []


def test_saved_analyses_and_the_cache_hold_none(planted, own_cache, tmp_path):
    v, old, new, *_ = planted
    outputs = [run(*named(words, old, new)) for words in EVERY if words[0] in ("analyze", "suggest", "diff")]
    assert any(own_cache.rglob("*"))
    assert v.within(of_cache(own_cache)) == []
    saved = tmp_path / "saved.json"
    run("analyze", new, "-o", f"json={saved}")
    assert v.within(saved.read_text()) == []
    again = [run(*named(words, old, saved)) for words in EVERY if words[0] in ("analyze", "suggest", "diff", "why")]
    assert not any(v.within(text) for text in again)
    assert outputs


def test_a_saved_analysis_that_holds_secrets_shows_none(planted, tmp_path):
    v, _, new, *_ = planted
    saved = tmp_path / "saved.json"
    run("analyze", new, "--show-secrets", "-o", f"json={saved}")
    shown = saved.read_text()
    assert all(
        value in shown for value, place in v.places.items() if place == "ENV" and value in new.read_text("latin-1")
    )
    assert v.within(run("analyze", saved, "--format", "json")) == []


def test_what_suggest_finds_in_the_config_is_the_same_cold_warm_and_saved(planted, tmp_path):
    _, _, new, *_ = planted
    saved = tmp_path / "saved.json"
    run("analyze", new, "--no-cache", "-o", f"json={saved}")
    found = []
    for words in ((new, "--no-cache"), (new,), (new,), (saved,)):
        report = json.loads(run("suggest", *words, "--select", "IS603", "--format", "json"))
        found.append([(row["title"], row["layers"], row["evidence"]) for row in report["findings"]])
    assert found[0]
    assert found[0] == found[1] == found[2] == found[3]


def test_secrets_are_shown_when_asked_for(planted):
    v, old, new, *_ = planted
    plain = (new.read_bytes()).decode("latin-1")
    own = {value for value, place in v.places.items() if place == "ENV" and value in plain}
    assert all(value in run("analyze", new, "--show-secrets", "--format", "json") for value in own)
    text = run("diff", old, new, "--show-secrets", "--only", "config")
    assert all(value in text for value in own)


def test_a_changed_secret_is_a_difference(planted):
    _, old, new, *_ = planted
    for _ in ("cold", "warm"):
        rows = json.loads(run("diff", old, new, "--only", "config", "--format", "json"))["config"]
        assert ("ENV", "API_KEY", "***", "*** (another value)") in [tuple(row.values()) for row in rows]
        assert json.loads(run("diff", new, new, "--only", "config", "--format", "json"))["equal"]


def test_a_saved_analysis_cannot_tell(planted, tmp_path):
    _, old, new, *_ = planted
    saved = tmp_path / "saved.json"
    run("analyze", old, "-o", f"json={saved}")
    report = json.loads(run("diff", saved, new, "--only", "config", "--format", "json"))
    assert any("ENV API_KEY" in note and "not known" in note for note in report["notes"])
    assert "ENV" not in {row["field"] for row in report["config"]}


def test_a_dockerfile_is_shown_without_its_secrets(planted, tmp_path):
    v, _, _, built, dockerfile = planted
    for words in ((), ("--diff",), ("--format", "json"), ("--format", "markdown"), ("--format", "sarif")):
        text = run("suggest", built, "--dockerfile", dockerfile, *words)
        assert v.within(text) == [], words
        assert "is not what this image was built from" not in text
    patch = run("suggest", built, "--dockerfile", dockerfile, "--diff")
    assert "does not apply as it stands" in patch
    assert "--password ***" in patch
    shown = run("suggest", built, "--dockerfile", dockerfile, "--diff", "--show-secrets")
    assert v.within(shown)
    copy = tmp_path / "Dockerfile"
    copy.write_text(dockerfile.read_text())
    assert v.within(run("suggest", built, "--dockerfile", copy, "--fix")) == []
    kept = {value for value in v.places if value in dockerfile.read_text()}
    assert all(value in copy.read_text() for value in kept)
    assert copy.read_text() != dockerfile.read_text()


def test_errors_show_none(planted, tmp_path):
    v, *_ = planted
    broken = tmp_path / "Dockerfile"
    broken.write_text(f"ENV TOKEN={v('broken')}\nFROM x\n")
    import imgscope.cli

    for name in (str(broken), f"https://me:{v('reference')}@r.example.net/x"):
        import contextlib
        import io

        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            imgscope.cli.run(["suggest", str(planted[3]), "--dockerfile", name])
        assert v.within(said.getvalue()) == []


def test_screens_show_none(planted):
    import imgscope
    from imgscope.differences import diff
    from tests.tui.driver import explore

    v, old, new, *_ = planted
    screens: list[str] = []

    async def look(view):
        for key in (
            "1",
            "2",
            "3",
            "4",
            "5",
            "6",
            "home",
            "down",
            "down",
            "end",
            "d",
            "escape",
            "1",
            "j",
            "j",
            "enter",
            "w",
        ):
            await view.press(key)
            screens.append(view.text())

    with imgscope.analyze(new, cache=False, contents=True) as analysis:
        explore(look, analysis=analysis, size=(200, 60))
    with diff(old, new, cache=False) as difference:
        explore(look, difference=difference, analysis=difference.new, size=(200, 60))
    assert len(set(screens)) > 6
    assert not any(v.within(text) for text in screens)


def test_a_saved_analysis_may_say_anything_of_its_secrets(planted, tmp_path):
    _, _, new, *_ = planted
    report = json.loads(run("analyze", new, "--format", "json"))
    report["image"]["secrets"] = [
        {"kind": "X\x1b[31m", "where": "ENV", "layer": 10**6},
        {"kind": "Y", "where": "z", "layer": -1},
    ]
    report["image"]["config"]["history"] = "none"
    report["image"]["history"] = []
    saved = tmp_path / "saved.json"
    saved.write_text(json.dumps(report))
    text = run("suggest", saved, "--select", "IS603")
    assert "X" in text
    assert "\x1b" not in text


def test_a_page_of_all_that_is_known_shows_none(planted, tmp_path):
    v, old, new, *_ = planted
    page = tmp_path / "report.html"
    said = run("report", new, page, "--against", old, "--check", "--bases", "--duplicates")
    text = page.read_text()
    assert v.within(said) == v.within(text) == v.within(decoded(text)) == []


def test_notebooks_show_none(planted):
    import imgscope

    v, old, new, *_ = planted
    with imgscope.analyze(new, cache=False) as analysis:
        shown = [
            analysis._repr_html_(),
            imgscope.suggest(analysis)._repr_html_(),
            imgscope.bases(analysis)._repr_html_(),
        ]
        verdict = imgscope.check(analysis, {"max-wasted": "1B", "forbidden-paths": ["/**"]})
        shown += [verdict._repr_html_(), repr(analysis), repr(verdict), repr(analysis.image)]
    with imgscope.diff(old, new, cache=False) as difference:
        shown += [difference._repr_html_(), repr(difference)]
    assert not any(v.within(text) for text in shown)


FIXED = """\
FROM base
# deploy with TOKEN={comment}
ARG NPM_TOKEN={default}
ENV DB_PASSWORD={env}
RUN put /a1 300000 && echo {login} | docker login --password-stdin
RUN rm -rf /a1
RUN put /b2 300000
RUN rm -rf /b2 && tool --password {run}
LABEL com.example.password={label}
CMD ["sh", "--password", "{cmd}"]
"""


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
@pytest.mark.parametrize("breaks", [False, True], ids=["whole", "broken"])
def test_fix_shows_none(tmp_path, monkeypatch, capsys, form, breaks):
    import imgscope.cli
    from imgscope.fixes import run as running
    from tests.fixes.fake import FakeEngine

    v = Plants("Yk3W")
    words = {
        word: v(f"fix {word}") for word in ("comment", "default", "env", "login", "run", "label", "cmd", "argument")
    }
    (tmp_path / "Dockerfile").write_text(FIXED.format(**words))
    said = f"E: refused: token={v('builder')} for https://me:{v('URL of the builder')}@r.example.net"

    def fails(dockerfile, ignore):
        joined = "rm -rf /b2" in dockerfile.text.partition("RUN put /b2")[2].partition("RUN")[0]
        return f"x {said}" if breaks and joined else ""

    images = tmp_path / "images"
    images.mkdir()
    monkeypatch.setattr(running, "choose", lambda client=None: FakeEngine("fake", "classic", home=images, breaks=fails))
    monkeypatch.chdir(tmp_path)
    arguments = ["--build-arg", f"NPM_TOKEN={words['argument']}"]
    code = imgscope.cli.run(["fix", "--no-cache", "--min-size", "10kB", "--format", form, *arguments])
    shown = capsys.readouterr()
    assert code in (0, 1), shown.err
    assert v.within(shown.out + shown.err) == []
    assert "***" in shown.out


def test_a_build_that_fails_shows_none(tmp_path, monkeypatch, capsys):
    import imgscope.cli
    from imgscope.fixes import run as running
    from tests.fixes.fake import FakeEngine

    v = Plants("Yk3W")
    secret, other = v("line of the builder"), v("URL of the builder")
    (tmp_path / "Dockerfile").write_text(f"FROM base\nRUN tool --password {secret}\n")
    said = f"2 E: tool --password {secret} failed: https://me:{other}@r.example.net"
    monkeypatch.setattr(
        running, "choose", lambda client=None: FakeEngine("fake", "classic", home=tmp_path, breaks=lambda *_: said)
    )
    monkeypatch.chdir(tmp_path)
    assert imgscope.cli.run(["fix", "--no-cache"]) == 3
    shown = capsys.readouterr()
    assert "failed" in shown.err
    assert v.within(shown.out + shown.err) == []


@pytest.mark.parametrize("words", [("tags",), ("analyze",), ("diff", "OLD"), ("tags", "--format", "json")])
def test_references_with_a_login_show_none(planted, capsys, words):
    import imgscope.cli

    v, old, *_ = planted
    for text in ("https://me:{}@127.0.0.1:1/x", "docker://me:{}@127.0.0.1:1/x", "registry:me:{}@127.0.0.1:1/x:1"):
        reference = text.format(v("reference"))
        code = imgscope.cli.run([{"OLD": str(old)}.get(word, word) for word in words] + [reference])
        shown = capsys.readouterr()
        assert code in (2, 3)
        assert v.within(shown.out + shown.err) == []
