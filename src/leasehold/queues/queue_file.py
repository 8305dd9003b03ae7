"""The queue file: queue.yaml or queue.xml as App Engine projects have them, checked whole."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from itertools import islice
from typing import Literal, TypeVar

import yaml

from leasehold.errors import Invalid
from leasehold.queues import queue_file_xml

MAX_FILE_BYTES = 2**20
MAX_PROBLEMS = 100  # enough to mend a file by; a megabyte of rubbish must not cost a minute
SHOWN_CHARACTERS = 40  # of a value or a key, in a message
MAX_BUCKET_SIZE = 500  # Cloud Tasks max_burst_size; App Engine's own documents said 100
MAX_CONCURRENT_REQUESTS = 5_000  # Cloud Tasks max_concurrent_dispatches
DEFAULT_MIN_BACKOFF_SECONDS = 0.1
DEFAULT_MAX_BACKOFF_SECONDS = 3_600.0

Mode = Literal["pull", "push"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: what is wrong and what would be right. Lines count from 1."""

    line: int
    message: str


class QueueFileInvalid(Invalid):
    """The file cannot be used. `problems` are all its faults, by line.

    A fault of syntax hides what comes after it; past MAX_PROBLEMS the rest is not listed.
    """

    def __init__(self, file_name: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line))
        lines = (f"{file_name}:{problem.line}: {problem.message}" for problem in self.problems)
        super().__init__("\n".join(lines))


@dataclass(frozen=True, slots=True)
class QueueDeclaration:
    """One queue of the file. None always means: not given, so the default holds.

    A backoff that was not given is filled in only where its default would contradict the
    one that was.
    """

    line: int
    name: str
    mode: Mode
    rate: float | None = None  # tasks per second; 0 pauses the queue
    bucket_size: int | None = None
    max_concurrent_requests: int | None = None
    target: str | None = None  # [version.]service
    task_retry_limit: int | None = None
    task_age_limit: int | None = None  # seconds
    min_backoff_seconds: float | None = None
    max_backoff_seconds: float | None = None
    max_doublings: int | None = None
    consumer_emails: tuple[str, ...] = ()  # lower case, each once, in the file's order
    producer_emails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QueueFile:
    """A whole file. None means: not given."""

    application: str | None
    total_storage_limit: int | None  # bytes
    resume_paused_queues: bool | None
    queues: tuple[QueueDeclaration, ...]  # in the file's order


def parse(text: str | bytes, *, file_name: str) -> QueueFile:
    """What the file declares: XML when `file_name` ends in .xml, YAML otherwise.

    Raises QueueFileInvalid with every fault found. Source: App Engine queue.yaml reference.
    """
    report = _Report(file_name)
    document = _checked_text(text, report)
    is_xml = file_name.lower().endswith(".xml")
    root = _read_xml(document, report) if is_xml else _read_yaml(document, report)
    queue_file = _QueueFileRules(report, _XML if is_xml else _YAML).queue_file(root)
    report.raise_if_any()
    return queue_file


class _Report:
    """Gathers problems, so that one run tells all of them."""

    def __init__(self, file_name: str) -> None:
        self._file_name = file_name
        self._problems: list[Problem] = []

    def add(self, line: int, message: str) -> None:
        self._problems.append(Problem(line, message))
        if len(self._problems) == MAX_PROBLEMS:
            self._problems[-1] = Problem(line, f"{message} (and the rest was not checked)")
            self.raise_if_any()

    def stop(self, line: int, message: str) -> QueueFileInvalid:
        """For a fault after which nothing more can be read: the error to raise."""
        return QueueFileInvalid(self._file_name, [*self._problems, Problem(line, message)])

    def raise_if_any(self) -> None:
        if self._problems:
            raise QueueFileInvalid(self._file_name, self._problems)


