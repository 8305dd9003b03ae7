"""Every page of the console, also one that is added tomorrow, can be used by everybody."""

from playwright.sync_api import expect

from tests.people.accessibility import bring_axe, problems_everywhere
from tests.people.console.every_page import fill, pages
from tests.people.keyboard import walks
from tests.people.visitor import Visitor


def test_no_page_keeps_anybody_from_using_it(owner: Visitor) -> None:
    bring_axe(owner.page)
    found = []
    for path, address in pages(fill(owner.site)).items():
        assert 200 == owner.opens(address).status, path
        expect(owner.page.get_by_role("heading", level=1)).to_be_visible()

        wrong = walks(owner) + problems_everywhere(owner.page)
        found += [f"{path or 'all projects'}: {problem}" for problem in wrong]

    assert [] == found
