"""The explorer's access: an OAuth client of the project, a person's consent, and their token.

The explorer is a client like any other, registered when somebody first authorizes it, and asks at
the real authorization endpoint (RFC 6749 §4.1, with PKCE and state). What must be remembered on the
way, and the token at its end, are in cookies that are sealed for one browser session and one
project: no other session can make use of them, and no script reads them.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec
from starlette.responses import Response

from leasehold.administration import clients
from leasehold.errors import Invalid
from leasehold.oauth2 import access_tokens, consents, pkce, scopes, token
from leasehold.oauth2.client_model import Client, NewClient
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.model import AccessToken, IdTokenResponse, TokenResponse
from leasehold.storage.transaction import Transaction
from leasehold.web.account.browser import Cookie
from leasehold.web.console.explorer_methods import Method
from leasehold.web.console.shell import ProjectVisit
from leasehold.web.oauth import authorize

NAME = "API explorer"

_SECRET_BYTES = 32
_MAX_COOKIE = 4096

_NOT_ASKED = (
    "this answer belongs to no question that you asked in this browser a moment ago: open the"
    " explorer, and press Authorize again"
)
_REFUSED = "You said no, so the explorer was given nothing."

S = TypeVar("S", bound=msgspec.Struct)


class _Asked(msgspec.Struct, frozen=True):
    """What is remembered until the answer comes."""

    client_id: str
    state: str
    verifier: str
    back: tuple[str, str]  # the page: API and method


class _Given(msgspec.Struct, frozen=True):
    """What is remembered afterwards."""

    token: str


@dataclass(frozen=True, slots=True)
class Access:
    """What the explorer may do for the person now."""

    scopes: int = 0  # a mask; 0: nothing
    expires_at: int | None = None  # microseconds
    has_ended: bool = False  # there was access until a while ago
    token: str = field(default="", repr=False)


async def access(visit: ProjectVisit) -> Access:
    """The access of this person, in this browser session, to what they have in mind here."""
    given = _opened(visit, _token_cookie(visit), _Given)
    if given is None:
        return Access()
    digest = access_tokens.digest(given.token)
    found = await visit.read(lambda tx, now: _good(tx, now, digest))
    if found is None:
        return Access(has_ended=True)
    return Access(found.scopes, found.expires_at, token=given.token)


async def ask(visit: ProjectVisit, method: Method, wanted: int) -> Response:
    """Sends the person to the consent page. Raises Invalid, NotFound and Conflict."""
    client = await visit.write(lambda tx, now: _client(tx, now, visit))
    entropy = visit.services.entropy
    asked = _Asked(
        client.id,
        entropy.url_safe(_SECRET_BYTES),
        entropy.url_safe(_SECRET_BYTES),
        (method.api, method.name),
    )
    parameters = {
        "client_id": client.id,
        "redirect_uri": redirect_uri(visit),
        "response_type": "code",
        "scope": scopes.text(wanted),
        "state": asked.state,
        "code_challenge": _challenge(asked.verifier),
        "code_challenge_method": pkce.S256,
    }
    response = visit.go_to(f"{authorize.PATHS[0]}?{urlencode(parameters, quote_via=quote)}")
    _request_cookie(visit).put(response, _sealed(visit, asked))
    return response


async def take_answer(visit: ProjectVisit) -> Response:
    """Exchanges the code, if it is the answer to what this very browser session asked."""
    asked = _opened(visit, _request_cookie(visit), _Asked)
    state, issuer = visit.parameter("state"), visit.parameter("iss")
    if asked is None or not hmac.compare_digest(asked.state.encode(), state.encode()):
        return visit.refusal(Invalid(_NOT_ASKED))
    if issuer != visit.services.issuer:  # RFC 9207 §2.4
        return _answered(visit, visit.refusal(Invalid(_NOT_ASKED)))
    page = ("explorer", *asked.back)
    if error := visit.parameter("error"):
        note = _REFUSED if error == "access_denied" else _not_given(visit.parameter(_DESCRIPTION))
        return _answered(visit, visit.go(*page, note=note))
    try:
        given = await _exchanged(visit, asked)
    except OAuthError as refused:
        return _answered(visit, visit.refusal(Invalid(_not_given(refused.description))))
    response = visit.go(*page, note="The explorer has access now.")
    _token_cookie(visit).put(response, _sealed(visit, _Given(given.access_token)))
    return _answered(visit, response)


async def end(visit: ProjectVisit) -> None:
    """Takes the person's consent back, so that every token that came of it ends."""
    ended = await visit.write(lambda tx, now: _end(tx, now, visit))
    visit.console.authorization_server.forget_tokens(ended)


