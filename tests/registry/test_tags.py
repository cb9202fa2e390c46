"""Tags: all pages of them, in the order of versions, and what they point to."""

from __future__ import annotations

import json
import random

import pytest

from imgscope.sources.registry.tags import ask, version_key
from tests.archive.images import Image, layer, manifest_of

VERSIONS = [
    *("1.0-dev", "1.0-alpha1", "1.0-beta2", "1.0-rc1", "1.0-rc2", "1.0-rc10", "1.0", "1.0.1", "1.2", "1.10"),
    *("2", "v2.1", "3.12-alpine", "3.12-slim", "latest"),
]


def test_the_order_of_versions():
    for seed in range(5):
        mixed = VERSIONS[:]
        random.Random(seed).shuffle(mixed)
        found = sorted(mixed, key=lambda tag: (version_key(tag), tag))
        assert [tag for tag in found if tag[0].isdigit() or tag[0] == "v"] == VERSIONS[:-1]


@pytest.mark.parametrize(
    "text", ["https://me:{}@127.0.0.1:1/x", "me:{}@127.0.0.1:1/x", "me:{}@r.example.net/x", "-{}", "--", "a b/{}"]
)
def test_no_registry_is_asked_for_what_is_no_name(imgscope, text):
    """It may be a login that was typed in front, which a registry on the way would get to read."""
    done = imgscope("tags", "--", text.format("Zq7Rk29xLm4Pw8"))
    assert done.returncode == 2 and "Zq7Rk29xLm4Pw8@" not in done.stderr and "write it as" in done.stderr


@pytest.fixture(scope="module")
def tagged(registry):
    members = {}
    for number, tag in enumerate(["1.0", "1.10", "1.9", "2.0-rc1", "2.0", "2.0-slim"]):
        image = Image(layers=(layer(a="a" * 100 * number),), extra={"created": f"2026-01-0{number + 1}T00:00:00Z"})
        registry.upload("team/tagged", tag, members, manifest_of(image, members))
    return f"{registry.address}/team/tagged"


def test_tags_are_listed_in_order(tagged, inside):
    assert inside("tags", tagged).stdout.split() == ["1.0", "1.9", "1.10", "2.0-rc1", "2.0", "2.0-slim"]
    for words in ([tagged, "1.*"], [f"registry:{tagged}:1.*"], [f"docker://{tagged}", "1.?", "1.10"]):
        assert inside("tags", *words).stdout.split() == ["1.0", "1.9", "1.10"]
    done = inside("tags", tagged, "9*")
    assert done.returncode == 3 and "no tag of" in done.stderr
    done = inside("tags", tagged, "--limit", "2")
    assert done.stdout.split() == ["2.0", "2.0-slim"] and "4 more before these" in done.stderr


def test_what_tags_point_to(registry, tagged, inside):
    with registry.counted() as cold:
        found = json.loads(inside("tags", tagged, "1.*", "--long", "--format", "json").stdout)
    assert [row["created"][:10] for row in found["tags"]] == ["2026-01-01", "2026-01-03", "2026-01-02"]
    assert all(row["bytes"] > 0 and row["layers"] == 1 and row["platform"] == "linux/amd64" for row in found["tags"])
    assert len(cold) == 1 + 3 * 3
    with registry.counted() as warm:
        assert json.loads(inside("tags", tagged, "1.*", "--long", "--format", "json").stdout) == found
    assert [request.method for request in warm] == ["GET", "HEAD", "HEAD", "HEAD"]
    assert "2026-01-01" in inside("tags", tagged, "--long").stdout


def test_pages_are_followed():
    """A registry gives as many at a time as it likes, and says where the rest is."""
    from .servers import Quiet, serving

    class Pages(Quiet):
        def do_GET(self):
            number = int(self.path.partition("last=")[2] or 0)
            more = {"Link": f'</v2/somewhere/else?n=2&last={number + 1}>; rel="next"'} if number < 3 else {}
            assert self.path.startswith("/v2/app/tags/list?")
            self.answer(200, json.dumps({"name": "app", "tags": [f"1.{number}", f"2.{number}"]}).encode(), **more)

    with serving(Pages) as server:
        found = ask(f"{server.host}/app")
    assert [tag.name for tag in found.tags] == ["1.0", "1.1", "1.2", "1.3", "2.0", "2.1", "2.2", "2.3"]


def test_tags_are_completed_where_somebody_asked_before(tagged, imgscope):
    def completed(word: str) -> list[str]:
        out = imgscope("analyze", word, env={"_IMGSCOPE_COMPLETE": "zsh"}).stdout
        return [line.split("\t")[1] for line in out.splitlines()]

    assert completed(f"registry:{tagged}:1.") == []
    imgscope("tags", tagged)
    assert completed(f"registry:{tagged}:1.") == [f"registry:{tagged}:{tag}" for tag in ("1.0", "1.9", "1.10")]
    assert completed(f"registry:{tagged[:12]}") == [f"registry:{tagged}:"]
