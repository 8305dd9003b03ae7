"""What listens for the announcements of other processes."""

from typing import Protocol


class Listener(Protocol):
    """Listens until it is closed."""

    def close(self) -> None:
        """Stops; afterwards nothing is called any more."""
