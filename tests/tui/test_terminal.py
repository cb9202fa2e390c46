"""The interactive view in a real terminal (tmux), and where there is none that it could use."""

from __future__ import annotations

import os
import pty
import re
import shlex
import shutil
import subprocess
import sys
import time

import pytest

COMMAND = f"{shlex.quote(sys.executable)} -m imgscope"


class Terminal:
    """A tmux session of its own."""

    def __init__(self, folder, size=(120, 35), term="screen-256color"):
        self.socket = str(folder / "tmux")
        self.folder = folder
        width, height = map(str, size)
        self.tmux("-f", os.devnull, "new-session", "-d", "-x", width, "-y", height, "-c", str(folder), "sh")
        path = shlex.quote(os.getcwd())
        self.send(f"unset COLUMNS LINES; export PS1='ready> ' TERM={term} PYTHONPATH={path}", "Enter")
        self.wait("ready>")

    def tmux(self, *words):
        done = subprocess.run(["tmux", "-S", self.socket, *words], capture_output=True, text=True, check=True)
        return done.stdout

    def send(self, *keys):
        self.tmux("send-keys", *keys)

    def screen(self):
        return self.tmux("capture-pane", "-p")

    def wait(self, words, patience=20.0):
        deadline = time.monotonic() + patience
        while words not in (screen := self.screen()):
            assert time.monotonic() < deadline, f"{words!r} did not come:\n{screen}"
            time.sleep(0.05)
        return screen

    def end(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], capture_output=True, check=False)


@pytest.fixture
def terminal(tmp_path):
    if shutil.which("tmux") is None:
        pytest.skip("needs tmux")
    made = []

    def start(**more):
        made.append(Terminal(tmp_path, **more))
        return made[-1]

    yield start
    for one in made:
        one.end()


def test_open_filter_view_extract_quit(terminal, webapp, tmp_path):
    here = terminal()
    here.send(f"clear; {COMMAND} analyze {shlex.quote(str(webapp))}; echo left with $?", "Enter")
    here.wait("Files up to layer 5")
    here.send("G")
    here.wait("Files up to layer 8")
    here.send("/")
    here.send("webapp.conf")
    assert "webapp.conf" in here.wait("1 match")
    here.send("Enter")
    here.send("v")
    here.wait("debug = false")
    here.send("q")
    here.wait("Files up to layer 8")
    here.send("e")
    here.wait("into the folder")
    here.send("Enter")
    here.wait("written to")
    assert (tmp_path / "webapp.conf").read_text() == "debug = false\n"
    here.send("q")
    screen = here.wait("left with 0")
    assert "Files up to" not in screen
    # The terminal is as it was: it echoes, and has its cursor.
    here.send("echo all is $((40 + 2))", "Enter")
    here.wait("all is 42")
    assert here.tmux("display-message", "-p", "#{alternate_on} #{mouse_any_flag} #{cursor_flag}").split() == [
        "0",
        "0",
        "1",
    ]


def test_an_image_from_a_pipe_opens_the_view_and_keys_come_from_the_terminal(terminal, webapp):
    here = terminal()
    here.send(f"clear; cat {shlex.quote(str(webapp))} | {COMMAND} analyze -; echo left with $?", "Enter")
    here.wait("Files up to layer 5")
    here.send("/")
    here.send("busybox")
    here.wait("1 match")
    here.send("Escape")
    time.sleep(0.3)
    here.send("q")
    here.wait("left with 0")
    here.send("echo all is $((40 + 2))", "Enter")
    here.wait("all is 42")


def test_diff_opens_the_view_and_a_pipe_gets_the_report(terminal, webapp, site):
    here = terminal()
    both = f"{shlex.quote(str(site))} {shlex.quote(str(webapp))}"
    here.send(f"clear; {COMMAND} diff {both}; echo left with $?", "Enter")
    here.wait("Files that differ")
    here.send("q")
    here.wait("left with 0")
    here.send(f"clear; {COMMAND} diff {both} | head -n 4; echo piped with $?", "Enter")
    screen = here.wait("piped with 0")
    assert "old  " in screen
    assert "Files that differ" not in screen


