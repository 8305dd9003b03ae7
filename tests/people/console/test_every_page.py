"""Every page of the console, also one that is added tomorrow, can be used by everybody."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.people.accessibility import bring_axe, problems_everywhere, violations
from tests.people.console.every_page import fill, pages
from tests.people.keyboard import walks
from tests.people.visitor import Visitor


def wrong_with(owner: Visitor, look: Callable[[Visitor], list[str]]) -> list[str]:
    """What `look` finds on the pages, each with its page."""
    bring_axe(owner.page)
    found = []
    for path, address in pages(fill(owner.site)).items():
        assert 200 == owner.opens(address).status, path
        expect(owner.page.get_by_role("heading", level=1)).to_be_visible()
        found += [f"{path or 'all projects'}: {problem}" for problem in look(owner)]
    return found


def test_no_page_keeps_anybody_from_using_it(owner: Visitor) -> None:
    assert [] == wrong_with(owner, lambda visitor: walks(visitor) + violations(visitor.page))


@pytest.mark.long
def test_nor_does_one_in_the_dark_or_on_a_phone(owner: Visitor) -> None:
    assert [] == wrong_with(owner, lambda visitor: problems_everywhere(visitor.page))
