"""A queue file in the console: previewed step by step, then applied if it still does that."""

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from itertools import islice

from starlette.responses import Response

from leasehold.accounts.projects import canonical_project_id
from leasehold.administration import authority, queue_files
from leasehold.errors import Conflict, Error, Invalid
from leasehold.queues import queue_file
from leasehold.queues.configure import Action, Step
from leasehold.queues.queue_file import MAX_FILE_BYTES, QueueFile, QueueFileInvalid
from leasehold.storage.transaction import Transaction
from leasehold.web.account.look import sentence, size
from leasehold.web.console.forms import NOTHING_TYPED, Typed
from leasehold.web.console.shell import ProjectPage, ProjectVisit

MAX_FORM_BYTES = 3 * 2**20  # ends of lines become six bytes each
MAX_NAMES = 200  # of queues that stay as they are
MAX_LINE = 200  # characters of a line with a fault

EXAMPLE = """\
queue:
- name: thumbnails
  mode: pull
  retry_parameters:
    task_retry_limit: 5
  acl:
  - user_email: worker@example.com    # leases and deletes
  - writer_email: shop@example.com    # inserts
"""

_DONE: dict[Action, tuple[str, str]] = {
    "create": ("1 queue is made", "{} queues are made"),
    "change": ("1 is changed", "{} are changed"),
    "pause": ("1 is paused and keeps its tasks", "{} are paused and keep their tasks"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a line of the file."""

    line: int  # from 1 on
    message: str
    text: str  # the line itself, or its beginning


@dataclass(frozen=True, slots=True)
class Plan:
    """What applying the file would do, or has done."""

    steps: list[Step]
    limit: int | None  # bytes: the project's new storage limit; None: it stays
    limit_before: int | None  # bytes; None: there is none
    application: str  # for which the file says it is; "": for this project, or it does not say

    @property
    def doing(self) -> list[Step]:
        """The steps that change something, in the file's order."""
        return [step for step in self.steps if step.action != "keep"]

    @property
    def kept(self) -> list[Step]:
        """The others."""
        return [step for step in self.steps if step.action == "keep"]

    @property
    def kept_names(self) -> list[str]:
        """Their queues, or the first of them."""
        return [step.queue.name for step in islice(self.kept, MAX_NAMES)]

    @property
    def is_something(self) -> bool:
        """Whether there is anything to be done."""
        return bool(self.doing) or self.limit is not None

    @property
    def words(self) -> str:
        """All of it in a sentence."""
        counts = Counter(step.action for step in self.steps)
        words = [
            one if counts[action] == 1 else several.format(f"{counts[action]:,}")
            for action, (one, several) in _DONE.items()
            if counts[action]
        ]
        if self.limit is not None:
            before = "none" if self.limit_before is None else size(self.limit_before)
            words.append(f"the project's storage limit is {size(self.limit)}, was {before}")
        return ", ".join(words) or "nothing: the project is as the file says already"

    @property
    def digest(self) -> str:
        """Another one for everything else that would be done."""
        done = [[step.action, step.queue.name, *step.changes] for step in self.doing]
        return hashlib.sha256(
            json.dumps([done, self.limit, self.limit_before]).encode()
        ).hexdigest()


class PlanChanged(Conflict):
    """What the file does is no longer what somebody was shown."""


async def show(
    visit: ProjectVisit,
    typed: Typed = NOTHING_TYPED,
    *,
    plan: Plan | None = None,
    faults: list[Fault] | None = None,
) -> Response:
    return visit.page(
        "console/queue_file.html", typed=typed, plan=plan, faults=faults or [], example=EXAMPLE
    )


async def act(visit: ProjectVisit) -> Response:
    """Previews the file, or applies it."""
    typed = visit.typed()
    try:
        is_preview = typed.one_of("act", ("preview", "apply")) == "preview"
        typed.required("file", max_length=MAX_FILE_BYTES)
        text = typed.exactly("file", max_length=MAX_FILE_BYTES)
        file = await visit.make(lambda: _parsed(text))
        if is_preview:
            return await show(visit, typed, plan=await _preview(visit, file))
        return await _apply(visit, typed, file)
    except QueueFileInvalid as error:
        return await show(visit, typed.refused(_in_words(error)), faults=_faults(error, typed))
    except Error as error:
        return await show(visit, typed.refused(error))


async def _preview(visit: ProjectVisit, file: QueueFile) -> Plan:
    return await visit.read_aside(lambda tx, now: _plan(tx, now, visit, file))


async def _apply(visit: ProjectVisit, typed: Typed, file: QueueFile) -> Response:
    shown = typed.text("plan")
    try:
        done = await visit.write(lambda tx, now: _applied(tx, now, visit, file, shown=shown))
    except PlanChanged as error:
        return await show(visit, typed.refused(error), plan=await _preview(visit, file))
    return visit.go("queues", note=sentence(f"done: {done.words}"))


def _applied(
    tx: Transaction, now: int, visit: ProjectVisit, file: QueueFile, *, shown: str
) -> Plan:
    """What was done. Raises PlanChanged when somebody was shown another plan."""
    plan = _plan(tx, now, visit, file)
    if plan.digest != shown:
        raise PlanChanged(
            "what the file would do is no longer what you were shown: look at it below, and apply"
            " it if you still want to"
        )
    queue_files.apply(
        tx,
        now,
        visit.actor,
        project_id=visit.project.id,
        file=file,
        tombstone_seconds=visit.services.settings.tombstone_seconds,
    )
    return plan


def _plan(tx: Transaction, now: int, visit: ProjectVisit, file: QueueFile) -> Plan:
    project = authority.require(tx, visit.actor, visit.project.id)
    queue_files.check_effort(tx, visit.actor, project_id=project.id, file=file)
    steps = queue_files.preview(
        tx,
        now,
        visit.actor,
        project_id=project.id,
        file=file,
        tombstone_seconds=visit.services.settings.tombstone_seconds,
    )
    limit = file.total_storage_limit
    named = file.application or ""
    return Plan(
        steps=steps,
        limit=None if limit == project.total_storage_limit else limit,
        limit_before=project.total_storage_limit,
        application="" if canonical_project_id(named) == project.id else named,
    )


def _parsed(text: str) -> QueueFile:
    # No YAML of a queue file begins so.
    name = "queue.xml" if text.lstrip().startswith("<") else "queue.yaml"
    return queue_file.parse(text, file_name=name)


def _in_words(error: QueueFileInvalid) -> Invalid:
    number = len(error.problems)
    words = "1 thing is wrong" if number == 1 else f"{number} things are wrong"
    return Invalid(f"{words} with the file", field="file")


def _faults(error: QueueFileInvalid, typed: Typed) -> list[Fault]:
    lines = typed.exactly("file", max_length=MAX_FILE_BYTES).split("\n")
    return [
        Fault(found.line, found.message, _beginning(lines, found.line)) for found in error.problems
    ]


def _beginning(lines: list[str], number: int) -> str:
    return lines[number - 1].strip()[:MAX_LINE] if number <= len(lines) else ""


PAGES: tuple[ProjectPage, ...] = (
    ProjectPage("queue-file", show=show, act=act, max_bytes=MAX_FORM_BYTES),
)
