"""Service accounts: programs' accounts of a project, and the key files that they are given."""

from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Protocol

from starlette.responses import Response

from leasehold.accounts.key_file import GOOGLE_UNIVERSE, generate_key_pair
from leasehold.accounts.model import ServiceAccount, ServiceAccountKey
from leasehold.accounts.service_accounts import EMAIL_SUFFIX, MAX_KEYS, unknown_key
from leasehold.administration import delegations, queues, service_accounts
from leasehold.administration.actor import Actor
from leasehold.administration.service_accounts import MadeKey
from leasehold.errors import Conflict, Error
from leasehold.storage.transaction import Transaction
from leasehold.web.console.forms import NOTHING_TYPED, Confirmation, Typed
from leasehold.web.console.lists import listing, part
from leasehold.web.console.shell import ProjectPage, ProjectVisit

MAX_ROLES = 100  # of an account on queues, that a page shows
MAX_DOMAIN = 253

_AT = "service-accounts"  # the first segment of every path here

_KEY_ENDS = (
    "Programs that have the key file {key_id} are refused from the next request on, and the tokens"
    " that they got for it end."
)
_ACCOUNT_ENDS = (
    "Programs that act as {email} are refused from the next request on: its keys and tokens end."
    " Nobody can have it back."
)
_STILL_NAMED = (
    "Queues still name it: a new account of its name would have its roles again. To end them, take"
    " it off their access lists."
)
_EXPORT = """\
export GOOGLE_APPLICATION_CREDENTIALS="$PWD/{file_name}"
"""
_EXPORT_UNIVERSE = """\
export GOOGLE_CLOUD_UNIVERSE_DOMAIN={universe_domain}
"""
_CONNECT = """\
import google.auth
from googleapiclient.discovery import build

scope = "https://www.googleapis.com/auth/taskqueue"
url = "{issuer}/discovery/v1/apis/taskqueue/v1beta2/rest"
credentials, _ = google.auth.default(scopes=[scope])
"""
_BE_ITSELF = """\
credentials = credentials.with_subject(credentials.service_account_email)
"""
_BUILD = """\
api = build("taskqueue", "v1beta2", credentials=credentials, discoveryServiceUrl=url)
"""


class Act(Protocol):
    """What is done to one account."""

    def __call__(
        self, tx: Transaction, now: int, actor: Actor, /, *, project_id: str, email: str
    ) -> ServiceAccount: ...


@dataclass(frozen=True, slots=True)
class Details:
    """An account with all that is good for it."""

    account: ServiceAccount
    keys: list[ServiceAccountKey]  # oldest first
    roles: list[tuple[str, list[str]]]  # names of queues, and what each lets it do
    has_more_roles: bool  # than stand there
    domains: list[str]  # for whose users it may act

    @property
    def how_many_queues(self) -> str:
        """In figures, as a page has it."""
        return f"{len(self.roles)}{' or more' if self.has_more_roles else ''}"


async def show_list(visit: ProjectVisit) -> Response:
    found = await visit.read(
        lambda tx, _: service_accounts.list_accounts(tx, visit.actor, project_id=visit.project.id)
    )
    page = part(visit.visit, found, lambda listed: listed.account.email)
    return visit.page(
        "console/service_accounts.html", accounts=listing(visit.visit, page), is_empty=not found
    )


