"""Which layers are the base's: what the history tells, and what the layers themselves do."""

import json

import pytest

from imgscope import analyze
from imgscope.base_images import find_base
from imgscope.base_images.candidates import Other
from tests.archive.images import Image, digest, docker_archive, write_tar
from tests.oracle.maketar import file, layer

ROOT = layer(file("etc/os-release", b"ID=none"))


def steps(*rows):
    """(instruction, layer or None, minute, created by BuildKit?) as a config's history."""
    for words, tar, minute, buildkit in rows:
        hour, minute = divmod(minute, 60)
        created = f"2026-0{1 + hour // 24 // 28}-{1 + hour // 24 % 28:02}T{hour % 24:02}:{minute:02}:00Z"
        yield {
            "created": created,
            "created_by": words if buildkit else f"/bin/sh -c #(nop)  {words}",
            **({"comment": "buildkit.dockerfile.v0"} if buildkit else {}),
            **({"empty_layer": True} if tar is None else {}),
        }


def found(tmp_path, *rows, labels=None, others=()):
    layers = tuple(tar for _, tar, _, _ in rows if tar is not None)
    extra = {"history": list(steps(*rows)), "config": {"Labels": labels or {}}}
    image = Image(layers, extra=extra)
    path = write_tar(tmp_path / "image.tar", docker_archive(image))
    with analyze(path, cache=False) as analysis:
        return find_base(analysis, others)


def own(number):
    return layer(file(f"own{number}", b"x" * number))


def test_layers_that_follow_a_cmd_of_long_ago_are_the_authors(tmp_path):
    base = found(
        tmp_path,
        ("ADD file:1 in / ", ROOT, 0, False),
        ('CMD ["bash"]', None, 0, False),
        ("COPY . /app", own(1), 5000, False),
        ('CMD ["/app"]', None, 5000, False),
    )
    assert (base.layers, base.steps, base.certainty) == (1, 2, "likely")


def test_an_author_may_set_cmd_before_the_last_layer(tmp_path):
    base = found(
        tmp_path,
        ("ADD file:1 in / ", ROOT, 0, False),
        ("RUN one", own(1), 1, False),
        ('CMD ["/app"]', None, 1, False),
        ("COPY . /app", own(2), 2, False),
    )
    assert base.certainty == "possible"


def test_the_highest_of_several_bases_is_meant(tmp_path):
    base = found(
        tmp_path,
        ("ADD file:1 in / ", ROOT, 0, False),
        ('CMD ["bash"]', None, 0, False),
        ("ENV PYTHON_VERSION=3.13.5", None, 100, True),
        ("RUN make python", own(1), 100, True),
        ('CMD ["python3"]', None, 100, True),
        ("COPY . /app", own(2), 9000, True),
    )
    assert (base.layers, base.certainty) == (2, "likely")
    assert "python 3.13.5" in base.how


def test_an_image_of_a_language_that_sets_no_cmd_ends_as_it_always_does(tmp_path):
    base = found(
        tmp_path,
        ("ADD file:1 in / ", ROOT, 0, False),
        ('CMD ["bash"]', None, 0, False),
        ("ENV GOLANG_VERSION=1.24.1", None, 100, True),
        ("RUN get go", own(1), 100, True),
        ("WORKDIR /go", own(2), 100, True),
        ("COPY . /app", own(3), 9000, True),
    )
    assert (base.layers, base.steps) == (3, 5)


def test_another_builders_words_begin_where_the_base_ends(tmp_path):
    base = found(
        tmp_path,
        ("COPY dir:1 in /one", ROOT, 0, False),
        ("RUN two", own(1), 0, False),
        ("RUN three # buildkit", own(2), 1, True),
    )
    assert (base.layers, base.certainty) == (2, "possible")
    assert "BuildKit" in base.how


def test_an_image_from_scratch_has_no_base(tmp_path):
    base = found(tmp_path, ("COPY a /a", own(1), 0, True), ('ENTRYPOINT ["/a"]', None, 0, True))
    assert (base.layers, base.name) == (0, None)


def test_labels_name_the_base_and_history_tells_its_layers(tmp_path):
    labels = {"org.opencontainers.image.base.name": "docker.io/library/debian:12"}
    rows = (("ADD file:1 in / ", ROOT, 0, False), ('CMD ["bash"]', None, 0, False), ("COPY a /a", own(1), 9000, False))
    base = found(tmp_path, *rows, labels=labels)
    assert (base.name, base.layers) == ("docker.io/library/debian:12", 1)


