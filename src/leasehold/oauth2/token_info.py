"""What a token says about itself, told to whoever holds it: Google's tokeninfo.

Every token that is not good gets the same answer, whatever is wrong with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NoReturn

from leasehold.clock import MICROSECONDS
from leasehold.oauth2 import access_tokens, id_token, scopes
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.jwt import Json
from leasehold.oauth2.model import AccessToken, Person
from leasehold.oauth2.server import AuthorizationServer
from leasehold.storage.transaction import Transaction

NAMES = ("access_token", "id_token")


@dataclass(frozen=True, slots=True)
class AccessTokenInfo:
    """A good access token, for how many seconds it is so, and whom it stands for."""

    token: AccessToken
    expires_in: int
    person: Person

    @property
    def tells_subject(self) -> bool:
        """Whether its holder may know who that is: of people, only by a scope."""
        return self.token.user_id is None or bool(self.token.scopes & scopes.IDENTITY)

    @property
    def tells_email(self) -> bool:
        """Whether its holder may know their address."""
        return self.token.user_id is None or bool(self.token.scopes & scopes.ANY_EMAIL)


@dataclass(frozen=True, slots=True)
class IdTokenInfo:
    """A good ID token of ours."""

    header: Json
    claims: Json = field(repr=False)
    expires_in: int


async def describe(
    form: Mapping[str, Sequence[str]], server: AuthorizationServer
) -> AccessTokenInfo | IdTokenInfo:
    """What the token in the form says.

    Raises OAuthError `invalid_request` unless there is exactly one, `invalid_token` when it is
    unknown, expired or revoked.
    """
    given = [(name, text) for name in NAMES for text in form.get(name, ()) if text]
    if len(given) != 1:
        raise OAuthError("invalid_request", f"give one token, as {' or '.join(NAMES)}")
    name, text = given[0]
    if name == "access_token":
        return await _access_token(text, server)
    return await _id_token(text, server)


async def _access_token(text: str, server: AuthorizationServer) -> AccessTokenInfo:
    digest = access_tokens.digest(text)

    def operation(tx: Transaction, now: int) -> AccessTokenInfo:
        # Asked for in any case, so that the time tells nothing either.
        token = access_tokens.find(tx, digest)
        if token is None or not token.is_good(now):
            _refuse()
        person = access_tokens.whose(tx, token)
        return AccessTokenInfo(token, (token.expires_at - now) // MICROSECONDS, person)

    return await server.committer.read(operation)


async def _id_token(text: str, server: AuthorizationServer) -> IdTokenInfo:
    certificates = await server.signing_keys.certificates()
    now = server.clock.now() // MICROSECONDS
    try:
        header, claims = id_token.verify(text, certificates, issuer=server.issuer, now=now)
    except OAuthError:
        _refuse()
    expires = claims["exp"]
    assert isinstance(expires, int)  # verify has read it
    return IdTokenInfo(header, claims, expires - now)


def _refuse() -> NoReturn:
    raise OAuthError("invalid_token", "Invalid Value")
