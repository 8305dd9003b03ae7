"""The outbox: mail leaves in the background, so that no answer's time says what was sent."""

import asyncio
import logging
from collections.abc import Sequence

from leasehold.errors import Unavailable
from leasehold.sign_in.mail import Mail, MailFailed, Message

PAUSES = (15.0, 60.0, 300.0)  # seconds before each further attempt
MAX_WAITING = 500  # messages; more are refused before anything is written
AT_A_TIME = 4
CLOSE_SECONDS = 5.0  # for what is under way when the server stops

_log = logging.getLogger("leasehold.mail")


class Outbox:
    """Sends messages, and tries again when the mail server is away for a moment."""

    def __init__(self, mail: Mail, *, pauses: Sequence[float] = PAUSES) -> None:
        self._mail = mail
        self._pauses = pauses
        self._turns = asyncio.Semaphore(AT_A_TIME)
        self._tasks: set[asyncio.Task[None]] = set()

    def check_room(self) -> None:
        """Raises Unavailable when too much waits; to be asked before it is known who gets mail."""
        if len(self._tasks) >= MAX_WAITING:
            raise Unavailable("too much mail is waiting to be sent: try again later")

    def post(self, message: Message) -> None:
        """Sends it soon; returns at once."""
        task = asyncio.create_task(self._deliver(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def flush(self) -> None:
        """Returns when everything was sent or given up."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Gives what is under way a moment, and forgets the rest."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _deliver(self, message: Message) -> None:
        for pause in [*self._pauses, None]:
            try:
                async with self._turns:
                    await self._mail.send(message)
                return
            except MailFailed as error:
                _log.warning("mail.failed to=%s %s", message.to, error.detail)
                if pause is None or error.is_final:
                    _log.error("mail.given_up to=%s", message.to)
                    return
            await asyncio.sleep(pause)
