"""Ids that the server makes: 16 hexadecimal digits that hold the task's number.

So a task without a given name needs no index of names. An id also proves which queue it belongs
to (20 bits of check), and does not tell a partner how many tasks the others have: the number is
masked with a keyed hash. It is no secret: what an id gives access to, the ACL decides.
"""

import hashlib
from struct import Struct

from leasehold.accounts import installation
from leasehold.entropy import Entropy
from leasehold.storage.transaction import Transaction

_NUMBER_BITS = 44
_NUMBER_MASK = 2**_NUMBER_BITS - 1
_PAIR = Struct(">QQ")
_HEX = frozenset("0123456789abcdef")


def load(tx: Transaction, entropy: Entropy) -> "TaskIds":
    """The ids of this installation, whose key is made at the first start."""
    return TaskIds(bytes.fromhex(installation.settle(tx, "task_id_key", entropy.bytes(32).hex())))


class TaskIds:
    """Makes ids from numbers and reads them back; `key` is kept with the installation."""

    def __init__(self, key: bytes) -> None:
        self._check = hashlib.blake2b(key=key, digest_size=8, person=b"task-check")
        self._mask = hashlib.blake2b(key=key, digest_size=8, person=b"task-mask")

    def encode(self, queue_id: int, number: int) -> str:
        """The id of the queue's task with this number (below 2**44).

        >>> ids = TaskIds(b"key")
        >>> ids.decode(7, ids.encode(7, 123456))
        123456
        """
        check = self._hash(self._check, queue_id, number) >> _NUMBER_BITS
        mask = self._hash(self._mask, queue_id, check) & _NUMBER_MASK
        return f"{check << _NUMBER_BITS | number ^ mask:016x}"

    def decode(self, queue_id: int, text: str) -> int | None:
        """The number in an id that was made for this queue; None for any other text."""
        if len(text) != 16 or not _HEX.issuperset(text):
            return None
        value = int(text, 16)
        check = value >> _NUMBER_BITS
        number: int = (value ^ self._hash(self._mask, queue_id, check)) & _NUMBER_MASK
        if self._hash(self._check, queue_id, number) >> _NUMBER_BITS != check:
            return None
        return number

    @staticmethod
    def _hash(keyed: "hashlib.blake2b", left: int, right: int) -> int:
        hashed = keyed.copy()
        hashed.update(_PAIR.pack(left, right))
        return int.from_bytes(hashed.digest(), "big")