ROWS = [
    ("ADD file:1 in / ", ROOT, 0, False),
    ('CMD ["bash"]', None, 0, False),
    ("RUN a", own(1), 1, False),
    ("COPY b /b", own(2), 2, False),
    ('CMD ["/b"]', None, 2, False),
]


def other(name, *rows, history=True):
    """An image as an engine tells of it."""
    words = [row["created_by"] for row in steps(*rows)]
    ids = [digest(tar) for _, tar, _, _ in rows if tar is not None]
    return Other(name, ids, lambda: words if history else None)


def test_a_base_is_the_beginning_of_the_whole_history_and_the_longest_is_meant(tmp_path):
    others = [other("debian", *ROWS[:2]), other("older", *ROWS[:1]), other("none", ("ADD x in /", own(9), 0, False))]
    base = found(tmp_path, *ROWS, others=others)
    assert (base.name, base.layers, base.steps, base.certainty) == ("debian", 1, 2, "certain")


@pytest.mark.parametrize(
    "goes_on",
    [
        [('CMD ["/other"]', None, 9, False)],
        [("ENV A=1", None, 1, False), ('CMD ["/b"]', None, 2, False)],
        [("COPY b /b", None, 2, False)],
    ],
)
def test_a_sibling_built_from_the_same_cached_layers_is_no_base(tmp_path, goes_on):
    sibling = other("sibling", *ROWS[:3], *goes_on[:1], *goes_on[1:])
    if goes_on[0][0] == "COPY b /b":
        # Another tool's word for a step without a layer: not this image's history either.
        sibling = other("sibling", *ROWS[:2], ("RUN other words", own(1), 1, False))
    base = found(tmp_path, *ROWS, others=[sibling, other("debian", *ROWS[:2])])
    assert (base.name, base.layers, base.certainty) == ("debian", 1, "certain")
    base = found(tmp_path, *ROWS, others=[sibling])
    assert (base.name, base.layers) == (None, 1) and base.certainty != "certain"


def test_the_image_itself_and_what_stands_on_it_are_no_bases_of_it(tmp_path):
    more = [*ROWS, ("RUN more", own(3), 3, False)]
    base = found(tmp_path, *ROWS, others=[other("itself", *ROWS), other("above", *more)])
    assert base.name is None and base.certainty != "certain"


def test_without_a_history_shared_layers_are_likely_a_base(tmp_path):
    base = found(tmp_path, *ROWS, others=[other("bare", *ROWS[:2], history=False)])
    assert (base.name, base.layers, base.certainty) == ("bare", 1, "likely")


def test_what_two_images_share_is_neithers_own(tmp_path):
    rows = [("COPY one /", own(1), 1, True), ("COPY two /", own(2), 1, True), ("COPY three /", own(3), 1, True)]
    beside = other("beside", *rows[:2], ("COPY four /", own(4), 1, True))
    base = found(tmp_path, *rows, others=[beside])
    assert (base.name, base.layers, base.certainty) == (None, 2, "possible") and "beside" in base.how
    assert found(tmp_path, *rows).layers == 0


PASSWD, SHELL = file("etc/passwd", b"root:x:0:0"), file("bin/sh", b"x", mode=0o755)


@pytest.mark.parametrize(
    ("members", "whole"),
    [
        ([file("pause", b"x" * 100, mode=0o755)], False),
        ([file("app", b"x"), file("etc/passwd", b"nobody:x:1:1"), file("etc/ssl/certs/ca.crt", b"x")], False),
        ([SHELL], False),
        ([SHELL, PASSWD], True),
        ([file("usr/lib/os-release", b"ID=x")], True),
        ([file("var/lib/dpkg/status.d/base", b"Package: base")], True),
        ([file("usr/lib/sysimage/rpm/Packages.db", b"x")], True),
        ([file("var/lib/pacman/local/a-1/desc", b"x")], True),
    ],
)
@pytest.mark.parametrize("words", ["ADD file:1 in / ", "COPY dir:2 in / "])
def test_a_first_layer_is_a_root_filesystem_when_something_in_it_says_so(tmp_path, members, whole, words):
    base = found(tmp_path, (words, layer(*members), 0, False), ("COPY a /a", own(1), 0, False))
    assert ("whole root filesystem" in base.how, base.layers) == (whole, int(whole))


def test_odd_histories_do_no_harm(tmp_path):
    image = Image((ROOT, own(1)), extra={"history": [{"created": "yesterday"}, 7, {"created_by": 8}, {"comment": "x"}]})
    path = write_tar(tmp_path / "odd.tar", docker_archive(image))
    with analyze(path, cache=False) as analysis:
        assert find_base(analysis).layers in (0, 1)
    assert json.loads(image.config)["history"][1] == 7
