"""Usage in the console: times of one's own, names, storage, files, and charts that people can read.

What the report itself says is tested in test_usage_reports.py.
"""

import json
import math
import re
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import expect

from leasehold.accounts import projects, service_accounts
from leasehold.clock import MICROSECONDS
from leasehold.entropy import Entropy
from leasehold.storage.statements import parse
from leasehold.storage.transaction import Transaction
from leasehold.usage import ledger
from leasehold.usage.charge import Charge
from leasehold.usage.ledger import Refusal
from leasehold.usage.periods import shown
from leasehold.usage.reports import MAX_READ, MAX_STORED_READ
from leasehold.web import account
from tests.browser import NewPage
from tests.people.accessibility import is_in_order
from tests.people.console.conftest import AT, SHOP
from tests.people.console.test_shell import asks
from tests.people.keyboard import presses, tabs_to
from tests.people.test_hostile_names import NAMES, holds_no_markup
from tests.people.visitor import Visitor
from tests.usage.stored import Stored, store

SQL = parse("""
-- name: count_much
-- rows: starts bigint, method text
insert into usage_counts (period, starts, project_id, api, method, credential, api_key, email,
                          outcome, calls, cost)
select 'hour', starts, 'photo-shop', '', method, '', '', '', '', 1, 1
  from {rows}
""")

USAGE = f"{AT}/usage"
METHODS = ("get", "insert", "lease", "delete", "list", "update", "patch", "purge")
LOOKED_AT = "htmx.trigger(document.body, 'looked-at')"

CHART = """(id) => {
  const chart = Chart.getChart(document.querySelector(`#${id} canvas`));
  const [set] = chart.data.datasets;
  return {
    series: chart.data.datasets.map((each) => each.label),
    hidden: chart.data.datasets.map((_, place) => !chart.isDatasetVisible(place)),
    labels: chart.data.labels,
    titles: chart.data.labels.map((_, dataIndex) =>
      chart.options.plugins.tooltip.callbacks.title([{dataIndex}])),
    data: set.data,
    colour: set.backgroundColor,
    animation: chart.options.animation,
  };
}"""


def charge(method: str = "lease", **changed: str) -> Charge:
    who = {"credential": "", "api_key": "", "email": ""} | changed
    return Charge(SHOP, "taskqueue", f"taskqueue.tasks.{method}", cost=1, **who)


def calls(*charges: Charge, refused: str = "") -> Callable[[Transaction, int], None]:
    """Each of them once, now."""
    outcome = Refusal(refused) if refused else None
    return lambda tx, now: ledger.record(tx, now, [(each, outcome) for each in charges])


@pytest.fixture
def busy(owner: Visitor) -> Visitor:
    """Ada, whose project was just called by eight methods, the later ones of METHODS more often."""
    for times, method in enumerate(METHODS, 1):
        owner.site.do(calls(*[charge(method)] * times))
    owner.site.do(calls(charge("get"), refused="notFound"))
    return owner


class Drawn(NamedTuple):
    """What a chart shows."""

    series: list[str]
    hidden: list[bool]
    labels: list[str]  # below its places
    titles: list[str]  # of the tooltips
    data: list[float | None]  # of the first series
    colour: str  # likewise
    animation: bool


def chart(visitor: Visitor, name: str) -> Drawn:
    """What is drawn, as soon as it is."""
    expect(visitor.page.locator(f"#{name} canvas")).to_be_visible()
    return Drawn(**visitor.page.evaluate(CHART, name))


def test_a_time_of_ones_own_is_typed_and_refused_beside_its_field(busy: Visitor) -> None:
    busy.opens(f"{USAGE}?group=method&outcome=done")
    busy.follows("From – to")
    expect(busy.page.get_by_label("From (UTC)")).to_have_value(re.compile(r"20\d\d-\d\d-\d\d .*"))

    for since, until, label, problem in [
        ("soon", "", "From (UTC)", "Write a day such as 2026-11-01"),
        ("2020-02-02", "2020-02-01", "To (UTC)", "That is not after From: turn them round."),
        ("2999-01-01", "", "From (UTC)", "That is still to come"),
        ("2020-01-01", "2020-02-01", "Steps", "That would be 44,640 minutes"),
    ]:
        busy.page.get_by_label("From (UTC)").fill(since)
        busy.page.get_by_label("To (UTC)").fill(until)
        busy.page.get_by_label("Steps").select_option("minute")
        busy.presses("Show")
        described = re.compile(re.escape(problem))
        expect(busy.page.get_by_label(label)).to_have_accessible_description(described)
        expect(busy.page.get_by_label("From (UTC)")).to_have_value(since)
        expect(busy.page.get_by_label("To (UTC)")).to_have_value(until)
    is_in_order(busy.page, "console-usage-own-refused")

    now = busy.site.clock.now() // MICROSECONDS
    busy.page.get_by_label("From (UTC)").fill(shown(now - 600)[:16])
    busy.page.get_by_label("To (UTC)").fill("")
    busy.presses("Show")

    busy.sees("by minute", "Outcome: done", "Calls by method")
    assert 11 <= len(chart(busy, "over-time").labels) <= 12
    is_in_order(busy.page, "console-usage-own")


