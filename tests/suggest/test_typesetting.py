"""TeX and other makers of documents go with the build, unless the container may make documents itself."""

import pytest

from tests.oracle.maketar import file, layer
from tests.suggest.test_build_packages import BASE, KB, debian, names, package

INSTALLED = debian(
    package("libc6"),
    package("gcc-base"),
    package("texlive-latex-extra", "texlive-base, texlive-binaries"),
    package("texlive-base"),
    package("texlive-binaries", "libkpathsea6", files={"usr/bin/pdftex": b"x", "usr/lib/texlive-binaries/data": b"x"}),
    package("libkpathsea6"),
    package("latexmk", "perl"),
    package("perl"),
    package("python3", files={"usr/bin/python3": b"x" * KB}),
    automatic=("texlive-base", "texlive-binaries", "libkpathsea6", "perl"),
    more=[file("usr/bin/pdflatex", b"x", mode=0o755), file("var/lib/texmf/web2c/x.json", b"pdflatex")],
)
RUN = "RUN apt-get install -y texlive-latex-extra latexmk python3 && ./make.sh && latexmk -pdf doc.tex"
SOURCES = (
    file("srv/doc.tex", b"\\documentclass{article} % pdflatex me"),
    file("srv/doc.log", b"This is pdfTeX (preloaded format=pdflatex)"),
    file("srv/make.sh", b"#!/bin/sh\npdflatex doc.tex\n", mode=0o755),
    file("srv/Makefile", b"doc.pdf:\n\tpdflatex doc.tex\n"),
)
SERVE = file("srv/serve.py", b"import http.server  # what latest made\nVERTEX = context = 1\n")


def gone(findings, *members, config=None):
    """The packages that only a build needs, and how sure that is."""
    steps = (BASE, (RUN, INSTALLED), ("COPY . /srv", layer(*SOURCES, *members)))
    found = findings(*steps, base=False, select=["IS201"], config=config or {"Cmd": ["python3", "/srv/serve.py"]})
    return {name for one in found for name in names(one)}, {one.certainty for one in found}


def test_it_goes_with_all_that_came_along_where_nothing_calls_it(findings):
    packages, certainty = gone(findings, SERVE)
    assert packages == {"texlive-latex-extra", "texlive-base", "texlive-binaries", "libkpathsea6", "latexmk", "perl"}
    assert certainty == {"likely"}


@pytest.mark.parametrize(
    "member",
    [
        file("srv/app.py", b"subprocess.run(['pdflatex', '-halt-on-error', name])"),
        file("srv/config.yaml", b"engine: xelatex\n"),
        file("srv/bin/report", b"#!/bin/bash\nlualatex $1\n", mode=0o755),
        file("srv/server", b"\x7fELF\0\0/usr/bin/tectonic\0", mode=0o755),
        file("usr/local/lib/python3.11/site-packages/pylatex/__init__.py", b"x = 'latexmk'"),
        file("srv/plot.py", b"rcParams['text.usetex'] = True"),
        file("srv/app.jar", b"PK\3\4"),
    ],
)
def test_a_program_that_may_make_documents_keeps_it(findings, member):
    assert gone(findings, SERVE, member)[0] == set()


@pytest.mark.parametrize(
    "command",
    [["bash"], ["latexmk", "-pvc"], ["sh", "-c", "pdflatex x.tex && python3 /srv/serve.py"], ["/srv/make.sh"]],
)
def test_what_is_run_may_make_documents(findings, command):
    assert gone(findings, SERVE, config={"Cmd": command})[0] == set()


def test_bytecode_of_what_was_looked_at_says_nothing_more(findings):
    compiled = file("srv/__pycache__/serve.cpython-311.pyc", b"pdflatex")
    assert gone(findings, SERVE, compiled)[0] != set()
    assert gone(findings, SERVE, file("srv/__pycache__/other.cpython-311.pyc", b"?"))[0] == set()
