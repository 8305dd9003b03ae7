"""The server's log stays readable when one event happens thousands of times."""

import logging

from leasehold.cli.log import LINES_PER_SECOND, Calm


def record(text: str) -> logging.LogRecord:
    return logging.LogRecord("leasehold", logging.WARNING, "", 0, text, ("a",), None)


def test_an_event_has_ten_lines_a_second_and_then_says_how_many_were_kept_back() -> None:
    now = 1.0
    calm = Calm(lambda: now)

    passed = [calm.filter(record("api.unavailable %s")) for _ in range(100)]
    other = calm.filter(record("chore.failed %s"))
    now = 2.0
    later = record("api.unavailable %s")
    calm.filter(later)

    assert sum(map(bool, passed)) == LINES_PER_SECOND
    assert other
    assert later.getMessage() == "api.unavailable a kept_back=90"
