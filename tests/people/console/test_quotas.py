"""Quotas in the console: what holds and why, how much is used, and how to have less."""

from playwright.sync_api import expect

from leasehold.accounts import projects
from leasehold.storage.transaction import Transaction
from leasehold.usage import quotas
from leasehold.usage.quotas import Override
from tests.people.accessibility import is_in_order
from tests.people.console.conftest import AT, SHOP
from tests.people.test_hostile_names import NAMES, holds_no_markup
from tests.people.visitor import ADA, Visitor
from tests.running_server import PROJECT, RunningServer

QUOTAS = f"{AT}/quotas"
A_DAY = f"{QUOTAS}/calls_per_day"
OWN = {"Sec-Fetch-Site": "same-origin"}


def give(site: RunningServer, most: int | None, why: str = "a trial", project: str = SHOP) -> None:
    """The operator's limit of calls in a day."""

    def run(tx: Transaction, now: int) -> Override:
        return quotas.set_override(
            tx,
            now,
            project_id=project,
            quota="calls_per_day",
            source="operator",
            most=most,
            set_by="root",
            why=why,
            settings=site.settings,
        )

    site.do(run)


def own_limit(site: RunningServer) -> Override | None:
    return site.do(
        lambda tx, _: quotas.find_override(
            tx, project_id=SHOP, quota="calls_per_day", source="project"
        )
    )


def sends(visitor: Visitor, path: str, **fields: str | float | bool) -> int:
    """The status that a form is answered with, which this browser sends unseen."""
    answer = visitor.page.context.request.post(
        visitor.site.url + path, form=fields, headers=OWN, max_redirects=0
    )
    return answer.status


def test_a_limit_is_lowered_with_a_reason_and_set_back(admin: Visitor) -> None:
    admin.opens(QUOTAS)
    admin.sees("Calls per day", "50,000,000 in a day", "s default")
    is_in_order(admin.page, "console-quotas")
    admin.follows("Lower Calls per day")
    is_in_order(admin.page, "console-quota")

    admin.types("Limit", "1,000")
    admin.types("Why", "until the refactoring is over")
    admin.presses("Set the limit")

    admin.is_at(QUOTAS)
    admin.sees("Calls per day: 1,000 at most from now on.", "This project")
    admin.sees("1,000 by bob@example.com", "“until the refactoring is over”")
    admin.sees("50,000,000 by default")
    is_in_order(admin.page, "console-quotas-lowered")
    override = own_limit(admin.site)
    assert override is not None
    assert (1000, "until the refactoring is over") == (override.most, override.why)

    admin.presses("Set back Calls per day")

    admin.sees("Calls per day: what the server gives holds again.")
    assert own_limit(admin.site) is None


def test_what_cannot_be_is_refused_beside_its_field_and_kept(owner: Visitor) -> None:
    owner.opens(A_DAY)
    owner.types("Limit", "60,000,000")
    owner.types("Why", "we grow")
    owner.presses("Set the limit")

    owner.sees("A project may only lower its calls_per_day, which is 50,000,000")
    expect(owner.page.get_by_label("Limit")).to_have_value("60,000,000")
    expect(owner.page.get_by_label("Limit")).to_be_focused()
    expect(owner.page.get_by_label("Why")).to_have_value("we grow")
    line = 'leasehold quota set calls_per_day 60000000 --project photo-shop --why "what for"'
    owner.sees("Only the operator of this server can raise a limit.", line)
    is_in_order(owner.page, "console-quota-refused")
    for limit, problem in [
        ("-5", "A quota is a whole number from 1"),
        ("0", "A quota is a whole number from 1"),
        ("many", "That is not a whole number"),
        ("9" * 18, "A quota is a whole number from 1"),
    ]:
        owner.types("Limit", limit)
        owner.presses("Set the limit")
        owner.sees(problem)
        expect(owner.page.get_by_label("Limit")).to_have_value(limit)
    assert own_limit(owner.site) is None


