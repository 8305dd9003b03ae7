"""The authorization server as its rules see it: what every grant works with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from leasehold.clock import Clock
from leasehold.entropy import Entropy
from leasehold.oauth2.signing_keys import SigningKeys
from leasehold.settings import Settings
from leasehold.storage.committer import Committer
from leasehold.storage.secret_box import SecretBox


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationServer:
    """What every grant works with.

    `forget_tokens` is told the digests of access tokens that were ended, after the commit: the
    next request with one of them is refused in this process.
    """

    committer: Committer
    clock: Clock
    entropy: Entropy
    settings: Settings
    issuer: str  # our own URL, without a slash at its end
    signing_keys: SigningKeys
    secret_box: SecretBox
    forget_tokens: Callable[[Sequence[bytes]], None]
