"""What the installation knows about itself."""

from leasehold.accounts import installation
from leasehold.storage.transaction import Transaction


def test_the_text_that_was_put_last_is_there(tx: Transaction) -> None:
    assert installation.get(tx, "issuer") is None

    installation.put(tx, "issuer", "http://127.0.0.1:8080")
    installation.put(tx, "issuer", "https://queue.example.com")

    assert "https://queue.example.com" == installation.get(tx, "issuer")
