"""What is added to a script runs last and only if all went well, as real shells run it; what is not sure is refused."""

import itertools
import shutil
import subprocess

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from imgscope.dockerfile.grammar import read_script
from imgscope.dockerfile.shell import ShellError

SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]
COMMANDS = ("a", "b", "c", "d")
# Stubs tell of themselves on a descriptor of their own, which no script here sends away.
STUBS = "exec 9>&1\n" + "".join(
    f"{name}() {{ echo +{name} >&9; return ${name.upper()}; }}\n" for name in (*COMMANDS, "LAST")
)

SIMPLE = (
    """a; b; c; d; a x; b "y && z"; d > /dev/null; X=1; X=1 a; true; false; [ 1 = 1 ]; a 2>&1; A1=$(b); true `c`; ! d"""
)
simple = st.sampled_from([*SIMPLE.split("; "), "c '; #'", "true \\# b"])
piped = simple.filter(lambda text: not text.startswith("!"))


def compound(inner):
    return st.one_of(
        st.builds("( {} )".format, inner),
        st.builds("{{ {}; }}".format, inner),
        st.builds("if {}; then {}; else {}; fi".format, inner, inner, inner),
        st.builds("for i in 1 2; do {}; done".format, inner),
        st.builds("while false; do {}; done".format, inner),
        st.builds("case x in x) {};; *) {};; esac".format, inner, inner),
        st.builds("{} | {}".format, inner, piped),
        st.builds("{} && {}".format, inner, inner),
        st.builds("{} || {}".format, inner, inner),
        st.builds("{}; {}".format, inner, inner),
        st.builds("{} && {} > /dev/null || {} | d".format, inner, simple, piped),
        st.builds("( set -e; {} )".format, inner),
    )


tails = st.sampled_from(["", "", "", ";", " # the end", " && exit 0", "; exit", " || exit 1", " || true", "; exit 0"])
heads = st.sampled_from(
    [
        "",
        "",
        "",
        "set -e; ",
        "set -eu && ",
        "set +e; ",
        "set -eu; a; ",
        "f() { b; c; }; f; ",
        "set -e; f() { b; c; }; f && ",
    ]
)
scripts = st.builds(
    lambda head, body, tail: head + body + tail, heads, st.recursive(simple, compound, max_leaves=6), tails
)


def run(shell, script, statuses, options="-c"):
    """Return the exit status, and the commands that were run, in order."""
    values = "".join(f"{name.upper()}={status}\n" for name, status in zip(COMMANDS, statuses, strict=True)) + "LAST=0\n"
    done = subprocess.run(
        [shell, options, values + STUBS + script], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=20
    )
    return done.returncode, [line[1:] for line in done.stdout.split() if line.startswith("+")]


def added(script, ending):
    return f"{script[: ending.at]} {ending.operator} LAST{script[ending.at :]}"


@settings(max_examples=120, deadline=None)
@given(scripts, st.lists(st.tuples(*[st.sampled_from((0, 0, 1))] * 4), min_size=3, max_size=3, unique=True))
@example("set -e; for i in 1 2; do a; b; done", [(1, 0, 0, 0)])
@example("a && b || c | d", [(1, 0, 1, 0)])
@example("( set -e; a; b )", [(1, 0, 0, 0)])
@example("set -eu && a; exit 0", [(1, 0, 0, 0)])
@example("set -e; ! d", [(0, 0, 0, 0)])
@example("set -e; { a && b; }", [(1, 0, 0, 0)])
def test_what_is_added_runs_last_and_only_if_all_went_well(script, statuses):
    try:
        ending = read_script(script).ending()
    except ShellError:
        assume(False)
    new = added(script, ending)
    for shell, status in itertools.product(SHELLS, statuses):
        before, ran = run(shell, script, status)
        after, then = run(shell, new, status)
        assert (before == 0) == (after == 0), (shell, new, status)
        # The two ends of a pipe run at once, in any order.
        assert sorted(name for name in then if name != "LAST") == sorted(ran), (shell, new, status)
        if "exit" not in script:
            assert (then[-1:] == ["LAST"]) == (before == 0), (shell, new, status)
        assert then.count("LAST") <= 1


@settings(max_examples=80, deadline=None)
@given(scripts)
def test_commands_are_those_that_a_shell_finds(script):
    try:
        found = read_script(script, ("/bin/bash", "-c"))
    except ShellError:
        assume(False)
    # Not all that is made up here is a script; that of a RUN was one.
    assume(subprocess.run(["bash", "-n", "-c", script], capture_output=True).returncode == 0)
    for command in found.commands:
        assert script[command.words[0].start : command.words[0].end] == command.words[0].raw
    # Every stub that could run is among the commands.
    assert set(run("bash", script, (0, 0, 0, 0))[1]) <= {command.values[0] for command in found.commands}


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("a & b", "background"),
        ("a &> /dev/null", "not every shell"),
        ("exec a", "exec"),
        ("if a; then exit 0; fi; b", "exit before its end"),
        ("a || exit 0", "exit before its end"),
        ("trap b EXIT; a", "trap"),
        ("exit 0", "nothing but exit"),
        ("a 'b", "can't be read"),
        ("a &&", "can't be read"),
        ("! { a; } | b", "can't be read"),
        ("set -e; a && { b; c; }", "group"),
        ("set -e; f() { b; c; }; a && f", "group"),
        ("( set -e; b; c )", "group"),
        ("# nothing", "no command"),
        ("cat <<< x", "not every shell"),
    ],
)
def test_what_is_not_sure_is_refused_with_the_reason(script, why):
    with pytest.raises(ShellError, match=why):
        read_script(script).ending()


def test_what_a_shell_keeps():
    kept = {
        "cd /x && a": {"folder"},
        "( cd /x && a )": set(),
        "X=1; a": {"variables"},
        "X=1 a": set(),
        "export X && a": {"variables"},
        "( X=1; a )": set(),
        ". /etc/os-release": {"variables"},
        "set -e; a": {"options"},
        "umask 077": {"options"},
        "f() { a; }; f": {"functions"},
        "a | read x": set(),
        "a $(cd /x; b)": set(),
    }
    assert {script: set(read_script(script).keeps) for script in kept} == kept


def test_words_are_read_as_a_shell_reads_them():
    (command,) = read_script(r"""a\ b "c d" 'e"f' g"h"'i' $x "$y" "\$z" *.deb {1,2} é""", ("/bin/bash", "-c")).commands
    assert command.values == ["a b", "c d", 'e"f', "ghi", None, None, "$z", "*.deb", None, "é"]