def forget(visit: ProjectVisit, response: Response) -> Response:
    """The response, with which the browser forgets the token."""
    _token_cookie(visit).remove(response)
    return response


def redirect_uri(visit: ProjectVisit) -> str:
    """Where answers go, by which the project's explorer is known among its clients."""
    return visit.services.issuer + clients.explorer_path(visit.project.id)


_DESCRIPTION = "error_description"


def _not_given(description: str) -> str:
    return f"The explorer was given nothing: {description or 'the server did not say why'}."


def _good(tx: Transaction, now: int, digest: bytes) -> AccessToken | None:
    found = access_tokens.find(tx, digest)
    return found if found is not None and found.is_good(now) else None


def _client(tx: Transaction, now: int, visit: ProjectVisit) -> Client:
    """The project's explorer, registered now if it is not yet."""
    found = _registered(tx, visit)
    if found is not None:
        return found
    new = NewClient(
        project_id=visit.project.id,
        type="browser",  # it has no secret: PKCE proves that it asked for the code
        name=NAME,
        redirect_uris=(redirect_uri(visit),),
    )
    entropy, box = visit.services.entropy, visit.services.secret_box
    return clients.create(tx, now, visit.actor, entropy=entropy, box=box, new=new).client


def _registered(tx: Transaction, visit: ProjectVisit) -> Client | None:
    """The oldest, should two people have registered it at the same moment."""
    uri = redirect_uri(visit)
    known = clients.list_clients(tx, visit.actor, project_id=visit.project.id)
    explorers = [one.client for one in known if clients.is_explorer(one.client)]
    ours = [client for client in explorers if client.redirect_uris == (uri,)]
    return min(ours, key=lambda client: (client.created_at, client.id), default=None)


async def _exchanged(visit: ProjectVisit, asked: _Asked) -> TokenResponse:
    form = {
        "grant_type": ["authorization_code"],
        "code": [visit.parameter("code")],
        "redirect_uri": [redirect_uri(visit)],
        "client_id": [asked.client_id],
        "code_verifier": [asked.verifier],
    }
    given = await token.exchange(form, visit.console.authorization_server)
    assert not isinstance(given, IdTokenResponse)  # that is a grant of service accounts
    return given


def _end(tx: Transaction, now: int, visit: ProjectVisit) -> list[bytes]:
    """The digests of the tokens that ended."""
    user_id, client = visit.person.user_id, _registered(tx, visit)
    consent = consents.find(tx, user_id, client.id) if client else None
    if consent is None:
        return []
    return consents.revoke(tx, now, consent_id=consent.id, user_id=user_id, because="consent")


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _request_cookie(visit: ProjectVisit) -> Cookie:
    return visit.console.pages.browsers.explorer_request


def _token_cookie(visit: ProjectVisit) -> Cookie:
    return visit.console.pages.browsers.explorer_token


def _answered(visit: ProjectVisit, response: Response) -> Response:
    """An answer is taken once, good or not."""
    _request_cookie(visit).remove(response)
    return response


def _about(visit: ProjectVisit, kind: type[msgspec.Struct]) -> str:
    return f"explorer {kind.__name__} {visit.person.id} {visit.project.id}"


def _sealed(visit: ProjectVisit, value: msgspec.Struct) -> str:
    services, text = visit.services, msgspec.json.encode(value)
    about = _about(visit, type(value))
    sealed = services.secret_box.seal(text, about=about, entropy=services.entropy)
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _opened(visit: ProjectVisit, cookie: Cookie, kind: type[S]) -> S | None:
    """None also for what another session or project has sealed, or nobody."""
    text = cookie.read(visit.visit.request)
    if not text or len(text) > _MAX_COOKIE:
        return None
    try:
        sealed = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        opened = visit.services.secret_box.open(sealed, about=_about(visit, kind))
        return msgspec.json.decode(opened, type=kind)
    except (binascii.Error, ValueError, Invalid):  # msgspec's are ValueErrors
        return None
