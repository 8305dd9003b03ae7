"""What the replies say, read after the clock stopped: counting errors would measure nothing."""

import gzip
import json
import re
from collections.abc import Sequence

from bench.floor import ANSWER
from bench.load import WrongReply
from bench.world import payloads

EMPTY_LEASE_BYTES = 100  # a lease reply without a task is shorter, one with a task longer

_TASK = re.compile(rb'"id":\s*"([0-9a-f]{16})".*?"payloadBase64":\s*"([^"]*)"', re.DOTALL)
_PAYLOADS = {payload.encode() for payload in payloads()}

Body = tuple[bool, bytes]  # compressed?, as sent


def ids_of_tasks(bodies: Sequence[Body], *, at_most: int) -> list[list[str]]:
    """The ids in each reply, up to `at_most`; every task must have a payload that was sent."""
    return [_ids(_text(body), at_most) for body in bodies]


def _ids(text: bytes, at_most: int) -> list[str]:
    found: list[tuple[bytes, bytes]] = _TASK.findall(text)
    whole = len(found) == text.count(b'"id"') <= at_most
    if not whole or any(payload not in _PAYLOADS for _, payload in found):
        raise WrongReply(f"not the tasks that were asked for: {text[:2000].decode('latin-1')}")
    return [task_id.decode() for task_id, _ in found]


def check_constant(bodies: Sequence[Body]) -> None:
    """Every reply is the constant."""
    for text in {_text(body) for body in bodies}:
        if json.loads(text) != ANSWER:
            raise WrongReply(f"not the constant: {text[:2000].decode('latin-1')}")


def check_empty(bodies: Sequence[Body]) -> None:
    """No reply has a body."""
    for _, text in bodies:
        if text:
            raise WrongReply(f"a body where none belongs: {text[:2000].decode('latin-1')}")


def _text(body: Body) -> bytes:
    compressed, text = body
    return gzip.decompress(text) if compressed else text
