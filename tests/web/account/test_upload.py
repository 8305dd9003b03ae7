"""Forms with a file: what is read of them, and what is refused before it costs anything."""

import asyncio
from collections.abc import Iterator

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from leasehold.web.account.upload import MAX_UPLOAD_BYTES, Sent, read_upload
from leasehold.web.oauth.form import MAX_BODY_BYTES, MAX_FIELDS, FormRefused

MULTIPART = "multipart/form-data; boundary=----x"
MOST = 100  # bytes of a file


def part(disposition: str, content: bytes = b"", *more: str) -> bytes:
    headers = "".join(f"{line}\r\n" for line in (f"Content-Disposition: {disposition}", *more))
    return b"------x\r\n" + headers.encode("latin-1") + b"\r\n" + content + b"\r\n"


def text(name: str, content: bytes) -> bytes:
    return part(f'form-data; name="{name}"', content)


def file(content: bytes, name: str = "logo.png") -> bytes:
    return part(f'form-data; name="logo"; filename="{name}"', content, "Content-Type: image/png")


def read(*chunks: bytes, content_type: str = MULTIPART) -> Sent:
    """What is read of a body that comes in these pieces."""
    return asyncio.run(_read(iter(chunks), content_type))


async def _read(chunks: Iterator[bytes], content_type: str) -> Sent:
    async def receive() -> Message:
        chunk = next(chunks, None)
        if chunk is None:
            return {"type": "http.disconnect"}
        is_last = chunk.endswith(b"------x--\r\n") or not content_type.startswith("multipart")
        return {"type": "http.request", "body": chunk, "more_body": not is_last}

    headers = [(b"content-type", content_type.encode("latin-1"))]
    request = Request({"type": "http", "method": "POST", "headers": headers}, receive)
    return await read_upload(request, seconds=30, max_file_bytes=MOST)


END = b"------x--\r\n"


def test_the_fields_and_the_file_are_read() -> None:
    sent = read(text("name", "Zoë".encode()) + text("name", b"b") + file(b"\x89PNG\r\n") + END)

    assert {"name": ["Zoë", "b"]} == sent.form
    assert b"\x89PNG\r\n" == sent.file


def test_a_body_may_come_in_pieces() -> None:
    body = text("name", b"Ada") + file(b"\r\n------\r\n") + END

    sent = read(*(body[at : at + 1] for at in range(len(body) - len(END))), END)

    assert ({"name": ["Ada"]}, b"\r\n------\r\n") == (sent.form, sent.file)


def test_no_file_was_chosen() -> None:
    assert read(file(b"", name="") + END).file is None
    assert read(text("name", b"Ada") + END).file is None


def test_of_a_file_that_is_too_long_one_byte_more_is_kept() -> None:
    chunks = [b"y" * 2**20] * 5

    sent = read(file(b"x" * MOST)[:-2], *chunks, b"\r\n" + text("name", b"Ada") + END)

    assert b"x" * MOST + b"y" == sent.file
    assert {"name": ["Ada"]} == sent.form


def test_a_usual_form_is_read_as_everywhere() -> None:
    sent = read(b"name=Ada&x=1", content_type="application/x-www-form-urlencoded")

    assert Sent({"name": ["Ada"], "x": ["1"]}, None) == sent


@pytest.mark.parametrize(
    "body",
    [
        END[:-4] + b"nothing at all" + END,
        part("attachment; name=a") + END,
        part("form-data") + END,
        part("form-data; filename=a") + END,
        part('form-data; name="a"', b"\xff") + END,
        part('form-data; name="\xff"', b"") + END,
        part('form-data; name="a"', b"x", *["X: y"] * 20) + END,
        part('form-data; name="a"', b"x", f"X: {'y' * 10_000}") + END,
        text("a", b"x") * (MAX_FIELDS + 1) + END,
    ],
)
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(FormRefused, match="cannot be read"):
        read(body)


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", f"{MULTIPART}{'x' * 100}"],
)
def test_a_boundary_is_needed(content_type: str) -> None:
    with pytest.raises(FormRefused, match="cannot be read"):
        read(text("a", b"x") + END, content_type=content_type)


@pytest.mark.parametrize("content_type", ["application/json", "multipart/mixed; boundary=----x"])
def test_another_type_is_refused(content_type: str) -> None:
    with pytest.raises(FormRefused, match="send the fields as"):
        read(b"x" + END, content_type=content_type)


def test_two_files_are_refused() -> None:
    with pytest.raises(FormRefused, match="one file at a time"):
        read(file(b"x") + file(b"y") + END)


def test_long_fields_are_refused() -> None:
    with pytest.raises(FormRefused) as caught:
        read(text("a", b"x" * MAX_BODY_BYTES) + text("b", b"x") + END)

    assert 413 == caught.value.status


def test_a_body_without_an_end_is_refused_some_time() -> None:
    chunk = b"y" * 2**20

    with pytest.raises(FormRefused) as caught:
        read(file(b"")[:-2], *[chunk] * (MAX_UPLOAD_BYTES // len(chunk) + 1))

    assert 413 == caught.value.status


def test_who_leaves_gets_no_answer() -> None:
    with pytest.raises(ClientDisconnect):
        read(file(b"x"))