async def show_new(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    return visit.page("console/service_account_new.html", typed=typed, suffix=EMAIL_SUFFIX)


async def create(visit: ProjectVisit) -> Response:
    typed = visit.typed()
    try:
        name = typed.required("name")
        account = await visit.write(
            lambda tx, now: service_accounts.create(
                tx,
                now,
                visit.actor,
                entropy=visit.services.entropy,
                project_id=visit.project.id,
                name=name,
            )
        )
    except Error as error:
        return await show_new(visit, typed.refused(error))
    return visit.go(_AT, "account", email=account.email, note=f"{account.email} is made.")


async def show(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    details = await visit.read(lambda tx, _: _details(tx, visit))
    return visit.page(
        "console/service_account.html",
        typed=typed,
        found=details,
        max_keys=MAX_KEYS,
        universe_domain=GOOGLE_UNIVERSE,
    )


async def make_key(visit: ProjectVisit) -> Response:
    """Answers with the key file, at the one moment at which it is known."""
    typed = visit.typed()
    try:
        domain = typed.text("universe_domain", max_length=MAX_DOMAIN) or GOOGLE_UNIVERSE
        service_accounts.checked_universe(domain)
        await visit.read(lambda tx, _: _check_keys(tx, visit))  # it is made for something
        pair = await visit.make(generate_key_pair)
        made = await visit.write(
            lambda tx, now: service_accounts.create_key(
                tx,
                now,
                visit.actor,
                entropy=visit.services.entropy,
                pair=pair,
                project_id=visit.project.id,
                email=visit.parameter("email"),
            )
        )
    except Error as error:
        return await show(visit, typed.refused(error))
    return _key_page(visit, made, domain)


async def ask_to_delete_key(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    details = await visit.read(lambda tx, _: _details(tx, visit))
    key_id = visit.parameter("key")
    if key_id not in {key.id for key in details.keys}:
        raise unknown_key(details.account.email, key_id)
    return visit.confirm(
        Confirmation(
            title=f"Delete key {key_id[:12]}… of {details.account.name}?",
            says=[
                _KEY_ENDS.format(key_id=key_id),
                "Nobody can have a key back. Has every program a newer one?",
            ],
            destroys=[("Keys that stay", len(details.keys) - 1)],
            button="Delete the key",
            back=_url(visit, details.account),
        ),
        typed,
    )


async def delete_key(visit: ProjectVisit) -> Response:
    key_id = visit.parameter("key")
    try:
        account = await _do(visit, partial(service_accounts.delete_key, key_id=key_id))
    except Error as error:
        return await ask_to_delete_key(visit, visit.typed().refused(error))
    return visit.go(_AT, "account", email=account.email, note=f"Key {key_id[:12]}… is deleted.")


async def ask_to_disable(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    details = await visit.read(lambda tx, _: _details(tx, visit))
    return visit.confirm(
        Confirmation(
            title=f"Switch {details.account.name} off?",
            says=[
                "Its programs are refused from the next request on, and their tokens end for good.",
                "Its keys stay. When it is switched on again, programs get new tokens with them.",
            ],
            destroys=_figures(details),
            button="Switch the account off",
            back=_url(visit, details.account),
        ),
        typed,
    )


async def disable(visit: ProjectVisit) -> Response:
    try:
        account = await _do(visit, service_accounts.disable)
    except Error as error:
        return await ask_to_disable(visit, visit.typed().refused(error))
    return visit.go(_AT, "account", email=account.email, note=f"{account.name} is off.")


async def enable(visit: ProjectVisit) -> Response:
    try:
        account = await _do(visit, service_accounts.enable)
    except Error as error:
        return await show(visit, visit.typed().refused(error))
    return visit.go(_AT, "account", email=account.email, note=f"{account.name} is on again.")


async def ask_to_delete(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    details = await visit.read(lambda tx, _: _details(tx, visit))
    return visit.confirm(
        Confirmation(
            title=f"Delete the service account {details.account.name}?",
            says=[
                _ACCOUNT_ENDS.format(email=details.account.email),
                *([_STILL_NAMED] if details.roles else []),
            ],
            destroys=_figures(details),
            button="Delete the account",
            back=_url(visit, details.account),
            typed=details.account.name,
        ),
        typed,
    )


async def delete(visit: ProjectVisit) -> Response:
    typed = visit.typed()
    try:
        details = await visit.read(lambda tx, _: _details(tx, visit))
        typed.must_be(details.account.name)
        account = await _do(visit, service_accounts.delete)
    except Error as error:
        return await ask_to_delete(visit, typed.refused(error))
    return visit.go(_AT, note=f"{account.email} is deleted.")


async def _do(visit: ProjectVisit, act: Act) -> ServiceAccount:
    """Does it to the account that the query names."""
    email = visit.parameter("email")
    return await visit.write(
        lambda tx, now: act(tx, now, visit.actor, project_id=visit.project.id, email=email)
    )


def _details(tx: Transaction, visit: ProjectVisit) -> Details:
    """All of the account that the query names. Raises NotFound."""
    actor, project_id = visit.actor, visit.project.id
    account = service_accounts.get(
        tx, actor, project_id=project_id, email=visit.parameter("email")
    ).account
    roles = queues.roles_of(
        tx, actor, project_id=project_id, email=account.email, most=MAX_ROLES + 1
    )
    by_queue = groupby(roles[:MAX_ROLES], key=lambda role: role[0])
    may = delegations.list_delegations_of(tx, actor, project_id=project_id)
    return Details(
        account,
        service_accounts.list_keys(tx, actor, project_id=project_id, email=account.email),
        [(queue, [role for _, role in some]) for queue, some in by_queue],
        has_more_roles=len(roles) > MAX_ROLES,
        domains=[each.domain for each in may if each.email == account.email],
    )


def _check_keys(tx: Transaction, visit: ProjectVisit) -> None:
    """Raises NotFound for the account, and Conflict when it has as many keys as it may."""
    found = service_accounts.get(
        tx, visit.actor, project_id=visit.project.id, email=visit.parameter("email")
    )
    if found.keys >= MAX_KEYS:
        raise Conflict(f"the account has {MAX_KEYS} keys: delete one first", field="key")


def _key_page(visit: ProjectVisit, made: MadeKey, universe_domain: str) -> Response:
    issuer = visit.services.issuer
    file_name = f"{made.account.name}-{made.key.id[:12]}.json"
    is_googles = universe_domain == GOOGLE_UNIVERSE
    return visit.page(
        "console/service_account_key.html",
        made=made,
        file_name=file_name,
        file_text=made.file_text(issuer, universe_domain=universe_domain),
        shell_lines=(_EXPORT if is_googles else _EXPORT + _EXPORT_UNIVERSE).format(
            file_name=file_name, universe_domain=universe_domain
        ),
        # The library refuses a subject in another universe: docs/google-clients.md.
        python_lines=_CONNECT.format(issuer=issuer) + (_BE_ITSELF if is_googles else "") + _BUILD,
    )


def _figures(details: Details) -> list[tuple[str, object]]:
    return [
        ("Keys", len(details.keys)),
        ("Queues that let it in", details.how_many_queues),
        ("Domains it acts for", len(details.domains)),
    ]


def _url(visit: ProjectVisit, account: ServiceAccount) -> str:
    return visit.url(_AT, "account", email=account.email)


PAGES = (
    ProjectPage("service-accounts", show=show_list),
    ProjectPage("service-accounts/new", show=show_new, act=create),
    ProjectPage("service-accounts/account", show=show, act=make_key),
    ProjectPage("service-accounts/disable", show=ask_to_disable, act=disable),
    ProjectPage("service-accounts/enable", act=enable),
    ProjectPage("service-accounts/delete", show=ask_to_delete, act=delete),
    ProjectPage("service-accounts/keys/delete", show=ask_to_delete_key, act=delete_key),
)
