"""The user's page of clients with access: what each may do, and the button that takes it back."""

from dataclasses import dataclass

from starlette.responses import Response
from starlette.routing import Route

from leasehold.clock import MICROSECONDS
from leasehold.errors import NotFound
from leasehold.oauth2 import consent_screens, consents, scopes
from leasehold.oauth2.consents import GivenConsent
from leasehold.oauth2.server import AuthorizationServer
from leasehold.storage.transaction import Transaction
from leasehold.web.account.page import Page, Pages, Visit

HERE = "/account/access"
REMOVE = f"{HERE}/remove"

_NOTES = {"removed": "Access removed. The application is refused from now on."}
_MAX_ID = 2**63
_STEPS = ((86_400, "day"), (3600, "hour"), (60, "minute"))  # seconds


@dataclass(frozen=True, slots=True)
class ClientWithAccess:
    """A consent as the page shows it. Instants are microseconds."""

    consent_id: int
    name: str
    screen_name: str
    project_id: str
    logo: str  # its path; "" when there is none
    is_verified: bool
    sentences: list[str]
    given_at: int
    given_ago: str
    used_at: int | None  # None: not yet
    used_ago: str


def routes(pages: Pages, server: AuthorizationServer) -> list[Route]:
    """The page, and where its buttons lead."""

    async def remove(visit: Visit) -> Response:
        return await _remove(visit, server)

    return [
        Route(HERE, Page(pages, show=_show)),
        Route(REMOVE, Page(pages, act=remove, back=HERE)),
    ]


async def _show(visit: Visit) -> Response:
    person = visit.signed_in()
    clients = await visit.read(lambda tx, now: _clients_of(tx, now, person.user_id))
    note = _NOTES.get(visit.parameter("done"), "")
    return visit.page("access.html", here=HERE, clients=clients, note_text=note)


async def _remove(visit: Visit, server: AuthorizationServer) -> Response:
    person = visit.signed_in()
    consent_id = _id(visit.field("consent", max_length=20))
    ended = await visit.write(
        lambda tx, now: _revoke(tx, now, consent_id=consent_id, user_id=person.user_id)
    )
    server.forget_tokens(ended)
    return visit.go(f"{HERE}?done=removed")


def _revoke(tx: Transaction, now: int, *, consent_id: int, user_id: int) -> list[bytes]:
    """The digests of the access tokens that ended. Another person's consent is as good as none."""
    if not any(given.id == consent_id for given in consents.of_user(tx, user_id)):
        raise NotFound("that application has no access any more, so there is nothing to remove")
    return consents.revoke(tx, now, consent_id=consent_id, user_id=user_id, because="consent")


def _clients_of(tx: Transaction, now: int, user_id: int) -> list[ClientWithAccess]:
    """The newest consent first."""
    return [_shown(tx, now, given) for given in reversed(consents.of_user(tx, user_id))]


def _shown(tx: Transaction, now: int, given: GivenConsent) -> ClientWithAccess:
    screen = consent_screens.get(tx, given.project_id)
    sentences = dict.fromkeys(scope.sentence for scope in scopes.of(given.scopes))
    return ClientWithAccess(
        consent_id=given.id,
        name=given.client_name,
        screen_name=screen.name,
        project_id=given.project_id,
        logo=f"/logos/{given.project_id}" if screen.logo_type else "",
        is_verified=screen.verified_at is not None,
        sentences=list(sentences),
        given_at=given.created_at,
        given_ago=_ago(now - given.created_at),
        used_at=given.last_used_at,
        used_ago=_ago(now - given.last_used_at) if given.last_used_at else "",
    )


def _ago(microseconds: int) -> str:
    """How long ago something was, roughly.

    >>> [_ago(seconds * MICROSECONDS) for seconds in (5, 60, 7200, 90000)]
    ['just now', '1 minute ago', '2 hours ago', '1 day ago']
    """
    seconds = microseconds // MICROSECONDS
    for length, name in _STEPS:
        if seconds >= length:
            count = seconds // length
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return "just now"


def _id(text: str) -> int:
    """A number that a form brings; 0, which nothing has, for anything else."""
    number = int(text) if text.isascii() and text.isdigit() else 0
    return number if number < _MAX_ID else 0
