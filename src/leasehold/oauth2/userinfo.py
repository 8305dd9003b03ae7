"""Userinfo (OpenID Connect Core 1.0 §5.3): who an access token stands for, as its scopes allow."""

from dataclasses import dataclass

from leasehold.oauth2 import access_tokens, scopes
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.model import Person
from leasehold.oauth2.server import AuthorizationServer
from leasehold.storage.transaction import Transaction


@dataclass(frozen=True, slots=True)
class UserInfo:
    """Whom a token stands for, and a mask of what may be told of them."""

    person: Person
    scopes: int


async def describe(text: str, server: AuthorizationServer) -> UserInfo:
    """Who the access token stands for: a person, or a service account.

    Raises OAuthError `invalid_token` when it is not good, and `insufficient_scope` when it has
    none of the scopes openid, email and profile.
    """
    digest = access_tokens.digest(text)

    def operation(tx: Transaction, now: int) -> UserInfo:
        token = access_tokens.find(tx, digest)
        if token is None or not token.is_good(now):
            raise OAuthError("invalid_token", "the access token is unknown, expired or revoked")
        if not token.scopes & scopes.IDENTITY:
            raise OAuthError("insufficient_scope", "ask for the scope openid, email or profile")
        return UserInfo(access_tokens.whose(tx, token), token.scopes)

    return await server.committer.read(operation)
