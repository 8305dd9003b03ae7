"""Tables on a terminal: no word is cut, however narrow it is."""

import pytest
from rich.console import Console

from leasehold.cli.table import fitted, paragraph, plain_table

HEADINGS = {"key": "Key id", "name": "Name", "calls": "Calls", "bar": ""}
ROWS = [
    {"key": "6d6f79db9f7a03da", "name": "Printing house", "calls": "7", "bar": "█████▌"},
    {"key": "73d39a31b501011d", "name": "Status page", "calls": "12", "bar": "██████████"},
]


def lines(room: int) -> list[str]:
    console = Console(width=room)
    with console.capture() as captured:
        for table in fitted(ROWS, HEADINGS, {"calls"}, room):
            console.print(table)
    return [line.rstrip() for line in captured.get().splitlines()]


def test_a_wide_terminal_has_every_row_on_a_line() -> None:
    assert [
        "Key id            Name            Calls",
        "─" * 51,
        "6d6f79db9f7a03da  Printing house      7  █████▌",
        "73d39a31b501011d  Status page        12  ██████████",
    ] == lines(80)


def test_without_room_a_text_is_wrapped_between_words() -> None:
    assert [
        "Key id            Name      Calls",
        "─" * 45,
        "6d6f79db9f7a03da  Printing      7  █████▌",
        "                  house",
    ] == lines(45)[:4]


def test_an_ornament_is_left_out_before_a_word_is_cut() -> None:
    shown = lines(36)

    assert "6d6f79db9f7a03da  Printing         7" in shown
    assert "73d39a31b501011d  Status page     12" in shown


def test_where_words_would_be_cut_each_row_is_a_paragraph() -> None:
    assert [
        "Key id  6d6f79db9f7a03da",
        "Name    Printing house",
        "Calls   7",
        "Key id  73d39a31b501011d",
    ] == lines(30)[:4]


@pytest.mark.parametrize("room", range(1, 80))
def test_no_terminal_is_too_narrow(room: int) -> None:
    shown = "".join("".join(lines(room)).split())

    assert room < len("Key id  x") or "6d6f79db9f7a03da" in shown
    assert max(map(len, lines(room))) <= room


def test_what_is_no_terminal_gets_no_rules_and_no_wrapping() -> None:
    console = Console(width=1_000)
    with console.capture() as captured:
        console.print(plain_table(ROWS, HEADINGS, {"calls"}))

    assert 3 == len(captured.get().splitlines())
    assert "─" not in captured.get()


def test_a_long_word_of_a_paragraph_goes_on_below() -> None:
    console = Console(width=20)
    with console.capture() as captured:
        console.print(paragraph([("Hash", "0123456789abcdef")]))

    shown = [line.rstrip() for line in captured.get().splitlines()]
    assert ["Hash  0123456789abcd", "      ef"] == shown
