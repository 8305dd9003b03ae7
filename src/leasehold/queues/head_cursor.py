"""The head cursor: where a queue's tasks begin, so that a lease need not walk over dead entries.

PostgreSQL keeps index entries of deleted and leased tasks until no transaction can see them, and
a lease that starts at the very beginning walks over them all. So a scan starts a little before the
first task that the last one saw. This is a hint in one process's memory, never a truth: once a
second a scan starts further back than any transaction may last, and once a minute at the very
beginning, so that whatever the hint hides shows up soon.
"""

from collections import OrderedDict

from leasehold.clock import MICROSECONDS

MARGIN = MICROSECONDS  # how far before the last head a normal scan starts
LONGEST_TRANSACTION = 120 * MICROSECONDS  # connections are closed when one lasts this long
FAR_EVERY = MICROSECONDS
UNBOUNDED_EVERY = 60 * MICROSECONDS
MAX_QUEUES = 10_000  # remembered; the least recently leased are forgotten

EVERYTHING = -(2**62)  # before any eta


class _Head:
    __slots__ = ("eta", "far_at", "unbounded_at")

    def __init__(self, now: int) -> None:
        self.eta = EVERYTHING
        self.far_at = now
        self.unbounded_at = now


class HeadCursor:
    """The heads of the queues that this process leases from; all values in microseconds."""

    def __init__(self) -> None:
        self._heads: OrderedDict[int, _Head] = OrderedDict()

    def start(self, queue_id: int, now: int) -> int:
        """The eta from which the next scan of the queue is to start."""
        head = self._heads.get(queue_id)
        if head is None:
            head = self._heads[queue_id] = _Head(now)
            if len(self._heads) > MAX_QUEUES:
                self._heads.popitem(last=False)
        self._heads.move_to_end(queue_id)
        if now - head.unbounded_at >= UNBOUNDED_EVERY:
            head.unbounded_at = head.far_at = now
            return EVERYTHING
        if now - head.far_at >= FAR_EVERY:
            head.far_at = now
            return min(head.eta, now) - LONGEST_TRANSACTION
        return head.eta - MARGIN

    def saw(self, queue_id: int, first_eta: int | None, now: int) -> None:
        """Notes the first task that the scan found; None when there was none."""
        head = self._heads.get(queue_id)
        if head is not None:
            head.eta = now if first_eta is None else first_eta
