"""Lists: a page of many things, a search, and the way to the next page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

from leasehold.administration import paging
from leasehold.administration.paging import Page
from leasehold.web.account.page import Visit

PAGE_SIZE = 50
PAGE, SEARCH = "page", "search"  # the query's parameters: a page's token, and what is looked for

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A page of a list as a template shows it."""

    items: Sequence[T]
    search: str  # what was looked for; "": everything
    next: str  # the next page's address; "": this is the last one
    start: str  # the first page's; "": this is it

    @property
    def is_whole(self) -> bool:
        """Whether all there is stands on this page, so that nobody needs a search."""
        return not (self.search or self.next or self.start)


def part(visit: Visit, found: Sequence[T], words: Callable[[T], str]) -> Page[T]:
    """A page of a list that is read whole, for it is never long: what has the search in its words.

    Raises Invalid for a page's token that is none.
    """
    sought = visit.parameter(SEARCH).strip().casefold()
    start = paging.number_in(visit.parameter(PAGE)) or 0
    there = [each for each in found if sought in words(each).casefold()]
    end = start + PAGE_SIZE
    return Page(there[start:end], paging.token_after(str(end)) if len(there) > end else "")


def listing(visit: Visit, page: Page[T]) -> Listing[T]:
    """The page, with links that keep the rest of the address as it is."""
    kept = {name: values[-1] for name, values in visit.query.items() if name != PAGE}
    here = visit.request.scope["path"]
    token = page.next_page_token
    return Listing(
        page.items,
        search=visit.parameter(SEARCH),
        next=f"?{urlencode({**kept, PAGE: token})}" if token else "",
        start=(f"?{urlencode(kept)}" if kept else here) if visit.parameter(PAGE) else "",
    )
