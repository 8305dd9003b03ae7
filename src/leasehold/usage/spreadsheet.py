"""Cells of files that people open in a spreadsheet: text stays text."""

# A spreadsheet takes a cell that begins so for a formula, and would run it (CWE-1236).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_text(cell: object) -> object:
    """The cell; text that a spreadsheet would take for a formula gets an apostrophe in front.

    >>> [as_text(cell) for cell in ("=1+1", "worker", -1, None)]
    ["'=1+1", 'worker', -1, None]
    """
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
