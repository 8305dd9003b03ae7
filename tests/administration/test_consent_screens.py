"""Administration of consent screens: who may, what is written down, and what never is."""

import base64
import json
from collections.abc import Callable, Iterator

import pytest

from leasehold.administration import consent_screens
from leasehold.administration.actor import Actor
from leasehold.administration.consent_screens import ScreenChanges
from leasehold.errors import Conflict, Forbidden, Invalid, NotFound
from leasehold.oauth2 import consent_screens as screens
from tests.administration.office import (
    ADMIN,
    ALLOWED,
    NOW,
    OPERATOR,
    OWNER,
    SHOP,
    Office,
    assert_refused_like_absent,
    opened,
)
from tests.oauth2.registration.pictures import jpeg, png

TESTER = "tess@example.com"

Act = Callable[[Office, Actor, str], object]


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    with opened(database_url) as office:
        yield office


def update(office: Office, actor: Actor = OWNER, project: str = SHOP, **changes: str) -> object:
    given = ScreenChanges(**(changes or {"name": f"Printer of {actor.name}"}))  # type: ignore[arg-type]  # a test's own words
    return consent_screens.update(office.tx, NOW, actor, project_id=project, changes=given)


def set_logo(
    office: Office, actor: Actor = OWNER, project: str = SHOP, content: bytes | None = None
) -> object:
    return consent_screens.set_logo(office.tx, NOW, actor, project_id=project, content=content)


def add_tester(
    office: Office, actor: Actor = OWNER, project: str = SHOP, email: str = TESTER
) -> object:
    return consent_screens.add_tester(office.tx, NOW, actor, project_id=project, email=email)


def remove_tester(
    office: Office, actor: Actor = OWNER, project: str = SHOP, email: str = TESTER
) -> object:
    return consent_screens.remove_tester(office.tx, NOW, actor, project_id=project, email=email)


def verify(
    office: Office, actor: Actor = OPERATOR, project: str = SHOP, *, at: int = NOW
) -> object:
    return consent_screens.verify(office.tx, at, actor, project_id=project)


def withdraw(office: Office, actor: Actor = OPERATOR, project: str = SHOP) -> object:
    return consent_screens.withdraw_verification(office.tx, NOW, actor, project_id=project)


READS: dict[str, Act] = {
    "get": lambda o, actor, project: consent_screens.get(o.tx, actor, project_id=project),
    "logo": lambda o, actor, project: consent_screens.logo(o.tx, actor, project_id=project),
}
# In this order each of them changes something.
CHANGES: dict[str, Act] = {
    "update": update,
    "setLogo": lambda o, actor, project: set_logo(o, actor, project, png()),
    "removeLogo": set_logo,
    "addTester": add_tester,
    "removeTester": remove_tester,
}
VOUCHING: dict[str, Act] = {"verify": verify, "withdrawVerification": withdraw}


def test_owners_admins_and_the_operator_change_it_and_each_act_is_recorded(office: Office) -> None:
    for actor in ALLOWED:
        for name, act in CHANGES.items():
            act(office, actor, SHOP)

            entry = office.last()
            assert (f"consentScreen.{name}", SHOP, "consentScreen") == entry[:3]
            assert (actor.kind, actor.name, actor.address) == entry[3:6]
    assert len(ALLOWED) * len(CHANGES) == len(office.audit())


def test_reading_is_for_the_same_people_and_is_not_recorded(office: Office) -> None:
    for actor in ALLOWED:
        shown = consent_screens.get(office.tx, actor, project_id=SHOP)

        assert (screens.get(office.tx, SHOP), ()) == (shown.screen, shown.testers)
        assert consent_screens.logo(office.tx, actor, project_id=SHOP) is None
    assert [] == office.audit()


@pytest.mark.parametrize("name", [*READS, *CHANGES, *VOUCHING])
def test_to_everybody_else_the_project_is_not_there(office: Office, name: str) -> None:
    act = (READS | CHANGES | VOUCHING)[name]

    assert_refused_like_absent(office, lambda actor, project_id: act(office, actor, project_id))


@pytest.mark.parametrize("name", VOUCHING)
def test_only_the_operator_vouches_for_it(office: Office, name: str) -> None:
    for actor in (OWNER, ADMIN):
        with pytest.raises(Forbidden, match="only the operator"):
            VOUCHING[name](office, actor, SHOP)
    assert [] == office.audit()


