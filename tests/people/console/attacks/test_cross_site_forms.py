"""Forms of other sites: nothing that a page elsewhere makes a browser send changes anything here.

All forms are such as our own pages would send, about things that are there: what refuses them is
where they come from, and nothing else. Afterwards every row of the database is as it was.
"""

from urllib.parse import urlencode

from tests.people.console.attacks.browsing import OWN, Fields
from tests.people.console.attacks.conftest import World
from tests.people.console.attacks.world import at, every_page

EVIL = "https://evil.example"
REFUSED = "This form was not sent from a page of this site."

# From where browsers say that a form comes. Those of today send Sec-Fetch-Site.
ELSEWHERE: dict[str, dict[str, str]] = {
    "another site": {"Sec-Fetch-Site": "cross-site", "Origin": EVIL},
    "a neighbouring host": {"Sec-Fetch-Site": "same-site", "Origin": "http://shop.localhost"},
    "nobody's page": {"Sec-Fetch-Site": "none"},
    "what is no place": {"Sec-Fetch-Site": "same-origin, cross-site"},
    "an old browser": {"Origin": EVIL},
    "a sandboxed frame": {"Origin": "null"},
    "a browser without Origin": {"Referer": f"{EVIL}/console/photo-shop/members"},
    "a page that hides": {},
    "our host by another scheme": {"Origin": "https://localhost"},
    "a page that speaks for our proxy": {"Origin": EVIL, "X-Forwarded-Host": "evil.example"},
    "a page that takes our name": {"Origin": EVIL, "Host": "evil.example"},
}

# What ends other things is sent after everything else, in this order.
ENDS = (
    "queues/{queue}/tasks/{task}/delete",
    "queues/{queue}/purge/rest",
    "queues/{queue}/purge",
    "queues/{queue}/delete",
    "service-accounts/keys/delete",
    "service-accounts/delete",
    "clients/{client}/secrets/{secret}/end",
    "clients/{client}/delete",
    "api-keys/{key}/strings/{string}/end",
    "api-keys/{key}/delete",
    "settings/off",
    "settings/on",
    "settings/delete",
    "settings/undelete",
)

# Forms that show what is stored: to save the same again would change nothing.
OTHER_VALUES = {
    "queues/{queue}/edit": ("max_tasks", "700"),
    "clients/{client}": ("name", "Another name"),
    "api-keys/{key}": ("name", "Another name"),
    "consent-screen": ("name", "Another name"),
    "settings": ("total_storage_limit", "7"),
    "members": ("role", "owner"),
}

# They ask, and write nothing.
ASKS = {
    "consent-screen/preview",
    "consent-screen/logo",  # without a picture
    "queue-file",  # previewed
    "explorer/token",
    "explorer/{api}/{method}",  # describes a request
    "explorer/{api}/{method}/remove",  # there is no consent
}


def test_no_act_of_any_page_is_taken_from_another_place(world: World) -> None:
    sent = world.forms()
    world.changes()

    for place, headers in ELSEWHERE.items():
        for page in every_page():
            if page.act:
                answer = world.ada.post(at(world.ours, page), sent[page.path], headers)
                assert 403 == answer.status, (page.path, place)
                assert REFUSED in answer.text, (page.path, place)
        answer = world.ada.post("/console/new", {"id": "another-project"}, headers)
        assert 403 == answer.status, place
        assert [] == world.changes(), place


def test_no_other_kind_of_form_gets_by(world: World) -> None:
    """Of the kinds that pages may send to other sites unasked, and of one that they may not."""
    body = b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\nx\r\n--x--\r\n'
    for kind in ("text/plain", "multipart/form-data; boundary=x", "application/json", ""):
        foreign = {**ELSEWHERE["another site"], "Content-Type": kind}
        for page in every_page():
            if page.act:
                answer = world.ada.send("POST", at(world.ours, page), headers=foreign, body=body)
                assert 403 == answer.status, (page.path, kind)

    assert [] == world.changes()


def test_no_address_changes_anything_by_being_opened(world: World) -> None:
    """A link, a picture or a form of GET on any site opens it with the reader's cookies."""
    for page in every_page():
        path = at(world.ours, page)
        for verb in ("GET", "HEAD"):
            answer = world.ada.send(verb, path, headers=ELSEWHERE["another site"])
            assert answer.status in ((200, 303, 400) if page.show else (405,)), (verb, path)

    assert [] == world.changes()


def test_no_address_takes_a_form_in_its_query_or_by_another_verb(world: World) -> None:
    sent = world.forms()
    world.changes()

    for page in every_page():
        if page.act:
            path = at(world.ours, page)
            query = urlencode([*sent[page.path], ("_method", "POST")])
            url = f"{path}{'&' if '?' in path else '?'}{query}"
            world.ada.send("GET", url, headers=OWN)
            for verb in ("PUT", "PATCH", "DELETE", "OPTIONS"):
                assert 405 == world.ada.send(verb, path, headers=OWN).status, (verb, path)
            override = {**OWN, "X-HTTP-Method-Override": "POST"}
            world.ada.send("GET", path, headers=override)

    assert [] == world.changes()


def test_live_parts_are_asked_for_by_no_other_site(world: World) -> None:
    """A header of htmx is no proof of anything: only where the form comes from is."""
    sent = world.forms()
    world.changes()
    posing = {**ELSEWHERE["another site"], "HX-Request": "true", "HX-Current-URL": world.site.url}

    for page in every_page():
        if page.act:
            answer = world.ada.post(at(world.ours, page), sent[page.path], posing)
            assert 403 == answer.status, page.path

    assert [] == world.changes()


def test_the_same_forms_act_when_our_own_pages_send_them(fresh: World) -> None:
    """Otherwise nothing above would be shown."""
    sent = fresh.forms()
    acting = [page for page in every_page() if page.act]
    order = [*(page for page in acting if page.path not in ENDS)]
    order += [page for path in ENDS for page in acting if page.path == path]
    idle = set()
    fresh.changes()

    for page in order:
        answer = fresh.ada.post(at(fresh.ours, page), _changed(page.path, sent[page.path]))
        if not fresh.changes():
            idle.add(page.path)
        assert page.path in ASKS or answer.status in (200, 303), (page.path, answer.text)

    assert len(acting) == len(order)
    assert ASKS == idle


def test_an_old_browser_proves_by_its_origin_that_the_page_is_ours(fresh: World) -> None:
    path = f"/console/{fresh.ours.project}/new-queue"
    sent = fresh.forms()["new-queue"]

    assert 303 == fresh.ada.post(path, sent, {"Origin": fresh.site.url}).status
    assert "queues" in fresh.changes()


def _changed(path: str, fields: Fields) -> Fields:
    name, value = OTHER_VALUES.get(path, ("", ""))
    return [pair for pair in fields if pair[0] != name] + [(name, value)]
