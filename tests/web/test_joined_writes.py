"""A reply's head and body leave in one system call."""

import asyncio

from leasehold.web.joined_writes import LARGE, JoinedWrites


class Recorded(asyncio.Transport):
    """A transport that notes what reaches it."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.writes.append(bytes(data))

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


def run(*, writes: list[bytes], then_close: bool = False) -> list[bytes]:
    recorded = Recorded()

    async def scenario() -> None:
        joined = JoinedWrites(recorded, asyncio.get_running_loop())
        for data in writes:
            joined.write(data)
        assert joined.get_write_buffer_size() == sum(map(len, writes)) - sum(
            map(len, recorded.writes)
        )
        if then_close:
            joined.close()
        await asyncio.sleep(0)

    asyncio.run(scenario())
    assert recorded.closed == then_close
    return recorded.writes


def test_what_is_written_in_one_turn_leaves_as_one() -> None:
    assert [b"headbody"] == run(writes=[b"head", b"", b"body"])


def test_closing_sends_what_waits_first() -> None:
    assert [b"headbody"] == run(writes=[b"head", b"body"], then_close=True)


def test_a_large_body_is_not_copied() -> None:
    large = b"x" * (LARGE + 1)

    assert [b"head", large] == run(writes=[b"head", large])
