"""A lane: where calls wait, and are run as groups one after the other."""

from typing import Protocol

from leasehold.storage.group import Call


class Lane(Protocol):
    """Takes calls one by one and runs what is waiting as a group."""

    def submit(self, call: Call, /) -> None:
        """Queues the call; its future is resolved once its change is durable."""

    def abandon(self) -> None:
        """Cuts what has run for too long; its callers have been told that nobody knows."""

    async def close(self) -> None:
        """Finishes what runs, finishes or refuses what waits, gives the connection back."""
