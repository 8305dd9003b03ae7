"""What the authorization server keeps and hands on: tokens, answers and keys."""

from dataclasses import dataclass, field

from joserfc.jwk import RSAKey


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """What is known of an access token; not the token itself. Instants are microseconds.

    Of what it came is one of four: a service account's key, the same by a delegation for a user,
    a family (a user's consent to a client), or a client's own secret. Storing it takes client,
    project, subject and address from there, whatever they are here.
    """

    digest: bytes = field(repr=False)  # SHA-256 of the token
    client_id: str  # who was given it: a client's id, or a service account's
    project_id: str = ""
    subject: str = ""  # whom it stands for, as other clients know them
    email: str = ""  # the same, as ACLs name them
    scopes: int  # a mask, see scopes.py
    issued_at: int
    expires_at: int
    revoked_at: int | None = None  # also set when what it came of is gone or switched off
    service_account_id: str | None = None
    key_id: str | None = None  # the key that signed for it
    delegation_id: int | None = None
    user_id: int | None = None
    family_id: int | None = None
    secret_id: int | None = None

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
class IdTokenResponse:
    """What the token endpoint answers to who wants to be known by others: nothing else."""

    id_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key of the server's own. Its certificate is published before it signs, and after."""

    kid: str
    private: RSAKey = field(repr=False)
    certificate: str  # PEM


@dataclass(frozen=True, slots=True)
class StoredSigningKey:
    """The same as the database has it."""

    kid: str
    sealed: bytes = field(repr=False)  # the private key (PKCS #8 PEM), encrypted
    certificate: str
    signs_from: int  # microseconds; until the next one does
