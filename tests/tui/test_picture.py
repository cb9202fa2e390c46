"""What is written to the terminal: little, and all that it needs to show what Textual draws."""

from __future__ import annotations

import random
import re

import pytest
from rich.cells import split_graphemes

from imgscope.tui.picture import Picture

COLUMNS, ROWS = 24, 8


def graphemes(text):
    """Yield what a cell or two show; two letters of a flag are one."""
    spans = [(text[start:end], width) for start, end, width in split_graphemes(text)[0]]
    while spans:
        char, width = spans.pop(0)
        if spans and all("\U0001f1e6" <= letter <= "\U0001f1ff" for letter in char + spans[0][0]):
            char, width = char + spans.pop(0)[0], 2
        yield char, width


class Screen:
    """A terminal as plain as can be; ``narrow`` ones take emoji for one cell, as some do."""

    def __init__(self, narrow=False):
        self.narrow = narrow
        self.cells = [[(" ", "")] * COLUMNS for _ in range(ROWS)]
        self.x = self.y = 0
        self.style: dict[str, str] = {}
        self.link = ""
        self.count = 0

    def feed(self, data):
        self.count += len(data.encode())
        at = 0
        pattern = r"\x1b\[([\d;?]*)([A-Za-z])|\x1b\]8;([^\x1b]*)\x1b\\|([\n\b\v])"
        for match in re.finditer(pattern, data):
            self.put(data[at : match.start()])
            at = match.end()
            if match[4]:
                self.control(match[4])
            elif match[2]:
                self.sequence(match[1], match[2])
            else:
                self.link = match[3].strip(";")
        self.put(data[at:])

    def control(self, char):
        if char == "\b":
            self.x -= 1
        else:
            assert self.y + 1 < ROWS, "it scrolls"
            self.y += 1
            if char == "\n":
                self.x = 0

    def sequence(self, words, kind):
        numbers = [int(word or 0) for word in words.split(";")] if "?" not in words else []
        if kind == "H":
            self.y, self.x = numbers[0] - 1, (numbers[1] if len(numbers) > 1 else 1) - 1
        elif kind == "C":
            self.x += numbers[0] or 1
        elif kind == "D":
            self.x -= numbers[0] or 1
        elif kind == "J":
            self.cells = [[(" ", "")] * COLUMNS for _ in range(ROWS)]
        elif kind == "m":
            self.set_style(words.split(";"))
        else:
            assert words.startswith("?"), (words, kind)

    def set_style(self, words):
        while words:
            word = words.pop(0)
            if word in ("", "0"):
                self.style = {}
            elif word in ("38", "48"):
                kind = words.pop(0)
                value = [words.pop(0) for _ in range(1 if kind == "5" else 3)]
                self.style[word] = f"{kind};{value}"
            elif word in ("39", "49"):
                self.style.pop(f"{int(word) - 1}", None)
            elif re.fullmatch("[39][0-7]", word):
                self.style["38"] = word
            elif re.fullmatch("(4|10)[0-7]", word):
                self.style["48"] = word
            elif word == "22":
                self.style.pop("1", None)
                self.style.pop("2", None)
            elif word in ("23", "24", "27", "29"):
                self.style.pop(word[1], None)
            else:
                assert word in ("1", "2", "3", "4", "7", "9"), word
                self.style[word] = ""

    def put(self, text):
        for char, width in graphemes(text):
            if width == 2 and self.narrow and ord(char[0]) > 0xFFFF:
                width = 1
            if self.x + width > COLUMNS:
                # Lines are not wrapped.
                self.x = COLUMNS - width
            seen = {key: value for key, value in self.style.items() if char != " " or key in ("48", "4", "7", "9")}
            look = f"{sorted(seen.items())} {self.link}"
            if self.x and self.cells[self.y][self.x][0] == "":
                self.cells[self.y][self.x - 1] = (" ", "broken")
            after = self.x + width
            if after < COLUMNS and self.cells[self.y][after][0] == "":
                self.cells[self.y][after] = (" ", "broken")
            self.cells[self.y][self.x : after] = [(char, look), *[("", look)] * (width - 1)]
            self.x += width


