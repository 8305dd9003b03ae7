"""Queues of a shop for photographs, with what lies in them on a Wednesday afternoon."""

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from math import hypot

from leasehold.administration import queues
from leasehold.administration.actor import Actor
from leasehold.administration.queues import QueueSettings
from leasehold.clock import MICROSECONDS
from leasehold.entropy import Entropy
from leasehold.queues import configure, task_id
from leasehold.queues.head_cursor import HeadCursor
from leasehold.queues.insert import NewTask, insert
from leasehold.queues.lease import LeaseRequest, lease
from leasehold.queues.model import Acl, Task
from leasehold.queues.task_number import TaskNumbers
from leasehold.storage.transaction import Transaction
from tests.people.console import lively_usage

QUEUE = "resize-images"
PAUSED, FULL, EMPTY, DELAYED = "legacy-import", "upload-inbox", "index-search", "nightly-cleanup"
MAIL, BINARY, THUMBNAILS = "send-mail", "export-albums", "make-thumbnails"

DAY = 86_400

# What they hold by and large, for reports of storage: tasks and bytes.
USUALLY = {
    QUEUE: (1_400, 9_800_000_000),
    THUMBNAILS: (300, 2_100_000_000),
    MAIL: (240, 310_000_000),
    BINARY: (40, 5_400_000_000),
    DELAYED: (120, 90_000_000),
    FULL: (520, 3_600_000_000),
    PAUSED: (411, 1_200_000_000),
}

_JSON = (
    '{{"photo": "2026/11/{0:05}.jpg", "sizes": [320, 640, 1280], "crop": {{"x": {1}, "y": 12,'
    ' "width": 1200, "height": 900}}, "album": "Autumn walks", "owner": "ada@example.com"}}'
)
_MAIL = """\
To: grace@example.com
Subject: Your prints are on their way

Hello Grace,

your {0} prints left our workshop this afternoon. With a bit of luck they are with you on Friday.

Kind regards
Photo Shop
"""


