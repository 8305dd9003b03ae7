"""A private file is whole and has its name, or is not there at all."""

import stat
from pathlib import Path

import pytest

from leasehold.cli.private_file import private_file
from leasehold.errors import Conflict


def test_it_has_mode_0600_and_the_text(tmp_path: Path) -> None:
    path = tmp_path / "key.json"

    with private_file(path, overwrite=False) as write:
        write("secret")

    assert "secret" == path.read_text()
    assert 0o600 == stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("overwrite", [False, True])
def test_nothing_is_left_when_the_body_raises(tmp_path: Path, *, overwrite: bool) -> None:
    def fail() -> None:
        with private_file(tmp_path / "key.json", overwrite=overwrite) as write:
            write("secret")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()

    assert [] == list(tmp_path.iterdir())


def test_an_older_file_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.write_text("old")

    with private_file(path, overwrite=True) as write:
        write("new")
        during = path.read_text()

    assert ("old", "new") == (during, path.read_text())


def test_what_is_no_regular_file_is_never_replaced(tmp_path: Path) -> None:
    for path in (tmp_path, Path("/dev/null")):
        with (
            pytest.raises(Conflict, match="not a regular file"),
            private_file(path, overwrite=True),
        ):
            pass

    assert Path("/dev/null").is_char_device()


def test_a_link_keeps_pointing_to_the_file_that_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to("real.json")

    with private_file(tmp_path / "link.json", overwrite=True) as write:
        write("new")

    assert "new" == (tmp_path / "real.json").read_text()
    assert (tmp_path / "link.json").is_symlink()
