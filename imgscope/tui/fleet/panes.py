"""The lists of a fleet: repositories, the images of one, the layers of an image."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from rich.segment import Segment

from ...escape import escape
from ...fleet.questions.browse import ImageLayer, Repository, TaggedImage
from ...sources.registry.tags import version_key
from ..layers.pane import brief, one_line
from ..list_pane import Item, ListPane
from ..text import clip_middle, size


class FigurePane(ListPane[Item]):
    """Columns of figures before a name; those that there is no room for are left out from the left on."""

    columns: ClassVar[Sequence[tuple[str, int, str]]] = ()
    """Heads, widths and styles, the one that matters least first."""
    last: ClassVar[str] = ""
    """The head of the name's column."""
    room: ClassVar[int] = 24
    """Cells that the name has at least."""

    def __init__(self, *, id: str) -> None:
        """List nothing until ``show`` or ``fill``."""
        super().__init__(id=id)
        self.of: object = None
        """What the list is of: a repository, an image."""

    def show(self, of: object, items: Sequence[Item]) -> None:
        """List what something else holds, in the order that was chosen."""
        self.of = of
        self.fill(items)

    def figures(self, item: Item) -> Sequence[str]:
        """Return what stands in the columns."""
        raise NotImplementedError

    def named(self, item: Item, width: int) -> list[Segment]:
        """Return the name, in at most so many cells."""
        raise NotImplementedError

    def _first(self, width: int) -> int:
        """Return the first column that there is room for."""
        taken = self.room
        for place in reversed(range(len(self.columns))):
            taken += self.columns[place][1] + 1
            if taken > width:
                return place + 1
        return 0

    def heading(self, width: int) -> str:
        """Return the columns' names."""
        heads = "".join(f"{head:>{cells}} " for head, cells, _ in self.columns[self._first(width) :])
        return f"{heads} {self.last}"

    def line(self, row: int, width: int) -> list[Segment]:
        """Return one item's line."""
        item, first = self.items[row], self._first(width)
        cells = zip(self.columns[first:], self.figures(item)[first:], strict=True)
        made = [Segment(f"{text:>{room}} ", self.part(style) if style else None) for (_, room, style), text in cells]
        made.append(Segment(" "))
        return [*made, *self.named(item, width - sum(segment.cell_length for segment in made))]


class RepositoriesPane(FigurePane[Repository]):
    """A line for each repository."""

    orders: ClassVar[Mapping[str, Callable[..., object]]] = {
        "stored": lambda row: (-row.physical, row.place),
        "unique": lambda row: (-row.unique, row.place),
        "wasted": lambda row: (-(row.wasted or 0), row.place),
        "images": lambda row: (-row.images, row.place),
        "summed": lambda row: (-row.logical, row.place),
        "name": lambda row: row.place,
    }
    noun = ("repository", "repositories")
    by_head: ClassVar[Mapping[str, str]] = {
        "Stored": "stored",
        "Unique": "unique",
        "Wasted": "wasted",
        "Images": "images",
        "Summed": "summed",
        "Repository": "name",
    }
    columns = (
        ("Summed", 9, "lines--quiet"),
        ("Images", 6, "lines--quiet"),
        ("Wasted", 8, "mark--wasted"),
        ("Unique", 8, ""),
        ("Stored", 8, ""),
    )
    last = "Repository"

    def text(self, item: Repository) -> str:
        """Return the name."""
        return item.place

    def worth(self, item: Repository) -> int:
        """Return the stored bytes."""
        return item.physical

    def figures(self, item: Repository) -> Sequence[str]:
        """Return what stands in the columns."""
        wasted = "…" if item.wasted is None else size(item.wasted) if item.wasted else ""
        return size(item.logical), f"{item.images:,}", wasted, size(item.unique), size(item.physical)

    def named(self, item: Repository, width: int) -> list[Segment]:
        """Return the name."""
        return [Segment(clip_middle(escape(item.place), width))]