def test_an_error_is_one_line_after_the_view_is_gone(terminal, tmp_path):
    (tmp_path / "broken.tar").write_bytes(b"no image" * 1000)
    here = terminal()
    here.send(f"clear; {COMMAND} analyze broken.tar; echo left with $?", "Enter")
    screen = here.wait("left with 3")
    assert "Traceback" not in screen
    assert "broken.tar" in screen


def test_sixteen_colours_and_no_colour_show_the_cursor(terminal, webapp):
    here = terminal(term="screen", size=(80, 24))
    for before in ("", "NO_COLOR=1 "):
        here.send(f"clear; {before}{COMMAND} analyze {shlex.quote(str(webapp))}", "Enter")
        here.wait("Files up to layer 5")
        here.send("2")
        deadline = time.monotonic() + 5
        while "\x1b[7m" not in (drawn := here.tmux("capture-pane", "-p", "-e")) and "\x1b[1;7m" not in drawn:
            assert time.monotonic() < deadline, drawn
            time.sleep(0.05)
        here.send("q")
        here.wait("ready>")


def in_pty(arguments, **environment):
    """Run the command line with a terminal for its input and output; return (exit code, what it wrote there)."""
    main, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "imgscope", *map(str, arguments)],
        stdin=side,
        stdout=side,
        stderr=side,
        env={**os.environ, **environment},
    )
    os.close(side)
    written = b""
    while True:
        try:
            piece = os.read(main, 1 << 16)
        except OSError:
            break
        if not piece:
            break
        written += piece
    os.close(main)
    return process.wait(), written.decode()


def test_a_dumb_terminal_gets_the_report_and_a_word_why(webapp):
    code, written = in_pty(["analyze", webapp], TERM="dumb")
    assert code == 0
    assert "needs a terminal that can move its cursor" in written
    assert "Largest files" in written
    assert "\x1b" not in written


@pytest.mark.parametrize("option", [["--no-tui"], ["--format", "text"], ["--top", "3"]])
def test_who_asks_for_a_report_gets_one(webapp, option):
    code, written = in_pty(["analyze", webapp, *option], TERM="xterm")
    assert code == 0
    assert "Largest files" in written
    assert "needs a terminal" not in written


def test_a_pipe_gets_the_report_without_a_word(imgscope, webapp):
    done = imgscope("analyze", webapp)
    assert done.returncode == 0
    assert done.stderr == ""
    assert "Largest files" in done.stdout


def test_a_wrong_setting_is_one_line(webapp, tmp_path):
    (tmp_path / "config.toml").write_text("[tui]\nfly = true\n")
    code, written = in_pty(["analyze", webapp], TERM="xterm", IMGSCOPE_CONFIG=str(tmp_path / "config.toml"))
    assert code == 2
    assert len(written.strip().splitlines()) == 1
    assert "no setting 'fly'" in written


def test_the_report_needs_no_textual(imgscope, webapp):
    code = "import sys, imgscope.cli; sys.argv = ['imgscope', 'analyze', sys.argv[1], '--no-tui']\n"
    code += "try: imgscope.cli.main()\nexcept SystemExit: pass\nassert 'textual' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code, str(webapp)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("piped", [False, True], ids=["file", "pipe"])
def test_ctrl_z_gives_the_shell_back_and_fg_the_view(terminal, webapp, piped):
    here = terminal()
    here.send("set -m", "Enter")
    image = shlex.quote(str(webapp))
    command = f"cat {image} | {COMMAND} analyze -" if piped else f"{COMMAND} analyze {image}"
    here.send(f"clear; {command}; echo left with $?", "Enter")
    before = here.wait("Files up to layer 5")
    here.send("C-z")
    here.wait("Stopped")
    # Until the shell has the keys the first of them may still be the view's.
    here.send("echo all is $((40 + 2))", "Enter")
    assert "Files up to" not in here.wait("all is 42")
    here.send("fg", "Enter")
    here.wait("\n".join(before.splitlines()[:10]))
    here.send("Down")
    here.wait("Files up to layer 6")
    here.send("q")
    here.wait("ready>")