WORDS = (
    "a",
    "bin/",
    "│",
    "──",
    "日本",
    "한국",
    "本日",
    " ",
    "   ",
    "é",
    "🐳",
    "🇩🇪",
    "👍🏽",
    "e\u0301x",
    "❤\ufe0f",
    "x y z",
    "█░",
)
STYLES = (
    "",
    "1",
    "2;31",
    "38;5;75;48;5;16",
    "48;5;16",
    "1;38;2;1;2;3;48;2;4;5;6",
    "7",
    "4;97",
    "1;38;5;75;48;5;16",
    "9",
)


def drawn(rng, picture_of):
    """Yield what Textual might write: pieces of rows at places, each piece with its style."""
    for _ in range(40):
        frame = []
        for _ in range(rng.randint(1, ROWS)):
            y, x = rng.randrange(ROWS), 0
            # Whole rows, so that no wide character is cut in two: Textual does not do that.
            frame.append(f"\x1b[{y + 1};1H")
            while x < COLUMNS:
                word = rng.choice(picture_of)
                width = split_graphemes(word)[1]
                if x + width > COLUMNS:
                    word, width = " ", 1
                style = rng.choice(STYLES)
                link = rng.random() < 0.05
                piece = f"\x1b[{style}m{word}\x1b[0m" if style else word
                frame.append(f"\x1b]8;id=1;http://x\x1b\\{piece}\x1b]8;;\x1b\\" if link else piece)
                x += width
        yield "".join(frame) + "\x1b[1;2H"


@pytest.mark.parametrize("seed", range(30))
def test_the_terminal_shows_what_is_drawn(seed):
    rng = random.Random(seed)
    plain, spared, picture = Screen(), Screen(), Picture()
    spared.feed(picture.written("\x1b[?1049h"))
    for frame in drawn(rng, WORDS):
        plain.feed(frame)
        spared.feed(picture.written(frame))
        if rng.random() < 0.1:
            # Something else wrote there, and all is drawn again.
            spared.cells = [[("?", "")] * COLUMNS for _ in range(ROWS)]
            spared.feed(picture.again())
        assert spared.cells == plain.cells


def test_what_stands_there_is_not_written_again():
    picture = Picture()
    frame = "\x1b[1;1H\x1b[1;31mname\x1b[0m rest\x1b[1;1H"
    assert picture.written(frame)
    assert picture.written(frame) == ""
    assert picture.written("\x1b[1;1H\x1b[1;31mnaME\x1b[0m rest\x1b[1;1H").count("ME") == 1
    picture.forget()
    assert "naME" in picture.written("\x1b[1;1H\x1b[1;31mnaME\x1b[0m rest\x1b[1;1H")


def test_a_frame_without_changes_has_no_marks_of_a_frame():
    picture = Picture()
    begin, end = "\x1b[?2026h", "\x1b[?2026l"
    written = [picture.written(data) for data in (begin, "\x1b[1;1Hx", end)]
    assert written[0] == ""
    assert written[1].startswith(begin)
    assert written[2] == end
    assert [picture.written(data) for data in (begin, "\x1b[1;1Hx", end)] == ["", "", ""]


def test_what_follows_an_emoji_has_its_place_however_wide_a_terminal_makes_it():
    narrow, picture = Screen(narrow=True), Picture()
    narrow.cells[0] = [("?", "")] * COLUMNS
    narrow.feed(picture.written("\x1b[1;1Ha 🐳🇩🇪 b│" + " " * (COLUMNS - 9)))
    row = [char for char, _ in narrow.cells[0]]
    assert row[7:9] == ["b", "│"]
    assert "?" not in row


def test_before_the_terminal_is_given_back_its_style_is_reset():
    picture = Picture()
    picture.written("\x1b[1;1H\x1b[31mred\x1b[0m")
    assert re.fullmatch(r"\x1b\[0?m\x1b\[\?1049l", picture.written("\x1b[?1049l"))