def test_a_form_without_a_limit_or_a_reason_is_refused(owner: Visitor) -> None:
    for fields in [
        {"limit": "5"},
        {"limit": "5", "why": " "},
        {"limit": "5", "why": "a\nb"},
        {"limit": "5", "why": "x" * 501},
        {"limit": "", "why": "none"},
        {},
    ]:
        assert 400 == sends(owner, A_DAY, x="x", **fields), fields

    assert own_limit(owner.site) is None


def test_a_limit_that_the_operator_undercuts_says_so(owner: Visitor) -> None:
    assert 303 == sends(owner, A_DAY, limit="900", why="enough")
    give(owner.site, 500)

    owner.opens(QUOTAS)

    owner.sees("500 in a day", "The operator", "500 by root", "“a trial”", "900 by ada@example.com")
    owner.sees("The operator gives less, which holds.")
    is_in_order(owner.page, "console-quotas-operator")
    owner.follows("Lower Calls per day")
    owner.sees("The limit is 500 calls in a day.", "At most 500", "More than 500?")


def test_where_there_is_no_limit_one_may_be_set(owner: Visitor) -> None:
    give(owner.site, None)
    owner.opens(A_DAY)
    owner.sees("There is no limit now.")
    owner.sees_no("Only the operator")
    owner.types("Limit", "5")
    owner.types("Why", "calm")

    owner.presses("Set the limit")

    owner.sees("No limit by root", "5 in a day")
    override = own_limit(owner.site)
    assert override is not None
    assert 5 == override.most


def test_what_is_used_moves_without_reloading(ada: Visitor) -> None:
    site = ada.site
    site.do(lambda tx, _: projects.add_member(tx, project_id=PROJECT, email=ADA, role="admin"))
    give(site, 100, project=PROJECT)
    site.queue_for(site.service_account()["client_email"])
    token = site.token()
    ada.has_signed_in()
    ada.opens(f"/console/{PROJECT}/quotas")
    ada.sees("Calls per day 0 of 100")

    site.call("GET", "demo/taskqueues/q/tasks", token=token)
    ada.page.evaluate("htmx.trigger(document.body, 'looked-at')")

    ada.sees("Calls per day 1 of 100")


def test_a_quota_that_is_none_is_not_there(owner: Visitor) -> None:
    assert 404 == owner.opens(f"{QUOTAS}/calls_per_year").status

    owner.sees("There is no quota 'calls_per_year'.")
    assert 404 == sends(owner, f"{QUOTAS}/calls_per_year", limit="5", why="x")
    assert 404 == sends(owner, f"{QUOTAS}/calls_per_year/back", x="x")


def test_a_limit_that_is_not_there_cannot_be_set_back(owner: Visitor) -> None:
    assert 404 == sends(owner, f"{A_DAY}/back", x="x")
    assert 405 == owner.opens(f"{A_DAY}/back").status


def test_reasons_are_shown_as_text(owner: Visitor) -> None:
    for name in NAMES:
        give(owner.site, 1000, name)
        assert 303 == sends(owner, A_DAY, limit="10", why=name)

        owner.opens(QUOTAS)
        owner.sees(f"“{name}”")
        holds_no_markup(owner)
        owner.opens(A_DAY)
        expect(owner.page.get_by_label("Why")).to_have_value(name)
        holds_no_markup(owner)


def test_the_longest_reason_does_not_widen_the_page(owner: Visitor) -> None:
    assert 303 == sends(owner, A_DAY, limit="10", why="x" * 500)

    owner.opens(QUOTAS)

    is_in_order(owner.page, "console-quotas-long")


def test_a_deleted_projects_quotas_are_gone(owner: Visitor) -> None:
    owner.site.do(lambda tx, now: projects.delete(tx, now, SHOP))

    assert 409 == owner.opens(QUOTAS).status

    owner.sees("Project photo-shop is deleted: undelete it first")
    owner.follows("Go to Settings")
    owner.sees("Undelete the project")