def _checked_text(text: str | bytes, report: _Report) -> str:
    try:
        document = text if isinstance(text, str) else text.decode()
        size = len(text) if isinstance(text, bytes) else len(text.encode())
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise report.stop(line, "this is not UTF-8 text: save the file as UTF-8") from error
    except UnicodeEncodeError as error:
        line = error.object.count("\n", 0, error.start) + 1
        raise report.stop(line, "half a surrogate pair is not text: remove it") from error
    if size > MAX_FILE_BYTES:
        raise report.stop(1, f"the file is larger than {MAX_FILE_BYTES} bytes: split or shorten it")
    return document


@dataclass(frozen=True, slots=True)
class _Form:
    """How a file is written, so that a message can show what to write."""

    spell: Callable[[str], str]  # a key's spelling here, given its YAML spelling
    member: str
    entry: str  # of a list


# Both forms become the same small tree; keys have their YAML spelling in it.


@dataclass(frozen=True, slots=True)
class _Scalar:
    line: int
    text: str  # "" means there is no value


@dataclass(frozen=True, slots=True)
class _Mapping:
    line: int
    members: tuple[tuple[_Scalar, "_Value"], ...]  # key, value; a key may occur twice


@dataclass(frozen=True, slots=True)
class _Sequence:
    line: int
    items: tuple["_Value", ...]


_Value = _Scalar | _Mapping | _Sequence


# YAML

_YAML = _Form(spell=str, member="{key}: {value}", entry="- {key}: {value}")
_MAX_YAML_DEPTH = 8  # a queue file needs five
_MAX_YAML_NODES = 20_000  # some 700 queues with every key; PyYAML makes about 15,000 a second
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}"
    for kind in ("null", "bool", "int", "float", "str", "timestamp", "seq", "map", "merge", "value")
)
_TAB_INDENT = re.compile(r"^ *\t\s*[^\s#]", re.MULTILINE)


class _TooMuch(Exception):
    pass


class _Composer(yaml.SafeLoader):
    """Builds nodes only, never objects; remembers aliases instead of following them."""

    def __init__(self, document: str) -> None:
        super().__init__(document)
        self.alias_lines: list[int] = []
        self._depth = 0
        self._nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.get_event()  # type: ignore[no-untyped-call]  # the stubs leave it bare
            self.alias_lines.append(event.start_mark.line + 1)
            return yaml.ScalarNode("tag:yaml.org,2002:null", "", event.start_mark, event.end_mark)
        if self._depth == _MAX_YAML_DEPTH:
            raise _TooMuch("this is nested deeper than any key of a queue file: write it flatter")
        if self._nodes == _MAX_YAML_NODES:
            raise _TooMuch(f"the file has more than {_MAX_YAML_NODES} keys and values: shorten it")
        self._depth += 1
        self._nodes += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _read_yaml(document: str, report: _Report) -> _Value:
    node, alias_lines = _composed(document, report)
    for line in alias_lines:
        report.add(line, "an alias (*name) is not read here: write the value out")
    if node is None:
        raise report.stop(1, "the file is empty: write at least the line 'queue:'")
    return _from_node(node, report)


def _composed(document: str, report: _Report) -> tuple[yaml.Node | None, list[int]]:
    try:
        composer = _Composer(document)
    except yaml.reader.ReaderError as error:
        line = document.count("\n", 0, error.position) + 1
        raise report.stop(line, "a control character is not text: remove it") from error
    try:
        return composer.get_single_node(), composer.alias_lines
    except _TooMuch as error:
        raise report.stop(composer.line + 1, str(error)) from error
    except yaml.MarkedYAMLError as error:
        raise _yaml_fault(document, error, report) from error
    except (ValueError, OverflowError) as error:
        # PyYAML lets these out for \U escapes past Unicode and endless %YAML version numbers.
        message = "a number in this escape or directive is too large: remove it"
        raise report.stop(composer.line + 1, message) from error


def _yaml_fault(document: str, error: yaml.MarkedYAMLError, report: _Report) -> QueueFileInvalid:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    # Tabs are the usual cause, and PyYAML's finding may name the line after them.
    tabs = [document.count("\n", 0, tab.start()) + 1 for tab in _tab_indents(document)]
    for tab_line in tabs:
        report.add(tab_line, "a tab cannot indent YAML: use spaces")
    if line in tabs:
        report.raise_if_any()
    finding = ", ".join(filter(None, (error.context, error.problem)))
    return report.stop(line, f"this is not YAML: {finding}; check indents, colons and quotes above")


