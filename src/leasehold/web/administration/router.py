"""The router: from a verb and a path to a method's record, and what the path names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from leasehold.errors import Invalid
from leasehold.web.administration.method import PREFIX, Method

MAX_SEGMENT = 1_500  # characters as sent: a task's name of 500, each percent-encoded


@dataclass(frozen=True, slots=True)
class Match:
    """A method, and what its path names."""

    method: Method
    ids: Mapping[str, str]


@dataclass(slots=True)
class _Node:
    """A place in the tree of paths."""

    words: dict[str, "_Node"] = field(default_factory=dict)
    parameter: "_Node | None" = None
    methods: dict[str, dict[str, Method]] = field(default_factory=dict)  # by action, by verb


class Router:
    """Knows the methods by their paths."""

    def __init__(self, methods: Iterable[Method]) -> None:
        self._root = _Node()
        for method in methods:
            *segments, last = method.path.split("/")
            last, _, action = last.partition(":")
            node = self._root
            for segment in (*segments, last):
                node = _grown(node, segment)
            node.methods.setdefault(action, {})[method.verb] = method

    def match(self, verb: str, path: str) -> Match | set[str] | None:
        """The match; the verbs that the path takes when this is none of them; None for no path.

        `path` is percent-encoded, so what stands after a colon that is not encoded may be an
        action, and %3A belongs to a name. Where there is no such action, a colon is a colon.
        """
        if not path.startswith(PREFIX):
            return None
        *segments, last = path.removeprefix(PREFIX).split("/")
        name, _, action = last.rpartition(":")
        acted = self._match(verb, [*segments, name], action) if action else None
        if isinstance(acted, Match):
            return acted
        plain = self._match(verb, [*segments, last], "")
        return plain if isinstance(plain, Match) else acted or plain

    def _match(self, verb: str, segments: list[str], action: str) -> Match | set[str] | None:
        names: list[str] = []
        node: _Node | None = self._root
        for segment in segments:
            if node is None:
                return None
            word = node.words.get(segment)
            if word is None:
                names.append(segment)
            node = word or (node.parameter if segment else None)
        methods = node.methods.get(action) if node is not None else None
        if methods is None:
            return None
        method = methods.get(verb)
        if method is None:
            return set(methods)
        decoded = map(_decoded, names)
        return Match(method, dict(zip(method.path_parameters, decoded, strict=True)))


def _grown(node: _Node, segment: str) -> _Node:
    if not segment.startswith("{"):
        return node.words.setdefault(segment, _Node())
    if node.parameter is None:
        node.parameter = _Node()
    return node.parameter


def _decoded(segment: str) -> str:
    if len(segment) > MAX_SEGMENT:
        raise Invalid("a part of the path is too long")
    try:
        text = unquote(segment, errors="strict")
    except UnicodeDecodeError:
        raise Invalid("the path is not UTF-8") from None
    if "\0" in text:  # PostgreSQL cannot even be asked for a name that holds one
        raise Invalid("the path holds a NUL character")
    return text
