"""TeX and other makers of documents: whether anything that a container may run calls one.

They are installed to make a PDF or a manual while the image is built, or for a program that makes documents as it
runs. Such a program names what it calls, or the library by which it does: its own files are searched for that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from .callers import may_say

if TYPE_CHECKING:
    from ..packages import Package
    from .context import Context

DOCUMENTS = re.compile(
    r"texlive.*|texmf-dist.*|tex-common|tex-gyre|texinfo|tex4ht|latexmk|latexml|tectonic|biber|biblatex|chktex|lyx(?:-.*)?"
    r"|context(?:-modules)?|lmodern|dvipng|dvisvgm|dblatex|asymptote|pandoc(?:-.*)?|doxygen(?:-.*)?|asciidoc(?:-.*)?"
    r"|asciidoctor|(?:ruby|rubygem)-asciidoctor.*|xmlto|docbook.*|help2man|sphinx-.*"
)
# Programs of these packages, and libraries that call them.
_CALLS = re.compile(
    rb"(?<![\w.-])(?:(?:pdf|xe|lua|dvilua|p|up)?(?:la)?tex|(?:la|lua|xe)texmk|tectonic|bibtex8?|biber|mtxrun|texexec|lyx"
    rb"|dvi(?:ps|pdfmx?|png|svgm)|texi2(?:dvi|pdf|any)|makeinfo|htlatex|make4ht|asy|latexml|kpsewhich|dblatex|xmlto|a2x"
    rb"|pandoc|doxygen|asciidoc(?:tor(?:-pdf)?)?|help2man|sphinx-build"
    rb"|py(?:latex|pandoc)|nbconvert|rmarkdown|knitr)(?![\w-])|\busetex\b"
)


def typesets(context: Context, owners: Mapping[bytes, Package]) -> bool:
    """Tell whether the container may make documents: nobody knows what it runs, or something of its own may call TeX.

    ``owners`` are the system's packages by path. Raises ``ContentUnavailableError`` where contents can't be read.
    """
    return may_say(context, owners, lambda text: _CALLS.search(text) is not None)
