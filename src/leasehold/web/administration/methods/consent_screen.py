"""The consent screen: what people are told about a project before they say yes."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from leasehold.administration import consent_screens
from leasehold.administration.consent_screens import ScreenAndTesters, ScreenChanges
from leasehold.oauth2 import scopes
from leasehold.oauth2.client_model import Stage
from leasehold.storage.transaction import Transaction
from leasehold.web.administration.method import Call, Method
from leasehold.web.administration.wire import Email, Instant, Nothing, Wire, chosen, maybe_instant

_PATH = "projects/{project}/consentScreen"

Name = Annotated[str, Meta(max_length=200, description="Who asks.")]
Link = Annotated[
    str, Meta(max_length=1024, description="A URL that begins with https://; empty: none.")
]
StageChoice = Annotated[
    Stage, Meta(description="In testing only testers and members of the project may say yes.")
]


class ConsentScreenResource(Wire, frozen=True):
    """What people are told about a project, and who is asked."""

    project: str
    name: Name
    support_email: Annotated[str, Meta(description="Where people turn with questions.")]
    home_page: Link
    privacy_link: Link
    terms_link: Link
    stage: StageChoice
    logo_type: Annotated[str | None, Meta(description="The logo's media type; null: no logo.")]
    verified_at: Annotated[
        Instant | None, Meta(description="When the server's operator vouched for it; null: never.")
    ]
    testers: tuple[str, ...]


class UpdateConsentScreen(Wire, frozen=True):
    """What is to be another way; what is left out stays."""

    name: Name | UnsetType = UNSET
    support_email: Email | UnsetType = UNSET
    home_page: Link | UnsetType = UNSET
    privacy_link: Link | UnsetType = UNSET
    terms_link: Link | UnsetType = UNSET
    stage: StageChoice | UnsetType = UNSET


class SetLogo(Wire, frozen=True):
    """A small picture: PNG, JPEG or WebP."""

    image: Annotated[bytes, Meta(max_length=70_000, description="The file, in base64.")]


class TesterList(Wire, frozen=True):
    """Who may say yes while the project is in testing."""

    testers: Annotated[tuple[str, ...], Meta(description="E-mail addresses, in their order.")]


def get(tx: Transaction, now: int, call: Call) -> ConsentScreenResource:  # noqa: ARG001  # every method is given the time
    return _resource(consent_screens.get(tx, call.actor, project_id=call.project))


def update(tx: Transaction, now: int, call: Call) -> ConsentScreenResource:
    given = call.given(UpdateConsentScreen)
    changes = ScreenChanges(
        name=chosen(given.name),
        support_email=chosen(given.support_email),
        home_page=chosen(given.home_page),
        privacy_link=chosen(given.privacy_link),
        terms_link=chosen(given.terms_link),
        stage=chosen(given.stage),
    )
    changed = consent_screens.update(tx, now, call.actor, project_id=call.project, changes=changes)
    return _resource(changed)


def set_logo(tx: Transaction, now: int, call: Call) -> ConsentScreenResource:
    content = call.given(SetLogo).image
    changed = consent_screens.set_logo(
        tx, now, call.actor, project_id=call.project, content=content
    )
    return _resource(changed)


def delete_logo(tx: Transaction, now: int, call: Call) -> None:
    consent_screens.set_logo(tx, now, call.actor, project_id=call.project, content=None)


def list_testers(tx: Transaction, now: int, call: Call) -> TesterList:  # noqa: ARG001  # as above
    found = consent_screens.get(tx, call.actor, project_id=call.project)
    return TesterList(testers=found.testers)


def add_tester(tx: Transaction, now: int, call: Call) -> TesterList:
    after = consent_screens.add_tester(
        tx, now, call.actor, project_id=call.project, email=call.ids["email"]
    )
    return TesterList(testers=after.testers)


def remove_tester(tx: Transaction, now: int, call: Call) -> None:
    consent_screens.remove_tester(
        tx, now, call.actor, project_id=call.project, email=call.ids["email"]
    )


def _resource(found: ScreenAndTesters) -> ConsentScreenResource:
    screen = found.screen
    return ConsentScreenResource(
        project=screen.project_id,
        name=screen.name,
        support_email=screen.support_email,
        home_page=screen.home_page,
        privacy_link=screen.privacy_link,
        terms_link=screen.terms_link,
        stage=screen.stage,
        logo_type=screen.logo_type,
        verified_at=maybe_instant(screen.verified_at),
        testers=found.testers,
    )


METHODS = (
    Method(
        id="leasehold.consentScreen.get",
        verb="GET",
        path=_PATH,
        description="Shows what people are told about the project when one of its clients asks"
        " them for access.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        request=None,
        response=ConsentScreenResource,
        run=get,
    ),
    Method(
        id="leasehold.consentScreen.patch",
        verb="PATCH",
        path=_PATH,
        description="Changes what people are told about the project, which ends the verification"
        " of its consent screen.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=UpdateConsentScreen,
        response=ConsentScreenResource,
        run=update,
    ),
    Method(
        id="leasehold.consentScreen.setLogo",
        verb="PUT",
        path=f"{_PATH}/logo",
        description="Puts a picture in place of the consent screen's logo, which ends its"
        " verification.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=SetLogo,
        response=ConsentScreenResource,
        words={"logo": "image"},
        run=set_logo,
    ),
    Method(
        id="leasehold.consentScreen.deleteLogo",
        verb="DELETE",
        path=f"{_PATH}/logo",
        description="Removes the consent screen's logo, if it has one.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=None,
        response=None,
        run=delete_logo,
    ),
    Method(
        id="leasehold.testers.list",
        verb="GET",
        path=f"{_PATH}/testers",
        description="Lists the people besides the members who can be asked for access while the"
        " project is in testing.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        request=None,
        response=TesterList,
        run=list_testers,
    ),
    Method(
        id="leasehold.testers.add",
        verb="PUT",
        path=f"{_PATH}/testers/{{email}}",
        description="Adds a tester: a person who can be asked for access while the project is in"
        " testing.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=Nothing,
        response=TesterList,
        run=add_tester,
    ),
    Method(
        id="leasehold.testers.remove",
        verb="DELETE",
        path=f"{_PATH}/testers/{{email}}",
        description="Removes a tester from the project.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=None,
        response=None,
        run=remove_tester,
    ),
)
