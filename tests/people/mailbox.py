"""A mail server that keeps what it is given, so that tests open the links in it."""

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from functools import partial
from queue import Queue
from typing import cast

from aiosmtpd.smtp import SMTP, Envelope, Session

WAIT_SECONDS = 10

_LINK = re.compile(r"^https?://\S+$", re.MULTILINE)


@dataclass
class Mailbox:
    """Everybody's mail, in the order in which it came."""

    port: int = 0
    _received: Queue[EmailMessage] = field(default_factory=Queue)

    def next(self) -> EmailMessage:
        """The next message, waited for; queue.Empty when none comes."""
        return self._received.get(timeout=WAIT_SECONDS)

    def link(self, *, to: str) -> str:
        """The link in the next message, which must be to this address."""
        message = self.next()
        assert to == message["To"]
        (link,) = _LINK.findall(message.get_content().replace("\r\n", "\n"))
        return str(link)

    async def handle_DATA(  # noqa: N802  # aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        content = cast("bytes", envelope.content)
        self._received.put(cast("EmailMessage", message_from_bytes(content, policy=default)))
        return "250 OK"


@contextmanager
def receiving() -> Iterator[Mailbox]:
    """A mailbox that takes mail at 127.0.0.1 and its port until the end of the block."""
    mailbox, ready = Mailbox(), threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        server = await loop.create_server(partial(SMTP, mailbox), "127.0.0.1", 0)
        mailbox.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        server.close()

    thread = threading.Thread(target=loop.run_until_complete, args=[serve()], name="mail")
    thread.start()
    ready.wait()
    try:
        yield mailbox
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
