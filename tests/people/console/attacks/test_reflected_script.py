"""Reflected script: what an address or a form says comes back as text, or not at all.

Each page is opened about things that are there and in places that it would look up, with markup in
every parameter and field that any page reads, and then with one field of its own form at a time.
"""

import json
from urllib.parse import quote, urlencode

import pytest

from tests.people.console.attacks.browsing import OWN, Answer
from tests.people.console.attacks.conftest import World
from tests.people.console.attacks.world import (
    ADAS,
    MARKUP,
    address,
    at,
    every_page,
    page_of,
    verbs,
    words_of,
)
from tests.people.console.test_hostile_input import names

# For each place in which a page may put it: text, an attribute, the end of an element, an address.
SHAPES = {
    "elements": "".join(MARKUP[0:3]),
    "attributes": MARKUP[3],
    "addresses": "javascript:window.ran=1",
    "ends": "".join(MARKUP[5:8]),
    "turns": "\u202e<x-hurt>\u2066" + "W" * 900,
}

# What is no page, and how browsers must take it.
DATA = {
    "application/json",
    "application/jsonl",
    "application/octet-stream",
    "text/csv",
}


def problems(answer: Answer) -> list[str]:
    """What is wrong with an answer, whatever it is."""
    kind = answer.headers.get_content_type()
    if answer.status in range(300, 400):
        return [] if answer.body == b"" else ["a redirect that holds something"]
    found = [] if answer.headers["X-Content-Type-Options"] == "nosniff" else ["may be sniffed"]
    if kind in DATA:
        return found + ([] if is_data(answer, kind) else [f"{kind} that browsers would show"])
    if answer.headers["Content-Type"] != "text/html; charset=utf-8":
        return [*found, f"is {answer.headers['Content-Type']}"]
    return found + answer.dangers()


def is_data(answer: Answer, kind: str) -> bool:
    """Saved and not shown; or JSON for our own scripts."""
    if answer.headers.get("Content-Disposition", "").startswith("attachment;"):
        return True
    return kind == "application/json" and isinstance(json.loads(answer.text), dict)


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_no_parameter_and_no_field_comes_back_as_markup(fresh: World, shape: str) -> None:
    found = {}

    for page in every_page():
        path = at(fresh.ours, page)
        everything = [(name, shape) for name in names(page)]
        query = urlencode(everything)
        for verb in verbs(page):
            if verb == "GET":
                url = f"{path}{'&' if '?' in path else '?'}{query}"
                answer = fresh.ada.get(f"{path.partition('?')[0]}?{query}")
                found[f"live {page.path}"] = problems(fresh.ada.get(url, HX_Request="true"))
            else:
                answer = fresh.ada.post(path, everything)
            found[f"{verb} {page.path}"] = problems(answer)

    assert [] == [(name, some) for name, some in found.items() if some]


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_no_id_in_an_address_comes_back_as_markup(world: World, shape: str) -> None:
    """Where the page looks for a thing of that name, and says that there is none."""
    nobodys = dict.fromkeys(world.ours.named(), shape)
    found = {}

    for page in every_page():
        path = address(page, nobodys)
        if words_of(page):
            for verb in verbs(page):
                url = f"/console/{ADAS}/{path}"
                answer = world.ada.get(url) if verb == "GET" else world.ada.post(url)
                found[f"{verb} {path}"] = problems(answer)
    for start in ("/console/", "/console/photo-shop/", "/console/photo-shop/queues/"):
        for rest in ("", "/overview", "/x/y"):
            answer = world.ada.get(start + quote(shape, safe="") + rest)
            found[start + rest] = problems(answer)

    assert [] == [(name, some) for name, some in found.items() if some]


def test_no_field_of_a_form_comes_back_as_markup(fresh: World) -> None:
    """The other fields are as they should be, so that this one is what is refused, or kept."""
    found = {}

    for path, fields in fresh.forms().items():
        for name in {name for name, _ in fields if name and not path.startswith("settings/")}:
            others = [pair for pair in fields if pair[0] != name]
            for kind, shape in SHAPES.items():
                answer = fresh.ada.post(at(fresh.ours, page_of(path)), [*others, (name, shape)])
                found[f"{path} {name} {kind}"] = problems(answer)
    for page in every_page():
        if page.show:
            found[f"afterwards {page.path}"] = problems(fresh.ada.get(at(fresh.ours, page)))

    assert [] == [(name, some) for name, some in found.items() if some]


def test_no_header_comes_back_as_markup(fresh: World) -> None:
    hurt = MARKUP[1]
    headers = {
        "User-Agent": hurt,
        "Referer": f"https://evil.example/{hurt}",
        "Accept-Language": hurt,
        "X-Forwarded-For": hurt,
        "HX-Current-URL": hurt,
        "HX-Target": hurt,
        "HX-Prompt": hurt,
    }
    found = {}
    for page in every_page():
        for verb in verbs(page):
            path, body = at(fresh.ours, page), b"" if verb == "GET" else b"x=x"
            if not path.startswith(f"/console/{ADAS}/settings/"):
                answer = fresh.ada.send(verb, path, headers=OWN | headers, body=body)
                found[f"{verb} {page.path}"] = problems(answer)

    assert [] == [(name, some) for name, some in found.items() if some]


def test_the_pages_beside_the_projects_show_text(fresh: World) -> None:
    for shape in MARKUP:
        value = quote(shape, safe="")
        for path in (
            f"/console?search={value}",
            f"/console?page={value}",
            f"/console/new?id={value}",
            f"/signin?continue={value}&email={value}&reason={value}&done={value}",
            f"/account/access?done={value}",
        ):
            assert [] == problems(fresh.ada.get(path)), path
        assert [] == problems(fresh.ada.post("/console/new", {"id": shape})), shape


def test_the_explorers_answers_to_its_script_are_no_page(world: World) -> None:
    path = f"/console/{ADAS}/explorer/taskqueue.v1beta2/tasks.lease"
    fields = [("parameter.project", MARKUP[0]), ("parameter.taskqueue", MARKUP[1])]

    answer = world.ada.post(path, fields, OWN | {"Accept": "application/json"})

    assert "application/json" == answer.headers["Content-Type"]
    assert "nosniff" == answer.headers["X-Content-Type-Options"]
    assert "<" not in json.loads(answer.text)["path"]
