"""The authorization endpoint's second half: a person's answer, and what is given out for it.

While the consent screen is open, the validated request waits in the database, bound to the person
and the browser session. The form only brings its secret id and the ticks, so nothing that is given
out depends on what a browser could change; and whatever may have changed meanwhile is looked at
again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from leasehold.accounts import projects
from leasehold.clock import MICROSECONDS
from leasehold.entropy import Entropy
from leasehold.oauth2 import (
    authorization_codes,
    authorize,
    clients,
    consent_screens,
    consents,
    grant_rows,
    implicit,
    scopes,
)
from leasehold.oauth2 import authorize_rows as rows
from leasehold.oauth2.authorize_model import (
    Answer,
    AuthorizationRequest,
    AuthorizeError,
    Issuing,
    NotRedirectable,
    Offer,
    PendingConsent,
    ReplyTo,
    SignedInUser,
)
from leasehold.oauth2.client_model import Client, ConsentScreen
from leasehold.oauth2.consents import Consent
from leasehold.settings import Settings
from leasehold.storage.secret_box import SecretBox
from leasehold.storage.transaction import Transaction

LIFE_SECONDS = 600  # for which a consent screen may be left open
MAX_WAITING = 20  # of one browser session, with those that were answered

_DIGEST_PURPOSE = "authorization request"
_ID_BYTES = 32


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and how the person stands to them."""

    client: Client
    screen: ConsentScreen
    granted: int  # what the person granted the client before; 0 for nothing
    is_allowed: bool  # whether the client may ask the person at all
    apis: frozenset[str]  # that are on for the client's project


def find_asker(tx: Transaction, client_id: str, person: SignedInUser | None) -> Asker | None:
    """None when there is no such client, or its project is off."""
    client = clients.find(tx, client_id)
    apis = projects.switched_on(tx, client.project_id) if client else None
    if client is None or apis is None:
        return None
    consent = consents.find(tx, person.user_id, client.id) if person else None
    return Asker(
        client,
        consent_screens.get(tx, client.project_id),
        granted=consent.scopes if consent else 0,
        is_allowed=person is not None and _may_ask(tx, client, person),
        apis=apis,
    )


def put(
    tx: Transaction,
    now: int,
    box: SecretBox,
    entropy: Entropy,
    *,
    person: SignedInUser,
    pending: PendingConsent,
) -> str:
    """Keeps the request; returns its secret id, for the form.

    Of more than MAX_WAITING the oldest are forgotten: whoever is signed in could ask for ever.
    """
    request_id = entropy.url_safe(_ID_BYTES)
    digest = _digest(box, request_id)
    rows.insert_request(
        tx,
        now,
        digest=digest,
        session_id=person.session_id,
        user_id=person.user_id,
        pending=pending,
        expires_at=now + LIFE_SECONDS * MICROSECONDS,
    )
    rows.forget_oldest_requests(tx, person.session_id, besides=digest, others=MAX_WAITING - 1)
    return request_id


def take(
    tx: Transaction, now: int, box: SecretBox, *, person: SignedInUser, request_id: str
) -> PendingConsent:
    """The request that waits, which after this waits no more.

    Raises NotRedirectable when none does: it was answered, it is too old, or it is another
    person's or another browser session's.
    """
    pending = rows.answer_request(
        tx,
        now,
        digest=_digest(box, request_id),
        session_id=person.session_id,
        user_id=person.user_id,
    )
    if pending is None:
        raise NotRedirectable(
            "expired",
            "This question was answered already, or has waited too long, or was put to somebody"
            " else who was signed in here. Nothing was allowed. Go back to the application and"
            " start again there.",
        )
    return pending


def refuse(tx: Transaction, now: int, issuing: Issuing, *, request_id: str) -> Answer:
    """The person said no. Raises NotRedirectable as `take` and when the client is gone."""
    box = issuing.server.secret_box
    pending = take(tx, now, box, person=issuing.person, request_id=request_id)
    _check_client(tx, pending.request, issuing.server.settings)
    return authorize.refusal(_said_no(), reply_to(pending.request))


