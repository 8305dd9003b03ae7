"""What comes next for an authorization request: sign in, choose, consent, or an answer at once."""

from dataclasses import dataclass
from typing import Literal

from leasehold.clock import MICROSECONDS
from leasehold.oauth2 import scopes
from leasehold.oauth2.authorize_model import (
    AuthorizationRequest,
    AuthorizeError,
    Code,
    Offer,
    SignedInUser,
)
from leasehold.oauth2.client_model import Client

# Not for choosing: whoever says yes to anything says yes to these, and the page says so.
FIXED = scopes.OPENID | scopes.OFFLINE_ACCESS


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """All that the decision depends on, besides the request."""

    client: Client
    person: SignedInUser | None  # None: nobody is signed in
    granted: int  # what the person granted this client before; 0 for nothing
    is_allowed: bool  # whether the client's project may ask this person at all
    proved_since: int | None  # when this request first sent the person to sign in; None: never
    has_chosen: bool  # the person saw the page on which one chooses an account
    now: int


@dataclass(frozen=True, slots=True)
class SignIn:
    """The person must sign in; `again` although somebody is signed in."""

    again: bool


@dataclass(frozen=True, slots=True)
class ChooseAccount:
    """The person is asked as whom to go on, because `why`."""

    why: Literal["asked", "hint"]


@dataclass(frozen=True, slots=True)
class NotATester:
    """The client's project is in testing, and the person is no tester of it."""


@dataclass(frozen=True, slots=True)
class AskConsent:
    """The consent screen is shown."""

    offer: Offer


@dataclass(frozen=True, slots=True)
class AnswerNow:
    """The person said yes to all of this before."""

    scopes: int


Next = SignIn | ChooseAccount | NotATester | AskConsent | AnswerNow


def decide(request: AuthorizationRequest, situation: Situation) -> Next:
    """What comes next. Raises AuthorizeError when that needs a page, and none may be shown."""
    following = _next(request, situation)
    if "none" in request.prompts and not isinstance(following, AnswerNow):
        raise AuthorizeError(_code_without_page(following, request, situation), _NO_PAGE)
    return following


_NO_PAGE = "this needs a page, and the request said prompt=none"


def _next(request: AuthorizationRequest, situation: Situation) -> Next:
    person = situation.person
    if person is None:
        return SignIn(again=False)
    first = _before_consent(request, situation, person)
    if first is not None:
        return first
    offer = _offer(request, situation)
    if _must_ask(request, situation, offer):
        return AskConsent(offer)
    return AnswerNow(offer.granted)


def _before_consent(
    request: AuthorizationRequest, situation: Situation, person: SignedInUser
) -> SignIn | ChooseAccount | NotATester | None:
    since = situation.proved_since
    has_proved = since is not None and person.authenticated_at >= since
    if not has_proved and _is_too_old(request, situation, person):
        return SignIn(again=True)
    if not (has_proved or situation.has_chosen):  # who signs in, chooses
        if "select_account" in request.prompts:
            return ChooseAccount("asked")
        # Without consent, prompt=none must not tell a client whether this is the one it thinks.
        if not _is_expected(request, person) and not _is_silent_and_new(request, situation):
            return ChooseAccount("hint")
    return None if situation.is_allowed else NotATester()


def _code_without_page(
    following: Next, request: AuthorizationRequest, situation: Situation
) -> Code:
    """OpenID Connect Core 1.0 §3.1.2.6: the error by the page that would be needed."""
    if isinstance(following, SignIn):
        return "login_required"
    if isinstance(following, ChooseAccount):
        return "account_selection_required"
    if isinstance(following, NotATester):
        return "access_denied"
    is_new = bool(request.scopes & ~situation.granted)
    return "consent_required" if is_new else "interaction_required"


def _is_too_old(request: AuthorizationRequest, situation: Situation, person: SignedInUser) -> bool:
    if "login" in request.prompts:
        return True
    if request.max_age is None:
        return False
    return situation.now - person.authenticated_at > request.max_age * MICROSECONDS


def _is_expected(request: AuthorizationRequest, person: SignedInUser) -> bool:
    """Whether the person is who the client thinks, if it said who that is."""
    hint, domain = request.login_hint, request.domain_hint
    if hint and hint.lower() != person.email and hint != person.subject:
        return False
    return domain in ("", "*") or person.email.rpartition("@")[2] == domain


def _is_silent_and_new(request: AuthorizationRequest, situation: Situation) -> bool:
    return "none" in request.prompts and bool(request.scopes & ~situation.granted)


def _offer(request: AuthorizationRequest, situation: Situation) -> Offer:
    new = request.scopes & ~situation.granted
    # A public client may be anybody's imitation: it is given what this very page said.
    widens = request.includes_granted and situation.client.is_confidential
    again = situation.granted & (~scopes.OFFLINE_ACCESS if widens else request.scopes)
    return Offer(tickable=new & ~FIXED, fixed=new & FIXED, granted=again)


def _must_ask(request: AuthorizationRequest, situation: Situation, offer: Offer) -> bool:
    is_new = bool(offer.tickable | offer.fixed)
    return is_new or "consent" in request.prompts or is_imitable(request, situation.client)


def is_imitable(request: AuthorizationRequest, client: Client) -> bool:
    """Whether another program could be asking in the client's name, and get the answer."""
    # RFC 8252 §8.6: any program on a person's machine may listen where an installed client does,
    # and give its client id. An https:// address belongs to somebody.
    return not client.is_confidential and not request.redirect_uri.startswith("https://")
