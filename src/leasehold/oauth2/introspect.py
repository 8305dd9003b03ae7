"""Introspection (RFC 7662): a project's own servers learn what a token of the project is worth.

To everybody else every token is simply not active, as is one that never was.
"""

from typing import Final

from leasehold.clock import MICROSECONDS
from leasehold.oauth2 import access_tokens, client_auth, parameters, refresh_tokens, scopes
from leasehold.oauth2.client_auth import Credentials
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.model import AccessToken, RefreshToken
from leasehold.oauth2.parameters import Form
from leasehold.oauth2.server import AuthorizationServer
from leasehold.storage.transaction import Transaction

METHODS: Final = ("client_secret_basic", "client_secret_post")  # as metadata names them
NOT_ACTIVE: Final[dict[str, object]] = {"active": False}

Json = dict[str, object]


async def introspect(
    form: Form, server: AuthorizationServer, authorization_header: str | None = None
) -> Json:
    """What the form's token is worth to the caller's project: NOT_ACTIVE or the members of §2.2.

    The caller is a client with a secret that proves something, or a service account with an
    access token of its own in the header. Raises OAuthError: `invalid_client` or `invalid_token`
    for another caller, `invalid_request` without a token.
    """
    given = parameters.once(form)
    bearer = _bearer(authorization_header)
    credentials = client_auth.read(given, authorization_header) if bearer is None else None
    if "token" not in given:
        raise OAuthError("invalid_request", "give the token, as token=...")

    def operation(tx: Transaction, now: int) -> Json:
        if credentials is not None:
            project_id = _project_of_client(tx, server, credentials)
        else:
            project_id = _project_of_account(tx, now, bearer or "")
        return _look(tx, now, server, given["token"], project_id)

    return await server.committer.read(operation)


def _bearer(authorization_header: str | None) -> str | None:
    scheme, _, token = (authorization_header or "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _project_of_client(
    tx: Transaction, server: AuthorizationServer, credentials: Credentials
) -> str:
    caller = client_auth.check(tx, server.secret_box, credentials)
    if caller.secret_id is None or not caller.client.is_confidential:
        raise OAuthError(
            "invalid_client", "only a web client, with its secret, may ask what a token is worth"
        )
    return caller.client.project_id


def _project_of_account(tx: Transaction, now: int, text: str) -> str:
    token = access_tokens.find(tx, access_tokens.digest(text))
    if token is None or not token.is_good(now) or token.key_id is None or token.user_id is not None:
        raise OAuthError(
            "invalid_token", "send an access token of a service account, for itself, as Bearer"
        )
    return token.project_id


def _look(
    tx: Transaction, now: int, server: AuthorizationServer, text: str, project_id: str
) -> Json:
    if access_tokens.is_well_formed(text):
        token = access_tokens.find(tx, access_tokens.digest(text))
        if token is None or not token.is_good(now) or token.project_id != project_id:
            return NOT_ACTIVE
        return _of_access_token(token, server)
    refresh_token = refresh_tokens.find(tx, server.secret_box, text)
    if (
        refresh_token is None
        or not refresh_tokens.is_good(refresh_token, now, server.settings)
        or refresh_token.project_id != project_id
    ):
        return NOT_ACTIVE
    return _of_refresh_token(refresh_token, server)


def _of_access_token(token: AccessToken, server: AuthorizationServer) -> Json:
    return {
        "active": True,
        "scope": scopes.text(token.scopes),
        "client_id": token.client_id,
        "token_type": "Bearer",
        "exp": token.expires_at // MICROSECONDS,
        "iat": token.issued_at // MICROSECONDS,
        "iss": server.issuer,
        **_who(token),
    }


def _of_refresh_token(token: RefreshToken, server: AuthorizationServer) -> Json:
    """It has no token type: nobody can show it to an API. `exp` holds unless it is used before."""
    return {
        "active": True,
        "scope": scopes.text(token.scopes),
        "client_id": token.client_id,
        "exp": refresh_tokens.ends_at(token, server.settings) // MICROSECONDS,
        "iat": token.issued_at // MICROSECONDS,
        "iss": server.issuer,
        **_who(token),
    }


def _who(token: AccessToken | RefreshToken) -> Json:
    """Whom it stands for; of people what they agreed to, for it may be the client that asks."""
    is_person = token.user_id is not None
    who: Json = {}
    if not is_person or token.scopes & scopes.IDENTITY:
        who["sub"] = token.subject
    if not is_person or token.scopes & scopes.ANY_EMAIL:
        who["username"] = token.email
    return who
