"""The authorization server as its rules see it: what every grant works with."""

from dataclasses import dataclass

from leasehold.clock import Clock
from leasehold.entropy import Entropy
from leasehold.oauth2.signing_keys import SigningKeys
from leasehold.settings import Settings
from leasehold.storage.committer import Committer


@dataclass(frozen=True, slots=True)
class AuthorizationServer:
    """What every grant works with."""

    committer: Committer
    clock: Clock
    entropy: Entropy
    settings: Settings
    issuer: str  # our own URL, without a slash at its end
    signing_keys: SigningKeys
