"""Whatever an address or a form of the console says, no page fails.

The pages are those of things that are there, so that what is said is looked at.
"""

import inspect
import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from urllib.parse import quote

import pytest

from leasehold.usage.count_rows import DIMENSIONS
from leasehold.web.console import audit
from leasehold.web.console.shell import ProjectPage
from leasehold.web.oauth.form import MAX_FIELDS
from tests.people.console.attacks.conftest import World, open_world
from tests.people.console.attacks.world import ADAS, at, every_page, page_of

HOSTILE = [
    "",
    "-1",
    "9" * 400,
    "1e999",
    "NaN",
    "²",  # a digit to str.isdigit, and no number to int
    "2026-13-99T99:99",
    "0001-01-01",
    "9999-12-31T23:59",
    "nul\0byte",
    "lone\ud800surrogate",
    "é" * 2_000,
    "../../../etc/passwd",
    "https://elsewhere.example/",
    "<script>alert(1)</script>",
    "'; drop table tasks; --",
    "%",
]

OUR_FAULT = 500
OWN_FORM = {
    "Sec-Fetch-Site": "same-origin",
    "Content-Type": "application/x-www-form-urlencoded",
}

AT = f"/console/{ADAS}"

_READS = re.compile(
    r"\b(?:parameter|required|text|exactly|number|decimal|one_of|ticked|several|lines|must_be)"
    r"\(\s*\"([\w-]+)\""
)
_ALWAYS = ("page", "search", "x")
# What a page reads by names that are not written where it reads them.
_MORE: dict[str, tuple[str, ...]] = {
    "usage": (*DIMENSIONS, "since", "until", "queue"),
    "audit": (*audit.FIELDS, "month"),
    "explorer": ("parameter.project", "parameter.taskqueue", "body", "scope", "with_key", "code"),
}


@cache
def names(page: ProjectPage) -> tuple[str, ...]:
    """Every parameter and field that the page reads; of more than a form may have, all is refused.

    Read from the module that has its functions.
    """
    found = {*_ALWAYS, "email"}
    for handler in (page.show, page.act):
        if handler is not None:
            found.update(_READS.findall(Path(inspect.getfile(handler)).read_text("utf-8")))
    for start, more in _MORE.items():
        if page.path.startswith(start):
            found.update(more)
    assert len(found) <= MAX_FIELDS // 2, page.path
    return tuple(sorted(found))


def quoted(value: str) -> str:
    return quote(value.encode("utf-8", "surrogatepass"), safe="")


def form(page: ProjectPage, value: str) -> str:
    return "&".join(f"{name}={quoted(value)}" for name in names(page))


def bodies(page: ProjectPage, value: str) -> tuple[str, ...]:
    """Nothing, everything once, and everything twice."""
    return "", form(page, value), f"{form(page, value)}&{form(page, value)}"


def misnamed(page: ProjectPage, value: str) -> list[str]:
    """The page's address with the value in place of each thing; none where it names none."""
    found = re.sub(r"\{\w+\}", lambda _: quoted(value) or "x", page.path)
    return [f"{AT}/{found}"] if found != page.path else []


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A project with all that may be in one."""
    with open_world(tmp_path_factory.mktemp("hostile")) as world:
        world.forms()
        yield world


@pytest.mark.long
def test_no_address_makes_a_page_fail(world: World) -> None:
    failed = []
    for page, value in product(every_page(), HOSTILE):
        for path in [at(world.ours, page), *misnamed(page, value)] if page.show else []:
            address, _, usual = path.partition("?")
            for query in (*bodies(page, value), f"{usual}&{quoted(value)}=1"):
                if world.ada.get(f"{address}?{query}").status >= OUR_FAULT:
                    failed += [(path, query)]

    assert [] == failed


def test_no_form_makes_a_page_fail(world: World) -> None:
    failed = []
    for page, value in product(every_page(), HOSTILE):
        for path, body in product(places(world, page, value), bodies(page, value)):
            answer = world.ada.send("POST", path, headers=OWN_FORM, body=body.encode())
            if answer.status >= OUR_FAULT:
                failed += [(path, body)]

    assert [] == failed


def test_no_field_of_a_form_makes_its_page_fail(world: World) -> None:
    """The others are as they should be, so that none is refused before this one is looked at."""
    failed = []
    for path, fields in world.forms().items():
        for (name, _), value in product(fields, HOSTILE):
            if acts_by_fields(world, page_of(path)):
                others = [f"{known}={quoted(text)}" for known, text in fields if known != name]
                body = "&".join([*others, f"{name}={quoted(value)}"])
                place = at(world.ours, page_of(path))
                answer = world.ada.send("POST", place, headers=OWN_FORM, body=body.encode())
                if answer.status >= OUR_FAULT:
                    failed += [(path, name, value)]

    assert [] == failed


def places(world: World, page: ProjectPage, value: str) -> list[str]:
    """Where a form may be sent without an end of what the next one is about."""
    found = misnamed(page, value) if page.act else []
    return [at(world.ours, page), *found] if acts_by_fields(world, page) else found


def acts_by_fields(world: World, page: ProjectPage) -> bool:
    """Whether what it does is said in its form: what ends a thing by a button reads none."""
    return any(name for name, _ in world.forms().get(page.path, ()))
