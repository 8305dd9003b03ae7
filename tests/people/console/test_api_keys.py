"""API keys in the console: made, restricted, rotated, deleted and had back."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import requests
from playwright.sync_api import expect

from leasehold.accounts import projects
from leasehold.entropy import Entropy
from leasehold.queues import configure
from leasehold.queues.model import Queue
from leasehold.storage.transaction import Transaction
from leasehold.usage import api_keys
from leasehold.usage.key_model import ApiKey, KeyChanges, NewKey
from tests.people.accessibility import is_in_order
from tests.people.console.conftest import AT, SHOP
from tests.people.console.two_editors import is_asked_before_undoing
from tests.people.keyboard import presses, tabs_to, types
from tests.people.test_hostile_names import NAMES, SCRIPT, holds_no_markup
from tests.people.visitor import ADA, Visitor
from tests.running_server import PROJECT, SECRET_BOX, RunningServer

KEYS = f"{AT}/api-keys"
DAY = 86_400
OWN = {"Sec-Fetch-Site": "same-origin"}
ADDRESSES, REFERRERS = "Addresses (optional)", "Referrers (optional)"
QUEUES, CALLS = "Queues (optional)", "Calls a minute (optional)"


def make(site: RunningServer, name: str = "Printing house", **more: object) -> ApiKey:
    new = replace(NewKey(project_id=SHOP, name=name), **more)  # type: ignore[arg-type]  # a test's own words
    return site.do(partial(_make, new=new))


def _make(tx: Transaction, now: int, *, new: NewKey) -> ApiKey:
    return api_keys.create(tx, now, Entropy(), SECRET_BOX, new)[0]


def rotate(site: RunningServer, key: ApiKey) -> None:
    site.do(lambda tx, now: api_keys.rotate(tx, now, Entropy(), SECRET_BOX, key.id))


def found(site: RunningServer, key: ApiKey) -> ApiKey:
    return site.do(lambda tx, now: api_keys.require(tx, now, key.id))


def hints(site: RunningServer, key: ApiKey) -> list[str]:
    strings = site.do(lambda tx, now: api_keys.strings_of(tx, now, key.id))
    return [string.hint for string in strings]


def status(site: RunningServer, text: str) -> int:
    """What a public document answers to this key."""
    url = f"{site.url}/discovery/v1/apis"
    return requests.get(url, headers={"X-Goog-Api-Key": text}, timeout=30).status_code


def add_resize(tx: Transaction, now: int) -> None:
    configure.create(tx, Queue(id=0, project_id=SHOP, name="resize", mode="pull", created_at=now))


@pytest.fixture
def key(owner: Visitor) -> ApiKey:
    """A key of Ada's project."""
    return make(owner.site, addresses=("203.0.113.0/24",), queues=(f"{SHOP}/resize",))


def test_a_key_is_made_by_keyboard_and_shown_once(owner: Visitor) -> None:
    owner.opens(KEYS)
    owner.sees("No API keys yet")
    is_in_order(owner.page, "console-api-keys-none")
    owner.follows("New API key")
    is_in_order(owner.page, "console-api-key-new")
    tabs_to(owner, "Name")
    types(owner, "Printing house")
    presses(owner, "Enter")
    owner.sees("It is shown only now.", "X-Goog-Api-Key")
    is_in_order(owner.page, "console-api-key-string")
    text = str(owner.page.locator(".once code").text_content())
    assert 200 == status(owner.site, text)

    owner.follows("I have kept it")

    owner.sees("Printing house", f"…{text[-4:]}", "with the key")
    owner.sees_no(text)


def test_restrictions_of_every_kind_are_kept(owner: Visitor) -> None:
    site = owner.site
    site.do(add_resize)
    owner.opens(f"{KEYS}/new")
    owner.types("Name", SCRIPT)
    owner.types(ADDRESSES, "203.0.113.9\n\n 2001:DB8::/32 ")
    owner.types(QUEUES, f"resize\n{PROJECT}/mail\nnowhere")
    owner.types(CALLS, "6,000")
    in_90_days = datetime.fromtimestamp(site.clock.now() / 1e6, UTC) + timedelta(days=90)
    owner.types("Expires on (optional)", in_90_days.date().isoformat())
    owner.page.get_by_label("Task Queue", exact=True).check()

    owner.presses("Make the key")

    owner.sees(f"There is no queue {SHOP}/nowhere yet")
    is_in_order(owner.page, "console-api-key-string-warned")
    owner.follows("I have kept it")
    expect(owner.page.get_by_label("Addresses")).to_have_value("203.0.113.9/32\n2001:db8::/32")
    expect(owner.page.get_by_label("Queues")).to_have_value(
        f"{SHOP}/resize\n{PROJECT}/mail\n{SHOP}/nowhere"
    )
    expect(owner.page.get_by_label("Calls a minute")).to_have_value("6000")
    expect(owner.page.get_by_label("Expires on")).to_have_value(in_90_days.date().isoformat())
    expect(owner.page.get_by_label("Task Queue", exact=True)).to_be_checked()
    expect(owner.page.get_by_label("Administration", exact=True)).not_to_be_checked()
    owner.sees(f"There is no queue {SHOP}/nowhere yet")
    owner.sees_no(f"{PROJECT}/mail yet")
    holds_no_markup(owner)
    is_in_order(owner.page, "console-api-key")


