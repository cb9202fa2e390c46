"""Sizes as Docker prints them: three digits, decimal units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgscope.report.sizes import size
from imgscope.units import read_size


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (26, "26 B"),
        (999, "999 B"),
        (1_000, "1 kB"),
        (276_400, "276 kB"),
        (999_499, "999 kB"),
        (999_500, "1 MB"),
        (77_777_777, "77.8 MB"),
        (1_240_000_000, "1.24 GB"),
        (1_999_999_999_999, "2 TB"),
        (None, "-"),
    ],
)
def test_three_digits(count, text):
    assert size(count) == text


@given(st.integers(0, 1 << 63))
def test_what_is_printed_is_the_number_to_half_a_percent_and_can_be_given_as_a_limit(count):
    read = read_size(size(count))
    assert read is not None and abs(read - count) <= count * 0.005 + 0.5
    assert size(count, exact=True) == f"{count:,} B"
