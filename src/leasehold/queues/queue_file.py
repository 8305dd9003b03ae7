"""The queue file: queue.yaml or queue.xml as App Engine projects have them, checked whole."""

from dataclasses import dataclass

from leasehold.queues import queue_file_values as values
from leasehold.queues.model import Mode
from leasehold.queues.queue_file_nodes import Form, Value
from leasehold.queues.queue_file_problems import Problem, QueueFileInvalid, Report, quoted
from leasehold.queues.queue_file_sections import (
    EXAMPLES,
    NOTHING,
    Section,
    SectionReader,
    is_given,
)
from leasehold.queues.queue_file_xml import FORM as XML
from leasehold.queues.queue_file_xml import read as read_xml
from leasehold.queues.queue_file_yaml import FORM as YAML
from leasehold.queues.queue_file_yaml import read as read_yaml

__all__ = [
    "MAX_FILE_BYTES",
    "Problem",
    "QueueDeclaration",
    "QueueFile",
    "QueueFileInvalid",
    "parse",
]

MAX_FILE_BYTES = 2**20
DEFAULT_MIN_BACKOFF_SECONDS = 0.1
DEFAULT_MAX_BACKOFF_SECONDS = 3_600.0

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
    report = Report(file_name)
    document = _checked_text(text, report)
    is_xml = file_name.lower().endswith(".xml")
    read, form = (read_xml, XML) if is_xml else (read_yaml, YAML)
    queue_file = _QueueFileRules(report, form).queue_file(read(document, report))
    report.raise_if_any()
    return queue_file


def _checked_text(text: str | bytes, report: Report) -> str:
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


class _QueueFileRules:
    """The rules, which are the same for both forms."""

    def __init__(self, report: Report, form: Form) -> None:
        self._report = report
        self._form = form
        self._read = SectionReader(report, form)

    def queue_file(self, root: Value) -> QueueFile:
        section = self._read.section(root, "the file", _FILE_KEYS)
        return QueueFile(
            application=self._read.scalar(section, "application", values.application),
            total_storage_limit=self._read.scalar(
                section, "total_storage_limit", values.storage_bytes
            ),
            resume_paused_queues=self._read.scalar(section, "resume_paused_queues", values.boolean),
            queues=self._queues(section),
        )

    def _queues(self, section: Section) -> tuple[QueueDeclaration, ...]:
        queues = tuple(self._queue(item) for item in self._read.items(section, "queue", "name"))
        declared: dict[str, QueueDeclaration] = {}
        for queue in queues:
            first = declared.setdefault(queue.name, queue)
            if queue.name and first is not queue:
                message = f"{quoted(queue.name)} was declared in line {first.line}: rename one"
                self._report.add(queue.line, message)
        return queues

    def _queue(self, value: Value) -> QueueDeclaration:
        section = self._read.section(value, "a queue", _QUEUE_KEYS)
        name = self._read.scalar(section, "name", values.queue_name)
        if not is_given(section, "name"):
            example = self._form.member.format(key="name", value=EXAMPLES["name"])
            self._report.add(value.line, f"this queue has no name: add one, such as {example}")
        mode = self._mode(section)
        retry_line, retry_value = section.get("retry_parameters", (value.line, NOTHING))
        retry = self._read.section(retry_value, "retry_parameters", _RETRY_KEYS, line=retry_line)
        self._check_mode(section, mode)
        self._check_mode(retry, mode)
        min_backoff, max_backoff = self._backoffs(retry)
        consumers, producers = self._acl(section)
        return QueueDeclaration(
            line=value.line,
            name=name or "",
            mode=mode or "push",
            rate=self._read.scalar(section, "rate", values.rate),
            bucket_size=self._read.scalar(section, "bucket_size", values.bucket_size),
            max_concurrent_requests=self._read.scalar(
                section, "max_concurrent_requests", values.concurrent_requests
            ),
            target=self._read.scalar(section, "target", values.target),
            task_retry_limit=self._read.scalar(retry, "task_retry_limit", values.count),
            task_age_limit=self._read.scalar(retry, "task_age_limit", values.age_seconds),
            min_backoff_seconds=min_backoff,
            max_backoff_seconds=max_backoff,
            max_doublings=self._read.scalar(retry, "max_doublings", values.count),
            consumer_emails=consumers,
            producer_emails=producers,
        )

    def _mode(self, section: Section) -> Mode | None:
        """None when it is neither pull nor push: then nothing can be said about other keys."""
        if not is_given(section, "mode"):
            return "push"
        return self._read.scalar(section, "mode", values.queue_mode)

    def _check_mode(self, section: Section, mode: Mode | None) -> None:
        for key, (line, _) in section.items():
            only_in = _ONLY_IN.get(key, mode)
            if mode is not None and only_in != mode and is_given(section, key):
                message = (
                    f"{self._form.spell(key)} is for {only_in} queues, and this is a {mode} queue:"
                    f" remove it, or set mode to {only_in}"
                )
                self._report.add(line, message)

    def _backoffs(self, retry: Section) -> tuple[float | None, float | None]:
        shortest = self._read.scalar(retry, "min_backoff_seconds", values.seconds)
        longest = self._read.scalar(retry, "max_backoff_seconds", values.seconds)
        if shortest is not None and longest is not None and shortest > longest:
            line, _ = retry["max_backoff_seconds"]
            key = self._form.spell("min_backoff_seconds")
            self._report.add(
                line, f"{longest:g} is less than {key}: it must be {shortest:g} or more"
            )
        if longest is None and shortest is not None and shortest > DEFAULT_MAX_BACKOFF_SECONDS:
            longest = shortest
        if shortest is None and longest is not None and longest < DEFAULT_MIN_BACKOFF_SECONDS:
            shortest = longest
        return shortest, longest

    def _acl(self, section: Section) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The e-mail addresses of consumers and of producers."""
        found: dict[str, list[str]] = {key: [] for key in _ACL_KEYS}
        for item in self._read.items(section, "acl", "user_email"):
            entry = self._read.section(item, "an acl entry", _ACL_KEYS)
            for key in entry:
                email = self._read.scalar(entry, key, values.email)
                found[key] += [email] if email else []
        consumers, producers = (tuple(dict.fromkeys(found[key])) for key in _ACL_KEYS)
        return consumers, producers
