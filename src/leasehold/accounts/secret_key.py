"""The installation's secret key: a file outside the database, and the one that belongs to it."""

from pathlib import Path

from leasehold.accounts import installation
from leasehold.entropy import Entropy
from leasehold.errors import Conflict, NotFound
from leasehold.storage.secret_box import SecretBox, make_key_file, read_key_file
from leasehold.storage.transaction import Transaction

_NAME = "secret_key_id"  # under which the installation remembers which key is its own


def unlock(tx: Transaction, path: Path, entropy: Entropy) -> SecretBox:
    """The box of the key in the file, which is made when this database has none yet.

    Raises NotFound when the file is missing though there was one, Conflict when it is another
    installation's, Invalid when it cannot be read or made.
    """
    box = read_key_file(path)
    if box is None:
        if installation.get(tx, _NAME) is not None:
            raise NotFound(
                f"the secret key file {path} is missing: restore it from the backup, or say where"
                f" it is with LEASEHOLD_SECRET_KEY_FILE. {_IF_LOST}"
            )
        box = make_key_file(path, entropy)
    if installation.settle(tx, _NAME, box.id) != box.id:
        raise Conflict(
            f"{path} is not the secret key file of this database: all servers on a database need"
            f" the same file; name it with LEASEHOLD_SECRET_KEY_FILE. {_IF_LOST}"
        )
    return box


def forget(tx: Transaction) -> None:
    """The next `unlock` makes a new key: what was kept with the old one has to have ended."""
    installation.remove(tx, _NAME)


_IF_LOST = "If it is lost: leasehold secret-key replace."
