"""`leasehold consent-screen`."""

from pathlib import Path

import pytest

from tests.cli.commands import Commands
from tests.oauth2.registration.pictures import png


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "logo.svg"  # its name does not matter
    path.write_bytes(png())
    return path


def test_show_says_what_is_shown_where_nothing_was_set(shop: Commands) -> None:
    value = shop.json("consent-screen show shop")

    assert ("shop", "ada@example.com", "testing", None, []) == (
        value["name"],
        value["support_email"],
        value["stage"],
        value["verified_at"],
        value["testers"],
    )
    assert "ada@example.com" in shop.ok("consent-screen show shop")


def test_set_changes_what_is_given_and_nothing_else(shop: Commands, picture: Path) -> None:
    first = shop.run(
        "consent-screen set shop --name Printer --support-email Help@Example.com"
        f" --privacy-link https://printer.example.com/privacy --logo {picture}"
    )
    second = shop.json("consent-screen set shop --stage production --terms-link https://a.example/")

    assert "see: Printer." in first.stdout
    assert "leasehold consent-screen verify shop" in first.stdout
    assert "add-tester shop EMAIL" in first.stderr
    assert {
        "project": "shop",
        "name": "Printer",
        "support_email": "help@example.com",
        "home_page": "",
        "privacy_link": "https://printer.example.com/privacy",
        "terms_link": "https://a.example/",
        "logo": "image/png",
        "stage": "production",
        "testers": [],
        "verified_at": None,
    } == second


def test_a_logo_and_a_link_are_removed(shop: Commands, picture: Path) -> None:
    shop.ok(f"consent-screen set shop --logo {picture} --home-page https://a.example/")

    result = shop.run("consent-screen set shop --no-logo --home-page=")
    value = shop.json("consent-screen show shop")

    assert 0 == result.exit_code
    assert (None, "") == (value["logo"], value["home_page"])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("--home-page javascript:alert(1)", "begins with https://"),
        ("--name \u202eelgoog", "the name of a consent screen"),
    ],
)
def test_what_would_deceive_people_is_refused(shop: Commands, options: str, expected: str) -> None:
    assert expected in shop.refused(f"consent-screen set shop {options}")


def test_a_logo_that_is_no_picture_changes_nothing(shop: Commands, tmp_path: Path) -> None:
    path = tmp_path / "logo.png"
    path.write_text("<svg onload='alert(1)'/>")

    said = shop.refused(f"consent-screen set shop --name Printer --logo {path}")
    path.write_bytes(b"x" * 10**6)
    large = shop.refused(f"consent-screen set shop --logo {path}")

    assert "a PNG, JPEG or WebP picture" in said
    assert "64 KiB" in large
    assert "shop" == shop.json("consent-screen show shop")["name"]


def test_the_command_line_is_checked(shop: Commands, picture: Path) -> None:
    assert "say what to change" in shop.misused("consent-screen set shop")
    assert "exclude each other" in shop.misused(
        f"consent-screen set shop --no-logo --logo {picture}"
    )
    assert "no project 'other'" in shop.refused("consent-screen show other")


def test_testers_are_added_and_removed(shop: Commands) -> None:
    added = shop.json("consent-screen add-tester shop Eve@example.com")
    removed = shop.json("consent-screen remove-tester shop eve@example.com")

    assert (["eve@example.com"], []) == (added["testers"], removed["testers"])
    assert "not a tester" in shop.refused("consent-screen remove-tester shop eve@example.com")


def test_verify_ends_when_people_are_shown_something_else(shop: Commands) -> None:
    said = shop.ok("consent-screen verify shop")
    verified = shop.json("consent-screen show shop")["verified_at"]
    shop.ok("consent-screen set shop --name Google")

    assert "is shown as verified" in said
    assert verified
    assert shop.json("consent-screen show shop")["verified_at"] is None


def test_verification_is_withdrawn(shop: Commands) -> None:
    shop.ok("consent-screen verify shop")

    assert shop.json("consent-screen verify shop --withdraw")["verified_at"] is None
