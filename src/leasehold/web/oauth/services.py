"""What the OAuth endpoints are handed by the composition root."""

from collections.abc import Callable
from dataclasses import dataclass

from leasehold.clock import Clock
from leasehold.entropy import Entropy
from leasehold.oauth2.server import AuthorizationServer
from leasehold.oauth2.signing_keys import SigningKeys
from leasehold.settings import Settings
from leasehold.storage.committer import Committer


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """`on_revoked` is told each revoked token's digest, after the commit."""

    committer: Committer
    clock: Clock
    entropy: Entropy
    settings: Settings
    issuer: str  # our own URL; a slash at its end does not matter
    signing_keys: SigningKeys
    on_revoked: Callable[[bytes], None]

    @property
    def authorization_server(self) -> AuthorizationServer:
        return AuthorizationServer(
            committer=self.committer,
            clock=self.clock,
            entropy=self.entropy,
            settings=self.settings,
            issuer=self.issuer.rstrip("/"),
            signing_keys=self.signing_keys,
        )
