"""Task numbers: taken from the database in blocks, used once."""

from leasehold.queues import rows
from leasehold.storage.transaction import Transaction

BLOCK = 10_000  # numbers taken at a time; those that a stopped server had left are never used


class TaskNumbers:
    """Hands out numbers from a block; one for each process and lane.

    `block` is how many are taken at a time: 1 for who inserts once and forgets the rest.
    """

    def __init__(self, block: int = BLOCK) -> None:
        self._block = block
        self._next = 0
        self._end = 0

    def take(self, tx: Transaction, count: int) -> range:
        """`count` numbers that nobody had and nobody will have, rising."""
        if self._end - self._next < count:
            taken = max(self._block, count)
            self._next = rows.take_numbers(tx, taken)
            self._end = self._next + taken
            # Rolled back, the block may be given to somebody else.
            tx.on_rollback(self._forget)
        numbers = range(self._next, self._next + count)
        self._next += count
        return numbers

    def _forget(self) -> None:
        self._next = self._end = 0