def _tab_indents(document: str) -> list[re.Match[str]]:
    return list(islice(_TAB_INDENT.finditer(document), MAX_PROBLEMS))


def _from_node(node: yaml.Node, report: _Report) -> _Value:
    line = node.start_mark.line + 1
    if node.tag not in _PLAIN_TAGS:
        report.add(line, f"the tag {_quoted(node.tag)} is not read here: remove it")
    if isinstance(node, yaml.MappingNode):
        pairs = ((_key(key, report), _from_node(value, report)) for key, value in node.value)
        return _Mapping(line, tuple(pairs))
    if isinstance(node, yaml.SequenceNode):
        return _Sequence(line, tuple(_from_node(item, report) for item in node.value))
    return _Scalar(line, "" if node.tag.endswith(":null") else node.value)


def _key(node: yaml.Node, report: _Report) -> _Scalar:
    key = _from_node(node, report)
    if isinstance(key, _Scalar):
        return key
    report.add(key.line, "a key must be a word, not a list or a map")
    return _Scalar(key.line, "")


# XML


def _xml_name(name: str) -> str:
    """bucket_size for bucket-size and back; so that bucket_size is unknown in XML."""
    return name.translate(_SWAP_DASHES)


_SWAP_DASHES = str.maketrans("-_", "_-")
_XML = _Form(spell=_xml_name, member="<{key}>{value}</{key}>", entry="<{key}>{value}</{key}>")


def _read_xml(document: str, report: _Report) -> _Value:
    try:
        root = queue_file_xml.read(document.encode())
    except queue_file_xml.XmlRefused as refused:
        raise report.stop(refused.line, refused.message) from refused
    if root.name != "queue-entries":
        raise report.stop(
            root.line, f"the root is <{root.name[:SHOWN_CHARACTERS]}>: it must be <queue-entries>"
        )
    _check_element(root, report)
    queues = [child for child in root.children if child.name == "queue"]
    others = [child for child in root.children if child.name != "queue"]
    members = [_member(child, report) for child in others]
    if queues:
        items = tuple(_from_element(child, report) for child in queues)
        line = queues[0].line
        members.append((_Scalar(line, "queue"), _Sequence(line, items)))
    return _Mapping(root.line, tuple(members))


def _check_element(element: queue_file_xml.Element, report: _Report) -> None:
    for name in element.attributes:
        if not name.startswith(("xmlns", "xsi:")):
            report.add(element.line, f"the attribute {_quoted(name)} must be an element of its own")
    if element.text and element.children:
        report.add(element.line, f"the text {_quoted(element.text)} must stand in an element")


def _member(element: queue_file_xml.Element, report: _Report) -> tuple[_Scalar, _Value]:
    key = _Scalar(element.line, _xml_name(element.name))
    return key, _from_element(element, report)


def _from_element(element: queue_file_xml.Element, report: _Report) -> _Value:
    _check_element(element, report)
    if not element.children:
        return _Scalar(element.line, element.text)
    members = tuple(_member(child, report) for child in element.children)
    if element.name == "acl":
        # <user-email> may be repeated; in YAML each is a map of its own.
        entries = tuple(_Mapping(key.line, ((key, value),)) for key, value in members)
        return _Sequence(element.line, entries)
    return _Mapping(element.line, members)


# Rules

_FILE_KEYS = ("application", "total_storage_limit", "resume_paused_queues", "queue")
_RETRY_KEYS = (
    "task_retry_limit",
    "task_age_limit",
    "min_backoff_seconds",
    "max_backoff_seconds",
    "max_doublings",
)
_QUEUE_KEYS = (
    "name",
    "mode",
    "rate",
    "bucket_size",
    "max_concurrent_requests",
    "target",
    "retry_parameters",
    "acl",
)
_ACL_KEYS = ("user_email", "writer_email")
_EXAMPLES = {"name": "my-queue", "user_email": "worker@example.com"}
_ONLY_IN: dict[str, Mode] = {
    "acl": "pull",
    "rate": "push",
    "bucket_size": "push",
    "max_concurrent_requests": "push",
    "target": "push",
    "task_age_limit": "push",
    "min_backoff_seconds": "push",
    "max_backoff_seconds": "push",
    "max_doublings": "push",
}

