"""What the OAuth endpoints are handed by the composition root."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from leasehold.clock import Clock
from leasehold.entropy import Entropy
from leasehold.oauth2.server import AuthorizationServer
from leasehold.oauth2.signing_keys import SigningKeys
from leasehold.settings import Settings
from leasehold.storage.committer import Committer
from leasehold.storage.secret_box import SecretBox


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """`forget_tokens` is told the digests of ended access tokens, after the commit."""

    committer: Committer
    clock: Clock
    entropy: Entropy
    settings: Settings
    issuer: str  # our own URL; a slash at its end does not matter
    signing_keys: SigningKeys
    secret_box: SecretBox
    forget_tokens: Callable[[Sequence[bytes]], None]

    @property
    def authorization_server(self) -> AuthorizationServer:
        return AuthorizationServer(
            committer=self.committer,
            clock=self.clock,
            entropy=self.entropy,
            settings=self.settings,
            issuer=self.issuer.rstrip("/"),
            signing_keys=self.signing_keys,
            secret_box=self.secret_box,
            forget_tokens=self.forget_tokens,
        )