def test_what_cannot_be_is_refused_beside_its_field(owner: Visitor) -> None:
    owner.opens(f"{KEYS}/new")
    owner.types("Name", "x" * 81)
    owner.types(ADDRESSES, "203.0.113.1/24")
    owner.types(REFERRERS, NAMES[0])
    owner.types(QUEUES, NAMES[1])
    owner.types(CALLS, "many")
    owner.types("Expires on (optional)", "2001-01-01")
    right = [
        ("Calls a minute", "not a whole number", "0"),
        ("Addresses", "bits set after its prefix: the range is 203.0.113.0/24", "203.0.113.0/24"),
        ("Referrers", "is no referrer pattern", "*.example.com/*"),
        ("Queues", "is no queue: write PROJECT/QUEUE", "resize"),
        ("Referrers", "to addresses or to referrers, not to both", ""),
        ("Expires on", "would have expired already", ""),
        ("Name", "1 to 80 characters", "Status page"),
        ("Calls a minute", "a key allows 1 to 1,000,000,000 calls".capitalize(), "600"),
    ]

    for label, problem, instead in right:
        owner.presses("Make the key")
        box = owner.page.get_by_label(label)
        expect(box).to_have_accessible_description(re.compile(re.escape(problem), re.IGNORECASE))
        expect(box).to_be_focused()
        holds_no_markup(owner)
        box.fill(instead)
    is_in_order(owner.page, "console-api-key-refused")
    owner.presses("Make the key")

    owner.sees("It is shown only now.")


def test_a_page_of_our_own_sends_no_other_form(owner: Visitor) -> None:
    url = f"{owner.site.url}{KEYS}/new"
    for fields, problem in [
        ({"name": "x", "apis": "maps"}, "There is no API &#39;maps&#39;"),
        ({"name": "x", "expires_at": "soon"}, "Write a day like 2027-01-31"),
        (
            {"name": "x", "queues": "q\n" * 101 + "\n".join(f"q{n}" for n in range(101))},
            "100 queues",
        ),
        ({"name": "x", "referrers": "x" * 70_000}, "That is too long"),
        ({"name": "a\u202eb"}, "changes the direction of writing"),
        ({}, "Fill this in"),
    ]:
        answer = owner.page.context.request.post(url, form={"x": "", **fields}, headers=OWN)

        assert 400 == answer.status
        assert problem in answer.text(), problem


def test_a_key_is_changed_and_what_was_typed_stays_when_it_cannot_be(
    owner: Visitor, key: ApiKey
) -> None:
    owner.opens(f"{KEYS}/{key.id}")
    owner.types("Name", "Status page")
    owner.types(ADDRESSES, "somewhere")
    owner.presses("Save the key")
    owner.sees("'somewhere' is no address")
    expect(owner.page.get_by_label("Name", exact=True)).to_have_value("Status page")
    is_in_order(owner.page, "console-api-key-change-refused")
    owner.types(ADDRESSES, "")
    owner.types(REFERRERS, "https://Example.com:443/*")

    owner.presses("Save the key")

    owner.sees("Status page is saved.")
    changed = found(owner.site, key)
    assert ("Status page", ()) == (changed.name, changed.restrictions.addresses)
    assert ("https://example.com/*",) == changed.restrictions.referrers
    assert (f"{SHOP}/resize",) == changed.restrictions.queues


def test_whoever_saves_a_key_later_is_asked_before_the_earlier_is_undone(
    owner: Visitor, key: ApiKey
) -> None:
    is_asked_before_undoing(
        owner,
        f"{KEYS}/{key.id}",
        typed={"name": key.name, "calls_per_minute": "5"},
        meanwhile=lambda tx, now: api_keys.change(
            tx, now, key.id, KeyChanges(addresses=("203.0.113.9",), apis=("taskqueue",))
        ),
        stored_now=["203.0.113.9/32", "ticked"],
        found=lambda: found(owner.site, key),
    )


