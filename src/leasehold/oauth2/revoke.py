"""Revocation (RFC 7009): whoever holds a token may end it, as Google's clients ask.

They send no client authentication, so to have the token is enough. A token that a person's consent
has given ends the whole consent to that client, as Google's does, with all its tokens (§2.1 lets a
server do so): who wants a client out of their data means all of it. Any other token ends alone.
"""

from collections.abc import Mapping

from leasehold.oauth2 import access_tokens, client_auth, consents, parameters, refresh_tokens
from leasehold.oauth2 import grant_rows as rows
from leasehold.oauth2.client_auth import Credentials
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.parameters import Form
from leasehold.oauth2.server import AuthorizationServer
from leasehold.storage.transaction import Transaction

_CREDENTIALS = ("client_id", "client_secret", "client_assertion", "client_assertion_type")


async def revoke(
    form: Form, server: AuthorizationServer, authorization_header: str | None = None
) -> None:
    """Ends what the form's token belongs to; returns once that is durable.

    A token that is unknown, or ended already, is no error (RFC 7009 §2.2), nor is that of another
    client than the one that says who it is: nothing is ended then. Raises OAuthError
    `invalid_request` unless there is exactly one token, `invalid_client` for credentials that are
    wrong, and Unavailable when nothing could be ended.
    """
    tokens = [token for token in form.get("token", ()) if token]
    if len(tokens) != 1:
        raise OAuthError("invalid_request", "give the token to revoke once, as token=...")
    credentials = _credentials(parameters.once(form), authorization_header)

    def operation(tx: Transaction, now: int) -> list[bytes]:
        client_id = None
        if credentials is not None:
            client_id = client_auth.check(tx, server.secret_box, credentials).client.id
        return _end(tx, now, server, tokens[0], client_id)

    ended = await server.committer.write(operation)
    if ended:
        server.forget_tokens(ended)


def _credentials(given: Mapping[str, str], authorization_header: str | None) -> Credentials | None:
    """Who the client says it is; None when it says nothing of itself."""
    if authorization_header is None and not any(name in given for name in _CREDENTIALS):
        return None
    return client_auth.read(given, authorization_header)


def _end(
    tx: Transaction, now: int, server: AuthorizationServer, text: str, client_id: str | None
) -> list[bytes]:
    """The digests of the access tokens that have ended."""
    if access_tokens.is_well_formed(text):
        return _end_access_token(tx, now, text, client_id)
    refresh_token = refresh_tokens.find(tx, server.secret_box, text)
    if refresh_token is None or client_id not in (None, refresh_token.client_id):
        return []
    # Not one that has expired: what was good once may lie in somebody's log.
    if now >= refresh_tokens.ends_at(refresh_token, server.settings):
        return []
    return _end_consent(tx, now, refresh_token.family_id)


def _end_access_token(tx: Transaction, now: int, text: str, client_id: str | None) -> list[bytes]:
    token = access_tokens.find(tx, access_tokens.digest(text))
    # Good or not, for a user who is disabled may be enabled again; but as with refresh tokens.
    if token is None or now >= token.expires_at or client_id not in (None, token.client_id):
        return []
    if token.family_id is not None:
        return _end_consent(tx, now, token.family_id)
    return [token.digest] if access_tokens.revoke(tx, now, token.digest) else []


def _end_consent(tx: Transaction, now: int, family_id: int) -> list[bytes]:
    found = rows.consent_of_live_family(tx, family_id)
    if found is None:
        return []
    consent_id, user_id = found
    return consents.revoke(tx, now, consent_id=consent_id, user_id=user_id, because="token_revoked")
