"""The router: from a verb and a path to a method's record."""

from collections.abc import Iterable
from urllib.parse import unquote

import msgspec

from leasehold.errors import Invalid
from leasehold.web.api.method import Method, Version

PREFIX = "/taskqueue/"
MAX_SEGMENT = 1_500  # characters as sent: a task's name of 500, each percent-encoded


class Match(msgspec.Struct, frozen=True):
    """A method, and what its path names."""

    method: Method
    version: Version
    project: str
    queue: str
    task: str  # "" where the path names no task


class Router:
    """Knows the methods by version and by the form of their path."""

    def __init__(self, methods: Iterable[Method]) -> None:
        # Paths differ in their length and in where they say "lease"; a word beats a parameter.
        self._methods: dict[tuple[str, int, bool], dict[str, Method]] = {}
        for method in methods:
            parts = method.path.split("/")
            for version in method.versions:
                key = (version, len(parts), parts[-1] == "lease")
                self._methods.setdefault(key, {})[method.verb] = method

    def match(self, verb: str, path: str) -> Match | set[str] | None:
        """The match; the verbs that the path takes when this is none of them; None for no path."""
        # /taskqueue/<version>/projects/<project>/taskqueues/<queue>[/tasks[/<task>]]
        parts = path.split("/")
        if len(parts) < 7 or parts[3] != "projects" or parts[5] != "taskqueues":
            return None
        if len(parts) > 7 and parts[7] != "tasks":
            return None
        version = parts[2]
        length = len(parts) - 4
        is_lease = length == 5 and parts[8] == "lease"
        methods = self._methods.get((version, length, is_lease))
        if methods is None:
            return None
        method = methods.get(verb)
        if method is None and is_lease:
            # A task that another server let be called so can still be read and deleted.
            methods = methods | self._methods[version, length, False]
            method = methods.get(verb) if verb != "POST" else None
        if method is None:
            return set(methods)
        version_: Version = version  # type: ignore[assignment]  # a key of `_methods`
        task = _decode(parts[8]) if "{task}" in method.path else ""
        return Match(method, version_, _decode(parts[4]), _decode(parts[6]), task)


def _decode(segment: str) -> str:
    if len(segment) > MAX_SEGMENT:
        raise Invalid("a part of the path is too long")
    if "%" not in segment:
        return segment
    try:
        text = unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise Invalid("the path is not UTF-8") from None
    if "\0" in text:  # PostgreSQL cannot even be asked for a name that holds one
        raise Invalid("the path holds a NUL character")
    return text
