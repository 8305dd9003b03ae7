"""A page used by keyboard alone: no mouse, and one sees where one is at every stop."""

import re

import pytest
from playwright.sync_api import expect

from tests.people.visitor import Visitor

MOST_STOPS = 150  # of a page, before Tab is taken to lead round in circles
SKIP = "Skip to the content"

# What the person reads of the element that has the focus, and what keeps them from seeing that it
# has it: no outline, not in the window, or something else on top of it.
_FOCUSED = """() => {
  const at = document.activeElement;
  const said = at.ariaLabel || (at.labels?.length ? at.labels[0].innerText : at.innerText);
  const name = (said ?? '').replace(/\\s+/g, ' ').replace(' :', ':').trim();
  if (at === document.body) return [name, 'nothing has the focus'];
  if (getComputedStyle(at).outlineStyle !== 'solid') return [name, 'no outline'];
  const box = at.getBoundingClientRect();
  const [left, right] = [Math.max(0, box.left), Math.min(innerWidth, box.right)];
  const [top, bottom] = [Math.max(0, box.top), Math.min(innerHeight, box.bottom)];
  if (left >= right || top >= bottom) return [name, 'not in the window'];
  const over = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  const isSeen = over && (at.contains(over) || over.contains(at));
  return [name, isSeen ? '' : `below ${over?.outerHTML.slice(0, 80)}`];
}"""


def tabs_to(visitor: Visitor, name: str) -> None:
    """Presses Tab until the element with this text has the focus; each stop can be seen."""
    _goes_to(visitor, name, "Tab")


def tabs_back_to(visitor: Visitor, name: str) -> None:
    """The same with Shift+Tab."""
    _goes_to(visitor, name, "Shift+Tab")


def skips_to(visitor: Visitor, name: str) -> None:
    """From the beginning of a page past its menus, and on to this element of its content."""
    tabs_to(visitor, SKIP)
    presses(visitor, "Enter")
    tabs_to(visitor, name)


def follows(visitor: Visitor, name: str) -> None:
    """Goes on by a link or a button of the page's content, from the page's beginning."""
    skips_to(visitor, name)
    goes(visitor)


def goes(visitor: Visitor, key: str = "Enter") -> None:
    """Presses what leads to another page, or to the same one anew, and waits until it is there."""
    with visitor.page.expect_navigation():
        presses(visitor, key)


def types(visitor: Visitor, text: str) -> None:
    visitor.page.keyboard.type(text)


def replaces(visitor: Visitor, text: str) -> None:
    """Types in place of what stands in the field."""
    presses(visitor, "Control+A")
    types(visitor, text)


def presses(visitor: Visitor, key: str) -> None:
    visitor.page.keyboard.press(key)


def is_refused(visitor: Visitor, label: str, problem: str) -> None:
    """The form came back, and reading goes on at the field, which says what is wrong with it."""
    field = visitor.page.get_by_label(label, exact=True)
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile(re.escape(problem)))
    assert focused(visitor) == label


def focused(visitor: Visitor) -> str:
    """The text of the element that has the focus, which can be seen."""
    name, problem = visitor.page.evaluate(_FOCUSED)
    assert not problem, f"{name!r}: {problem}"
    return str(name)


def _goes_to(visitor: Visitor, name: str, key: str) -> None:
    passed = []
    for _ in range(MOST_STOPS):
        presses(visitor, key)
        passed.append(focused(visitor))
        if passed[-1] == name:
            return
    pytest.fail(f"{key} does not lead to {name!r}, but to {passed}")


# Of the stop that was just made: whether it is beyond the page's end, and whether people read it
# before the last one, for it is higher up, or further to the left in the same line.
_STOP = """() => {
  const [at, stops] = [document.activeElement, window.stops ??= []];
  const before = stops.at(-1);
  if (at === document.body || at.className === 'skip') return [true, false];
  if (at !== before) stops.push(at); // a date has a stop for each of its numbers
  if (!before || before.contains(at)) return [false, false];
  const [one, other] = [before.getBoundingClientRect(), at.getBoundingClientRect()];
  const shared = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
  const isInLine = shared > Math.min(one.height, other.height) / 2;
  return [false, other.bottom <= one.top || (isInLine && other.left < one.left)];
}"""

_STOP_AND_NAME = f"() => [({_STOP})(), ({_FOCUSED})()]"

# What a mouse can use and Tab has not come to; of radio buttons one is enough.
_PASSED_OVER = """() => {
  const stops = new Set(window.stops);
  const groups = new Set(window.stops.filter((one) => one.type === 'radio').map((one) => one.name));
  const all = ['a[href]', 'button', 'input', 'select', 'textarea', 'summary', '[tabindex="0"]'];
  return [...document.querySelectorAll(all.map((one) => `main ${one}`))]
    .filter((one) => one.checkVisibility() && !one.matches(':disabled') && !stops.has(one))
    .filter((one) => !(one.type === 'radio' && groups.has(one.name)) && one.type !== 'hidden')
    .map((one) => one.outerHTML.slice(0, 120));
}"""


def walks(visitor: Visitor) -> list[str]:
    """What is wrong with the way that Tab takes through a page's content, from its beginning.

    Every stop is seen, they come in the order in which people read, none holds them fast, and none
    is left out.
    """
    presses(visitor, "Tab")
    presses(visitor, "Enter")  # on the link that leads past the menus
    found: list[str] = []
    for _ in range(MOST_STOPS):
        presses(visitor, "Tab")
        (is_end, is_back), (name, problem) = visitor.page.evaluate(_STOP_AND_NAME)
        if is_end:
            return found + [f"no stop: {one}" for one in visitor.page.evaluate(_PASSED_OVER)]
        found += [f"{name!r}: {problem}"] if problem else []
        found += [f"{name!r} comes too late"] if is_back else []
    return [*found, "Tab does not come to the end of the page"]