def test_vouching_is_recorded_and_so_is_taking_it_back(office: Office) -> None:
    verify(office)
    verify(office, at=NOW + 1)
    withdraw(office)
    withdraw(office)

    assert [
        ("consentScreen.verify", {"verified_at": None}, {"verified_at": NOW}),
        ("consentScreen.verify", {"verified_at": NOW}, {"verified_at": NOW + 1}),
        ("consentScreen.withdrawVerification", {"verified_at": NOW + 1}, {"verified_at": None}),
    ] == [
        (entry.action, json.loads(entry.before or ""), json.loads(entry.after or ""))
        for entry in office.audit()
    ]


def test_a_change_is_recorded_by_what_differs_the_verification_that_it_ends_too(
    office: Office,
) -> None:
    verify(office)

    update(office, name="Printer", privacy_link="https://printer.example.com/privacy")

    entry = office.last()
    assert {"name": SHOP, "privacy_link": "", "verified_at": NOW} == json.loads(entry.before or "")
    assert {
        "name": "Printer",
        "privacy_link": "https://printer.example.com/privacy",
        "verified_at": None,
    } == json.loads(entry.after or "")


def test_what_changes_nothing_is_not_recorded(office: Office) -> None:
    update(office, name="Printer")
    add_tester(office)
    set_logo(office, content=png())
    recorded = office.audit()

    update(office, name=" Printer ")
    consent_screens.update(office.tx, NOW, OWNER, project_id=SHOP, changes=ScreenChanges())
    add_tester(office, email=TESTER.upper())
    set_logo(office, content=png())

    assert recorded == office.audit()


def test_an_empty_link_removes_it_and_none_leaves_it(office: Office) -> None:
    update(office, home_page="https://a.example/", terms_link="https://a.example/terms")
    update(office, home_page="")

    screen = consent_screens.get(office.tx, OWNER, project_id=SHOP).screen
    assert ("", "https://a.example/terms") == (screen.home_page, screen.terms_link)


def test_of_a_logo_its_kind_and_size_are_recorded_and_none_of_its_bytes(office: Office) -> None:
    first, second = png(extra=b"Title\0hidden words"), jpeg()
    for content in (first, second, None):
        set_logo(office, content=content)

    of_first = {"logo": {"type": "image/png", "bytes": len(first)}}
    of_second = {"logo": {"type": "image/jpeg", "bytes": len(second)}}
    nothing: dict[str, object] = {"logo": None}
    assert [(nothing, of_first), (of_first, of_second), (of_second, nothing)] == [
        (json.loads(entry.before or ""), json.loads(entry.after or "")) for entry in office.audit()
    ]
    for text in ("hidden", base64.b64encode(first).decode()[:30], first.hex()[:30]):
        assert text not in repr(office.audit())


def test_testers_are_recorded_by_their_address(office: Office) -> None:
    add_tester(office, email=" Tess@Example.com ")
    remove_tester(office)

    added, removed = office.audit()
    assert ({"tester": None}, {"tester": TESTER}) == (
        json.loads(added.before or ""),
        json.loads(added.after or ""),
    )
    assert ({"tester": TESTER}, {"tester": None}) == (
        json.loads(removed.before or ""),
        json.loads(removed.after or ""),
    )


def test_what_is_refused_is_not_recorded(office: Office) -> None:
    for count in range(screens.MAX_TESTERS):
        screens.add_tester(office.tx, project_id=SHOP, email=f"tester-{count}@example.com")

    with pytest.raises(Conflict, match="remove one first"):
        add_tester(office)
    with pytest.raises(NotFound, match="not a tester"):
        remove_tester(office)
    with pytest.raises(Invalid, match="not an e-mail address"):
        add_tester(office, email="\0")
    with pytest.raises(Invalid, match="begins with https://"):
        update(office, home_page="javascript:alert(1)")
    with pytest.raises(Invalid, match="the stage is one of"):
        update(office, stage="everybody")
    for content in (b"", b"<svg/>", b"x" * 10**6):
        with pytest.raises(Invalid, match="a logo"):
            set_logo(office, content=content)
    assert [] == office.audit()