def instant(text: str) -> int:
    """Microseconds of a time in UTC: 2026-11-18 14:22."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * MICROSECONDS


def picture(size: int = 96) -> bytes:
    """A PNG: a lens with a light in it."""
    rows = bytearray()
    middle = (size - 1) / 2
    for y in range(size):
        rows.append(0)
        for x in range(size):
            away = hypot(x - middle, y - middle) / size
            light = hypot(x - middle * 0.75, y - middle * 0.7) / size
            rows.extend(_colour(away, light))
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _colour(away: float, light: float) -> tuple[int, int, int]:
    if light < 0.07:
        return 255, 244, 214
    for edge, colour in ((0.14, (24, 48, 74)), (0.24, (38, 92, 128)), (0.3, (240, 236, 226))):
        if away < edge:
            return colour
    return 201, 92, 58


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _json(number: int) -> bytes:
    return _JSON.format(48_000 + number, number % 300).encode()


def _mail(number: int) -> bytes:
    return _MAIL.format(12 + number % 40).encode()


def _album(number: int) -> bytes:
    return picture(40 + number % 9)


def _statement(number: int) -> bytes:
    return f"forget the visits of day {20_400 + number}".encode()


def make_queues(tx: Transaction, begun: int, by: Actor, mine: Mapping[str, str]) -> None:
    """The eight queues; `mine` are the addresses of service accounts by their names."""
    resizer, mailer, uploader, exporter = (
        frozenset([mine[name]]) for name in ("resizer", "mailer", "uploader", "exporter")
    )
    people = frozenset([by.name, "bob@example.com"])
    made = (
        (
            QUEUE,
            QueueSettings(task_retry_limit=5, requests_per_second=200.0),
            Acl(resizer, uploader, people),
        ),
        (THUMBNAILS, QueueSettings(), Acl(resizer, uploader)),
        (MAIL, QueueSettings(task_retry_limit=3, strict_leases=True), Acl(mailer, uploader)),
        (EMPTY, QueueSettings(), Acl(resizer, resizer | uploader)),
        (BINARY, QueueSettings(max_bytes=64 * 2**20), Acl(exporter, uploader)),
        (DELAYED, QueueSettings(), Acl(exporter)),
        (FULL, QueueSettings(max_tasks=600), Acl(uploader | resizer, uploader)),
        (PAUSED, QueueSettings(), Acl(frozenset([mine["importer"]]))),
    )
    for number, (name, settings, acl) in enumerate(made):
        queues.create(
            tx,
            begun + number * 23 * DAY * MICROSECONDS,
            by,
            project_id="photo-shop",
            name=name,
            settings=settings,
            acl=acl,
        )


@dataclass(frozen=True, slots=True)
class Tasks:
    """Ids of one task of each kind."""

    available: str  # in QUEUE, with JSON
    leased: str  # likewise
    delayed: str  # likewise
    text: str  # in MAIL
    binary: str  # in BINARY


class Shelves:
    """Puts tasks into the queues, as producers did today and before."""

    def __init__(self, tx: Transaction, now: int, entropy: Entropy) -> None:
        self._tx = tx
        self._now = now
        self._ids = task_id.load(tx, entropy)
        self._numbers = TaskNumbers(block=100)

    def fill(self) -> Tasks:
        """All that is there now; the names of some are known beforehand."""
        tags = ("large", "small", "square")
        self._put(QUEUE, 40, _json, ago=9 * 60, every=13, tags=tags)
        leased = self._lease(QUEUE, 40, seconds=540)
        first = self._put(QUEUE, 320, _json, ago=380, every=1, tags=tags, names="photo-{:05}")
        later = self._put(QUEUE, 18, _json, ago=300, every=2, after=3_600, tags=("retouch",))
        self._put(THUMBNAILS, 86, _json, ago=140, every=1)
        self._lease(THUMBNAILS, 12, seconds=60)
        mails = self._put(MAIL, 64, _mail, ago=250, every=3, tags=("prints",))
        self._lease(MAIL, 2, seconds=120)
        albums = self._put(BINARY, 7, _album, ago=3_000, every=400)
        self._lease(BINARY, 3, seconds=1_800)
        self._put(DELAYED, 24, _statement, ago=11 * 3_600, every=1, after=23 * 3_600)
        self._put(FULL, 571, _json, ago=5 * 3_600, every=30)
        self._put(PAUSED, 41, _statement, ago=6 * DAY, every=60)
        for name, an_hour in ((QUEUE, 5_200), (THUMBNAILS, 2_100), (MAIL, 380), (FULL, 900)):
            queue = configure.find(self._tx, "photo-shop", name)
            lively_usage.lease(self._tx, self._now, queue.id, an_hour=an_hour)
        return Tasks(first[0], leased[0], later[0], mails[-1], albums[-1])

    def _put(  # the words for what lies in a queue
        self,
        name: str,
        count: int,
        payload: Callable[[int], bytes],
        *,
        ago: int,
        every: int,
        after: int = 0,
        tags: tuple[str, ...] = (),
        names: str = "",
    ) -> list[str]:
        """Their ids. The first was inserted `ago` seconds ago, the next ones `every` so many."""
        queue = configure.find(self._tx, "photo-shop", name)
        found: list[str] = []
        for number in range(count):
            at = self._now - (ago - number * every) * MICROSECONDS
            at = min(at, self._now - MICROSECONDS)
            new = NewTask(
                queue,
                payload(number),
                name=names.format(48_000 + number) if names else None,
                tag=tags[number % len(tags)] if tags else None,
                eta=at + after * MICROSECONDS,
            )
            (task,) = insert(self._tx, at, [new], self._ids, self._numbers)
            assert isinstance(task, Task), task
            found.append(task.id)
        return found

    def _lease(self, name: str, count: int, *, seconds: int) -> list[str]:
        """The first ones are leased since half a minute."""
        queue = configure.find(self._tx, "photo-shop", name)
        at = self._now - 30 * MICROSECONDS
        wanted = LeaseRequest(queue, count, seconds)
        (tasks,) = lease(self._tx, at, [wanted], self._ids, HeadCursor())
        assert isinstance(tasks, list)
        return [task.id for task in tasks]
