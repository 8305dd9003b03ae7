"""The server's log: one event a line, and no flood when strangers cause the same one for ever."""

import logging
import time
from collections.abc import Callable

LINES_PER_SECOND = 10  # of one event


class Calm(logging.Filter):
    """Lets some records of each event pass in a second, and says how many it kept back."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._seconds = seconds
        self._events: dict[str, tuple[int, int]] = {}  # event -> second, records in it

    def filter(self, record: logging.LogRecord) -> bool:
        """False when the record's event had its share of this second."""
        event = str(record.msg)  # the text before its fields are put in
        second = int(self._seconds())
        begun, count = self._events.get(event, (second, 0))
        kept_back = 0
        if begun != second:
            kept_back, count = max(count - LINES_PER_SECOND, 0), 0
        self._events[event] = (second, count + 1)
        if kept_back:
            record.msg = f"{record.msg} kept_back={kept_back}"
        return count < LINES_PER_SECOND


def configure() -> None:
    """Sends every event to standard error."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(Calm())
