"""The meter: calls are paid for in memory, from portions that were drawn from the database.

What may be spent in a window is handed out by one row for each bucket, so all servers together
never spend more than the limit. A portion is a hundredth of it: what a server holds and does not
spend before the window ends is lost, and no more than that.

Windows are fixed: every minute, every day, in UTC, by each server's own clock. A server whose
clock is a little behind draws from the window that the others have begun already.
"""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Literal

import msgspec

from leasehold.clock import MICROSECONDS, Clock
from leasehold.errors import Error, Unavailable
from leasehold.storage.committer import Committer
from leasehold.storage.group import Verb
from leasehold.storage.transaction import Transaction
from leasehold.usage import quota_rows
from leasehold.usage.quota_rows import DrawnRow, DrawRow

PORTIONS = 100  # into which a limit is divided

# How much later than asked a window may begin (at least one window): clocks are not that far apart.
# What is further ahead was begun by a clock that was wrong.
AHEAD_SECONDS = 600

REMEMBERED = 100_000  # buckets; of the rest only what was drawn and not spent is lost
MAX_HANDS = 4_096  # kinds of calls: a caller, a key and a queue
_NEVER = 10**12  # seconds since the Unix epoch
_LEAST_REMEMBERED = 64  # a call's own buckets must not push each other out

Reason = Literal["dailyLimitExceeded", "rateLimitExceeded", "userRateLimitExceeded"]


class Bucket(msgspec.Struct, frozen=True, gc=False):
    """What is limited: `limit` (1 or more) may be spent of it in each window."""

    id: str
    seconds: int  # of a window
    limit: int
    reason: Reason  # with which a call is refused once it is exhausted


class Exhausted(msgspec.Struct, frozen=True):
    """Nothing was spent, because of this bucket."""

    bucket: Bucket
    retry_after: int  # seconds until its window ends: 1 or more


class Draw(msgspec.Struct, frozen=True):
    """A portion that is asked for, of the window that runs when it is drawn."""

    bucket: str
    seconds: int
    portion: int
    most: int  # the limit


class _Portion:
    """What this server holds of one bucket, for one window. Instants are whole seconds."""

    __slots__ = ("drawing", "ends", "good_from", "is_last", "left", "limit", "wanted")

    def __init__(self) -> None:
        self.good_from = 0
        self.ends = 0  # of the window
        self.left = 0
        self.limit = 0  # the bucket's, when this was drawn
        self.is_last = False  # the database has no more of this window
        self.drawing: asyncio.Future[BaseException | None] | None = (
            None  # one draw for all who wait
        )
        self.wanted = 0  # by those who wait

    def is_of(self, bucket: Bucket, now: int) -> bool:
        """Whether it counts at this instant, under this limit."""
        return self.good_from <= now < self.ends and self.limit == bucket.limit

    def take_in(self, drawn: DrawnRow, limit: int) -> bool:
        """Adds what was given under this limit; 0: there was nothing left to give.

        Whether it is of another window or another limit than before.
        """
        before = self.good_from, self.ends, self.limit
        if drawn.ends != self.ends or (drawn.given == 0 and limit != self.limit):
            self.left = 0  # of another window; or more than a lowered limit allows
        self.good_from = drawn.starts - max(drawn.ends - drawn.starts, AHEAD_SECONDS)
        self.ends = drawn.ends
        self.limit = limit
        self.is_last = drawn.drawn >= limit
        self.left += drawn.given
        return before != (self.good_from, self.ends, self.limit)


class _Hand:
    """The portions from which calls of one kind are paid, looked up once.

    Good until one of them is of another window or limit, or forgotten. It keeps the buckets, so
    that no others can be at their address.
    """

    __slots__ = ("buckets", "ends", "good_from", "portions")

    def __init__(self, buckets: Sequence[Bucket], portions: Sequence[_Portion]) -> None:
        self.buckets = buckets
        self.portions = portions
        # Microseconds, unlike those of the portions.
        self.good_from = max((p.good_from for p in portions), default=0) * MICROSECONDS
        self.ends = min((p.ends for p in portions), default=_NEVER) * MICROSECONDS


def _give_back(portions: Sequence[_Portion], short: _Portion, cost: int) -> None:
    """What was spent of the portions before that one."""
    for portion in portions:
        if portion is short:
            return
        portion.left += cost


