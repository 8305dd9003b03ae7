"""What keeps people from using a page, as far as programs tell: axe-core, and a narrow window."""

import functools
from pathlib import Path

from playwright.sync_api import Page

from tests.browser import HEIGHT, NARROW, WIDE, screenshot
from tests.node import node_modules

# WCAG 2.2 A and AA, and what axe-core's authors advise beside it.
_RUN = """async (rules) => {
  const only = rules.length ? {runOnly: rules} : {};
  const found = await axe.run(document, {resultTypes: ['violations'], preload: false, ...only});
  return found.violations.flatMap((rule) => rule.nodes.map(
    (node) => `${rule.id} (${rule.impact}): ${node.target} ${node.failureSummary}`));
}"""

_TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


def bring_axe(page: Page) -> None:
    """Loads it with every page that is opened from now on, sooner than `problems` would."""
    page.add_init_script(_axe())


def problems(page: Page) -> list[str]:
    """Each with its place. In the dark only the contrast of colours is looked at once more."""
    if page.evaluate("!window.axe"):
        page.evaluate(_axe())
    found = violations(page)
    page.emulate_media(color_scheme="dark")
    found += [f"in the dark: {problem}" for problem in violations(page, "color-contrast")]
    page.emulate_media(color_scheme="null")
    return found + (["wider than a phone"] if _is_too_wide(page) else [])


def problems_everywhere(page: Page) -> list[str]:
    """The same, and all of it once more on a phone, where pages look otherwise."""
    found = problems(page)
    page.set_viewport_size({"width": NARROW, "height": HEIGHT})
    found += [f"on a phone: {problem}" for problem in violations(page)]
    page.set_viewport_size({"width": WIDE, "height": HEIGHT})
    return found


def is_in_order(page: Page, name: str) -> None:
    """The page has no problem that a program finds; its picture is for people to look at."""
    screenshot(page, name)

    assert [] == problems(page), name


def violations(page: Page, *rules: str) -> list[str]:
    """What axe-core finds by these rules, or by all, once it is loaded."""
    found: list[str] = page.evaluate(_RUN, rules)
    return found


def _is_too_wide(page: Page) -> bool:
    before = page.viewport_size
    page.set_viewport_size({"width": NARROW, "height": HEIGHT})
    is_too_wide = bool(page.evaluate(_TOO_WIDE))
    if before is not None:
        page.set_viewport_size(before)
    return is_too_wide


@functools.cache
def _axe() -> str:
    folder = node_modules(Path(__file__).parent / "axe")
    return (folder / "axe-core" / "axe.min.js").read_text()