def test_what_another_program_wrote_over_the_view_goes_with_ctrl_l(terminal, webapp):
    here = terminal()
    here.send(f"clear; {COMMAND} analyze {shlex.quote(str(webapp))}", "Enter")
    here.wait("Files up to layer 5")
    with open(here.tmux("display-message", "-p", "#{pane_tty}").strip(), "w") as tty:
        tty.write("\r\nWRITTEN OVER")
    here.wait("WRITTEN OVER")
    here.send("C-l")
    deadline = time.monotonic() + 5
    while "WRITTEN OVER" in (screen := here.screen()):
        assert time.monotonic() < deadline, screen
        time.sleep(0.05)
    here.tmux("resize-window", "-x", "100", "-y", "30")
    here.wait("? Keys  q Quit")
    here.send("q")


@pytest.mark.parametrize("locale", ["LC_ALL=C", "LANG=C LC_ALL="])
def test_a_locale_that_is_not_utf8_gets_ascii(terminal, webapp, locale):
    here = terminal(size=(110, 24))
    here.send(f"clear; {locale} {COMMAND} analyze {shlex.quote(str(webapp))}", "Enter")
    here.wait("Files up to layer 5")
    for key in ("2", "E", "w", "?"):
        here.send(key)
        time.sleep(0.3)
        screen = here.screen()
        assert screen.isascii(), [char for char in screen if not char.isascii()]
    assert "+-" in screen
    here.send("q")
    here.send("q")
    here.wait("ready>")


def test_sixteen_colours_are_the_persons_own(terminal, webapp):
    here = terminal(term="screen", size=(110, 24))
    here.send(f"clear; COLORTERM= {COMMAND} analyze {shlex.quote(str(webapp))}", "Enter")
    here.wait("Files up to layer 5")
    drawn = here.tmux("capture-pane", "-p", "-e")
    # No ground but the terminal's, and none of more colours than there are.
    assert not re.search(r"\x1b\[(?:[\d;]*;)?(?:4[0-7]|10[0-7]|[34]8;[25];[\d;]*)m", drawn)
    here.send("T")
    here.wait("own colours")
    here.send("q")
    here.wait("ready>")


def test_wide_names_stay_in_their_columns(terminal, tmp_path):
    from tests.oracle.maketar import docker_archive, file, layer

    names = [
        "日本語",
        "🇩🇪flag",
        "👍🏽thumb",
        "👨\u200d👩\u200d👧family",
        "e\u0301combined",
        "🐳whale",
        "❤\ufe0fheart",
        "한국어",
    ]
    archive = docker_archive(tmp_path / "wide.tar", [layer(*(file(name, b"x") for name in names))])
    here = terminal(size=(120, 30), term="screen-256color")
    here.send(f"clear; LC_ALL=C.UTF-8 {COMMAND} analyze {shlex.quote(str(archive))}", "Enter")
    here.wait("Files up to layer 0")
    here.send("2")
    for _ in names:
        here.send("Down")
    time.sleep(0.5)
    # The frame's last column is straight whatever stands before it: asked of the terminal, cell by cell.
    here.tmux("resize-window", "-x", "120", "-y", "30")
    for row in range(3, 10):
        here.tmux("copy-mode")
        here.tmux("send-keys", "-X", "top-line")
        for _ in range(row):
            here.tmux("send-keys", "-X", "cursor-down")
        here.tmux("send-keys", "-X", "end-of-line")
        place = here.tmux("display-message", "-p", "#{copy_cursor_x}").strip()
        here.tmux("send-keys", "-X", "cancel")
        assert int(place) in (119, 120), row
    here.send("q")
