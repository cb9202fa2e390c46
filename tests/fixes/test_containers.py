"""Programs of other people, run here: what they print and how long they take is bounded."""

import sys
import time

import pytest

from imgscope.errors import EngineError
from imgscope.fixes.containers import Ran, call


def test_a_program_that_prints_without_end_is_ended_and_its_last_words_are_kept():
    begun = time.monotonic()
    ran = call([sys.executable, "-c", "while True: print('again', end='')"], timeout=1.0)
    assert ran.code is None
    assert 0 < len(ran.output) <= 1 << 16 and set(ran.output) == set("again")
    assert time.monotonic() - begun < 20


def test_what_it_leaves_behind_does_not_hold_the_answer():
    words = [sys.executable, "-c", "import subprocess as s; s.Popen(['sleep', '600']); print('begun', flush=True)"]
    begun = time.monotonic()
    assert call(words, timeout=1.0).output == "begun\n"
    assert time.monotonic() - begun < 20


def test_it_gets_what_it_is_given_whether_it_reads_or_not():
    data = b"x" * 3_000_000
    assert call([sys.executable, "-c", "import sys; print(len(sys.stdin.buffer.read()))"], None, data=data) == Ran(
        0, "3000000\n"
    )
    assert call([sys.executable, "-c", "print('unread')"], None, data=data) == Ran(0, "unread\n")


def test_a_program_that_is_not_there_is_named():
    with pytest.raises(EngineError, match="no-such-program"):
        call(["no-such-program"], None)