_Section = dict[str, tuple[int, _Value]]  # key to the key's line and its value


class _QueueFileRules:
    """The rules, which are the same for both forms."""

    def __init__(self, report: _Report, form: _Form) -> None:
        self._report = report
        self._form = form
        self._spell = form.spell

    def queue_file(self, root: _Value) -> QueueFile:
        section = self._section(root, "the file", _FILE_KEYS)
        return QueueFile(
            application=self._scalar(section, "application", _application),
            total_storage_limit=self._scalar(section, "total_storage_limit", _storage_bytes),
            resume_paused_queues=self._scalar(section, "resume_paused_queues", _boolean),
            queues=self._queues(section),
        )

    def _queues(self, section: _Section) -> tuple[QueueDeclaration, ...]:
        queues = tuple(self._queue(item) for item in self._items(section, "queue", "name"))
        declared: dict[str, QueueDeclaration] = {}
        for queue in queues:
            first = declared.setdefault(queue.name, queue)
            if queue.name and first is not queue:
                message = f"{_quoted(queue.name)} was declared in line {first.line}: rename one"
                self._report.add(queue.line, message)
        return queues

    def _queue(self, value: _Value) -> QueueDeclaration:
        section = self._section(value, "a queue", _QUEUE_KEYS)
        name = self._scalar(section, "name", _queue_name)
        if not _is_given(section, "name"):
            example = self._form.member.format(key="name", value=_EXAMPLES["name"])
            self._report.add(value.line, f"this queue has no name: add one, such as {example}")
        mode = self._mode(section)
        retry_line, retry_value = section.get("retry_parameters", (value.line, _NOTHING))
        retry = self._section(retry_value, "retry_parameters", _RETRY_KEYS, line=retry_line)
        self._check_mode(section, mode)
        self._check_mode(retry, mode)
        min_backoff, max_backoff = self._backoffs(retry)
        consumers, producers = self._acl(section)
        return QueueDeclaration(
            line=value.line,
            name=name or "",
            mode=mode or "push",
            rate=self._scalar(section, "rate", _rate),
            bucket_size=self._scalar(section, "bucket_size", _bucket_size),
            max_concurrent_requests=self._scalar(
                section, "max_concurrent_requests", _concurrent_requests
            ),
            target=self._scalar(section, "target", _target),
            task_retry_limit=self._scalar(retry, "task_retry_limit", _count),
            task_age_limit=self._scalar(retry, "task_age_limit", _age_seconds),
            min_backoff_seconds=min_backoff,
            max_backoff_seconds=max_backoff,
            max_doublings=self._scalar(retry, "max_doublings", _count),
            consumer_emails=consumers,
            producer_emails=producers,
        )

    def _mode(self, section: _Section) -> Mode | None:
        """None when it is neither pull nor push: then nothing can be said about other keys."""
        if not _is_given(section, "mode"):
            return "push"
        return self._scalar(section, "mode", _queue_mode)

    def _check_mode(self, section: _Section, mode: Mode | None) -> None:
        for key, (line, _) in section.items():
            only_in = _ONLY_IN.get(key, mode)
            if mode is not None and only_in != mode and _is_given(section, key):
                message = (
                    f"{self._spell(key)} is for {only_in} queues, and this is a {mode} queue:"
                    f" remove it, or set mode to {only_in}"
                )
                self._report.add(line, message)

    def _backoffs(self, retry: _Section) -> tuple[float | None, float | None]:
        shortest = self._scalar(retry, "min_backoff_seconds", _seconds)
        longest = self._scalar(retry, "max_backoff_seconds", _seconds)
        if shortest is not None and longest is not None and shortest > longest:
            line, _ = retry["max_backoff_seconds"]
            key = self._spell("min_backoff_seconds")
            self._report.add(
                line, f"{longest:g} is less than {key}: it must be {shortest:g} or more"
            )
        if longest is None and shortest is not None and shortest > DEFAULT_MAX_BACKOFF_SECONDS:
            longest = shortest
        if shortest is None and longest is not None and longest < DEFAULT_MIN_BACKOFF_SECONDS:
            shortest = longest
        return shortest, longest

    def _acl(self, section: _Section) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The e-mail addresses of consumers and of producers."""
        found: dict[str, list[str]] = {key: [] for key in _ACL_KEYS}
        for item in self._items(section, "acl", "user_email"):
            entry = self._section(item, "an acl entry", _ACL_KEYS)
            for key in entry:
                email = self._scalar(entry, key, _email)
                found[key] += [email] if email else []
        consumers, producers = (tuple(dict.fromkeys(found[key])) for key in _ACL_KEYS)
        return consumers, producers

    def _section(
        self, value: _Value, what: str, known: tuple[str, ...], *, line: int = 0
    ) -> _Section:
        """The known members of a map; `line` is told when the value itself has none."""
        section: _Section = {}
        if isinstance(value, _Sequence) or (isinstance(value, _Scalar) and value.text):
            keys = ", ".join(map(self._spell, known))
            self._report.add(value.line or line, f"{what} must be a map with the keys {keys}")
        if isinstance(value, _Mapping):
            for key, member in value.members:
                self._add_member(section, key, member, known)
        return section

    def _add_member(
        self, section: _Section, key: _Scalar, member: _Value, known: tuple[str, ...]
    ) -> None:
        shown = _quoted(self._spell(key.text))
        if key.text not in known:
            self._report.add(key.line, f"{shown} is not a key here: {self._suggestion(key, known)}")
        elif key.text in section:
            first, _ = section[key.text]
            self._report.add(key.line, f"{shown} was given in line {first} already: keep one")
        else:
            section[key.text] = (key.line, member)

    def _suggestion(self, key: _Scalar, known: tuple[str, ...]) -> str:
        wanted = (
            key.text[:SHOWN_CHARACTERS].replace("-", "_").lower()
        )  # difflib is slow on long words
        close = get_close_matches(wanted, known, n=1)
        if close:
            return f"did you mean {self._spell(close[0])}?"
        return f"use one of {', '.join(map(self._spell, known))}"

    def _items(self, section: _Section, key: str, entry_key: str) -> tuple[_Value, ...]:
        if not _is_given(section, key):
            return ()
        line, value = section[key]
        if isinstance(value, _Sequence):
            return value.items
        entry = self._form.entry.format(key=self._spell(entry_key), value=_EXAMPLES[entry_key])
        self._report.add(line, f"{self._spell(key)} must be a list of entries such as {entry}")
        return ()

    def _scalar(self, section: _Section, key: str, read: Callable[[str], T]) -> T | None:
        """The value of `key` as `read` gives it; None when it is absent, empty or wrong."""
        if not _is_given(section, key):
            return None
        line, value = section[key]
        shown = self._spell(key)
        if not isinstance(value, _Scalar):
            self._report.add(line, f"{shown} must be one value, not a list or a map")
            return None
        try:
            return read(value.text)
        except _Wrong as wrong:
            self._report.add(value.line, f"{shown}: {_quoted(value.text)} is not {wrong}")
            return None


_NOTHING = _Scalar(0, "")


def _is_given(section: _Section, key: str) -> bool:
    """A key without a value says nothing, as in App Engine's own reader."""
    _, value = section.get(key, (0, _NOTHING))
    return not (isinstance(value, _Scalar) and not value.text)


