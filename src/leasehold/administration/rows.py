"""The rows of administration: the only file that runs the statements of rows.sql."""

from collections.abc import Sequence
from dataclasses import asdict

from leasehold.administration.audit_chain import Entry, Head
from leasehold.storage import statements
from leasehold.storage.transaction import Transaction

SQL = statements.load(__package__, "rows.sql")


def advance_head(tx: Transaction, now: int) -> tuple[int, int, str] | None:
    """The new entry's number and instant, and the hash before it; None when there is no head.

    Whoever comes next waits here until this transaction ends.
    """
    row = tx.one(SQL.advance_head, now=now)
    return (row[0], row[1], row[2]) if row else None


def append(tx: Transaction, entry: Entry) -> None:
    """Adds the entry, and puts its hash in the head."""
    values = asdict(entry)
    del values["previous_hash"]  # the entry before has it
    tx.run(SQL.insert_entry, **values)
    tx.run(SQL.set_head_hash, hash=entry.hash)


def heads(tx: Transaction) -> list[Head]:
    """One, unless somebody was at the table."""
    return [Head(*row) for row in tx.all(SQL.heads)]


def entries_among(tx: Transaction, *, first: int, below: int, most: int) -> list[Entry]:
    rows = tx.all(SQL.entries_among, first=first, below=below, most=most)
    return [Entry(*row) for row in rows]


def entry_past_head(tx: Transaction) -> Entry | None:
    row = tx.one(SQL.entry_past_head)
    return Entry(*row) if row else None


def entry_by_number(tx: Transaction, number: int) -> Entry | None:
    row = tx.one(SQL.entry_by_number, number=number)
    return Entry(*row) if row else None


def last_number(tx: Transaction) -> int:
    """The highest number of an entry; 0 when there is none."""
    row = tx.one(SQL.last_number)
    return row[0] if row else 0


def first_since(tx: Transaction, at: int) -> int | None:
    """The first entry's number that is not before the instant; None when all are."""
    row = tx.one(SQL.first_since, at=at)
    return row[0] if row else None


def found(tx: Transaction, project_id: str | None, **wanted: object) -> list[tuple[int, int]]:
    """Entries by number, and how large each is in bytes; newest first.

    Of all projects and of none for None.
    """
    if project_id is None:
        rows = tx.all(SQL.found, **wanted)
    else:
        rows = tx.all(SQL.found_in_project, project_id=project_id, **wanted)
    return [(number, size) for number, size in rows]


def entries_by_number(tx: Transaction, numbers: Sequence[int]) -> list[Entry]:
    """Those that are there, newest first."""
    rows = tx.many(SQL.entries_by_number, [(number,) for number in numbers])
    return sorted((Entry(*row) for row in rows), key=lambda entry: entry.number, reverse=True)


def end_of_look(
    tx: Transaction, project_id: str | None, *, lowest: int, below: int, most: int
) -> int | None:
    """The last number at which `found` looked; None when it looked at all there are."""
    look = {"lowest": lowest, "below": below, "most_looked_at": most}
    if project_id is None:
        row = tx.one(SQL.looked_at, **look)
    else:
        row = tx.one(SQL.looked_at_in_project, project_id=project_id, **look)
    return row[1] if row and row[0] == most else None


def project_ids(tx: Transaction, *, search: str, after_id: str, most: int) -> list[str]:
    rows = tx.all(SQL.project_ids, search=search, after_id=after_id, most=most)
    return [row[0] for row in rows]


def project_ids_of(
    tx: Transaction, email: str, *, search: str, after_id: str, most: int
) -> list[str]:
    wanted = {"search": search, "after_id": after_id, "most": most}
    rows = tx.all(SQL.project_ids_of_user, email=email, **wanted)
    return [row[0] for row in rows]


def count_owned(tx: Transaction, user_id: int) -> int:
    """Of how many projects the user is an owner, deleted ones too."""
    row = tx.one(SQL.count_owned, user_id=user_id)
    return int(row[0]) if row else 0