def test_the_address_alone_tells_which_report_it_is(busy: Visitor, admin: Visitor) -> None:
    busy.opens(USAGE)
    busy.follows("7 days")
    busy.page.get_by_role("link", name="Method", exact=True).click()
    busy.page.get_by_role("link", name="taskqueue.tasks.purge", exact=True).click()
    busy.sees("Method: taskqueue.tasks.purge")

    admin.opens(busy.page.url)

    admin.sees("Method: taskqueue.tasks.purge", "Calls8")
    current = admin.page.locator(".picks [aria-current]")
    expect(current).to_have_text(["7 days", "Done or refused"])


def test_six_values_are_told_apart_and_the_others_are_together(busy: Visitor) -> None:
    busy.opens(f"{USAGE}?group=method")

    drawn = chart(busy, "over-time")

    names = [f"taskqueue.tasks.{method}" for method in METHODS[:1:-1]]
    assert [*names, "All others"] == drawn.series
    table = busy.page.locator("#over-time-table")
    expect(table.locator("thead th")).to_have_text(["Hour", *names, "All others"])
    expect(table.locator("tbody td")).to_have_text(["8", "7", "6", "5", "4", "3", "4"])


def test_a_press_in_the_legend_leaves_a_series_out(busy: Visitor) -> None:
    busy.opens(USAGE)
    chart(busy, "over-time")
    tabs_to(busy, "Refused")
    presses(busy, "Enter")

    assert [False, True] == chart(busy, "over-time").hidden
    pressed = busy.page.locator("#over-time .legend button").nth(1)
    expect(pressed).to_have_attribute("aria-pressed", "false")


def test_a_chart_has_a_place_for_each_period_in_the_readers_time_zone(
    busy: Visitor, new_page: NewPage
) -> None:
    tokyo = Visitor(new_page(timezone_id="Asia/Kolkata", locale="en-GB"), busy.site)
    tokyo.has_signed_in()
    tokyo.opens(USAGE)

    drawn = chart(tokyo, "over-time")

    assert 24 == len(drawn.labels)
    assert all(str(label).endswith(":30") for label in drawn.labels)
    assert drawn.titles[-1] == tokyo.page.locator("#over-time-table time").text_content()
    assert [None] * 23 == drawn.data[:-1]


def test_a_chart_follows_the_scheme_and_the_width_and_does_not_move(busy: Visitor) -> None:
    busy.page.emulate_media(color_scheme="light", reduced_motion="reduce")
    busy.opens(USAGE)
    light = chart(busy, "over-time")

    busy.page.emulate_media(color_scheme="dark")
    dark = chart(busy, "over-time")
    busy.page.set_viewport_size({"width": 400, "height": 800})
    busy.page.wait_for_function("() => document.querySelector('#over-time canvas').width < 400")

    assert light.colour != dark.colour
    assert not light.animation
    busy.page.set_viewport_size({"width": 1280, "height": 800})
    busy.page.wait_for_function("() => document.querySelector('#over-time canvas').width > 400")


def test_new_calls_leave_an_opened_table_open(busy: Visitor) -> None:
    busy.opens(f"{USAGE}?span=hour&group=method")
    summary = busy.page.locator("#over-time summary")
    summary.click()
    busy.site.do(calls(*[charge("purge")] * 5))

    busy.page.evaluate(LOOKED_AT)

    table = busy.page.locator("#over-time-table")
    expect(busy.page.locator("#usage-figures dd").first).to_have_text("42")
    expect(table.locator("tbody td").first).to_be_visible()
    expect(table.locator("time").first).to_have_attribute("title", re.compile("UTC"))
    expect(summary).to_be_focused()
    assert 13 == sum(number or 0 for number in chart(busy, "over-time").data)


