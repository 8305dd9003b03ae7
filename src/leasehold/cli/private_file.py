"""A file that only its owner may read, with its name only once all of it is on the disk."""

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from leasehold.errors import Conflict, Invalid


@contextmanager
def private_file(path: Path, *, overwrite: bool) -> Iterator[Callable[[str], None]]:
    """Gives a function that writes the file's text, with mode 0600, and syncs it to the disk.

    When the body raises, no new file is left, and an older one is as it was. Raises Conflict when
    a file is there and `overwrite` is False, Invalid when it cannot be written.
    """
    path = path.absolute()
    if overwrite:
        path = path.resolve()
        if path.exists() and not path.is_file():
            raise Conflict(f"{path} is not a regular file: choose another name")
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}") if overwrite else path
    with _in_our_words(path):
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        try:
            yield partial(_write, descriptor, path)
        finally:
            os.close(descriptor)
        with _in_our_words(path):
            part.replace(path)
            _sync_directory(path.parent)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _write(descriptor: int, path: Path, text: str) -> None:
    with _in_our_words(path), os.fdopen(os.dup(descriptor), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _in_our_words(path: Path) -> Iterator[None]:
    try:
        yield
    except FileExistsError as error:
        raise Conflict(
            f"{path} is there already: choose another name, or replace it with --force"
        ) from error
    except OSError as error:
        raise Invalid(f"{path} cannot be written: {error.strerror}") from error
