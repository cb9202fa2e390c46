"""Which packages of a base an installation brings up to date, and how Debian orders versions."""

import shutil
import subprocess
from itertools import product

import pytest

from imgscope.packages.upgrades import Bound, bounds, order, renewed

VERSIONS = (
    *("1", "1.0", "1.0-1", "1.0-0", "1.0-1+deb12u3", "1.0-1+deb12u10", "1.0~rc1", "1.0~rc1-1", "1.0~", "1.0a", "1.0+b"),
    *("0:1.0", "1:0.9", "1.00", "1.01", "9.9.9-9", "10.0", "2:8.39-13", "1.0-1.1", "1-2-3", "1-2.4", "a", "1.0~~"),
)


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="needs dpkg")
def test_versions_are_ordered_as_dpkg_orders_them():
    """One shell asks for all pairs: a process each would take seconds."""
    pairs = list(product(VERSIONS, repeat=2))
    script = "".join(f"dpkg --compare-versions '{a}' lt '{b}' 2>/dev/null; echo $?\n" for a, b in pairs)
    said = subprocess.run(["sh"], input=script.encode(), capture_output=True, check=True).stdout.split()
    wrong = [
        pair for pair, code in zip(pairs, said, strict=True) if (order(pair[0]) < order(pair[1])) != (code == b"0")
    ]
    assert wrong == []


def test_what_a_field_asks_for_at_a_version():
    field = "libc6 (>= 2.36), perl:any (= 5.36.0-7+deb12u4), a | b (>> 1), plain, x (<< 2~),  y(<=3)"
    assert [tuple(bound) for bound in bounds(field)] == [
        ("libc6", ">=", "2.36"),
        ("perl", "=", "5.36.0-7+deb12u4"),
        ("x", "<<", "2~"),
        ("y", "<=", "3"),
    ]


def test_only_what_will_not_do_is_brought_up_to_date_and_what_that_needs():
    there = {
        "libc6": ("2.36-9+deb12u9", ()),
        "perl-base": ("5.36.0-7+deb12u3", (Bound("libcrypt1", ">=", "4.4.33-3"),)),
        "libcrypt1": ("4.4.33-2", ()),
        "zlib1g": ("1.2.13", ()),
    }
    asked = bounds("libc6 (>= 2.34), perl-base (= 5.36.0-7+deb12u4), unknown (>= 1)")
    assert renewed([asked], there) == {"perl-base", "libcrypt1"}
    assert renewed([bounds("libc6 (>= 2.34)")], there) == set()