def test_a_link_that_has_the_focus_is_not_taken_away(busy: Visitor) -> None:
    busy.opens(f"{USAGE}?span=hour&group=method")
    link = busy.page.get_by_role("link", name="taskqueue.tasks.purge", exact=True)
    link.focus()
    busy.site.do(calls(charge("purge")))

    busy.page.evaluate(LOOKED_AT)

    expect(busy.page.locator("#usage-figures dd").first).to_have_text("38")
    expect(link).to_be_focused()


def test_the_first_call_appears_without_reloading(owner: Visitor) -> None:
    owner.opens(f"{USAGE}?span=hour")
    owner.sees("No calls in this time")
    with owner.page.expect_response("**/usage/now*") as answer:  # while one is asked no other is
        owner.page.evaluate(LOOKED_AT)
    answer.value.finished()
    owner.sees("No calls in this time")
    owner.site.do(calls(charge()))

    owner.page.evaluate(LOOKED_AT)

    expect(owner.page.locator("#usage-figures dd").first).to_have_text("1")


def test_credentials_and_keys_are_shown_by_their_names(owner: Visitor) -> None:
    made = owner.site.do(
        lambda tx, now: service_accounts.create(tx, now, Entropy(), project_id=SHOP, name="worker")
    )
    owner.site.do(calls(charge(credential=made.id), charge(api_key="gone-long-ago")))
    owner.opens(f"{USAGE}?group=credential")
    owner.sees("None: an API key alone")

    owner.follows(made.email)

    owner.sees(f"Credential: {made.email}", "Calls1")
    owner.opens(f"{USAGE}?group=api_key")
    owner.sees("No API key", "gone-long-ago")
    owner.follows("No API key")
    owner.sees("API key: No API key", "Calls1")


def test_what_callers_name_is_shown_as_text(owner: Visitor) -> None:
    owner.site.do(calls(*[charge(email=name) for name in NAMES]))
    owner.site.do(calls(charge(), refused=NAMES[0][:64]))
    for name in NAMES:
        owner.opens(f"{USAGE}?group=email&span=hour")
        holds_no_markup(owner)

        owner.page.locator("#usage-listed").get_by_role("link", name=name, exact=True).click()

        owner.sees(f"User: {name}")
        holds_no_markup(owner)


def test_where_no_call_passes_the_filters_they_can_be_taken_away(busy: Visitor) -> None:
    busy.opens(f"{USAGE}?method=nothing")
    busy.sees("No such calls in this time")
    is_in_order(busy.page, "console-usage-no-such")

    busy.follows("Show all calls")

    busy.sees("Calls37")


@pytest.mark.parametrize(
    "query",
    ["span=century", "group=colour", "span=own", f"method={'x' * 501}", "method=a&method=b"],
)
def test_what_cannot_be_asked_is_refused_on_the_page(owner: Visitor, query: str) -> None:
    status, text = asks(owner, "GET", f"{SHOP}/usage?{query}", {})

    assert 400 == status
    assert 'role="alert"' in text
    assert "24 hours" in text


def test_json_is_as_the_command_line_writes_it(busy: Visitor) -> None:
    status, text = asks(busy, "GET", f"{SHOP}/usage/files/calls.json?group=method&outcome=done", {})

    found = json.loads(text)
    assert 200 == status
    assert ["project", "period", "since", "until", "lines"] == list(found)
    assert 36 == sum(line["calls"] for line in found["lines"])
    assert {"hour", "method", "calls", "errors", "cost", "p50_ms", "p90_ms", "p99_ms"} == set(
        found["lines"][0]
    )


@pytest.mark.parametrize("name", ["calls.exe", "bills.csv", "csv", "stored."])
def test_a_file_that_is_none_is_not_there(owner: Visitor, name: str) -> None:
    assert 404 == asks(owner, "GET", f"{SHOP}/usage/files/{name}", {})[0]


def test_a_browser_saves_a_report_and_does_not_show_it(busy: Visitor) -> None:
    busy.opens(USAGE)

    with busy.page.expect_download() as download:
        busy.follows("CSV")

    assert re.fullmatch(r"photo-shop-calls-\d{4}-\d\d-\d\d\.csv", download.value.suggested_filename)


def held(starts: int, queue: str, *, size: int = 1, tasks: int = 1) -> Stored:
    """In the hour that starts so."""
    return Stored("hour", starts, SHOP, queue, size * 3600, tasks * 3600, size, tasks)