class Meter:
    """Spends for the calls of one server process. For one event loop."""

    def __init__(self, committer: Committer, clock: Clock, *, remembered: int = REMEMBERED) -> None:
        """`remembered`: how many buckets are kept in memory, at least 64."""
        self._committer = committer
        self._clock = clock
        self._half = max(remembered, _LEAST_REMEMBERED) // 2
        # Two generations: what was not used while the young one filled up is forgotten, and
        # looking something up costs no bookkeeping.
        self._young: dict[str, _Portion] = {}
        self._old: dict[str, _Portion] = {}
        # By the address of their buckets; all are forgotten when one may have become wrong.
        self._hands: dict[int, _Hand] = {}

    def take_at_once(self, buckets: Sequence[Bucket], cost: int = 1) -> bool:
        """Spends `cost` of every bucket if enough is at hand; else of none, and `take` must ask.

        Quickest for buckets that are the same object as the last time, and have not changed.
        """
        hand = self._hands.get(id(buckets)) or self._hand(buckets)
        if hand is None or not hand.good_from <= self._clock.now() < hand.ends:
            return False
        # Every call passes here: spent in one go, and given back should one be short.
        for portion in hand.portions:
            if portion.left < cost:
                _give_back(hand.portions, portion, cost)
                return False
            portion.left -= cost
        return True

    def _hand(self, buckets: Sequence[Bucket]) -> _Hand | None:
        """What is held of all these buckets; None when that is too little to look further."""
        portions = []
        for bucket in buckets:
            portion = self._young.get(bucket.id)
            if portion is None or portion.limit != bucket.limit:
                return None
            portions.append(portion)
        if len(self._hands) >= MAX_HANDS:
            self._hands.clear()
        hand = self._hands[id(buckets)] = _Hand(buckets, portions)
        return hand

    async def take(self, buckets: Sequence[Bucket], cost: int = 1) -> Exhausted | None:
        """Spends `cost` of every bucket (no two alike), or of none: then the one that has no more.

        Raises Unavailable when a portion must be drawn and the database cannot be asked: whoever
        cannot be counted is not served.
        """
        while not self.take_at_once(buckets, cost):
            short = self._look(buckets, cost)
            if isinstance(short, Exhausted):
                return short
            for drawing in [self._draw(bucket, portion, cost) for bucket, portion in short]:
                # Shielded: who goes away takes nothing from the others who wait for this draw.
                failure = await asyncio.shield(drawing)
                if failure is not None:
                    raise _unavailable(failure)
        return None

    def _look(
        self, buckets: Sequence[Bucket], cost: int
    ) -> list[tuple[Bucket, _Portion]] | Exhausted:
        """The buckets of which too little is at hand, or the first that is known to be empty."""
        now = self._clock.now() // MICROSECONDS
        short = []
        for bucket in buckets:
            portion = self._portion(bucket.id)
            if not portion.is_of(bucket, now):
                short.append((bucket, portion))
            elif portion.left < cost:
                if portion.is_last:
                    return Exhausted(bucket, portion.ends - now)
                short.append((bucket, portion))
        return short

    def _portion(self, bucket_id: str) -> _Portion:
        portion = self._young.get(bucket_id)
        if portion is None:
            portion = self._old.get(bucket_id) or _Portion()
            if len(self._young) >= self._half:
                self._old, self._young = self._young, {}
                self._hands.clear()
            self._young[bucket_id] = portion
        return portion

    def _draw(
        self, bucket: Bucket, portion: _Portion, cost: int
    ) -> "asyncio.Future[BaseException | None]":
        """The draw that is under way, or a new one; its future resolves when it has been made."""
        portion.wanted += cost
        if portion.drawing is None:
            loop = asyncio.get_running_loop()
            portion.drawing = loop.create_future()
            # Soon: whoever else has come by then is counted in.
            loop.call_soon(self._ask, bucket, portion)
        return portion.drawing

    def _ask(self, bucket: Bucket, portion: _Portion) -> None:
        size = max(bucket.limit // PORTIONS, portion.wanted - portion.left, 1)
        asked = Draw(bucket.id, bucket.seconds, min(size, bucket.limit), bucket.limit)
        answer = self._committer.call(DRAW, asked)
        answer.add_done_callback(partial(self._take_in, portion, bucket.limit))

    def _take_in(self, portion: _Portion, limit: int, answer: "asyncio.Future[DrawnRow]") -> None:
        drawing, portion.drawing = portion.drawing, None
        portion.wanted = 0  # who waits looks again, and says again what is wanted
        failure = Unavailable("it was not answered") if answer.cancelled() else answer.exception()
        if failure is None and portion.take_in(answer.result(), limit):
            self._hands.clear()
        assert drawing is not None  # there is one draw at a time
        # As a result: an exception that nobody is left to see would be complained about.
        drawing.set_result(failure)


def _unavailable(failure: BaseException) -> BaseException:
    if not isinstance(failure, Error):
        return failure
    # Also where the draw's outcome is unknown: the call itself was surely not made.
    return Unavailable("the quota cannot be asked for: try again shortly", detail=failure.message)


def draw(tx: Transaction, now: int, draws: Sequence[Draw]) -> list[DrawnRow | Error]:
    """What was given of each, in the order asked; 0 when nothing is left in the window.

    The window is that of the transaction's instant: a draw that had to wait must not bring back
    a window that is over.
    """
    second = now // MICROSECONDS
    answers: dict[int, DrawnRow | Error] = {}
    waiting = list(enumerate(draws))
    while waiting:
        # PostgreSQL refuses to touch a row twice in a statement, so each bucket once in a turn.
        turn: dict[str, int] = {}
        for index, asked in waiting:
            turn.setdefault(asked.bucket, index)
        rows = [_row(draws[index], second) for index in turn.values()]
        given = quota_rows.draw(tx, rows)
        for row in rows:
            nothing = DrawnRow(row.bucket, row.starts, row.ends, drawn=row.most, given=0)
            answers[turn[row.bucket]] = given.get(row.bucket, nothing)
        waiting = [(index, asked) for index, asked in waiting if index not in answers]
    return [answers[index] for index in range(len(draws))]


def _row(asked: Draw, second: int) -> DrawRow:
    starts = second - second % asked.seconds
    return DrawRow(asked.bucket, starts, starts + asked.seconds, asked.portion, asked.most)


DRAW: Verb[Draw, DrawnRow] = Verb("draw", draw)


def sweep_allowances(tx: Transaction, now: int, limit: int) -> int:
    """Forgets some windows that are over for every server's clock; how many."""
    before = now // MICROSECONDS - AHEAD_SECONDS
    return quota_rows.sweep_allowances(tx, before=before, max_rows=limit)
