"""How long tasks have been waiting in a queue, and other lengths of time, in words."""

from leasehold.clock import MICROSECONDS

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def waited(since: int | None, now: int) -> str:
    """For how long a task of this eta (both in microseconds) might have been leased; "": it waits.

    None is the eta of no task, and no task waits either.

    >>> [waited(-seconds * MICROSECONDS, 0) for seconds in (0, 1, 119, 7200, 90000)]
    ['', '1 second', '1 minute', '2 hours', '1 day']
    >>> waited(None, 0), waited(5, 0), waited(-5, 0)
    ('', '', 'a moment')
    """
    if since is None or since >= now:
        return ""
    seconds = (now - since) // MICROSECONDS
    for name, length in _UNITS:
        if seconds >= length:
            return _counted(seconds // length, name)
    return "a moment"


def exactly(seconds: int) -> str:
    """So many seconds in the largest unit of which they are a whole number.

    >>> [exactly(seconds) for seconds in (0, 1, 90, 3600, 604800)]
    ['0 seconds', '1 second', '90 seconds', '1 hour', '7 days']
    """
    for name, length in _UNITS:
        if seconds and seconds % length == 0:
            return _counted(seconds // length, name)
    return _counted(0, "second")


def _counted(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"