def test_what_queues_held_is_drawn_and_the_largest_are_listed(owner: Visitor) -> None:
    now = owner.site.clock.now() // MICROSECONDS // 3600 * 3600
    stored = [
        held(now - hours * 3600, queue, size=size * hours, tasks=hours)
        for hours in range(5)
        for queue, size in (("large", 5000), ("small", 10))
    ]
    owner.site.do(lambda tx, _: store(tx, stored))
    owner.opens(f"{USAGE}/stored?span=hour")  # minutes are not known: a day is shown
    assert ["On average", "At most"] == chart(owner, "tasks").series
    assert 24 == len(chart(owner, "payload").labels)
    is_in_order(owner.page, "console-usage-storage")

    owner.follows("small")

    owner.sees("Queue: small")
    expect(owner.page.locator("#payload-table tbody td").first).to_contain_text("40 bytes")
    status, text = asks(owner, "GET", f"{SHOP}/usage/files/stored.csv?queue=small", {})
    assert (200, "hour,average_tasks,most_tasks,average_bytes,most_bytes") == (
        status,
        text.splitlines()[0],
    )


def test_where_there_are_too_many_counts_longer_periods_are_shown(owner: Visitor) -> None:
    hour = owner.site.clock.now() // MICROSECONDS // 3600 * 3600
    many = [(hour - 3600, f"m{number}") for number in range(MAX_READ + 1)]
    stored = [held(hour - 3600, f"q{number}") for number in range(MAX_STORED_READ + 1)]
    owner.site.do(lambda tx, _: tx.many(SQL.count_much, many))
    owner.site.do(lambda tx, _: store(tx, stored))
    owner.site.do(calls(charge()))

    for path in ("usage?span=day", "usage/stored?span=day"):
        status, text = asks(owner, "GET", f"{SHOP}/{path}", {})

        assert 200 == status
        assert "by day in UTC" in text
    now = hour + 3600
    own = f"span=own&period=hour&since={shown(hour - 7200)}&until={shown(now)}"
    status, text = asks(owner, "GET", f"{SHOP}/usage?{own}", {})
    assert (400, True) == (status, "choose a longer period" in text)


def test_a_deleted_project_still_shows_what_was_called(busy: Visitor) -> None:
    busy.site.do(lambda tx, now: projects.delete(tx, now, SHOP))

    busy.opens(f"{USAGE}?group=credential")

    busy.sees("Calls37", "was deleted")


# What is seen by most, and by those who lack the cones for red, green or blue: linear RGB after
# Machado, Oliveira and Fernandes (2009), whole dichromacy.
SIGHT = {
    "most": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "without red": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "without green": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "without blue": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
Colour = tuple[float, ...]


def linear(text: str) -> Colour:
    """Linear RGB of #rrggbb, by the definition of sRGB."""
    parts = [int(text[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    return tuple(x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)


def luminance(text: str) -> float:
    red, green, blue = linear(text)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def product(matrix: tuple[Colour, ...], colour: Colour) -> Colour:
    return tuple(sum(a * b for a, b in zip(row, colour, strict=True)) for row in matrix)


def oklab(colour: Colour) -> Colour:
    """Where it lies in Oklab, in which distances are as large as they look."""
    to_cones = (
        (0.4122214708, 0.5363325363, 0.0514459929),
        (0.2119034982, 0.6806995451, 0.1073969566),
        (0.0883024619, 0.2817188376, 0.6299787005),
    )
    from_cones = (
        (0.2104542553, 0.793617785, -0.0040720468),
        (1.9779984951, -2.428592205, 0.4505937099),
        (0.0259040371, 0.7827717662, -0.808675766),
    )
    cones = product(to_cones, tuple(max(0.0, part) for part in colour))
    return product(from_cones, tuple(part ** (1 / 3) for part in cones))


def palettes() -> list[tuple[list[str], str]]:
    """The colours of charts by light and by dark, each with that of a card."""
    style = (Path(account.__file__).parents[1] / "static" / "leasehold.css").read_text()
    found = re.findall(r"--chart-(?:\d|rest): (#\w{6})", style)
    cards = re.findall(r"--card: (#\w{6})", style)
    return [(found[:7], cards[0]), (found[7:], cards[1])]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("sight", SIGHT)
def test_colours_of_charts_are_told_apart_by_everybody(scheme: int, sight: str) -> None:
    colours, card = palettes()[scheme]

    places = [oklab(product(SIGHT[sight], linear(colour))) for colour in colours]

    assert 7 == len(places)
    assert min(math.dist(one, other) for one, other in combinations(places, 2)) > 0.1
    assert min(contrast(colour, card) for colour in colours) >= 3  # WCAG 2.2, 1.4.11
