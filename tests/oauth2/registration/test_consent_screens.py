"""Consent screens: what people are told, who vouched for it, and who is asked."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from leasehold.accounts import projects, users
from leasehold.entropy import Entropy
from leasehold.errors import Conflict, Invalid, NotFound
from leasehold.oauth2 import consent_screens
from leasehold.oauth2.client_model import ConsentScreen
from leasehold.storage.transaction import Transaction
from tests.oauth2.registration.pictures import jpeg, png
from tests.oauth2.registration.registry import NOW

PRINTER = ConsentScreen(
    "shop",
    name="Photo printer",
    support_email="help@example.com",
    home_page="https://printer.example.com/",
    privacy_link="https://printer.example.com/privacy?lang=en",
    terms_link="https://printer.example.com/terms#top",
    stage="production",
)

NO_LINKS = [
    "javascript:alert(1)",
    "http://printer.example.com/",
    "HTTPS://printer.example.com/",
    "https://",
    "https:///x",
    "https://a b.example.com/",
    'https://printer.example.com/"onclick=x',
    "https://printer.example.com/<script>",
    "https://printer.example.com/\n",
    "https://printer.example.com/\0",
    "https://user@printer.example.com/",
    "https://printer.example.com\\@evil.example/",
    "https://[/",
    "//printer.example.com",
    "data:text/html,x",
    "https://printer.example.com/" + "a" * 1024,
]


def test_a_project_that_has_none_shows_its_id_and_an_owner_and_is_in_testing(
    tx: Transaction,
) -> None:
    expected = ConsentScreen("shop", name="shop", support_email="ada@example.com", stage="testing")

    assert expected == consent_screens.get(tx, "shop")
    with pytest.raises(NotFound):
        consent_screens.get(tx, "other")


def test_what_was_set_is_shown(tx: Transaction) -> None:
    kept = consent_screens.put(tx, replace(PRINTER, name=" Photo  printer "))

    assert PRINTER == kept == consent_screens.get(tx, "shop")
    with pytest.raises(NotFound):
        consent_screens.put(tx, replace(PRINTER, project_id="other"))


@pytest.mark.parametrize("link", NO_LINKS)
@pytest.mark.parametrize("field", ["home_page", "privacy_link", "terms_link"])
def test_a_link_leads_to_a_page(tx: Transaction, field: str, link: str) -> None:
    with pytest.raises(Invalid, match="https://") as refused:
        consent_screens.put(tx, replace(PRINTER, **{field: link}))  # type: ignore[arg-type]  # each is text

    assert field == refused.value.field


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "\u202eelgoog"},
        {"name": "<script>\n"},
        {"support_email": "nobody"},
        {"support_email": "a@b\nc"},
        {"stage": "beta"},
    ],
)
def test_what_people_would_be_deceived_by_is_refused(
    tx: Transaction, changes: dict[str, str]
) -> None:
    with pytest.raises(Invalid):
        consent_screens.put(tx, replace(PRINTER, **changes))  # type: ignore[arg-type]  # that is the point


def test_a_logo_is_kept_and_removed(tx: Transaction) -> None:
    screen = consent_screens.set_logo(tx, "shop", png())
    logo = consent_screens.logo(tx, "shop")
    again = consent_screens.put(tx, PRINTER)
    without = consent_screens.set_logo(tx, "shop", None)

    assert logo is not None
    assert ("image/png", png()) == (logo.type, logo.content)
    assert ("image/png", "image/png", None) == (
        screen.logo_type,
        again.logo_type,
        without.logo_type,
    )
    assert consent_screens.logo(tx, "shop") is None
    assert consent_screens.logo(tx, "\0") is None


def test_a_logo_that_is_a_document_is_refused(tx: Transaction) -> None:
    with pytest.raises(Invalid, match="PNG, JPEG or WebP"):
        consent_screens.set_logo(tx, "shop", b"<svg onload='alert(1)'/>")


def test_the_operator_vouches_and_takes_it_back(tx: Transaction) -> None:
    verified = consent_screens.verify(tx, NOW, "shop")
    withdrawn = consent_screens.withdraw_verification(tx, "shop")

    assert (NOW, None) == (verified.verified_at, withdrawn.verified_at)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "Google"},
        {"support_email": "evil@example.com"},
        {"home_page": ""},
        {"privacy_link": "https://evil.example/"},
        {"terms_link": "https://evil.example/"},
    ],
)
def test_what_is_shown_anew_is_not_verified(tx: Transaction, changes: dict[str, str]) -> None:
    consent_screens.put(tx, PRINTER)
    consent_screens.verify(tx, NOW, "shop")

    changed = consent_screens.put(tx, replace(PRINTER, **changes))  # type: ignore[arg-type]  # each is text

    assert changed.verified_at is None


def test_a_new_logo_is_not_verified_but_a_new_stage_may_be(tx: Transaction) -> None:
    consent_screens.put(tx, PRINTER)
    consent_screens.verify(tx, NOW, "shop")

    staged = consent_screens.put(tx, replace(PRINTER, stage="testing"))
    with_logo = consent_screens.set_logo(tx, "shop", jpeg())

    assert (NOW, None) == (staged.verified_at, with_logo.verified_at)


def test_nobody_verifies_by_putting_it_into_the_screen(tx: Transaction) -> None:
    kept = consent_screens.put(tx, replace(PRINTER, verified_at=NOW, logo_type="image/png"))

    assert (None, None) == (kept.verified_at, kept.logo_type)


def test_in_testing_only_testers_and_members_are_asked(tx: Transaction) -> None:
    users.create(tx, NOW, Entropy(), email="eve@example.com", password_hash=None)
    consent_screens.add_tester(tx, project_id="shop", email=" Eve@Example.com ")

    asked = [consent_screens.allows(tx, "shop", f"{n}@example.com") for n in ("ada", "eve", "bob")]
    consent_screens.remove_tester(tx, project_id="shop", email="eve@example.com")

    assert [True, True, False] == asked
    assert not consent_screens.allows(tx, "shop", "eve@example.com")


def test_testers_and_members_of_another_project_are_not_asked(tx: Transaction) -> None:
    users.create(tx, NOW, Entropy(), email="eve@example.com", password_hash=None)
    projects.create(tx, NOW, project_id="other", owner_email="eve@example.com")
    consent_screens.add_tester(tx, project_id="other", email="bob@example.com")

    assert not consent_screens.allows(tx, "shop", "eve@example.com")
    assert not consent_screens.allows(tx, "shop", "bob@example.com")
    assert not consent_screens.allows(tx, "nowhere", "ada@example.com")


def test_in_production_everybody_is_asked(tx: Transaction) -> None:
    consent_screens.put(tx, PRINTER)

    assert consent_screens.allows(tx, "shop", "anybody@example.net")


def test_there_are_a_hundred_testers_at_most_each_once(tx: Transaction) -> None:
    for n in range(consent_screens.MAX_TESTERS):
        consent_screens.add_tester(tx, project_id="shop", email=f"t{n:03}@example.com")

    consent_screens.add_tester(tx, project_id="shop", email="t000@example.com")
    with pytest.raises(Conflict, match="100 testers"):
        consent_screens.add_tester(tx, project_id="shop", email="one@example.com")

    listed = consent_screens.testers_of(tx, "shop")
    assert sorted(listed) == listed
    assert 100 == len(listed)


def test_who_is_no_tester_cannot_be_removed_nor_added_to_nothing(tx: Transaction) -> None:
    with pytest.raises(NotFound, match="not a tester"):
        consent_screens.remove_tester(tx, project_id="shop", email="eve@example.com")
    with pytest.raises(NotFound, match="no project"):
        consent_screens.add_tester(tx, project_id="other", email="eve@example.com")
    with pytest.raises(Invalid):
        consent_screens.add_tester(tx, project_id="shop", email="eve")


def test_every_change_is_counted_for_the_servers(
    tx: Transaction, changes: Callable[[], int]
) -> None:
    for change in (
        lambda: consent_screens.put(tx, PRINTER),
        lambda: consent_screens.set_logo(tx, "shop", png()),
        lambda: consent_screens.verify(tx, NOW, "shop"),
        lambda: consent_screens.withdraw_verification(tx, "shop"),
        lambda: consent_screens.add_tester(tx, project_id="shop", email="eve@example.com"),
        lambda: consent_screens.remove_tester(tx, project_id="shop", email="eve@example.com"),
    ):
        change()

        assert changes() > 0
