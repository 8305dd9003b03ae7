"""Open redirects: no address of ours sends people to another site, whatever stands in it.

Only the authorization endpoint leads anywhere else, and there to a registered redirect URI alone.
"""

from urllib.parse import parse_qs, quote, urlencode, urlsplit

from tests.people.console.attacks.browsing import OWN, Answer, PlainBrowser
from tests.people.console.attacks.conftest import World
from tests.people.console.attacks.world import ADAS, URI, at, every_page
from tests.people.console.test_hostile_input import names
from tests.people.visitor import PASSWORD
from tests.web.account.person import ELSEWHERE

EVIL = "evil.example"
PLACES = [
    *ELSEWHERE,
    "%2F%2Fevil.example/",
    "%5C%5Cevil.example/",
    "/%09/evil.example/",
    "/%0d%0aLocation:%20https://evil.example/",
    "/..//evil.example/",
    "/.//evil.example/",
    "https:\\\\evil.example",
    "http:evil.example",
    "https://localhost@evil.example/",
    "https://localhost.evil.example/",
    "//localhost@evil.example/",
    "/\u2044/evil.example/",
]
# As other software calls the parameter.
USUAL_NAMES = [
    *("continue", "next", "return_to", "returnTo", "return", "back", "url", "to", "goto", "dest"),
    *("redirect", "redirect_uri", "callback", "state", "iss", "code", "error", "error_description"),
]
HEADERS = {
    "Host": EVIL,
    "X-Forwarded-Host": EVIL,
    "X-Forwarded-Server": EVIL,
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-Prefix": "//evil.example",
    "X-Original-URL": "//evil.example/",
    "X-Rewrite-URL": "//evil.example/",
    "Forwarded": f"host={EVIL};proto=https",
    "Referer": f"https://{EVIL}/console/photo-shop/members",
    "HX-Current-URL": f"https://{EVIL}/",
}
REDIRECTS = range(300, 400)
SCOPE = "https://www.googleapis.com/auth/taskqueue"


def stays_here(answer: Answer) -> bool:
    """Whether a browser that follows the answer is at this server afterwards."""
    told = [answer.location, *(answer.headers.get(n, "") for n in ("HX-Redirect", "HX-Location"))]
    told += [answer.headers.get("Refresh", ""), answer.headers.get("Content-Location", "")]
    return all(not address or is_local(address) for address in told)


def is_local(address: str) -> bool:
    """A path as every browser reads it: no second slash, backslash, tab or line end before it."""
    return (
        address.startswith("/")
        and address[1:2] not in ("/", "\\")
        and address.isascii()
        and address.isprintable()
        and "\\" not in address.partition("?")[0]
    )


def leads_away(answer: Answer) -> list[str]:
    """Links and forms of a page that lead to the evil site."""
    if answer.headers.get_content_type() != "text/html":
        return []
    return [
        link
        for link in answer.page.addresses()
        if not link.startswith(("?", "#", "data:application/json")) and not is_local(link)
        if EVIL in link or link.startswith(("//", "\\", "/\\"))
    ]


def signed_out(world: World) -> PlainBrowser:
    return PlainBrowser(world.site.url, session="")


def test_no_page_of_the_console_redirects_elsewhere_by_its_address(world: World) -> None:
    for place in PLACES[:5]:
        usual = urlencode([(name, place) for name in USUAL_NAMES])
        for page in every_page():
            known = urlencode([(name, place) for name in names(page)])
            path = at(world.ours, page)
            first = f"{path}{'&' if '?' in path else '?'}{usual}"
            for answer in (
                world.ada.get(first),
                world.ada.get(f"{path.partition('?')[0]}?{known}"),
            ):
                assert stays_here(answer), (page.path, place, answer.location)
                assert [] == leads_away(answer), page.path


def test_no_form_of_the_console_redirects_elsewhere(fresh: World) -> None:
    sent = fresh.forms()
    redirects = 0
    for page in every_page():
        if page.act and not page.path.startswith("settings/"):
            more = [(name, f"https://{EVIL}/") for name in USUAL_NAMES]
            path = at(fresh.ours, page)
            answer = fresh.ada.post(path, [*sent[page.path], *more], OWN | HEADERS)
            redirects += answer.status in REDIRECTS
            assert stays_here(answer), (page.path, answer.location)

    assert redirects > 20


def test_no_header_says_where_we_are(world: World) -> None:
    with signed_out(world) as nobody:
        for page in every_page():
            path = at(world.ours, page)
            for browser in (world.ada, nobody):
                answer = browser.send("GET", path, headers=HEADERS)
                assert stays_here(answer), (page.path, answer.location)
                assert [] == leads_away(answer), page.path
        for path in ("/console", "/console/new", f"/console/{ADAS}", "/account", "/signin"):
            for browser in (world.ada, nobody):
                answer = browser.send("GET", path, headers=HEADERS)
                assert stays_here(answer), (path, answer.location)
                assert [] == leads_away(answer), path