class ImagesPane(FigurePane[TaggedImage]):
    """A line for each image that a tag of the repository leads to."""

    orders: ClassVar[Mapping[str, Callable[..., object]]] = {
        "stored": lambda row: (-row.stored, row.reference, row.image),
        "unique": lambda row: (-row.unique, row.reference, row.image),
        "wasted": lambda row: (-row.wasted, row.reference, row.image),
        "made": lambda row: (
            -(row.created.timestamp() if row.created is not None else float("-inf")),
            row.reference,
            row.image,
        ),
        "layers": lambda row: (-row.layers, row.reference, row.image),
        "tag": lambda row: (version_key(row.tag), row.reference, row.image),
    }
    noun = ("image", "images")
    by_head: ClassVar[Mapping[str, str]] = {
        "Stored": "stored",
        "Unique": "unique",
        "Wasted": "wasted",
        "Made": "made",
        "Layers": "layers",
        "Tag": "tag",
    }
    columns = (
        ("Layers", 6, "lines--quiet"),
        ("Made", 10, "lines--quiet"),
        ("Wasted", 8, "mark--wasted"),
        ("Unique", 8, ""),
        ("Stored", 8, ""),
    )
    last = "Tag"

    def text(self, item: TaggedImage) -> str:
        """Return the tag, the platform and the digest."""
        return f"{item.tag} {item.platform} {item.image}"

    def worth(self, item: TaggedImage) -> int:
        """Return the stored bytes."""
        return item.stored

    def figures(self, item: TaggedImage) -> Sequence[str]:
        """Return what stands in the columns."""
        made = "" if item.created is None else f"{item.created:%Y-%m-%d}"
        wasted = size(item.wasted) if item.wasted else ""
        return f"{item.layers:,}", made, wasted, size(item.unique), size(item.stored)

    def named(self, item: TaggedImage, width: int) -> list[Segment]:
        """Return the tag, and the platform where there is room."""
        words = escape(item.tag or item.image[:19])
        beside = f" {escape(item.platform)}" if item.platform else ""
        if len(words) + len(beside) > width:
            beside = ""
        return [Segment(clip_middle(words, width)), Segment(beside, self.part("lines--quiet"))]


class StackPane(FigurePane[ImageLayer]):
    """A line for each layer of the image."""

    orders: ClassVar[Mapping[str, Callable[..., object]]] = {
        "number": lambda row: row.number,
        "stored": lambda row: (-row.stored, row.number),
        "content": lambda row: (-row.content, row.number),
        "wasted": lambda row: (-row.wasted, row.number),
        "used": lambda row: (row.images, row.number),
    }
    noun = ("layer", "layers")
    by_head: ClassVar[Mapping[str, str]] = {
        "#": "number",
        "Stored": "stored",
        "Content": "content",
        "Wasted": "wasted",
        "Used": "used",
    }
    columns = (
        ("Content", 8, "lines--quiet"),
        ("Wasted", 8, "mark--wasted"),
        ("Used", 6, "lines--quiet"),
        ("#", 4, "lines--quiet"),
        ("Stored", 9, ""),
    )
    last = "Instruction"

    def text(self, item: ImageLayer) -> str:
        """Return the instruction and the digests."""
        return f"{item.instruction} {item.layer} {item.blob or ''}"

    def worth(self, item: ImageLayer) -> int:
        """Return the stored bytes."""
        return item.stored

    def figures(self, item: ImageLayer) -> Sequence[str]:
        """Return what stands in the columns."""
        stored = f"{'~' if item.about else ''}{size(item.stored)}"
        wasted = size(item.wasted) if item.wasted else ""
        return size(item.content), wasted, f"×{item.images:,}", f"{item.number}", stored

    def named(self, item: ImageLayer, width: int) -> list[Segment]:
        """Return the instruction."""
        words = brief(item.instruction, width) if item.instruction else one_line(item.layer[:19])
        first, space, rest = words.partition(" ")
        style = self.part("lines--folder") if first.isupper() else None
        return [Segment(first + space, style), Segment(rest)]
