"""Clients of a project: applications that ask people for access, their settings and secrets."""

import json
from dataclasses import dataclass, field
from typing import Final

from starlette.responses import Response

from leasehold.administration import clients
from leasehold.administration.clients import ClientChanges, RegisteredClient
from leasehold.errors import Error, NotFound
from leasehold.oauth2 import scopes
from leasehold.oauth2.client_file import client_file_text, file_name
from leasehold.oauth2.client_model import TYPES, Client, ClientType, NewClient, NewSecret
from leasehold.oauth2.clients import MAX_CLIENTS, MAX_SECRETS
from leasehold.storage.transaction import Transaction
from leasehold.web.console.forms import NOTHING_TYPED, Confirmation, Stored, Typed
from leasehold.web.console.shell import ProjectPage, ProjectVisit

TITLES: Final[dict[ClientType, str]] = {
    "web": "Web",
    "installed": "Installed",
    "browser": "Browser",
}

_MAX_NAME = 320  # characters, before blanks are taken out
_MAX_LINES = 64 * 1024  # characters of a field of URIs, of which a client may have 50
_MAX_FORM = 512 * 1024  # bytes: two of those fields, percent-encoded
_MAX_DIGITS = 19  # of a bigint


@dataclass(frozen=True, slots=True)
class Use:
    """How a client is used."""

    file_name: str
    file_text: str = field(repr=False)  # with the secret only while its text is known
    people_lines: str  # how a person is asked; "" for a client that asks nobody
    own_lines: str  # how it gets a token for itself; "" where it may not


async def show_all(visit: ProjectVisit) -> Response:
    found = await visit.read(
        lambda tx, _: clients.list_clients(tx, visit.actor, project_id=visit.project.id)
    )
    return visit.page("console/clients.html", clients=found, titles=TITLES, limit=MAX_CLIENTS)


