"""Restrictions of an API key: from where, for which APIs and on which queues it may be used."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from leasehold.accounts import projects
from leasehold.errors import Forbidden, Invalid
from leasehold.usage import address_ranges, referrer_patterns
from leasehold.usage.address_ranges import AddressRanges
from leasehold.usage.referrer_patterns import ReferrerPatterns

APIS: Final = ("taskqueue", "leasehold")  # the Task Queue API, and administration
MAX_ENTRIES = 100  # of one kind of restriction

_QUEUE_NAME = re.compile(r"[A-Za-z0-9-]{1,100}")


class KeyRefused(Forbidden):
    """The key is good, and may not be used so: the message says which restriction is in the way."""


class CallerNotAllowed(KeyRefused):
    """Not from this address, or not from this page."""

    reason = "ipRefererBlocked"


class ApiNotAllowed(KeyRefused):
    """Not for this API."""

    reason = "accessNotConfigured"


class QueueNotAllowed(KeyRefused):
    """Not on this queue."""

    reason = "forbidden"


@dataclass(frozen=True, slots=True)
class KeyRestrictions:
    """What restricts a key, in its canonical spelling: `checked` makes one of people's words.

    An empty list restricts nothing. There are addresses or referrers, never both.
    """

    addresses: tuple[str, ...] = ()  # networks in CIDR form
    referrers: tuple[str, ...] = ()  # see referrer_patterns.py
    apis: tuple[str, ...] = ()  # of APIS
    queues: tuple[str, ...] = ()  # PROJECT/QUEUE
    _addresses: AddressRanges = field(init=False, repr=False, compare=False)
    _referrers: ReferrerPatterns = field(init=False, repr=False, compare=False)
    _queues: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Made ready once, for they are asked at every call.
        object.__setattr__(self, "_addresses", AddressRanges(self.addresses))
        object.__setattr__(self, "_referrers", ReferrerPatterns(self.referrers))
        object.__setattr__(self, "_queues", frozenset(self.queues))

    def allow_address(self, address: str) -> bool:
        """Whether it may be used from there."""
        return not self.addresses or self._addresses.includes(address)

    def allow_referrer(self, referrer: str | None) -> bool:
        """Whether it may be used from that page."""
        return not self.referrers or self._referrers.match(referrer)

    def allow_api(self, api: str) -> bool:
        """Whether it may be used for that API."""
        return not self.apis or api in self.apis

    def allow_queue(self, queue: str | None) -> bool:
        """Whether it may be used on that queue."""
        return not self.queues or queue in self._queues


NONE: Final = KeyRestrictions()


def checked(
    *,
    addresses: Iterable[str] = (),
    referrers: Iterable[str] = (),
    apis: Iterable[str] = (),
    queues: Iterable[str] = (),
) -> KeyRestrictions:
    """The restrictions, each once, in their order and their canonical spelling.

    Raises Invalid for one that is none, for more than MAX_ENTRIES of a kind, and for addresses
    and referrers together: whoever calls from a page has whichever address.
    """
    restrictions = KeyRestrictions(
        _all_canonical(addresses, address_ranges.canonical, "addresses"),
        _all_canonical(referrers, referrer_patterns.canonical, "referrers"),
        _all_canonical(apis, _checked_api, "apis"),
        _all_canonical(queues, _canonical_queue, "queues"),
    )
    if restrictions.addresses and restrictions.referrers:
        raise Invalid(
            "a key is restricted to addresses or to referrers, not to both: take the others away"
            " in the same change",
            field="referrers",
        )
    return restrictions


def refusal(
    restrictions: KeyRestrictions,
    *,
    address: str,
    referrer: str | None,
    api: str,
    queue: str | None,
) -> KeyRefused | None:
    """Why a call with the key is refused; None when it is allowed.

    `queue` is PROJECT/QUEUE, the project's id in its canonical form; None for a call that is about
    no queue, which a key with a list of queues does not allow. Costs about a microsecond.
    """
    refused = refusal_of_caller(restrictions, address=address, referrer=referrer)
    if refused is not None:
        return refused
    if not restrictions.allow_api(api):
        return ApiNotAllowed(
            f"the API key may not be used for the API {api}: its APIs do not include it"
        )
    if not restrictions.allow_queue(queue):
        where = "for what is about no queue" if queue is None else f"on queue {queue}"
        return QueueNotAllowed(f"the API key may not be used {where}: its queues do not include it")
    return None


def refusal_of_caller(
    restrictions: KeyRestrictions, *, address: str, referrer: str | None
) -> KeyRefused | None:
    """The same of the caller alone: for public documents, which are part of no API.

    `address` is the one that `client_address` finds ("unknown" is never allowed), `referrer` the
    Referer header, or else the Origin header. A page's address may hold secrets, even the key: so
    the message does not repeat it.
    """
    if not restrictions.allow_address(address):
        return CallerNotAllowed(
            f"the API key may not be used from {address}: its addresses do not include it"
        )
    if not restrictions.allow_referrer(referrer):
        return CallerNotAllowed(
            "the API key may not be used without a Referer header: it is for certain pages only"
            if referrer is None
            else "the API key may not be used from this page (the Referer header): its referrers do"
            " not include it"
        )
    return None


def _all_canonical(
    texts: Iterable[str], canonical: Callable[[str], str], kind: str
) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for text in texts:
        found[canonical(text)] = None
        if len(found) > MAX_ENTRIES:
            raise Invalid(f"a key has at most {MAX_ENTRIES} {kind}", field=kind)
    return tuple(found)


def _checked_api(api: str) -> str:
    if api not in APIS:
        raise Invalid(
            f"there is no API {api[:100]!r}: the known ones are {', '.join(APIS)}", field="apis"
        )
    return api


def _canonical_queue(text: str) -> str:
    project_id, _, name = text.rpartition("/")
    project_id = projects.canonical_project_id(project_id)
    if not projects.is_project_id(project_id) or not _QUEUE_NAME.fullmatch(name):
        raise Invalid(
            f"{text[:200]!r} is no queue: write PROJECT/QUEUE, as in shop/resize", field="queues"
        )
    return f"{project_id}/{name}"
