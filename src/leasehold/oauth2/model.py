"""What the authorization server keeps and hands on: tokens, answers, and what it works with."""

from dataclasses import dataclass, field

from leasehold.clock import Clock
from leasehold.entropy import Entropy
from leasehold.settings import Settings
from leasehold.storage.committer import Committer


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What is known of an access token; not the token itself. Instants are microseconds."""

    digest: bytes = field(repr=False)  # SHA-256 of the token
    service_account_id: str
    key_id: str  # the key that signed for it
    project_id: str
    email: str
    client_id: str
    scopes: int  # a mask, see scopes.py
    issued_at: int
    expires_at: int
    revoked_at: int | None = None  # also set when its account or key is gone or switched off

    def is_good(self, now: int) -> bool:
        """Whether it may be used at this instant."""
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """What the token endpoint answers (RFC 6749 §5.1)."""

    access_token: str = field(repr=False)
    expires_in: int  # seconds
    scope: str  # space separated
    token_type: str = "Bearer"  # noqa: S105  # the type's name, not a token


@dataclass(frozen=True, slots=True)
class AuthorizationServer:
    """What every grant works with."""

    committer: Committer
    clock: Clock
    entropy: Entropy
    settings: Settings
    issuer: str  # our own URL, without a slash at its end
