"""Stored script: whatever people and clients name things, on every page it is text and no more.

The browser runs without our content security policy here: that no script gets in must not hang on
what would then keep it from running. What our rules refuse to keep is refused in plain words.
"""

import csv
import io
import re
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import Page, Request

from tests.browser import HEIGHT, NARROW, WIDE, NewPage
from tests.people.console.attacks.browsing import Answer, Markup
from tests.people.console.attacks.conftest import World
from tests.people.console.attacks.world import (
    ADAS,
    EMAIL,
    LINK,
    MARKUP,
    TURNED,
    URI,
    at,
    every_page,
)
from tests.people.visitor import Visitor

SCOPE = "https://www.googleapis.com/auth/taskqueue"

# Live parts and all that htmx puts into the page are asked for once, and waited for.
LIVE = """async () => {
  const parts = document.querySelectorAll('.live').length;
  if (!parts) return;
  let left = parts;
  const settled = new Promise((resolve) => {
    document.addEventListener('htmx:afterSettle', () => { if (!--left) resolve(); });
  });
  htmx.trigger(document.body, 'looked-at');
  await settled;
}"""

# What somebody's markup has brought about. A turn of the writing's direction may reach no further
# than the name that has it.
FOUND = """() => {
  const all = [...document.querySelectorAll('*')];
  const leads = ['href', 'src', 'action', 'formaction', 'data'];
  const said = (one) => one.outerHTML.slice(0, 200);
  const turned = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    if (!/[\\u202a-\\u202e\\u2066-\\u2069]/.test(text.data)) continue;
    let around = text.parentElement;
    const style = () => getComputedStyle(around);
    while (style().display === 'inline' && !/isolate/.test(style().unicodeBidi))
      around = around.parentElement;
    const isAlone = around.textContent.trim() === text.data.trim();
    if (style().display !== 'inline' && !isAlone) turned.push(said(around));
  }
  const made = 'x-hurt, script:not([src]), iframe, object, embed, base';
  const isHandler = (attribute) => attribute.name.startsWith('on');
  const script = /^[\\s\\0-\\x20]*(javascript|vbscript|data:text)/i;
  const runs = (one) => leads.some((name) => script.test(one.getAttribute(name) ?? ''));
  return {
    ran: 'ran' in window ? ['a script ran'] : [],
    made: all.filter((one) => one.matches(made)).map(said),
    handlers: all.filter((one) => [...one.attributes].some(isHandler)).map(said),
    links: all.filter(runs).map(said),
    turned,
  };
}"""
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"

# Where rules hold: the page of the form, the field, and what is not kept.
ADDRESS = "https://evil.example/"
RULED: list[tuple[str, str, list[str]]] = [
    ("new-queue", "name", [*MARKUP[:9], "\u202eq", "a b", "../x"]),
    ("new-queue", "consumers", [MARKUP[0], '"><img src=x>@example.com', "\u202ea@example.com"]),
    ("service-accounts/new", "name", [*MARKUP[:10], "\u202ea"]),
    ("members", "email", [MARKUP[0], '"<x-hurt>"@example.com', "a\u202e@example.com"]),
    ("consent-screen/testers", "email", [MARKUP[0], "<x-hurt>@example.com", "a@exa\u202emple.com"]),
    ("consent-screen", "name", ["\u202eShop", "Sh\u2066op", "\u200b", "W" * 81, "Shop\0"]),
    ("consent-screen", "support_email", [MARKUP[0], "javascript:alert(1)", "a@b c"]),
    *(
        (
            "consent-screen",
            link,
            [
                "javascript:window.ran=1",
                "JaVaScRiPt:window.ran=1",
                "data:text/html,<script>window.ran=1</script>",
                "java\tscript:window.ran=1",
                "//evil.example/",
                "http://shop.example/",
                f'{ADDRESS}"><x-hurt>',
                f"{ADDRESS}\u202e",
                "https:evil.example",
                "https:///evil.example",
                "https://",
            ],
        )
        for link in ("home_page", "privacy_link", "terms_link")
    ),
    ("clients/new?type=web", "name", ["\u202eApp", "A\u2066pp", "W" * 81, "A\0"]),
    *(
        (
            f"clients/new?type={kind}",
            "redirect_uris",
            [
                "javascript:window.ran=1",
                "data:text/html,<x-hurt>",
                "https://app.example.com/<x-hurt>",
                'https://app.example.com/"onfocus=',
                "https://app.example.com@evil.example/",
                "https://app.example.com\\@evil.example/",
                "https://evil.example/*",
                "//evil.example/",
            ],
        )
        for kind in ("web", "installed", "browser")
    ),
    (
        "clients/new?type=browser",
        "javascript_origins",
        ["javascript:window.ran=1", "https://*.example.com", "https://a.example/<x-hurt>", "null"],
    ),
    ("api-keys/new", "name", ["\u202eKey", "W" * 1_000, "K\0"]),
    ("api-keys/new", "referrers", ["javascript:alert(1)", "<x-hurt>", "https://*/<x-hurt>"]),
    ("api-keys/new", "addresses", [MARKUP[0], "0.0.0.0/-1", "{{7*7}}"]),
    ("api-keys/new", "queues", [MARKUP[0], f"{ADAS}/<x-hurt>", "\u202ea/b"]),
    ("quotas/calls_per_day", "why", ["a\u202eb", "a\nb", "W" * 2_000]),
    ("queues/{queue}/insert", "name", [*MARKUP[:9], "\u202et"]),
    ("queues/{queue}/insert", "tag", ["W" * 501, "t\0"]),
    ("queue-file", "file", ["queue:\n- name: <x-hurt>\n", "<queue-entries><x-hurt/>", MARKUP[1]]),
]