def test_calls_with_a_key_are_counted_on_its_page(ada: Visitor) -> None:
    site = ada.site
    site.do(lambda tx, _: projects.add_member(tx, project_id=PROJECT, email=ADA, role="admin"))
    site.queue_for(site.service_account()["client_email"])
    new = NewKey(project_id=PROJECT, name="Printing house")
    key, string = site.do(lambda tx, now: api_keys.create(tx, now, Entropy(), SECRET_BOX, new))
    ada.has_signed_in()
    ada.opens(f"/console/{PROJECT}/api-keys/{key.id}")
    ada.sees("Calls in 30 days0")
    ada.sees_no("the last")

    headers = {"X-Goog-Api-Key": string.text}
    site.call("GET", f"{PROJECT}/taskqueues/q/tasks", token=site.token(), headers=headers)

    ada.opens(f"/console/{PROJECT}/api-keys/{key.id}")
    ada.sees("Calls in 30 days1, the last")


def test_an_instant_that_is_no_midnight_stays_as_it_is(owner: Visitor) -> None:
    ends = owner.site.clock.now() + 40 * DAY * 1_000_000 + 12_345
    key = make(owner.site, expires_at=ends)
    owner.opens(f"{KEYS}/{key.id}")

    owner.presses("Save the key")

    owner.sees("is saved.")
    assert ends == found(owner.site, key).expires_at


def test_an_expired_key_says_so_and_is_good_again_with_a_later_day(owner: Visitor) -> None:
    key = make(owner.site, expires_at=owner.site.clock.now() + DAY * 1_000_000)
    owner.site.clock.advance(2 * DAY)
    owner.has_signed_in()
    owner.opens(f"{KEYS}/{key.id}")
    owner.sees("Expired")
    owner.types("Expires on (optional)", "")

    owner.presses("Save the key")

    owner.sees("is saved.", "Good")
    assert found(owner.site, key).expires_at is None


def test_a_key_is_rotated_and_the_older_string_ended(owner: Visitor, key: ApiKey) -> None:
    (older,) = hints(owner.site, key)
    owner.opens(f"{KEYS}/{key.id}")
    owner.follows("Make a second string")
    is_in_order(owner.page, "console-api-key-rotate")
    owner.presses("Make the string")
    owner.sees("It is shown only now.", f"ending in {older}, stays good until you end it")
    is_in_order(owner.page, "console-api-key-rotated")
    owner.follows("I have kept it")
    owner.sees("Both are good.")
    is_in_order(owner.page, "console-api-key-two-strings")
    newer = hints(owner.site, key)[1]
    owner.follows(f"End … the string {older}")
    owner.sees(f"ending in {newer}, stays good")
    is_in_order(owner.page, "console-api-key-end")

    owner.presses("End the string")

    owner.sees(f"The string …{older} has ended.")
    assert [newer] == hints(owner.site, key)


def test_a_leaked_string_ends_as_the_new_one_is_made(owner: Visitor, key: ApiKey) -> None:
    older = hints(owner.site, key)
    owner.opens(f"{KEYS}/{key.id}/rotate")
    owner.page.get_by_label(f"The older one, …{older[0]}, ends").select_option("0")

    owner.presses("Make the string")

    owner.sees("It is shown only now.")
    owner.site.clock.advance(1)
    assert older != hints(owner.site, key)
    assert 1 == len(hints(owner.site, key))


def test_a_third_string_is_refused(owner: Visitor, key: ApiKey) -> None:
    owner.opens(f"{KEYS}/{key.id}/rotate")
    rotate(owner.site, key)

    owner.presses("Make the string")

    owner.sees("The key has 2 strings: end the older one")
    is_in_order(owner.page, "console-api-key-rotate-refused")
    assert 2 == len(hints(owner.site, key))


def test_the_last_string_ends_and_another_is_made(owner: Visitor, key: ApiKey) -> None:
    (last,) = hints(owner.site, key)
    owner.opens(f"{KEYS}/{key.id}")
    owner.follows(f"End … the string {last}")
    owner.sees("It is the only one")
    owner.presses("End the string")
    owner.sees("Without a string", "It has none, and cannot be used until it has.")
    is_in_order(owner.page, "console-api-key-no-string")
    owner.follows("Make a string")

    owner.presses("Make the string")

    owner.sees("It is shown only now.")


