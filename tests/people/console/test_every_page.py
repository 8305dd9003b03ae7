"""Every page of the console, also one that is added tomorrow, can be used by everybody."""

from playwright.sync_api import expect

from tests.browser import HEIGHT, NARROW, WIDE
from tests.people.accessibility import problems
from tests.people.console.every_page import fill, pages
from tests.people.keyboard import walks
from tests.people.visitor import Visitor


def test_no_page_keeps_anybody_from_using_it(owner: Visitor) -> None:
    import time
    found = []
    for path, address in pages(fill(owner.site)).items():
        t = [time.time()]
        response = owner.opens(address)
        assert 200 == response.status, path
        expect(owner.page.get_by_role("heading", level=1)).to_be_visible()
        t.append(time.time())

        for width in (WIDE, NARROW):
            owner.page.set_viewport_size({"width": width, "height": HEIGHT})
            found += [f"{path}, {width} wide: {problem}" for problem in problems(owner.page)]
            t.append(time.time())
        owner.page.set_viewport_size({"width": WIDE, "height": HEIGHT})
        found += [f"{path}: {problem}" for problem in walks(owner)]
        t.append(time.time())
        print(path, *[round(b-a,2) for a,b in zip(t,t[1:])], flush=True)

    assert [] == found
