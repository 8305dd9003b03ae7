"""Revocation: whoever holds a token may end it, as RFC 7009 has it and as Google's clients ask."""

from collections.abc import Mapping, Sequence

from leasehold.oauth2 import access_tokens
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.server import AuthorizationServer


async def revoke(form: Mapping[str, Sequence[str]], server: AuthorizationServer) -> None:
    """Ends the access token that the form names; returns once that is durable.

    A token that is unknown, or ended already, is no error (RFC 7009 §2.2). Raises OAuthError
    `invalid_request` unless there is exactly one token.
    """
    tokens = [token for token in form.get("token", ()) if token]
    if len(tokens) != 1:
        raise OAuthError("invalid_request", "give the token to revoke once, as token=...")
    if not access_tokens.is_well_formed(tokens[0]):
        return
    digest = access_tokens.digest(tokens[0])
    await server.committer.write(lambda tx, now: access_tokens.revoke(tx, now, digest))
    server.forget_tokens([digest])
