"""The consent screen: what people are told about a project, shown beforehand, and who is asked."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from starlette.responses import Response

from leasehold.accounts.emails import normalize_email
from leasehold.administration import clients, consent_screens
from leasehold.administration.consent_screens import ScreenAndTesters, ScreenChanges
from leasehold.errors import Error, Missing, NotFound
from leasehold.oauth2 import scopes
from leasehold.oauth2.client_model import STAGES, ConsentScreen
from leasehold.oauth2.consent_screens import MAX_LINK, MAX_TESTERS
from leasehold.oauth2.logos import MAX_BYTES
from leasehold.storage.transaction import Transaction
from leasehold.web.console.forms import NOTHING_TYPED, Confirmation, Stored, Typed
from leasehold.web.console.shell import Group, ProjectPage, ProjectVisit
from leasehold.web.oauth.consent_card import choices, destination, logo_url

MAX_NAME = 320  # characters, before blanks are taken out
MAX_EMAIL = 254  # RFC 5321 §4.5.3.1.3, without the brackets

# What people are shown: when it changes, the screen is verified no longer.
_SHOWN = ("name", "support_email", "home_page", "privacy_link", "terms_link")

# For the preview: what most clients ask for, by a client that one could have.
_ASKED_FOR = scopes.TASKQUEUE | scopes.EMAIL
_A_CLIENT = ("Your application", "https://app.example.com/callback")


@dataclass(frozen=True, slots=True)
class Held:
    """All that the page needs to know."""

    screen: ConsentScreen
    testers: int
    logo: str  # the picture's address; "" when there is none
    client: tuple[str, str]  # one that asks people: its name, and where they come back to


@dataclass(frozen=True, slots=True)
class Preview:
    """What the card of a consent screen says, and what a developer is told beside it."""

    screen: ConsentScreen
    logo: str
    client: Mapping[str, str]
    destination: str
    choices: Sequence[Mapping[str, str]]
    minutes: int
    loses_verification: bool  # when it is saved like this


async def show(visit: ProjectVisit, typed: Typed = NOTHING_TYPED, *, done: str = "") -> Response:
    """`done`: what happened just now, though the form is not saved yet."""
    held = await visit.read(lambda tx, _: _held(tx, visit))
    return visit.page(
        "console/consent_screen.html",
        typed=typed.filling(_first(held.screen)),
        done=done,
        held=held,
        refresh_days=visit.services.settings.testing_refresh_days,
        max_link=MAX_LINK,
        preview=_preview(visit, held, typed),
    )


async def change(visit: ProjectVisit) -> Response:
    typed = visit.typed()
    try:
        changes = ScreenChanges(
            name=typed.required("name", max_length=MAX_NAME),
            support_email=typed.required("support_email", max_length=MAX_EMAIL),
            home_page=typed.text("home_page"),
            privacy_link=typed.text("privacy_link"),
            terms_link=typed.text("terms_link"),
            stage=typed.one_of("stage", STAGES),
        )
        await visit.write(lambda tx, now: _change(tx, now, visit, typed, changes))
    except Error as error:
        # An address that is none is refused by the name that addresses have everywhere.
        return await show(visit, typed.refused(error, {"email": "support_email"}))
    return visit.go("consent-screen", note="The consent screen is saved.")


def _change(
    tx: Transaction, now: int, visit: ProjectVisit, typed: Typed, changes: ScreenChanges
) -> ScreenAndTesters:
    actor, project_id = visit.actor, visit.project.id
    typed.must_be_unchanged(_first(consent_screens.get(tx, actor, project_id=project_id).screen))
    return consent_screens.update(tx, now, actor, project_id=project_id, changes=changes)


def _first(screen: ConsentScreen) -> Stored:
    """What the fields hold at first."""
    return {name: getattr(screen, name) for name in (*_SHOWN, "stage")}


async def preview(visit: ProjectVisit) -> Response:
    """What people would see of what is typed at this moment. Nothing is saved."""
    held = await visit.read(lambda tx, _: _held(tx, visit))
    shown = _preview(visit, held, visit.typed())
    return visit.fragment("console/consent_screen_preview.html", preview=shown)


async def put_logo(visit: ProjectVisit) -> Response:
    """Saves the picture alone; whatever else is typed stays typed."""
    typed = visit.typed()
    try:
        if visit.file is None:
            raise Missing("choose a picture first", field="logo")
        await _set_logo(visit, visit.file)
    except Error as error:
        return await show(visit, typed.refused(error))
    held = await visit.read(lambda tx, _: _held(tx, visit))
    if _with_typed(held.screen, typed) == held.screen:
        return visit.go("consent-screen", note="The logo is saved.")
    return await show(
        visit, typed, done="The logo is saved. What you changed in the form is not saved yet."
    )


async def ask_to_remove_logo(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    held = await visit.read(lambda tx, _: _held(tx, visit))
    if not held.logo:
        raise NotFound(f"{visit.project.id} has no logo")
    return visit.confirm(
        Confirmation(
            title="Remove the logo?",
            says=["People who are asked see the name alone. To have it back, upload it again."]
            + ["The screen is verified no longer."] * (held.screen.verified_at is not None),
            button="Remove the logo",
            back=visit.url("consent-screen"),
        ),
        typed,
    )


async def remove_logo(visit: ProjectVisit) -> Response:
    try:
        await _set_logo(visit, None)
    except Error as error:
        return await ask_to_remove_logo(visit, visit.typed().refused(error))
    return visit.go("consent-screen", note="The logo is removed.")


async def show_testers(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    found = await visit.read(
        lambda tx, _: consent_screens.get(tx, visit.actor, project_id=visit.project.id)
    )
    return visit.page(
        "console/consent_screen_testers.html",
        typed=typed,
        testers=found.testers,
        stage=found.screen.stage,
        limit=MAX_TESTERS,
    )


async def add_tester(visit: ProjectVisit) -> Response:
    typed = visit.typed()
    try:
        email = normalize_email(typed.required("email", max_length=MAX_EMAIL))
        await visit.write(
            lambda tx, now: consent_screens.add_tester(
                tx, now, visit.actor, project_id=visit.project.id, email=email
            )
        )
    except Error as error:
        return await show_testers(visit, typed.refused(error))
    return visit.go("consent-screen", "testers", note=f"{email} is a tester now.")


async def ask_to_remove_tester(visit: ProjectVisit, typed: Typed = NOTHING_TYPED) -> Response:
    email = normalize_email(visit.parameter("email"))
    found = await visit.read(
        lambda tx, _: consent_screens.get(tx, visit.actor, project_id=visit.project.id)
    )
    if email not in found.testers:
        raise NotFound(f"{email} is not a tester of {visit.project.id}")
    return visit.confirm(
        Confirmation(
            title=f"Remove {email}?",
            says=[
                "While the project is in testing, its clients cannot ask them any more.",
                "What they allowed before stays until they take it back or its tokens end.",
            ],
            button="Remove the tester",
            back=visit.url("consent-screen", "testers"),
        ),
        typed,
    )


async def remove_tester(visit: ProjectVisit) -> Response:
    email = normalize_email(visit.parameter("email"))
    try:
        await visit.write(
            lambda tx, now: consent_screens.remove_tester(
                tx, now, visit.actor, project_id=visit.project.id, email=email
            )
        )
    except Error as error:
        return await ask_to_remove_tester(visit, visit.typed().refused(error))
    return visit.go("consent-screen", "testers", note=f"{email} is no tester any more.")


def _held(tx: Transaction, visit: ProjectVisit) -> Held:
    actor, project_id = visit.actor, visit.project.id
    found = consent_screens.get(tx, actor, project_id=project_id)
    logo = consent_screens.logo(tx, actor, project_id=project_id)
    return Held(
        screen=found.screen,
        testers=len(found.testers),
        # Browsers keep the picture for minutes: another one has another address.
        logo=f"{logo_url(project_id)}?{_digest(logo.content)}" if logo else "",
        client=next(
            (
                (registered.client.name, registered.client.redirect_uris[0])
                for registered in clients.list_clients(tx, actor, project_id=project_id)
                if registered.client.redirect_uris and not clients.is_explorer(registered.client)
            ),
            _A_CLIENT,
        ),
    )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


async def _set_logo(visit: ProjectVisit, content: bytes | None) -> None:
    await visit.write(
        lambda tx, now: consent_screens.set_logo(
            tx, now, visit.actor, project_id=visit.project.id, content=content
        )
    )


def _preview(visit: ProjectVisit, held: Held, typed: Typed) -> Preview:
    screen = _with_typed(held.screen, typed)
    name, redirect_uri = held.client
    return Preview(
        screen=screen,
        logo=held.logo,
        client={"name": name},
        destination=destination(redirect_uri),
        choices=choices(_ASKED_FOR),
        minutes=visit.services.settings.access_token_seconds // 60,
        loses_verification=held.screen.verified_at is not None and screen.verified_at is None,
    )


def _with_typed(screen: ConsentScreen, typed: Typed) -> ConsentScreen:
    """The screen as it would be shown, whether or not it could be saved like that."""
    if not typed.values:
        return screen
    shown = {name: typed.shown(name, "").strip()[:MAX_LINK] for name in _SHOWN}
    stage = next((known for known in STAGES if known == typed.shown("stage")), screen.stage)
    is_same = all(getattr(screen, name) == text for name, text in shown.items())
    verified_at = screen.verified_at if is_same else None
    return replace(screen, **shown, stage=stage, verified_at=verified_at)


GROUP = Group(
    title="Consent screen",
    path="consent-screen",
    pages=(
        ProjectPage("consent-screen", show=show, act=change),
        ProjectPage("consent-screen/preview", act=preview),
        ProjectPage("consent-screen/logo", act=put_logo, max_file_bytes=MAX_BYTES),
        ProjectPage("consent-screen/logo/remove", show=ask_to_remove_logo, act=remove_logo),
        ProjectPage("consent-screen/testers", show=show_testers, act=add_tester),
        ProjectPage("consent-screen/testers/remove", show=ask_to_remove_tester, act=remove_tester),
    ),
)