class Watched:
    """A window that remembers what no page of ours does by itself."""

    def __init__(self, page: Page, url: str) -> None:
        self.did: list[str] = []
        self._url = url
        page.on("dialog", lambda dialog: self.did.append(f"dialog: {dialog.message}"))
        page.on("request", self._request)

    def _request(self, request: Request) -> None:
        is_ours = request.url.startswith(self._url) and not request.url.endswith("/x")
        if not is_ours and not request.url.startswith("data:"):
            self.did.append(f"request: {request.url}")


def looks_at(page: Page, name: str, width: int) -> list[str]:
    """What is wrong with the page that is open; leaves the window as wide as `width`."""
    page.evaluate(LIVE)
    found: dict[str, list[str]] = page.evaluate(FOUND)
    problems = [f"{name}: {kind} {one}" for kind, some in found.items() for one in some]
    wide = [f"{name}: too wide at first"] if page.evaluate(TOO_WIDE) else []
    page.set_viewport_size({"width": width, "height": HEIGHT})
    return problems + wide + ([f"{name}: wider than {width}"] if page.evaluate(TOO_WIDE) else [])


def test_no_page_runs_or_becomes_what_somebody_named_a_thing(
    world: World, new_page: NewPage
) -> None:
    ada = Visitor(new_page(bypass_csp=True), world.site)
    ada.has_signed_in()
    watched = Watched(ada.page, world.site.url)
    problems = []

    for number, (name, path) in enumerate(windows(world)):
        ada.opens(path)
        problems += looks_at(ada.page, name, NARROW if number % 2 == 0 else WIDE)

    assert [] == problems + watched.did


def windows(world: World) -> Iterator[tuple[str, str]]:
    """Every page that is a page: files are looked at elsewhere, and live parts in their pages."""
    unframed = ("/now", "/payload", "/csv", "/json", "/files/")
    for page in every_page():
        if page.show and not any(part in page.path for part in unframed):
            yield page.path, at(world.ours, page)
    start = f"/console/{ADAS}"
    yield "all projects", "/console?search=" + quote(MARKUP[1])
    turned = f"{start}/queues/{world.ours.queue}/tasks?tag={quote(TURNED)}"
    yield "tasks of a tag", turned
    tasks = re.findall(rf'class="id long" href="({start}/[^"?]+)"', world.ada.get(turned).text)
    yield from (("a task whose tag turns", path) for path in tasks)
    assert len(tasks) == 1
    yield "calls with a key", f"{start}/usage?span=hour&group=api_key"
    yield "calls by somebody", f"{start}/usage?span=hour&group=outcome&email={quote(EMAIL)}"
    yield "a key that is gone", f"{start}/api-keys/{world.ours.gone_key}"
    yield "entries", f"{start}/audit?target={quote(MARKUP[1])}&actor={quote(MARKUP[2])}"


def test_no_page_of_any_thing_has_its_name_as_markup(world: World) -> None:
    """Each client, key, task and entry of the log, with each of the names."""
    found: dict[str, list[str]] = {}
    lists = ["clients", "api-keys", f"queues/{world.ours.queue}/tasks", "audit"]
    visited = set()
    for path in lists:
        page = world.ada.get(f"/console/{ADAS}/{path}").page
        for link in sorted({*page.addresses()}):
            if link.startswith(f"/console/{ADAS}/{path}/") and link not in visited:
                visited.add(link)
                found[link] = [] if is_file(link) else world.ada.get(link).dangers()

    assert len(visited) > len(MARKUP) * 3
    assert [] == [(link, dangers) for link, dangers in found.items() if dangers]


def is_file(link: str) -> bool:
    return link.partition("?")[0].endswith(("/csv", "/json"))


