"""Rows for people: a table when no word need be cut for it, else a paragraph for each row."""

import re
from collections.abc import Container, Iterator, Mapping, Sequence

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

_BETWEEN = 2  # characters between two columns on a terminal
_WORD = re.compile(r"\s*\S+")  # with the indentation of a first word

Row = Mapping[str, str]
"""A text for each column."""


def plain_table(rows: Sequence[Row], headings: Row, numbers: Container[str]) -> Table:
    """For what is no terminal: as wide as it is; columns of `numbers` stand on the right."""
    return _table(rows, headings, numbers, Table(box=None, pad_edge=False), None)


def fitted(
    rows: Sequence[Row], headings: Row, numbers: Container[str], room: int
) -> Iterator[Table]:
    """For a terminal of `room` characters: one table, or one for each row when words must be cut.

    A column with no heading is an ornament, and left out first.
    """
    for shown in (headings, {name: text for name, text in headings.items() if text}):
        widths = _widths(
            [[text, *(row[name] for row in rows)] for name, text in shown.items()],
            room - _BETWEEN * (len(shown) - 1),
        )
        if widths is not None:
            box = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
            yield _table(rows, shown, numbers, box, widths)
            return
    for row in rows:
        told = ((heading, row[name].strip()) for name, heading in headings.items())
        yield paragraph([(heading, text) for heading, text in told if heading and text])


def paragraph(lines: Sequence[tuple[str, str]]) -> Table:
    """A label and a text on each line."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for label, text in lines:
        grid.add_row(Text(label, style="bold"), Text(text))
    return grid


def _table(
    rows: Sequence[Row],
    headings: Row,
    numbers: Container[str],
    table: Table,
    widths: Sequence[int] | None,
) -> Table:
    for place, (name, heading) in enumerate(headings.items()):
        table.add_column(
            heading,
            justify="right" if name in numbers else "left",
            overflow="fold",
            width=widths[place] if widths else None,
        )
    for row in rows:
        table.add_row(*(Text(row[name]) for name in headings))
    return table


def _widths(columns: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """How wide each column is; None when `room` is too little for the longest words of all."""
    widths = [max(map(cell_len, texts)) for texts in columns]
    least = [
        max((cell_len(word) for text in texts for word in _WORD.findall(text)), default=0)
        for texts in columns
    ]
    while sum(widths) > room:
        spare = [width - word for width, word in zip(widths, least, strict=True)]
        widest = spare.index(max(spare))
        if spare[widest] <= 0:
            return None
        widths[widest] -= 1
    return widths