def _quoted(text: str) -> str:
    return repr(text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}...")


# Values. Each reader raises _Wrong with the words that follow "is not".


class _Wrong(Exception):
    pass


_NUMBER = r"[0-9]{1,15}(?:\.[0-9]{0,15})?"
_QUEUE_NAME = re.compile(r"[A-Za-z0-9-]{1,100}")
_APPLICATION = re.compile(r"(?:[a-z0-9-]{1,100}~)?(?:[a-z0-9.-]{1,100}:)?[a-z0-9-]{1,100}")
_TARGET = re.compile(r"(?:(?!-)[a-z0-9-]{1,100}\.)?(?!-)[a-z0-9-]{1,63}")
_RATE = re.compile(rf"({_NUMBER})/([smhd])")
_AGE = re.compile(rf"({_NUMBER})([smhd])")
_STORAGE = re.compile(rf"({_NUMBER})([BKMGT]?)")
_SECONDS = re.compile(rf"{_NUMBER}(?:[eE][-+]?[0-9]{{1,2}})?|\.[0-9]{{1,15}}")
_COUNT = re.compile(r"[0-9]{1,10}")
_EMAIL = re.compile(r"[^\s@<>,]{1,64}@[^\s@<>,]{1,190}")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_MAX_COUNT = 2**31 - 1  # the wire has these as int32
_MAX_BYTES = 2**63 - 1