def test_the_pages_for_people_show_what_a_console_form_stored(
    fresh: World, new_page: NewPage
) -> None:
    """The consent page, and the list of those that have access."""
    ada = Visitor(new_page(bypass_csp=True), fresh.site)
    ada.has_signed_in()
    watched = Watched(ada.page, fresh.site.url)
    query = {
        "client_id": fresh.ours.client,
        "redirect_uri": URI,
        "response_type": "code",
        "scope": SCOPE,
        "state": MARKUP[1],
        "code_challenge": "x" * 43,
        "code_challenge_method": "S256",
    }
    consent = f"/o/oauth2/v2/auth?{urlencode(query)}"
    ada.opens(consent)
    ada.sees(f"{MARKUP[1]} asks for access", "app.example.com")

    problems = looks_at(ada.page, "consent", NARROW)
    links = fresh.ada.get(consent).page
    (form,) = [one for one in links.forms if "consent" in one.action]
    given = dict(form.fields) | {"answer": "allow"}
    assert fresh.ada.post(form.action, given).location.startswith(URI)
    ada.opens("/account/access")
    ada.sees(MARKUP[1], ADAS)
    problems += looks_at(ada.page, "access", WIDE)

    assert [] == problems + watched.did
    assert {f"mailto:{EMAIL}", LINK} <= {*links.addresses()}
    assert outside(links) == {f"mailto:{EMAIL}", LINK}


def outside(page: Markup) -> set[str]:
    """Where the page leads that is not here."""
    return {link for link in page.addresses() if not link.startswith(("/", "?", "#"))}


@pytest.mark.parametrize("gone", ["settings/off", "settings/delete"])
def test_a_project_that_is_off_or_gone_shows_its_names_no_worse(fresh: World, gone: str) -> None:
    assert 303 == fresh.ada.post(f"/console/{ADAS}/{gone}", {"typed": ADAS}).status

    for page in every_page():
        if page.show:
            answer = fresh.ada.get(at(fresh.ours, page))
            assert [] == (answer.dangers() if is_page(answer) else []), page.path


def is_page(answer: Answer) -> bool:
    return answer.headers.get_content_type() == "text/html"


def test_what_a_rule_refuses_is_said_beside_the_field_and_is_text(world: World) -> None:
    for template, name, values in RULED:
        path = f"/console/{ADAS}/{template.format(queue=world.ours.queue)}"
        (form, *_) = [
            one
            for one in world.ada.get(path).page.forms
            if name in dict(one.fields) and one.action in ("", path.partition("?")[0], path)
        ]
        for value in values:
            kept = [pair for pair in form.fields if pair[0] != name]
            answer = world.ada.post(path, [*kept, (name, value)])
            assert 400 == answer.status, (template, name, value)
            assert [] == answer.dangers(), (template, name, value)
            assert re.search(r'class="(wrong|problem)" role="alert"', answer.text), (template, name)


FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def files(world: World) -> dict[str, Answer]:
    """Every file that the console hands out as a table."""
    usage = [f"usage/files/calls.csv?span=hour&group={by}" for by in ("email", "api_key", "method")]
    paths = [*usage, "usage/files/stored.csv", f"usage/files/stored.csv?queue={world.ours.queue}"]
    paths += ["billing/csv", "audit/csv"]
    return {path: world.ada.get(f"/console/{ADAS}/{path}") for path in paths}


def test_no_cell_of_a_file_is_a_formula(world: World) -> None:
    """Spreadsheets run what begins so: a stranger's address, an id, a queue's name."""
    for path, answer in files(world).items():
        lines = list(csv.reader(io.StringIO(answer.text)))
        cells = [cell for line in lines for cell in line]
        assert [] == [cell for cell in cells if cell.startswith(FORMULA)], path
        assert len(lines) > 1 or "queue=" in path, path


def test_the_formulas_are_in_the_files_all_the_same(world: World) -> None:
    """Otherwise the test above would show nothing."""
    texts = {path: answer.text for path, answer in files(world).items()}

    assert "'=1+1" in texts["usage/files/calls.csv?span=hour&group=email"]
    assert "'@SUM" in texts["usage/files/calls.csv?span=hour&group=api_key"]
    assert f"'-1-{ADAS}" in texts["billing/csv"]
    assert "=1+1" in texts["audit/csv"]


def test_no_name_gets_into_the_headers_of_a_file(world: World) -> None:
    is_plain = re.compile(r"attachment; filename\*=utf-8''[A-Za-z0-9.~_-]+")
    found = 0
    for page in every_page():
        answer = world.ada.get(at(world.ours, page)) if page.show else None
        if answer is not None and answer.status == 200 and not is_page(answer):
            found += 1
            assert is_plain.fullmatch(answer.headers["Content-Disposition"]), page.path
            assert "nosniff" == answer.headers["X-Content-Type-Options"], page.path
            assert "sandbox" in answer.headers["Content-Security-Policy"], page.path

    assert len(["payload", "calls.csv", "billing.csv", "billing.json", "audit", "audit"]) == found


def test_files_that_pages_hold_themselves_have_plain_names(fresh: World) -> None:
    """Links that save something: what is saved is what their address holds."""
    made = fresh.ada.post(f"/console/{ADAS}/clients/{fresh.ours.client}/secrets")
    key = fresh.ada.post(f"/console/{ADAS}/service-accounts/account?email={fresh.ours.account}")
    for answer in (made, key):
        (link,) = [e.attributes for e in answer.page.elements if "download" in e.attributes]
        assert re.fullmatch(r"[\w.-]+\.json", link["download"])
        assert link["href"].startswith("data:application/json;charset=utf-8,%7B")
        assert not set(link["href"]) & set("<>\"' ")
