"""Patches without the secrets of their lines, and which lines of a Dockerfile hold some."""

import pytest

from imgscope.dockerfile import parse
from imgscope.dockerfile.edits import diff
from imgscope.dockerfile.redacted import redacted_diff, secret_lines, secrets_shown

VALUE = "hunter2" + "Xk29dkfj3"
KEY = "-----BEGIN RSA " + "PRIVATE KEY-----\n" + "MIIEowIBAAKCAQEA" * 4 + "\n-----END RSA " + "PRIVATE KEY-----"


def parsed(*lines, end="\n"):
    return parse(end.join([*lines, ""]), "Dockerfile")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_with_secrets_are_known_by_number_and_kind(end):
    found = parsed("FROM x", "# PASSWORD=" + VALUE, "ENV A=1 \\", f"  DB_PASSWORD={VALUE}", f"RUN use {VALUE}", end=end)
    held = secret_lines(found)
    assert sorted(held) == [2, 4, 5]
    assert held[4] == "DB_PASSWORD"


def test_a_key_of_several_lines_is_all_of_them():
    held = secret_lines(parsed("FROM x", "RUN <<EOF cat > /key", *KEY.split("\n"), "EOF", "RUN true"))
    assert set(held) >= {4} and set(held) <= {3, 4, 5}


def test_only_what_the_patch_shows_is_said_by_the_number_in_the_old_file():
    lines = [
        "FROM x",
        f"ENV FIRST_PASSWORD={VALUE}",
        *(f"RUN {n}" for n in range(20)),
        "ENV SECOND_PASSWORD=dj38Xks92ks",
    ]
    old = parsed(*lines)
    new = parsed(*lines[:21], "RUN other", lines[-1], "ENV THIRD_PASSWORD=ss8Jx2ndkw1")
    assert secrets_shown(old, new, diff(old, new)) == [(23, "SECOND_PASSWORD"), (24, "THIRD_PASSWORD")]


def test_a_line_that_looks_like_a_header_is_redacted_all_the_same():
    """What is removed begins with a minus sign itself, what is added with a plus sign."""
    lines = ["FROM x", "RUN <<EOF", f"-- PASSWORD={VALUE}", f"++ PASSWORD={VALUE}", "EOF"]
    old = parsed(*lines)
    new = parsed(lines[0], lines[1], lines[3], "x", lines[3], lines[4])
    shown, hidden = redacted_diff(old, new, diff(old, new))
    assert hidden
    assert f"--- PASSWORD={VALUE}" in diff(old, new)
    assert VALUE not in shown
