"""Everybody's mail: without a mail server the links are in the server's log."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Queue

WAIT_SECONDS = 10
LOGGER = "leasehold.mail"

_SHOWN = re.compile(r"mail\.shown to=(\S+) .* link=(\S+)")


@dataclass(frozen=True, slots=True)
class Mailbox:
    """The messages in the order in which they were sent."""

    _links: Queue[tuple[str, str]] = field(default_factory=Queue)

    def link(self, *, to: str) -> str:
        """The link in the next message, waited for, which must be to this address.

        Raises queue.Empty when none comes.
        """
        receiver, link = self._links.get(timeout=WAIT_SECONDS)
        assert to == receiver
        return link

    def take(self, line: str) -> None:
        """Keeps what one line of the log shows."""
        shown = _SHOWN.match(line)
        if shown:
            self._links.put((shown[1], shown[2]))


class _Reader(logging.Handler):
    def __init__(self, mailbox: Mailbox) -> None:
        super().__init__()
        self._mailbox = mailbox

    def emit(self, record: logging.LogRecord) -> None:
        self._mailbox.take(record.getMessage())


@contextmanager
def reading_the_log() -> Iterator[Mailbox]:
    """A mailbox for all that is sent in the block."""
    mailbox = Mailbox()
    handler = _Reader(mailbox)
    logger = logging.getLogger(LOGGER)
    logger.addHandler(handler)
    try:
        yield mailbox
    finally:
        logger.removeHandler(handler)
