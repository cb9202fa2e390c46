"""What a later layer hides of an earlier one is saved by writing it once."""

from __future__ import annotations

import pytest

from imgscope import analyze
from imgscope.suggestions import Options, suggest
from tests.oracle.maketar import directory, file, hardlink, layer, opaque, whiteout

from .conftest import SYSTEM

BIG = b"x" * 5000


def one(findings, *steps, **options):
    found = findings(*steps, select=["IS0"], **options)
    assert len(found) == 1, [finding.title for finding in found]
    return found[0]


def test_a_file_removed_in_a_later_run_is_to_be_removed_where_it_is_made(findings):
    found = one(findings, ("RUN make", layer(file("a.o", BIG))), ("RUN rm a.o", layer(whiteout("a.o"))))
    assert (found.code, found.bytes, found.layers) == ("IS001", 5000, (1, 2))
    assert found.lines == ("RUN make && \\", "    rm a.o")


def test_a_removed_directory_counts_with_all_that_is_in_it(findings):
    made = layer(directory("d"), file("d/a", BIG), directory("d/e"), file("d/e/b", BIG))
    found = one(findings, ("RUN make", made), ("RUN rm -r d", layer(whiteout("d"))))
    assert (found.code, found.bytes, found.evidence_count) == ("IS001", 10000, 2)
    found = one(findings, ("RUN make", made), ("RUN new d", layer(directory("d"), opaque("d"))))
    assert (found.code, found.bytes) == ("IS001", 10000)


def test_a_copied_file_that_is_removed_is_better_mounted(findings):
    found = one(
        findings, ("COPY sdk.tgz /", layer(file("sdk.tgz", BIG))), ("RUN rm sdk.tgz", layer(whiteout("sdk.tgz")))
    )
    assert "--mount=type=bind" in found.fix
    assert found.lines == ()


def test_files_that_several_runs_write_are_one_finding(findings):
    steps = [(f"RUN step{n}", layer(file("var/lib/dpkg/status", BIG + b"%d" % n))) for n in range(4)]
    found = one(findings, *steps)
    assert (found.code, found.bytes, found.layers) == ("IS002", 15003, (1, 2, 3, 4))
    assert found.lines[0] == "RUN step0 && \\"


def test_runs_that_have_nothing_in_common_are_several_findings(findings):
    steps = [(f"RUN {name}{n}", layer(file(name, BIG + b"%d" % n))) for name in "ab" for n in range(2)]
    found = findings(*steps, select=["IS002"])
    assert [finding.layers for finding in found] == [(1, 2), (3, 4)]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"uid": 1000, "gid": 1000}, "COPY --chown=1000:1000 app /app"),
        ({"mode": 0o755}, "COPY --chmod=755 app /app"),
        ({"uid": 7, "mode": 0o600}, "COPY --chown=7:0 --chmod=600 app /app"),
    ],
)
def test_a_change_of_owner_or_mode_is_made_when_copying(findings, change, line):
    found = one(
        findings,
        ("COPY app /app", layer(file("app/x", BIG))),
        ("RUN chown -R 1000 /app", layer(file("app/x", BIG, **change))),
    )
    assert (found.code, found.bytes, found.lines) == ("IS003", 5000, (line,))


def test_the_same_again_is_written_for_nothing(findings):
    found = one(findings, ("COPY a /", layer(file("a", BIG))), ("COPY a /", layer(file("a", BIG))))
    assert (found.code, found.bytes) == ("IS004", 5000)


def test_a_moved_directory_is_told_from_a_removed_one(findings):
    made = ("RUN make", layer(file("build/out", BIG), file("build/rest", b"y" * 300)))
    moved = ("RUN mv build/out /usr/bin", layer(whiteout("build"), file("usr/bin/out", BIG)))
    found = findings(made, moved, select=["IS0"])
    assert [(finding.code, finding.bytes) for finding in found] == [("IS005", 5000), ("IS001", 300)]


def test_another_file_of_the_same_name_and_size_was_not_moved(findings):
    made = ("RUN make", layer(file("build/out", BIG)))
    other = ("RUN other", layer(whiteout("build"), file("usr/bin/out", BIG[:-1] + b"y")))
    assert one(findings, made, other).code == "IS001"


def test_what_is_done_to_the_bases_files_saves_nothing_of_the_base(findings):
    base = ("ADD rootfs.tar /", layer(SYSTEM, file("usr/a", BIG), file("usr/b", b"y" * 700)))
    owned = ("RUN chown -R 7 /usr", layer(file("usr/a", BIG, uid=7)))
    removed = ("RUN rm /usr/b", layer(whiteout("usr/b")))
    found = findings(base, owned, removed, base=False, select=["IS0"])
    assert [(finding.code, finding.bytes, finding.certainty) for finding in found] == [
        ("IS007", 5000, "certain"),
        ("IS009", 700, "possible"),
    ]


def test_a_package_of_the_base_that_another_asks_for_anew_is_an_upgrade(findings):
    from .test_build_packages import debian, package

    perl = package("perl-base", files={"usr/bin/perl": BIG, "usr/bin/perl5": None})
    linked = hardlink("usr/bin/perl5", "usr/bin/perl")
    base = ("ADD rootfs.tar /", debian(perl, package("libc6", size=6000), more=[linked]))
    newer = debian(perl, package("git"), more=[linked, file("usr/lib/libc6/data", b"x" * 6000)])
    found = findings(base, ("RUN apt-get install -y git", newer), base=False, select=["IS007", "IS008"])
    # libc6's file is in the database of no package: that one a chown copied.
    assert [(one.code, one.bytes) for one in found] == [("IS007", 6000), ("IS008", 5000)]


def test_an_upgrade_stores_the_new_beside_the_old(findings):
    base = ("ADD rootfs.tar /", layer(SYSTEM, file("usr/lib/x.so", BIG)))
    upgraded = ("RUN apt-get update && apt-get upgrade -y", layer(file("usr/lib/x.so", BIG + b"new")))
    (found,) = findings(base, upgraded, base=False, select=["IS0"])
    assert (found.code, found.bytes) == ("IS008", 5003)


def test_small_findings_are_left_out_unless_asked_for(findings):
    steps = ("RUN make", layer(file("a", BIG))), ("RUN rm a", layer(whiteout("a")))
    assert findings(*steps, min_size=5001, select=["IS0"]) == []
    assert findings(*steps, min_size=5000, select=["IS0"])


def test_the_total_is_what_the_image_loses_when_all_is_fixed(make):
    """Every kind of waste at once: the findings' bytes are those that ``analyze`` says are wasted."""
    path = make(
        layer(file("a", BIG), file("b", BIG), file("c", BIG)),
        layer(file("a", BIG + b"2"), file("b", BIG, uid=5), whiteout("c"), file("d", BIG)),
        layer(file("d", BIG), file("a", b"z")),
        instructions=["RUN one", "RUN two", "RUN three"],
    )
    with analyze(path, cache=False) as analysis:
        report = suggest(analysis, Options(("IS0",), (), 1))
        assert report.total_bytes == analysis.image.wasted_bytes > 20_000
