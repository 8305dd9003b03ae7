"""Authorization code grant (RFC 6749 §4.1.3): a client exchanges what its user brought back.

A code is good for a minute, for one client, one redirect URI and one PKCE verifier, and once: a
second use ends what the first has given (§4.1.2).
"""

import hmac
from collections.abc import Mapping
from typing import Final

from leasehold.oauth2 import (
    authorization_codes,
    pkce,
    refresh_tokens,
    scopes,
    switches,
    token_families,
)
from leasehold.oauth2 import grant_rows as rows
from leasehold.oauth2.client_auth import AuthenticatedClient
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.grants import family as families
from leasehold.oauth2.grants.grant import Given, Grant, Refused, by_client
from leasehold.oauth2.id_token import Login
from leasehold.oauth2.model import AuthorizationCode, Family, Person
from leasehold.oauth2.server import AuthorizationServer
from leasehold.storage.transaction import Transaction


def redeem(
    tx: Transaction,
    now: int,
    client: AuthenticatedClient,
    parameters: Mapping[str, str],
    server: AuthorizationServer,
) -> Given | Refused:
    """Tokens for the code; oauth2client sends a `scope` besides, which says nothing new."""
    text, box = parameters["code"], server.secret_box
    code = authorization_codes.find(tx, box, text)
    if code is None or code.client_id != client.client.id:
        raise _refused()
    check_redirect_uri(code, parameters.get("redirect_uri"))
    pkce.check_verifier(parameters.get("code_verifier"), code.code_challenge, code.challenge_method)
    switches.check(tx, client.client.project_id, code.scopes)
    person = rows.hold_person(tx, code.user_id, code.client_id)
    if person is None:
        raise _refused()
    if not authorization_codes.use(tx, now, box, text):
        return _used_before(tx, now, server, text)
    family = _start_family(tx, now, code)
    authorization_codes.note_family(tx, box, text, family.id)
    return _give(tx, now, server, code, family, person)


def check_redirect_uri(code: AuthorizationCode, sent: str | None) -> None:
    """Raises OAuthError unless it is what the authorization request named, if it did."""
    named = code.redirect_uri
    if named and not hmac.compare_digest(named.encode(), (sent or "").encode()):
        raise OAuthError(
            "invalid_grant", "redirect_uri must be the one with which the code was asked for"
        )


def _start_family(tx: Transaction, now: int, code: AuthorizationCode) -> Family:
    family = token_families.start(
        tx,
        now,
        consent_id=code.consent_id,
        scopes=code.scopes,
        authenticated_at=code.authenticated_at,
        offline=code.offline,
    )
    if family is None:  # the consent was taken back
        raise _refused()
    return family


def _give(
    tx: Transaction,
    now: int,
    server: AuthorizationServer,
    code: AuthorizationCode,
    family: Family,
    person: Person,
) -> Given:
    refresh_token, ended = None, list[bytes]()
    if code.offline:
        refresh_token = refresh_tokens.add(tx, now, server.secret_box, server.entropy, family.id)
        kept = server.settings.refresh_tokens_per_client
        ended = token_families.keep_newest(tx, now, family, kept=kept)
    response = families.access_token(
        tx,
        now,
        server,
        client_id=code.client_id,
        family_id=family.id,
        granted=code.scopes,
        refresh_token=refresh_token,
    )
    if not code.scopes & scopes.OPENID:
        return Given(response=response, ended=ended)
    login = Login(
        person=person,
        client_id=code.client_id,
        scopes=code.scopes,
        authenticated_at=code.authenticated_at,
        nonce=code.nonce,
    )
    return Given(response=response, login=login, ended=ended)


def _used_before(tx: Transaction, now: int, server: AuthorizationServer, text: str) -> Refused:
    """Expired, or used already. Then somebody has what was not meant for them: all of it ends.

    Only who has the client's credentials and the verifier comes this far.
    """
    family_id = authorization_codes.family_given(tx, server.secret_box, text)
    if family_id is None:
        return Refused(_refused(), [])
    return Refused(_refused(), token_families.revoke(tx, now, family_id, "code_reuse"))


def _refused() -> OAuthError:
    return OAuthError(
        "invalid_grant",
        "the code is unknown, expired or used already, or its user took it back: ask for a new one",
    )


GRANT: Final = Grant(grant_type="authorization_code", parameters=("code",), run=by_client(redeem))
