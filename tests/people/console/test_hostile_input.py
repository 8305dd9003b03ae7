"""Whatever an address or a form of the console says, no page fails."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from leasehold.web import console
from leasehold.web.console.routes import GROUPS
from tests.people.console.conftest import AT
from tests.people.visitor import Visitor

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

_READS = re.compile(
    r"\b(?:parameter|required|text|exactly|number|one_of|ticked|several|lines)\(\s*\"([\w-]+)\""
)


def names() -> list[str]:
    """Every parameter and field that a page of the console reads."""
    found = {"page", "search", "x"}
    for file in Path(console.__path__[0]).glob("*.py"):
        found.update(_READS.findall(file.read_text("utf-8")))
    return sorted(found)


def addresses(verb: str, value: str) -> Iterator[str]:
    """Each page, with this value wherever its path has a place for one."""
    place = quote(value.encode("utf-8", "surrogatepass"), safe="") or "x"
    for group in GROUPS:
        for page in group.pages:
            if (page.show if verb == "GET" else page.act) is not None:
                yield re.sub(r"\{\w+\}", lambda _: place, page.path)
                if "{" in page.path:
                    yield re.sub(r"\{\w+\}", "x", page.path)


def form(value: str) -> str:
    quoted = quote(value.encode("utf-8", "surrogatepass"), safe="")
    return "&".join(f"{name}={quoted}" for name in names())


def test_no_address_makes_a_page_fail(owner: Visitor) -> None:
    failed = []
    for value in HOSTILE:
        for path in addresses("GET", value):
            for query in ("", form(value), f"{form(value)}&{form(value)}"):
                url = f"{owner.site.url}{AT}/{path}?{query}"
                if owner.page.context.request.get(url, max_redirects=0).status >= OUR_FAULT:
                    failed.append((path, query))

    assert [] == failed


def test_no_form_makes_a_page_fail(owner: Visitor) -> None:
    failed = []
    for value in HOSTILE:
        for path in addresses("POST", value):
            for body in ("", form(value), f"{form(value)}&{form(value)}"):
                url = f"{owner.site.url}{AT}/{path}"
                answer = owner.page.context.request.post(
                    url, headers=OWN_FORM, data=body, max_redirects=0
                )
                if answer.status >= OUR_FAULT:
                    failed.append((path, body))

    assert [] == failed