def test_a_key_is_deleted_and_had_back(owner: Visitor, key: ApiKey) -> None:
    owner.opens(f"{KEYS}/{key.id}")
    owner.follows("Delete …")
    owner.sees("Delete the API key Printing house?", "Strings that stop1")
    is_in_order(owner.page, "console-api-key-delete")
    owner.presses("Delete the key")
    owner.sees("Printing house is deleted.", "Have it back")
    is_in_order(owner.page, "console-api-key-deleted")
    owner.opens(KEYS)
    owner.sees("Deleted")
    owner.follows("Printing house")

    owner.presses("Undelete the key")

    owner.sees("Printing house is good again.", "Good")
    assert found(owner.site, key).deleted_at is None


def test_nothing_else_is_done_to_a_deleted_key(owner: Visitor, key: ApiKey) -> None:
    (string,) = owner.site.do(lambda tx, now: api_keys.strings_of(tx, now, key.id))
    owner.site.do(lambda tx, now: api_keys.delete(tx, now, key.id))
    request, at = owner.page.context.request, f"{owner.site.url}{KEYS}/{key.id}"

    for path in ("", "/rotate", f"/strings/{string.id}/end", "/delete"):
        answer = request.post(at + path, form={"name": "x", "older_ends": ""}, headers=OWN)

        assert 404 == answer.status
        assert "is deleted: undelete it first" in answer.text(), path


def test_after_30_days_a_deleted_key_is_not_there(owner: Visitor, key: ApiKey) -> None:
    owner.site.do(lambda tx, now: api_keys.delete(tx, now - 31 * DAY * 1_000_000, key.id))

    assert 404 == owner.opens(f"{KEYS}/{key.id}").status
    owner.opens(KEYS)

    owner.sees("No API keys yet")


def make_many(tx: Transaction, now: int) -> None:
    for number in range(60):
        made = _make(tx, now, new=NewKey(project_id=SHOP, name=f"Key {number:03} {NAMES[0]}"))
        if number == 1:
            api_keys.delete(tx, now, made.id)


def test_many_keys_have_pages_and_a_search(owner: Visitor) -> None:
    make(owner.site, "A key", referrers=("*.example.com/*",), calls_per_minute=60)
    owner.site.do(make_many)
    owner.opens(KEYS)
    owner.sees("A key", "referrers, calls a minute", "Key 001", "Deleted", "Key 048")
    owner.sees_no("Key 049")
    holds_no_markup(owner)
    is_in_order(owner.page, "console-api-keys")
    owner.follows("Next page")
    owner.sees("Key 059")

    owner.types("Search API keys", "y 05")
    owner.presses("Search")
    owner.sees("Key 051")
    owner.sees_no("Key 049")
    owner.types("Search API keys", NAMES[1])
    owner.presses("Search")

    owner.sees(f"No API key has “{NAMES[1]}” in its name.")
    holds_no_markup(owner)


def test_names_are_shown_as_text_on_every_page_of_a_key(owner: Visitor) -> None:
    for name in NAMES:
        key = make(owner.site, name)
        (string,) = owner.site.do(partial(api_keys.strings_of, key_id=key.id))
        for path in ("", "/rotate", "/delete", f"/strings/{string.id}/end"):
            owner.opens(f"{KEYS}/{key.id}{path}")

            owner.sees(name)
            holds_no_markup(owner)


def test_keys_of_other_projects_are_not_there(owner: Visitor, key: ApiKey) -> None:
    foreign = make(owner.site, project_id=PROJECT)
    (theirs,) = owner.site.do(lambda tx, now: api_keys.strings_of(tx, now, foreign.id))
    request, missing = owner.page.context.request, "0" * 24
    form: dict[str, str | float | bool] = {"name": "x", "older_ends": ""}
    acts = ["", "/rotate", "/delete", "/undelete", f"/strings/{theirs.id}/end"]

    for verb, path in [("GET", path) for path in acts if path != "/undelete"] + [
        ("POST", path) for path in acts
    ]:
        answers = [
            request.fetch(
                f"{owner.site.url}{KEYS}/{key_id}{path}",
                method=verb,
                headers=OWN,
                form=form if verb == "POST" else {},
            )
            for key_id in (foreign.id, missing)
        ]

        assert [404, 404] == [answer.status for answer in answers], path
        assert answers[0].text().replace(foreign.id, missing) == answers[1].text()
    stolen = f"{owner.site.url}{KEYS}/{key.id}/strings/{theirs.id}/end"
    assert 404 == request.post(stolen, form={"x": ""}, headers=OWN).status
    assert 1 == len(hints(owner.site, foreign))
    assert foreign == found(owner.site, foreign)
