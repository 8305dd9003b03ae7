"""Named SQL: reads `*.sql` files into statements that every engine can run.

A file holds statements, each after a line `-- name: lease_tasks`. Parameters are `:named`.
Four words in braces stand for what differs between engines or calls:

- `{rows}` is a table made of the rows that `Transaction.many` was given. A line
  `-- rows: id bigint, body bytes` after the name declares its columns.
- `{skip_locked}` is the clause with which a lease passes over rows that another one holds.
- `{for_update}` is the clause that keeps a row that was read for oneself until the commit.
- `{for_share}` is the clause that keeps a row that was read from changing before the commit; others
  may hold it so too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

_NAME = re.compile(r"^-- name: ([a-z0-9_]+)$", re.MULTILINE)
_ROWS = re.compile(r"^-- rows: (.+)$", re.MULTILINE)
_COMMENT = re.compile(r"--.*$", re.MULTILINE)
PARAMETER = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of `{rows}`: its name and its type (`bigint`, `text` or `bytes`)."""

    name: str
    type: str


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One SQL statement in the common dialect; two statements are never equal."""

    name: str
    text: str
    rows: tuple[Column, ...] = ()


class Statements:
    """The statements of one file, as attributes: `SQL.lease_tasks`."""

    def __init__(self, by_name: dict[str, Statement]) -> None:
        self._by_name = by_name

    def __getattr__(self, name: str) -> Statement:
        try:
            return self._by_name[name]
        except KeyError:
            raise AttributeError(f"there is no statement named {name}") from None

    def __iter__(self) -> Iterator[Statement]:
        return iter(self._by_name.values())


def load(package: str, file_name: str) -> Statements:
    """The statements of `file_name`, which lies beside the modules of `package`."""
    return parse(resources.files(package).joinpath(file_name).read_text("utf-8"))


def parse(text: str) -> Statements:
    """The statements in `text`; ValueError when a name is given twice."""
    _, *parts = _NAME.split(text)
    statements: dict[str, Statement] = {}
    for name, body in zip(parts[::2], parts[1::2], strict=True):
        if name in statements:
            raise ValueError(f"two statements are named {name}")
        statements[name] = Statement(name, _text_of(body), _columns_of(body))
    return Statements(statements)


def _text_of(body: str) -> str:
    lines = (line.rstrip() for line in _COMMENT.sub("", body).splitlines())
    return "\n".join(line for line in lines if line)


def _columns_of(body: str) -> tuple[Column, ...]:
    declared = _ROWS.search(body)
    if declared is None:
        return ()
    pairs = (column.split() for column in declared[1].split(","))
    return tuple(Column(name, type_) for name, type_ in pairs)
