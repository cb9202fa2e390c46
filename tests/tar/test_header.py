"""One member's headers, in every dialect that layers come in, and what lying ones are refused with."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from imgscope.tar.header import Member, TarError, read_member, sparse_pieces
from tests.oracle import maketar as tar

ABC = b"abc"


def members(data: bytes) -> list[Member]:
    """Read all members; the reader may ask for bytes in growing order only."""
    furthest = 0

    def at(offset: int, size: int) -> bytes:
        nonlocal furthest
        assert offset >= furthest
        furthest = offset
        if offset > len(data):
            raise TarError("past the end")
        found = data[offset : offset + size]
        if found and len(found) != size:
            raise TarError("cut short")
        return found

    found: list[Member] = []
    records: dict[bytes, bytes] = {}
    position = 0
    while (member := read_member(at, position, records)) is not None:
        found.append(member)
        position = member.next
    return found


def only(data: bytes) -> Member:
    (member,) = members(data + tar.END)
    return member


# --- what a member says of itself --------------------------------------------------------------------------


@pytest.mark.parametrize("format", [tar.USTAR, tar.GNU, tar.PAX])
def test_the_plain_fields(format):
    member = only(tar.file("d/x", ABC, mode=0o4755, uid=12, gid=34, mtime=56, format=format))
    assert (member.name, member.typeflag, member.size, member.mode) == (b"d/x", ord("0"), 3, 0o4755)
    assert (member.uid, member.gid, member.mtime_ns) == (12, 34, 56_000_000_000)
    assert (member.data, member.stored, member.next) == (512, 3, 1024)


@pytest.mark.parametrize("length", [99, 100, 101, 155, 256, 257, 3000])
@pytest.mark.parametrize("format", [tar.USTAR, tar.GNU, tar.PAX])
def test_names_and_links_of_any_length(format, length):
    name = ("n" * 49 + "/") * (length // 50) + "x" * (length % 50 or 1)
    member = only(tar.symlink(name, name[::-1], format=format))
    assert (member.name, member.link) == (name.encode(), name[::-1].encode())


def test_a_ustar_prefix_goes_before_the_name():
    assert only(tar.by_hand("x", ABC, prefix=b"very/deep")).name == b"very/deep/x"


def test_other_dialects_keep_other_things_in_the_prefixs_place():
    # GNU has times there; star ends its prefix early, marked by "tar" at the end of the block.
    assert only(tar.by_hand("x", ABC, magic=b"ustar  \0", prefix=b"12345670000")).name == b"x"
    star = b"pre".ljust(131, b"\0") + tar.octal(1, 12) + tar.octal(2, 12) + bytes(8) + b"tar\0"
    assert only(tar.by_hand("x", ABC, tail=star)).name == b"pre/x"


def test_a_tar_from_before_posix():
    member = only(tar.by_hand("x", ABC, b"\0", magic=b""))
    assert (member.name, member.typeflag, member.size) == (b"x", 0, 3)


def test_numbers_in_base_256():
    huge = {"size": tar.base256(9 << 30, 12), "uid": tar.base256(1 << 31, 8), "mtime": tar.base256(-3, 12)}
    member = members_of_header(tar.header("x", **huge))
    assert (member.size, member.uid, member.mtime_ns) == (9 << 30, 1 << 31, -3_000_000_000)


def members_of_header(block: bytes) -> Member:
    """Read a header whose content is not there."""
    member = read_member(lambda offset, size: block[offset : offset + size], 0, {})
    assert member is not None
    return member


@pytest.mark.parametrize("field", [b"0000644\0", b" 644 \0", b"   644 ", b"644\0junk"])
def test_octal_numbers_however_padded(field):
    assert only(tar.by_hand("x", mode=field)).mode == 0o644


def test_an_empty_number_is_zero():
    assert only(tar.by_hand("x", uid=b"", mtime=b"        ")).uid == 0


@pytest.mark.parametrize("checksum", ["unsigned", "signed"])
def test_a_checksum_may_be_of_signed_or_unsigned_bytes(checksum):
    assert only(tar.by_hand(b"\xff\xfe\xfd", ABC, checksum=checksum)).name == b"\xff\xfe\xfd"


def test_links_devices_directories_and_fifos_have_no_data_whatever_their_size_says():
    for typeflag in b"123456":
        first, second = members(tar.header("a", bytes([typeflag]), size=77) + tar.by_hand("b", ABC) + tar.END)
        assert (first.size, second.name) == (0, b"b")


def test_device_numbers():
    member = only(tar.character("null", 1, 3))
    assert (member.major, member.minor) == (1, 3)


# --- extended headers --------------------------------------------------------------------------------------


def test_pax_records_override_the_header():
    records = [("path", "p"), ("linkpath", "t"), ("uid", "4294967296"), ("gid", "7"), ("mtime", "1.000000009")]
    member = only(tar.pax_header(records) + tar.by_hand("short", typeflag=b"2", link="short"))
    assert (member.name, member.link) == (b"p", b"t")
    assert (member.uid, member.gid, member.mtime_ns) == (4294967296, 7, 1_000_000_009)


def test_a_pax_size_is_what_follows():
    first, second = members(tar.pax_header([("size", "3")]) + tar.by_hand("a", ABC, size=0) + tar.file("b") + tar.END)
    assert (first.size, second.name) == (3, b"b")


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("0", 0),
        ("1.5", 1_500_000_000),
        ("-1.5", -1_500_000_000),
        ("-0.5", -500_000_000),
        ("2.1234567899", 2_123_456_789),
        ("1700000000.123456789", 1_700_000_000_123_456_789),
        ("3.", 3_000_000_000),
    ],
)
def test_pax_times_to_the_nanosecond(text, nanoseconds):
    assert only(tar.file("x", mtime=text)).mtime_ns == nanoseconds


def test_xattrs_are_bytes_that_may_hold_anything():
    records = [("SCHILY.xattr.user.a", b"x=y\n\0\xff"), ("SCHILY.xattr.user.empty", b""), ("LIBARCHIVE.xattr.u", b"no")]
    member = only(tar.pax_header(records) + tar.by_hand("x"))
    assert member.xattrs == {"user.a": b"x=y\n\0\xff", "user.empty": b""}


def test_names_in_pax_records_may_hold_newlines_and_bytes_that_are_not_utf8():
    name = b"two\nlines=\xff"
    assert only(tar.pax_header([("hdrcharset", "BINARY"), ("path", name)]) + tar.by_hand("x")).name == name


def test_a_global_header_holds_for_all_that_follows_unless_they_say_otherwise():
    data = (
        tar.pax_header([("uid", "5"), ("comment", "as git archive")], b"g")
        + tar.file("a", format=tar.USTAR)
        + tar.pax_header([("uid", "6")])
        + tar.by_hand("b")
        + tar.pax_header([("uid", "")], b"g")
        + tar.by_hand("c", uid=7)
        + tar.END
    )
    assert [(member.name, member.uid) for member in members(data)] == [(b"a", 5), (b"b", 6), (b"c", 7)]


def test_an_empty_record_leaves_what_the_header_says():
    member = only(tar.pax_header([("path", ""), ("mtime", ""), ("size", "")]) + tar.by_hand("x", ABC, mtime=3))
    assert (member.name, member.mtime_ns, member.size) == (b"x", 3_000_000_000, 3)


def test_gnu_long_names_and_links():
    long = b"d/" * 300 + b"x"
    member = only(tar.long_name(long, b"K") + tar.long_name(long) + tar.by_hand("cut", typeflag=b"1", link="cut"))
    assert (member.name, member.link) == (long, long)


# --- sparse files ------------------------------------------------------------------------------------------

PIECES = tuple((index * 1024, b"%04d" % index) for index in range(30))
SPARSE = {
    "old": tar.old_gnu_sparse("s", PIECES, 40_000),
    **{version: tar.pax_sparse("s", PIECES, 40_000, version) for version in ("0.0", "0.1", "1.0")},
}


@pytest.mark.parametrize("kind", SPARSE)
def test_a_sparse_file_has_its_apparent_size_and_its_pieces(kind):
    first, second = members(SPARSE[kind] + tar.file("after", ABC) + tar.END)
    assert (first.name, first.size) == (b"s", 40_000)
    assert list(sparse_pieces(first.sparse)) == [(offset, 4) for offset, _ in PIECES]
    data = SPARSE[kind][first.data : first.data + first.stored]
    assert data == b"".join(piece for _, piece in PIECES)
    assert second.name == b"after"


@pytest.mark.parametrize("kind", SPARSE)
def test_a_sparse_file_cut_short_within_its_map_or_after_it_is_no_crash(kind):
    whole = SPARSE[kind]
    for end in range(512, len(whole), 512):
        cut = whole[:end]
        try:
            found = members(cut)
        except TarError:
            continue
        # The header was whole, so only the content can be missing.
        assert found[0].next > len(cut) or not found


@pytest.mark.parametrize(
    ("pieces", "size"), [(((5, b"x"), (2, b"y")), 100), (((0, ABC), (1, ABC)), 100), (((99, ABC),), 100)]
)
@pytest.mark.parametrize("version", ["old", "0.0", "0.1", "1.0"])
def test_a_map_that_goes_back_overlaps_or_leaves_the_file_is_refused(pieces, size, version):
    made = tar.old_gnu_sparse("s", pieces, size) if version == "old" else tar.pax_sparse("s", pieces, size, version)
    with pytest.raises(TarError, match="map"):
        members(made + tar.END)


def test_a_map_that_has_no_end_is_refused_before_it_fills_the_memory():
    records = [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "1")]
    head = tar.pax_header(records) + tar.header("s", size=8**11 - 1)
    asked = 0

    def endless(offset: int, size: int) -> bytes:
        nonlocal asked
        asked = offset
        return head[offset : offset + size] or b"1" * size

    with pytest.raises(TarError, match="map"):
        read_member(endless, 0, {})
    assert asked < 8 << 20


@pytest.mark.parametrize("options", [["gnu"], ["oldgnu"], ["pax", "0.0"], ["pax", "0.1"], ["pax", "1.0"]])
def test_sparse_files_and_long_names_as_gnu_tar_writes_them(tmp_path: Path, options):
    long = tmp_path / ("d" * 90) / ("e" * 90)
    long.mkdir(parents=True)
    (long / ("f" * 90)).write_bytes(ABC)
    with (tmp_path / "sparse").open("wb") as file:
        for offset in range(0, 40 << 16, 1 << 16):
            file.seek(offset)
            file.write(b"data" * 1024)
        file.truncate(41 << 16)
    (tmp_path / "hole").touch()
    with (tmp_path / "hole").open("r+b") as file:
        file.truncate(1 << 20)
    (tmp_path / "link").symlink_to("t" * 150)
    (tmp_path / "hard").hardlink_to(tmp_path / "sparse")
    command = ["tar", f"--format={options[0]}", "--sparse", "--sort=name", "-cf", "-", "-C", str(tmp_path), "."]
    if len(options) > 1:
        command.insert(2, f"--sparse-version={options[1]}")
    made = subprocess.run(command, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(made), encoding="utf-8", errors="surrogateescape") as expected:
        wanted = [(info.name.encode(), info.size, info.linkname.encode(), info.mode) for info in expected]
    found = members(made)
    assert [(one.name.rstrip(b"/"), one.size, one.link, one.mode) for one in found] == wanted
    sparse = next(one for one in found if one.sparse is not None and one.size == 41 << 16)
    assert sum(sparse.sparse[1::2]) < sparse.size


# --- where it ends, and what is refused --------------------------------------------------------------------


def test_two_blocks_of_zeros_end_it_whatever_follows():
    assert len(members(tar.layer(tar.file("a")) + tar.file("b"))) == 1


def test_it_may_end_without_them():
    assert len(members(tar.file("a", ABC))) == 1


def test_an_empty_tar_has_no_members():
    assert members(b"") == members(tar.END) == []


BAD = {
    "a wrong checksum": tar.by_hand("a")[:100] + b"x" + tar.by_hand("a")[101:],
    "no tar at all": b"\x1f\x8b\x08" + b"x" * 1000,
    "a lone block of zeros": bytes(512) + tar.file("a"),
    "letters for a size": tar.by_hand("a", size=b"00000000zz"),
    "a negative size": tar.by_hand("a", size=tar.base256(-1, 12)),
    "a size past 63 bits": tar.by_hand("a", size=tar.base256(1 << 70, 12)),
    "a negative PAX size": tar.pax_header([("size", "-1")]) + tar.by_hand("a"),
    "letters for a PAX size": tar.pax_header([("size", "many")]) + tar.by_hand("a"),
    "a PAX number of thousands of digits": tar.pax_header([("size", "9" * 9999)]) + tar.by_hand("a"),
    "letters for a PAX time": tar.pax_header([("mtime", "noon")]) + tar.by_hand("a"),
    "an extended header of a gigabyte": tar.header("pax", b"x", size=1 << 30),
    "an extended header that nothing follows": tar.pax_header([("path", "a")]),
    "an extended header that is cut short": tar.pax_header([("path", "a" * 3000)])[:1024],
    "a PAX record longer than its header": tar.header("pax", b"x", size=9) + b"99 path=a".ljust(512, b"\0"),
    "a PAX record without a length": tar.header("pax", b"x", size=9) + b"path=a\n\n\n".ljust(512, b"\0"),
    "a PAX record without a newline": tar.header("pax", b"x", size=9) + b"9 path=aa".ljust(512, b"\0"),
    "a PAX name with a NUL": tar.pax_header([("path", b"a\0b")]) + tar.by_hand("a"),
}


@pytest.mark.parametrize("what", BAD)
def test_what_is_refused(what):
    with pytest.raises(TarError):
        members(BAD[what])
