"""Two people who change the same thing at once: the later one is asked, and loses nothing."""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from leasehold.storage.transaction import Transaction
from tests.people.visitor import Visitor

OWN_FORM = {"Sec-Fetch-Site": "same-origin"}

_FILLED_FROM = re.compile(r'name="filled_from" value="([^"]*)"')

Form = Mapping[str, str | float | bool]


def is_asked_before_undoing(
    visitor: Visitor,
    path: str,
    *,
    typed: Form,
    meanwhile: Callable[[Transaction, int], object],
    stored_now: Sequence[str],
    found: Callable[[], object],
) -> None:
    """Sends what was typed at a page opened before `meanwhile`, and once more when asked.

    `stored_now` is what the page says about each field that was changed; `found`: what is stored.
    """
    sent = partial(_sent, visitor, path)
    _, page = sent()
    visitor.site.do(meanwhile)
    before = found()

    status, asked = sent({**typed, "filled_from": _filled_from(page)})

    assert (409, before) == (status, found())
    assert "This was changed meanwhile by somebody else" in asked
    assert [*stored_now] == re.findall(r"Stored now: <bdi>(.*?)</bdi>", asked)
    assert all(str(text) in asked for text in typed.values())

    status, _ = sent({**typed, "filled_from": _filled_from(asked)})

    assert 303 == status
    after = found()
    assert before != after

    status, _ = sent({**typed, "filled_from": _filled_from(asked)})  # the button was pressed twice

    assert (303, after) == (status, found())


def _sent(visitor: Visitor, path: str, form: Form | None = None) -> tuple[int, str]:
    request, url = visitor.page.context.request, visitor.site.url + path
    answer = (
        request.get(url)
        if form is None
        else request.post(url, form=dict(form), headers=OWN_FORM, max_redirects=0)
    )
    return answer.status, html.unescape(answer.text())


def _filled_from(page: str) -> str:
    (found,) = _FILLED_FROM.findall(page)
    return str(found)