def test_the_short_address_of_a_project_stays_here(world: World) -> None:
    spelled = {quote(place, safe=safe) for place in PLACES for safe in ("", "/", ":/\\@")}
    paths = [path for one in spelled for path in (f"/console/{one}", f"/console/{one}/overview")]
    with signed_out(world) as nobody:
        for path in [*paths, *(f"/{one}" for one in spelled)]:
            for browser in (world.ada, nobody):
                answer = browser.send("GET", path)
                assert stays_here(answer), (path, answer.location)


def test_a_slash_at_the_end_redirects_nowhere(world: World) -> None:
    for path in ("/console/", f"/console/{ADAS}/members/", "//evil.example/console/", "//"):
        assert 404 == world.ada.send("GET", path, headers=HEADERS).status, path


def test_signing_in_leads_back_to_the_console_and_nowhere_else(world: World) -> None:
    with signed_out(world) as nobody:
        for page in every_page():
            path = at(world.ours, page)
            answer = nobody.get(path) if page.show else nobody.post(path)
            assert 303 == answer.status, page.path
            way = urlsplit(answer.location)
            assert "/signin" == way.path, page.path
            (back,) = parse_qs(way.query)["continue"]
            assert back.startswith(f"/console/{ADAS}/"), page.path


def test_who_signs_in_is_sent_to_no_other_site(world: World) -> None:
    ways = ("/signin?continue=", "/signin/continue?to=", "/signin/second-step?continue=")
    form = {"email": "mallory@example.com", "password": PASSWORD}
    with signed_out(world) as nobody:
        for place in PLACES:
            for browser in (nobody, world.mallory):
                for path in ways:
                    answer = browser.get(path + quote(place, safe=""))
                    assert stays_here(answer), (path, place, answer.location)
                    assert [] == leads_away(answer), (path, place)
            for path in ("/signin", "/signout"):
                answer = nobody.post(path, form | {"continue": place})
                assert stays_here(answer), (path, place, answer.location)
                assert [] == leads_away(answer), (path, place)


def test_consent_is_answered_to_the_registered_address_alone(world: World) -> None:
    good = {
        "client_id": world.ours.client,
        "redirect_uri": URI,
        "response_type": "code",
        "scope": SCOPE,
        "prompt": "none",
        "code_challenge": "x" * 43,
        "code_challenge_method": "S256",
    }
    path = "/o/oauth2/v2/auth?"
    assert world.ada.get(path + urlencode(good)).location.startswith(f"{URI}&error=")
    similar = [f"{URI}/..", f"{URI}#", f"{URI}&x=1", URI.upper(), URI[:-1], f" {URI}", f"{URI}%00"]
    similar += ["https://app.example.com", "https://app.example.com.evil.example/", ""]

    for place in [*PLACES, *similar]:
        answer = world.ada.get(path + urlencode(good | {"redirect_uri": place}))
        assert "" == answer.location, place
        assert 400 == answer.status, place
        assert [] == leads_away(answer), place


def test_the_explorer_asks_at_our_own_address_and_comes_back_to_it(world: World) -> None:
    path = f"/console/{ADAS}/explorer/taskqueue.v1beta2/tasks.insert/authorize"
    fields = [("scope", SCOPE), ("redirect_uri", f"https://{EVIL}/"), ("state", f"//{EVIL}")]

    answer = world.ada.post(path, fields, OWN | HEADERS)

    asked = urlsplit(answer.location)
    assert ("", "/o/oauth2/v2/auth") == (asked.netloc, asked.path)
    back = f"{world.site.url}/console/{ADAS}/explorer/authorized"
    assert [back] == parse_qs(asked.query)["redirect_uri"]


def test_no_answer_to_the_explorer_leads_elsewhere(world: World) -> None:
    redirects = 0
    for place in PLACES:
        for more in ({}, {"code": place}, {"iss": place}, {"state": place}):
            answer = answered(world, {"error": place, "error_description": place, **more})
            redirects += answer.status in REDIRECTS
            assert answer.status in (303, 400), place
            assert stays_here(answer), (place, answer.location)
            assert [] == leads_away(answer), place

    assert redirects > len(PLACES)


def answered(world: World, told: dict[str, str]) -> Answer:
    """The explorer asks, and is told this."""
    authorize = f"/console/{ADAS}/explorer/taskqueue.v1beta2/tasks.insert/authorize"
    asked = world.ada.post(authorize, [("scope", SCOPE)])
    (state,) = parse_qs(urlsplit(asked.location).query)["state"]
    cookie = asked.headers["Set-Cookie"].partition(";")[0]
    query = urlencode({"state": state, "iss": world.site.url} | told)
    with signed_out(world) as browser:
        return browser.send(
            "GET",
            f"/console/{ADAS}/explorer/authorized?{query}",
            headers={"Cookie": f"{cookie}; leasehold-session={world.ada.session}"},
        )
