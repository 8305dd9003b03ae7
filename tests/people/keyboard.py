"""A page used by keyboard alone: no mouse, and one sees where one is at every stop."""

import pytest

from tests.people.visitor import Visitor

MOST_STOPS = 150  # of a page, before Tab is taken to lead round in circles
MOST_PARTS = 10  # of one element, as a date and a time have them
SKIP = "Skip to the content"

# What the person reads of the element that has the focus, and what keeps them from seeing that it
# has it: no outline, not in the window, or something else on top of it.
_FOCUSED = """() => {
  const at = document.activeElement;
  const said = at.ariaLabel || (at.labels?.length ? at.labels[0].innerText : at.innerText);
  const name = (said ?? '').replace(/\\s+/g, ' ').trim();
  if (at === document.body) return [name, 'nothing has the focus'];
  const style = getComputedStyle(at);
  if (style.outlineStyle !== 'solid' || !parseFloat(style.outlineWidth)) return [name, 'no outline'];
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
    """Presses Enter on a link or a button of the page's content, from the page's beginning."""
    skips_to(visitor, name)
    presses(visitor, "Enter")


def types(visitor: Visitor, text: str) -> None:
    visitor.page.keyboard.type(text)


def replaces(visitor: Visitor, text: str) -> None:
    """Types in place of what stands in the field."""
    presses(visitor, "Control+A")
    types(visitor, text)


def presses(visitor: Visitor, key: str) -> None:
    visitor.page.keyboard.press(key)


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


# The stop that was just made: whether it is the page's end, whether the one before has not been
# left yet (a date has a stop for each of its numbers), and whether it is before that one, as people
# read: higher up, or further to the left in the same line.
_STOP = """() => {
  const [at, stops] = [document.activeElement, window.stops ??= []];
  const [end, before] = [at === document.body || at === stops[0], stops.at(-1)];
  if (!end && at !== before) stops.push(at);
  const part = (one) => one.closest('header, nav, main') ?? document.body;
  if (end || !before || part(at) !== part(before) || before.contains(at)) {
    return [end, at === before, false];
  }
  const [one, other] = [before.getBoundingClientRect(), at.getBoundingClientRect()];
  const shared = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
  const isInLine = shared > Math.min(one.height, other.height) / 2;
  return [end, at === before, other.bottom <= one.top || (isInLine && other.left < one.left)];
}"""

# What a mouse can use and Tab has not come to; of radio buttons one is enough.
_PASSED_OVER = """() => {
  const stops = new Set(window.stops);
  const groups = new Set(window.stops.filter((one) => one.type === 'radio').map((one) => one.name));
  return [...document.querySelectorAll('a[href], button, input, select, textarea, summary')]
    .filter((one) => one.checkVisibility() && !one.disabled && !stops.has(one))
    .filter((one) => !(one.type === 'radio' && groups.has(one.name)) && one.type !== 'hidden')
    .map((one) => one.outerHTML.slice(0, 120));
}"""


def walks(visitor: Visitor) -> list[str]:
    """What is wrong with the way that Tab takes from a page's beginning to its end.

    Every stop is seen, they come in the order in which people read, none holds them fast, and none
    is left out.
    """
    found, stays = [], 0
    while stays < MOST_PARTS:
        presses(visitor, "Tab")
        is_end, is_still, is_back = visitor.page.evaluate(_STOP)
        if is_end:
            return found + [f"no stop: {one}" for one in visitor.page.evaluate(_PASSED_OVER)]
        name, problem = visitor.page.evaluate(_FOCUSED)
        found += [f"{name!r}: {problem}"] if problem else []
        found += [f"{name!r} comes too late"] if is_back else []
        stays = stays + 1 if is_still else 0
    return [*found, f"{name!r} holds the focus fast"]