def _queue_name(text: str) -> str:
    if not _QUEUE_NAME.fullmatch(text):
        raise _Wrong("a queue name: use 1 to 100 letters, digits and hyphens")
    return text


def _queue_mode(text: str) -> Mode:
    if text == "pull":
        return "pull"
    if text == "push":
        return "push"
    raise _Wrong("a mode: write pull or push")


def _application(text: str) -> str:
    if not _APPLICATION.fullmatch(text):
        raise _Wrong("an application id: use lower case letters, digits and hyphens")
    return text


def _target(text: str) -> str:
    if not _TARGET.fullmatch(text):
        raise _Wrong("a target: write service or version.service, in lower case")
    return text


def _boolean(text: str) -> bool:
    word = text.lower()
    if word in ("true", "yes", "on"):
        return True
    if word in ("false", "no", "off"):
        return False
    raise _Wrong("a yes or no: write true or false")


def _rate(text: str) -> float:
    if text == "0":
        return 0.0
    match = _RATE.fullmatch(text)
    if not match:
        raise _Wrong("a rate: write a number, a slash and s, m, h or d, such as 5/s, or 0 to pause")
    return float(match[1]) / _UNIT_SECONDS[match[2]]


def _age_seconds(text: str) -> int:
    match = _AGE.fullmatch(text)
    seconds = int(Decimal(match[1]) * _UNIT_SECONDS[match[2]]) if match else 0
    if not 0 < seconds <= _MAX_COUNT:
        raise _Wrong("an age: write a number above 0 and s, m, h or d, such as 2d")
    return seconds


def _storage_bytes(text: str) -> int:
    match = _STORAGE.fullmatch(text)
    power = "BKMGT".index(match[2]) if match else 0
    size = int(Decimal(match[1]) * 1024**power) if match else _MAX_BYTES + 1
    if size > _MAX_BYTES:
        raise _Wrong("a size: write a number and B, K, M, G or T, such as 120M")
    return size


def _seconds(text: str) -> float:
    if not _SECONDS.fullmatch(text):
        raise _Wrong("a number of seconds: write 0 or more, such as 0.5")
    return float(text)


def _count(text: str) -> int:
    if not _COUNT.fullmatch(text) or int(text) > _MAX_COUNT:
        raise _Wrong(f"a count: write a whole number from 0 to {_MAX_COUNT}")
    return int(text)


def _bucket_size(text: str) -> int:
    # A bucket of 0 would hold every task back for ever; rate 0 is the way to pause.
    return _count_within(text, MAX_BUCKET_SIZE)


def _concurrent_requests(text: str) -> int:
    return _count_within(text, MAX_CONCURRENT_REQUESTS)


def _count_within(text: str, most: int) -> int:
    if not _COUNT.fullmatch(text) or not 1 <= int(text) <= most:
        raise _Wrong(f"in the range: write a whole number from 1 to {most}")
    return int(text)


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text):
        raise _Wrong("an e-mail address: write one address, such as worker@example.com")
    return text.lower()
