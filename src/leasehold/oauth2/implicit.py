"""The implicit grant (RFC 6749 §4.2): tokens in the redirect itself, as scripts once had them.

Off unless the operator and the client's developer both want it: what is in a URL is easily seen.
There is never a refresh token.
"""

from leasehold.clock import MICROSECONDS
from leasehold.oauth2 import id_token, token_families
from leasehold.oauth2.authorize_model import AuthorizationRequest, AuthorizeError, Issuing
from leasehold.oauth2.grants import family as families
from leasehold.oauth2.id_token import Login
from leasehold.oauth2.model import Consent, Person
from leasehold.storage.transaction import Transaction


def issue(
    tx: Transaction,
    now: int,
    issuing: Issuing,
    request: AuthorizationRequest,
    consent: Consent,
    person: Person,
    *,
    given: int,
) -> dict[str, str]:
    """The parameters of the answer.

    Raises AuthorizeError, or OAuthError, when the consent was taken back a moment ago.
    """
    kinds = request.response_type.split()
    parameters: dict[str, str] = {}
    if "token" in kinds:
        parameters = _access_token(tx, now, issuing, consent, given=given)
    if "id_token" in kinds:
        assert issuing.key is not None  # fetched wherever the implicit grant is on
        login = Login(
            person=person,
            client_id=request.client_id,
            scopes=given,
            authenticated_at=issuing.person.authenticated_at,
            nonce=request.nonce,
        )
        parameters["id_token"] = id_token.mint_for_user(
            issuing.key,
            login,
            issuer=issuing.server.issuer,
            access_token=parameters.get("access_token"),
            now=now // MICROSECONDS,
        )
    return parameters


def _access_token(
    tx: Transaction, now: int, issuing: Issuing, consent: Consent, *, given: int
) -> dict[str, str]:
    authenticated_at = issuing.person.authenticated_at
    family = token_families.start(
        tx, now, consent_id=consent.id, scopes=given, authenticated_at=authenticated_at
    )
    if family is None:
        raise AuthorizeError("access_denied", "the consent was just taken back: ask again")
    response = families.access_token(
        tx,
        now,
        issuing.server,
        client_id=consent.client_id,
        family_id=family.id,
        granted=given,
        refresh_token=None,
    )
    return {
        "access_token": response.access_token,
        "token_type": response.token_type,
        "expires_in": str(response.expires_in),
        "scope": response.scope,
    }
