"""What the authorization server keeps and hands on: tokens, answers and keys."""

from dataclasses import dataclass, field, replace

from joserfc.jwk import RSAKey


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """What is known of an access token; not the token itself. Instants are microseconds.

    Of what it came is one of four: a service account's key, the same by a delegation for a user,
    a family (a user's consent to a client), or a client's own secret. Storing one of the first
    three takes client, project, subject and address from there, whatever they are here.
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
    offline: bool = False  # its family has a refresh token

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
    refresh_token: str | None = field(default=None, repr=False)  # None: no new one
    id_token: str | None = field(default=None, repr=False)  # None: openid was not asked for

    def with_id_token(self, text: str) -> "TokenResponse":
        """The same with an ID token."""
        return replace(self, id_token=text)


@dataclass(frozen=True, slots=True)
class IdTokenResponse:
    """What the token endpoint answers to who wants to be known by others: nothing else."""

    id_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Person:
    """A user as clients may get to know them."""

    id: int
    subject: str  # 21 digits
    email: str
    name: str  # "" when it is not known
    email_verified: bool


@dataclass(frozen=True, slots=True)
class Consent:
    """A person's yes to a client, which has not been taken back. Instants are microseconds."""

    id: int
    user_id: int
    client_id: str
    scopes: int  # a mask, see scopes.py
    created_at: int
    last_used_at: int | None  # to the minute; None: no token was given out yet


@dataclass(frozen=True, slots=True)
class GivenConsent:
    """The same as the person who gave it sees it."""

    id: int
    client_id: str
    client_name: str
    project_id: str
    scopes: int
    created_at: int
    last_used_at: int | None


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """What a code was given for; not the code itself."""

    consent_id: int
    client_id: str
    user_id: int
    redirect_uri: str  # "" when the request named none
    scopes: int
    code_challenge: str | None  # None: the client sent none
    challenge_method: str | None
    nonce: str | None
    authenticated_at: int  # when the user last proved who they are
    offline: bool  # a refresh token goes with it


@dataclass(frozen=True, slots=True)
class Family:
    """All tokens that came of one authorization: they end together."""

    id: int
    client_id: str
    user_id: int


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """What is known of a refresh token and its family; not the token itself."""

    digest: bytes = field(repr=False)  # keyed
    family_id: int
    consent_id: int
    client_id: str
    user_id: int
    scopes: int  # all that the family may have
    authenticated_at: int
    family_created_at: int
    last_used_at: int  # of the family, to the minute
    issued_at: int
    replaced_at: int | None  # of a rotating client: when its successor was given
    ended_at: int | None  # when the first thing ended without which it is not good
    project_id: str  # the client's
    is_testing: bool  # the project's consent screen says so, or there is none
    subject: str  # whom it stands for
    email: str


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