def accept(
    tx: Transaction, now: int, issuing: Issuing, *, request_id: str, ticked: Sequence[str]
) -> Answer:
    """The person said yes to the `ticked` scopes: URLs, of which only those that were shown count.

    Without any of those that could be ticked the answer holds what was granted before, or is a no
    when that is nothing; a no is also the answer to a request that would be refused by now. Raises
    NotRedirectable when there is nobody to answer, or nothing to answer any longer.
    """
    person, server = issuing.person, issuing.server
    pending = take(tx, now, server.secret_box, person=person, request_id=request_id)
    request = pending.request
    _hold(tx, person, request)
    client = _check_client(tx, request, server.settings)
    try:
        authorize.check_again(request, client, server.settings)
    except AuthorizeError as error:
        return authorize.refusal(error, reply_to(request))
    if not _may_ask(tx, client, person):
        raise _not_any_longer()
    chosen = _chosen(pending.offer, ticked)
    earlier = consents.find(tx, person.user_id, client.id)
    still = pending.offer.granted & earlier.scopes if earlier else 0
    is_no = bool(pending.offer.tickable) and not chosen
    if is_no and not still:
        return authorize.refusal(_said_no(), reply_to(request))
    given = still if is_no else chosen | pending.offer.fixed | still
    if not given:
        raise _not_any_longer()  # what was granted before was taken back while the page was open
    consent = consents.give(tx, now, user_id=person.user_id, client_id=client.id, scopes=given)
    # The only way to a refresh token: the screen was shown, and the answer was yes.
    is_offline = request.is_offline
    return _issue(tx, now, issuing, request, consent, given=given, is_offline=is_offline)


def answer_now(
    tx: Transaction, now: int, issuing: Issuing, request: AuthorizationRequest, *, given: int
) -> Answer:
    """Without a page: the person granted all of it before. Never with a refresh token.

    Raises AuthorizeError when that was taken back a moment ago.
    """
    _hold(tx, issuing.person, request)
    consent = consents.find(tx, issuing.person.user_id, request.client_id)
    if consent is None or given & ~consent.scopes:
        raise AuthorizeError("consent_required", "the consent was just taken back: ask again")
    return _issue(tx, now, issuing, request, consent, given=given, is_offline=False)


def reply_to(request: AuthorizationRequest) -> ReplyTo:
    """Where the request's answer goes."""
    return ReplyTo(request.redirect_uri, request.response_mode, request.state)


def sweep(tx: Transaction, now: int, limit: int) -> int:
    """Removes up to `limit` requests that have expired; how many there were."""
    return rows.sweep_requests(tx, before=now, limit=limit)


def _issue(
    tx: Transaction,
    now: int,
    issuing: Issuing,
    request: AuthorizationRequest,
    consent: Consent,
    *,
    given: int,
    is_offline: bool,
) -> Answer:
    if request.response_type != "code":
        person = grant_rows.person_by_id(tx, issuing.person.user_id)
        assert person is not None  # users are never removed
        parameters = implicit.issue(tx, now, issuing, request, consent, person, given=given)
        return Answer(reply_to(request), parameters)
    code = authorization_codes.issue(
        tx,
        now,
        issuing.server.secret_box,
        issuing.server.entropy,
        consent_id=consent.id,
        client_id=request.client_id,
        redirect_uri=request.redirect_uri,
        scopes=given,
        code_challenge=request.code_challenge,
        challenge_method=request.challenge_method,
        nonce=request.nonce,
        authenticated_at=issuing.person.authenticated_at,
        offline=is_offline,
    )
    return Answer(reply_to(request), {"code": code})


def _hold(tx: Transaction, person: SignedInUser, request: AuthorizationRequest) -> None:
    """Until the commit nobody disables the person or deletes the client."""
    if grant_rows.hold_person(tx, person.user_id, request.client_id) is None:
        raise _not_any_longer()


def _check_client(tx: Transaction, request: AuthorizationRequest, settings: Settings) -> Client:
    client = clients.find(tx, request.client_id)
    if client is None or projects.switched_on(tx, client.project_id) is None:
        raise _not_any_longer()
    authorize.check_redirect_uri(client, request.redirect_uri, settings)
    return client


def _may_ask(tx: Transaction, client: Client, person: SignedInUser) -> bool:
    return consent_screens.allows(tx, client.project_id, person.email)


def _chosen(offer: Offer, ticked: Sequence[str]) -> int:
    return sum(scope.bit for scope in scopes.of(offer.tickable) if scope.url in ticked)


def _digest(box: SecretBox, request_id: str) -> bytes:
    return box.keyed_digest(_DIGEST_PURPOSE, request_id)


def _said_no() -> AuthorizeError:
    return AuthorizeError("access_denied", "the person said no")


def _not_any_longer() -> NotRedirectable:
    return NotRedirectable(
        "expired",
        "What this question was about has changed while the page was open. Nothing was allowed. Go"
        " back to the application and start again there.",
    )
