"""The chain: whatever is changed, removed, inserted or put elsewhere is found, and where."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from leasehold.administration.audit_chain import (
    NO_HASH,
    NOTHING,
    Entry,
    Head,
    hash_of,
    verify,
)


def linked(entry: Entry, previous_hash: str) -> Entry:
    """The entry as it must be after that one."""
    entry = replace(entry, previous_hash=previous_hash)
    return replace(entry, hash=hash_of(entry))


def chain(entries: Iterable[Entry]) -> list[Entry]:
    """The entries with hashes that fit."""
    made: list[Entry] = []
    for entry in entries:
        made.append(linked(entry, made[-1].hash if made else NO_HASH))
    return made


def entry(number: int) -> Entry:
    return Entry(
        number=number,
        at=number * 10,
        actor_kind="person",
        actor="ada@example.com",
        client_id="",
        address="192.0.2.1",
        action="queues.create",
        project_id="shop",
        target="queues/resize",
        before=None,
        after='{"a":1}',
        hash="",
        previous_hash="",
    )


def head_of(entries: list[Entry]) -> Head:
    return Head(entries[-1].number, entries[-1].hash)


GOOD = chain(entry(number) for number in range(1, 8))
HEAD = head_of(GOOD)


def test_a_chain_as_it_was_written_is_whole() -> None:
    verdict = verify(iter(GOOD), HEAD, known=head_of(GOOD[:3]))

    assert (7, 1, HEAD, None, "") == (
        verdict.count,
        verdict.first,
        verdict.last,
        verdict.bad,
        verdict.problem,
    )
    assert verdict.is_whole


def test_a_log_without_entries_is_whole() -> None:
    assert verify([], NOTHING).is_whole


@pytest.mark.parametrize(
    "change",
    [
        {"at": 41},
        {"actor_kind": "operator"},
        {"actor": "eve@example.com"},
        {"client_id": "1"},
        {"address": "192.0.2.2"},
        {"action": "queues.delete"},
        {"project_id": "mill"},
        {"target": "queues/other"},
        {"before": "{}"},
        {"after": None},
        {"after": '{"a": 1}'},
        {"hash": "0" * 64},
    ],
    ids=str,
)
def test_a_changed_entry_is_found_whatever_was_changed(change: dict[str, object]) -> None:
    entries = [*GOOD[:3], replace(GOOD[3], **change), *GOOD[4:]]  # type: ignore[arg-type]  # each has its column's type

    verdict = verify(entries, HEAD)

    assert (4, "entry 4 is not as it was written, or the one before it is not") == (
        verdict.bad,
        verdict.problem,
    )
    assert (3, GOOD[2].hash) == (verdict.count, verdict.last.hash)


def test_text_that_moves_from_one_column_to_the_next_makes_another_hash() -> None:
    one = replace(entry(1), actor="ada", client_id="x")
    other = replace(entry(1), actor="adax", client_id="")

    assert hash_of(one) != hash_of(other)
    assert hash_of(replace(one, before=None)) != hash_of(replace(one, before="null"))


def test_an_entry_with_a_hash_made_anew_is_found_by_the_next_one() -> None:
    forged = linked(replace(GOOD[3], actor="eve@example.com"), GOOD[2].hash)
    entries = [*GOOD[:3], forged, replace(GOOD[4], previous_hash=forged.hash), *GOOD[5:]]

    assert 5 == verify(entries, HEAD).bad


@pytest.mark.parametrize("number", range(1, 8))
def test_a_missing_entry_is_found(number: int) -> None:
    entries = [kept for kept in GOOD if kept.number != number]

    verdict = verify(entries, HEAD)

    assert number == verdict.bad
    assert f"entry {number} is missing" in verdict.problem


def test_a_cut_end_is_found() -> None:
    verdict = verify(GOOD[:4], HEAD)

    assert (5, "entry 5 is missing: the head says that there are 7") == (
        verdict.bad,
        verdict.problem,
    )


def test_a_log_that_was_emptied_is_found() -> None:
    assert 1 == verify([], HEAD).bad


@pytest.mark.parametrize("number", [-3, 0, 4])
def test_an_entry_that_is_there_twice_or_has_a_number_that_none_has_is_found(number: int) -> None:
    inserted = linked(entry(number), GOOD[3].hash)
    entries = sorted([*GOOD, inserted], key=lambda one: one.number)

    assert number == verify(entries, HEAD).bad


def test_entries_in_another_order_are_found() -> None:
    entries = [GOOD[0], GOOD[2], GOOD[1], *GOOD[3:]]

    verdict = verify(entries, HEAD)

    assert (2, "entry 2 is missing: entry 3 is in its place") == (verdict.bad, verdict.problem)


def test_two_entries_that_changed_their_numbers_are_found() -> None:
    second, third = replace(GOOD[2], number=2), replace(GOOD[1], number=3)

    assert 2 == verify([GOOD[0], second, third, *GOOD[3:]], HEAD).bad


def test_an_entry_past_the_head_is_found() -> None:
    added = linked(entry(8), HEAD.hash)

    verdict = verify([*GOOD, added], HEAD)

    assert (8, "entry 8 was put after the end: the head says 7") == (verdict.bad, verdict.problem)


@pytest.mark.parametrize("head", [Head(7, "0" * 64), Head(7, ""), Head(-1, HEAD.hash)], ids=str)
def test_a_wrong_head_is_found(head: Head) -> None:
    verdict = verify(GOOD, head)

    assert verdict.bad is not None
    assert "head" in verdict.problem


def test_a_head_without_its_entries_is_found() -> None:
    assert 8 == verify(GOOD, Head(9, HEAD.hash)).bad


def test_an_entry_that_is_older_than_the_one_before_is_found() -> None:
    entries = chain([entry(1), replace(entry(2), at=5)])

    verdict = verify(entries, head_of(entries))

    assert (2, "entry 2 is older than the one before it") == (verdict.bad, verdict.problem)


def test_a_log_that_was_written_anew_is_found_by_a_head_that_was_noted() -> None:
    anew = chain(replace(one, actor="eve@example.com") for one in GOOD)
    noted = head_of(GOOD[:5])

    assert verify(anew, head_of(anew)).is_whole
    assert 5 == verify(anew, head_of(anew), known=noted).bad


def test_a_log_that_ends_before_the_head_that_was_noted_is_found() -> None:
    short = GOOD[:4]

    verdict = verify(short, head_of(short), known=HEAD)

    assert (5, "the log ends with 4, but 7 was noted") == (verdict.bad, verdict.problem)


def test_a_part_of_a_chain_is_proved_by_itself() -> None:
    part = GOOD[2:5]

    verdict = verify(part, None, known=head_of(GOOD[:4]), begins_at=None)

    assert verdict.is_whole
    assert (3, 3, GOOD[4].hash) == (verdict.count, verdict.first, verdict.last.hash)


def test_a_part_that_does_not_hold_the_noted_entry_proves_nothing_about_it() -> None:
    verdict = verify(GOOD[2:5], None, known=head_of(GOOD[:2]), begins_at=None)

    assert (2, "entry 2, which was noted, is not among these") == (verdict.bad, verdict.problem)


def test_a_part_whose_entry_names_another_one_before_it_is_found() -> None:
    part = [GOOD[2], replace(GOOD[3], previous_hash="0" * 64)]

    assert 4 == verify(part, None, begins_at=None).bad


def test_a_long_chain_is_never_held() -> None:
    seen = 0

    def endless() -> Iterable[Entry]:
        nonlocal seen
        last = NO_HASH
        for number in range(1, 3_000):
            made = linked(entry(number), last)
            last = made.hash
            seen = number
            yield made if number != 2_000 else replace(made, actor="eve")

    assert 2_000 == verify(endless(), None).bad
    assert 2_000 == seen
