"""Files that the console streams: whole, or visibly cut off."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.types import Message, Scope

from leasehold.errors import NotFound
from leasehold.web.console.downloads import CSV, streamed


async def cut_pieces() -> AsyncIterator[str]:
    yield "number\n"
    raise NotFound("there is no project 'shop'")


async def sent(pieces: AsyncIterator[str]) -> list[Message]:
    """What the answer sends to a browser that waits for all of it."""
    scope: Scope = {"type": "http", "method": "GET", "asgi": {"spec_version": "2.3"}}
    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    async def receive() -> Message:
        await asyncio.Event().wait()
        return {}

    answer = streamed(Request(scope), pieces, name="a/é.csv", media_type=CSV)
    await answer(scope, receive, send)
    return messages


def test_a_file_whose_reader_loses_access_has_no_end() -> None:
    start, *bodies = asyncio.run(sent(cut_pieces()))

    assert 200 == start["status"]
    assert [b"number\n"] == [message["body"] for message in bodies]
    assert all(message["more_body"] for message in bodies)


def test_its_name_is_quoted() -> None:
    start, *_ = asyncio.run(sent(cut_pieces()))

    headers = dict(start["headers"])
    assert b"attachment; filename*=utf-8''a%2F%C3%A9.csv" == headers[b"content-disposition"]