async def ask_new(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    """Asks for the type first: what else there is to say depends on it."""
    client_type = _type(visit)
    if client_type is None:
        return visit.page("console/client_types.html")
    return visit.page(
        "console/client_new.html",
        typed=typed,
        type=client_type,
        title=TITLES[client_type],
        has_implicit=visit.services.settings.implicit_grant,
    )


async def create(visit: ProjectVisit) -> Response:
    typed, client_type = visit.typed(), _type(visit)
    if client_type is None:
        return await ask_new(visit)
    try:
        new = NewClient(
            project_id=visit.project.id,
            type=client_type,
            name=typed.required("name", max_length=_MAX_NAME),
            redirect_uris=_lines(typed, "redirect_uris"),
            javascript_origins=_lines(typed, "javascript_origins"),
            rotates=typed.ticked("rotates"),
            client_credentials=typed.ticked("client_credentials"),
            implicit=typed.ticked("implicit"),
        )
        made = await visit.write(
            lambda tx, now: clients.create(
                tx,
                now,
                visit.actor,
                entropy=visit.services.entropy,
                box=visit.services.secret_box,
                new=new,
            )
        )
    except Error as error:
        return await ask_new(visit, typed.refused(error))
    return _made(visit, made.client, made.secret, title=f"{made.client.name} is registered")


async def show(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    found, consents = await visit.read(lambda tx, _: _found(tx, visit))
    client = found.client
    return visit.page(
        "console/client.html",
        typed=typed.filling(_first(client)),
        client=client,
        secrets=found.secrets,
        most_secrets=MAX_SECRETS,
        consents=consents,
        is_explorer=clients.is_explorer(client),
        title=TITLES[client.type],
        has_implicit=visit.services.settings.implicit_grant,
        use=_use(visit, client, None),
    )


async def change(visit: ProjectVisit) -> Response:
    typed = visit.typed()
    try:
        changes = ClientChanges(
            name=typed.required("name", max_length=_MAX_NAME),
            redirect_uris=_lines(typed, "redirect_uris"),
            javascript_origins=_lines(typed, "javascript_origins"),
            rotates=typed.ticked("rotates"),
            client_credentials=typed.ticked("client_credentials"),
            implicit=typed.ticked("implicit"),
        )
        changed = await visit.write(lambda tx, now: _change(tx, now, visit, typed, changes))
    except Error as error:
        return await show(visit, typed.refused(error))
    return visit.go("clients", changed.client.id, note="The client is saved.")


async def add_secret(visit: ProjectVisit) -> Response:
    services = visit.services
    try:
        secret = await visit.write(
            lambda tx, now: clients.add_secret(
                tx,
                now,
                visit.actor,
                entropy=services.entropy,
                box=services.secret_box,
                project_id=visit.project.id,
                client_id=visit.segment("client"),
            )
        )
    except Error as error:
        return await show(visit, NOTHING_TYPED.refused(error))
    found, _ = await visit.read(lambda tx, _: _found(tx, visit))
    return _made(visit, found.client, secret, title=f"A new secret for {found.client.name}")


async def ask_to_end_secret(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    found, _ = await visit.read(lambda tx, _: _found(tx, visit))
    number = _secret_id(visit)
    ended = next((secret for secret in found.secrets if secret.id == number), None)
    if ended is None:
        raise NotFound(f"{found.client.name} has no such secret")
    stay = len(found.secrets) - 1
    says = [
        "Whoever proves with it to be this client is refused from the next request on.",
        "Tokens that the client got for itself with it end at once. What people gave it stays.",
    ]
    if not stay:
        says.append("It is the only one: until you add another, the client gets no tokens at all.")
    return visit.confirm(
        Confirmation(
            title=f"End the secret that ends in {ended.ending}?",
            says=says,
            destroys=[("Secrets that stay", stay)],
            button="End the secret",
            back=visit.url("clients", found.client.id),
        ),
        typed,
    )


async def end_secret(visit: ProjectVisit) -> Response:
    client_id = visit.segment("client")
    try:
        await visit.write(
            lambda tx, now: clients.delete_secret(
                tx,
                now,
                visit.actor,
                project_id=visit.project.id,
                client_id=client_id,
                secret_id=_secret_id(visit),
            )
        )
    except Error as error:
        return await ask_to_end_secret(visit, visit.typed().refused(error))
    return visit.go("clients", client_id, note="The secret is ended.")


async def ask_to_delete(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    found, consents = await visit.read(lambda tx, _: _found(tx, visit))
    return visit.confirm(_deletion(visit, found, consents), typed)


async def delete(visit: ProjectVisit) -> Response:
    typed = visit.typed()
    try:
        found, consents = await visit.read(lambda tx, _: _found(tx, visit))
        if consents:
            typed.must_be(found.client.name)
        await visit.write(
            lambda tx, now: clients.delete(
                tx, now, visit.actor, project_id=visit.project.id, client_id=found.client.id
            )
        )
    except Error as error:
        return await ask_to_delete(visit, typed.refused(error))
    return visit.go("clients", note=f"{found.client.name} is deleted.")


def _change(
    tx: Transaction, now: int, visit: ProjectVisit, typed: Typed, changes: ClientChanges
) -> RegisteredClient:
    found, _ = _found(tx, visit)
    typed.must_be_unchanged(_first(found.client))
    return clients.update(
        tx,
        now,
        visit.actor,
        project_id=visit.project.id,
        client_id=found.client.id,
        changes=changes,
    )


def _first(client: Client) -> Stored:
    """What the fields hold at first."""
    return {
        "name": client.name,
        "redirect_uris": client.redirect_uris,
        "javascript_origins": client.javascript_origins,
        "rotates": client.rotates,
        "client_credentials": client.client_credentials,
        "implicit": client.implicit,
    }


def _deletion(visit: ProjectVisit, found: RegisteredClient, consents: int) -> Confirmation:
    client = found.client
    says = [
        "All its tokens end from the next request on, and it can ask nobody any more.",
        "It cannot be had back: who allowed it must allow its successor anew.",
    ]
    if client.client_credentials:
        says.append(f"Queues whose access lists name {client.email} still do: look there too.")
    return Confirmation(
        title=f"Delete {client.name}?",
        says=says,
        destroys=[("Consents that end", consents), ("Secrets that end", len(found.secrets))],
        button="Delete the client",
        back=visit.url("clients", client.id),
        typed=client.name if consents else "",
    )


def _found(tx: Transaction, visit: ProjectVisit) -> tuple[RegisteredClient, int]:
    """The client that the path names, and how many people have said yes to it. NotFound."""
    named = {"project_id": visit.project.id, "client_id": visit.segment("client")}
    return clients.get(tx, visit.actor, **named), clients.count_consents(tx, visit.actor, **named)


def _made(visit: ProjectVisit, client: Client, secret: NewSecret | None, *, title: str) -> Response:
    """The one page that holds the secret."""
    return visit.page(
        "console/client_made.html",
        title=title,
        client=client,
        secret=secret.text if secret else "",
        use=_use(visit, client, secret),
    )


def _use(visit: ProjectVisit, client: Client, secret: NewSecret | None) -> Use:
    issuer = visit.services.issuer
    return Use(
        file_name=file_name(client),
        file_text=client_file_text(client, secret.text if secret else None, issuer),
        people_lines=_people_lines(client, issuer),
        own_lines=_own_lines(client, issuer) if client.client_credentials else "",
    )


def _people_lines(client: Client, issuer: str) -> str:
    if not client.redirect_uris:
        return ""
    lines = {"web": _WEB, "installed": _INSTALLED, "browser": _BROWSER}[client.type]
    return lines.format(
        file=json.dumps(file_name(client)),
        scope=json.dumps(scopes.text(scopes.TASKQUEUE)),
        redirect_uri=json.dumps(client.redirect_uris[0]),
        client_id=json.dumps(client.id),
        ask=json.dumps(f"{issuer}/o/oauth2/v2/auth?"),
        token=json.dumps(f"{issuer}/token"),
    )


def _own_lines(client: Client, issuer: str) -> str:
    scope = scopes.text(scopes.TASKQUEUE)
    return (
        f"curl --user {client.id}:THE_SECRET \\\n  --data grant_type=client_credentials \\\n"
        f"  --data scope={scope} \\\n  {issuer}/token"
    )


_WEB = """\
from google_auth_oauthlib.flow import Flow

flow = Flow.from_client_secrets_file(
    {file},
    [{scope}],
    redirect_uri={redirect_uri},
)
url, state = flow.authorization_url(prompt="consent")  # send them there
flow.fetch_token(authorization_response=url_at_which_they_came_back)
credentials = flow.credentials"""

_INSTALLED = """\
from google_auth_oauthlib.flow import InstalledAppFlow

flow = InstalledAppFlow.from_client_secrets_file(
    {file},
    [{scope}],
)
credentials = flow.run_local_server(port=0)  # opens the person's browser"""

_BROWSER = """\
const client = {{
  client_id: {client_id},
  redirect_uri: {redirect_uri},
}};

// verifier and state are random, and stay in sessionStorage until the person is back;
// challenge is the base64url of the verifier's SHA-256 (RFC 7636).
location = {ask} + new URLSearchParams({{
  ...client,
  response_type: "code",
  scope: {scope},
  state,
  code_challenge: challenge,
  code_challenge_method: "S256",
}});

// Back at the redirect URI, with the code from its address:
const answer = await fetch({token}, {{
  method: "POST",
  body: new URLSearchParams({{
    ...client,
    grant_type: "authorization_code",
    code,
    code_verifier: verifier,
  }}),
}});
const {{access_token}} = await answer.json();"""


def _lines(typed: Typed, name: str) -> tuple[str, ...]:
    return tuple(typed.lines(name, max_length=_MAX_LINES))


def _type(visit: ProjectVisit) -> ClientType | None:
    """What the address says; None: nothing yet."""
    text = visit.parameter("type")
    return next((known for known in TYPES if known == text), None)


def _secret_id(visit: ProjectVisit) -> int:
    """The number in the path; 0, which is no secret's, for what is none."""
    text = visit.segment("secret")
    is_number = text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS
    return int(text) if is_number else 0


PAGES = (
    ProjectPage("clients", show=show_all),
    ProjectPage("clients/new", show=ask_new, act=create, max_bytes=_MAX_FORM),
    ProjectPage("clients/{client}", show=show, act=change, max_bytes=_MAX_FORM),
    ProjectPage("clients/{client}/secrets", act=add_secret),
    ProjectPage("clients/{client}/secrets/{secret}/end", show=ask_to_end_secret, act=end_secret),
    ProjectPage("clients/{client}/delete", show=ask_to_delete, act=delete),
)
