"""Encryption at rest: what opens a sealed secret, and the file in which its key is kept."""

import base64
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from leasehold.entropy import Entropy
from leasehold.errors import Invalid
from leasehold.storage.secret_box import (
    KEY_BYTES,
    SecretBox,
    default_path,
    make_key_file,
    read_key_file,
)

BOX = SecretBox(b"k" * KEY_BYTES)


def test_a_sealed_secret_opens_and_does_not_show() -> None:
    sealed = BOX.seal(b"secret", about="a", entropy=Entropy())

    assert b"secret" == BOX.open(sealed, about="a")
    assert b"secret" not in sealed
    assert sealed != BOX.seal(b"secret", about="a", entropy=Entropy())


def test_it_does_not_open_as_something_else_nor_changed_nor_with_another_key() -> None:
    sealed = BOX.seal(b"secret", about="a", entropy=Entropy())
    changed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    other = SecretBox(b"o" * KEY_BYTES)

    for box, text, about in [
        (BOX, sealed, "b"),
        (BOX, changed, "a"),
        (BOX, b"", "a"),
        (other, sealed, "a"),
    ]:
        with pytest.raises(Invalid, match="cannot be decrypted"):
            box.open(text, about=about)


def test_a_new_key_file_is_its_owners_alone_and_holds_the_key(tmp_path: Path) -> None:
    path = tmp_path / "leasehold.key"

    made = make_key_file(path, Entropy())

    read = read_key_file(path)
    assert read is not None
    assert made.id == read.id
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)
    assert KEY_BYTES == len(base64.b64decode(path.read_text()))
    assert [path] == list(tmp_path.iterdir())


def test_of_several_that_make_it_at_once_all_have_the_same(tmp_path: Path) -> None:
    path = tmp_path / "leasehold.key"

    with ThreadPoolExecutor(8) as pool:
        boxes = list(pool.map(lambda _: make_key_file(path, Entropy()), range(16)))

    assert 1 == len({box.id for box in boxes})
    assert [path] == list(tmp_path.iterdir())


def test_no_file_is_none_and_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "leasehold.key"
    before = read_key_file(path)

    assert before is None
    for text in ("", "hello\n", base64.b64encode(b"short").decode(), "é"):
        path.write_text(text)
        with pytest.raises(Invalid, match="is no secret key file"):
            read_key_file(path)
    with pytest.raises(Invalid, match="cannot be read"):
        read_key_file(tmp_path)
    with pytest.raises(Invalid, match="cannot be made"):
        make_key_file(tmp_path / "nowhere" / "leasehold.key", Entropy())


def test_it_is_next_to_an_sqlite_file_or_in_the_working_directory() -> None:
    assert Path("/var/lib/leasehold.db.key") == default_path("/var/lib/leasehold.db")
    assert Path("leasehold.key") == default_path("postgresql://db.example.com/leasehold")
