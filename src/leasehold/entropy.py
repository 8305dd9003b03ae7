"""Randomness as an argument: who needs something unguessable is given an Entropy."""

import secrets


class Entropy:
    """Unguessable bytes from the operating system."""

    def bytes(self, count: int) -> bytes:
        """`count` random bytes."""
        return secrets.token_bytes(count)

    def url_safe(self, count: int) -> str:
        """`count` random bytes as unpadded URL-safe base64 text."""
        return secrets.token_urlsafe(count)
