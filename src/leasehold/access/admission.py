"""Admission: who is calling, whose account pays, and whether there is quota left for the call.

A call's credential is an access token, an API key, or both. Its project pays: it is the one whose
quota is spent and whose report the call is in, wherever the queue is.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import msgspec

from leasehold.access.directory import Directory, Project
from leasehold.access.freshness import Freshness
from leasehold.access.key_table import KeyTable
from leasehold.access.principal import Principal
from leasehold.access.self_signed_jwt import SelfSignedJwts
from leasehold.access.token_table import TokenTable
from leasehold.errors import Error, Forbidden, Invalid, Unauthenticated
from leasehold.queues.model import Queue
from leasehold.storage.committer import Committer
from leasehold.usage import key_restrictions, ledger, quotas
from leasehold.usage.charge import Charge
from leasehold.usage.key_model import ApiKey
from leasehold.usage.latency import Latencies
from leasehold.usage.meter import Bucket, Meter
from leasehold.usage.quotas import UserKind

CHARGES = 4_096  # remembered

User = tuple[UserKind, str]  # whose quota is spent, in the caller's own words

UNKNOWN = "unknown"  # an address that nobody asked for

# The same object for equal calls: it is hashed once, and found without a comparison, wherever calls
# are counted.
_charge = lru_cache(maxsize=CHARGES)(Charge)

_MESSAGES = {
    "dailyLimitExceeded": "Daily Limit Exceeded. The quota of project {project} begins anew at"
    " midnight UTC: `leasehold quota show --project {project}` shows it.",
    "rateLimitExceeded": "Rate Limit Exceeded. {what} begins anew in {seconds} s.",
    "userRateLimitExceeded": "User Rate Limit Exceeded. {what} begins anew in {seconds} s.",
}


class DifferentProjects(Invalid):
    """A key of one project together with a token of another."""

    reason = "badRequest"

    def __init__(self) -> None:
        super().__init__("the API key and the access token are of different projects", field="key")


class ApiIsOff(Forbidden):
    """The API is off for the project that would pay."""

    reason = "accessNotConfigured"

    def __init__(self, api: str, project_id: str) -> None:
        super().__init__(
            f"Access Not Configured. The API {api} is not switched on for project {project_id},"
            f" whose credential was sent: `leasehold api enable {api} --project {project_id}`"
            " does it."
        )


class QuotaExhausted(Error):
    """The project, its user, the key or the queue has spent what it had in this window."""

    def __init__(self, reason: str, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.reason = reason
        self.retry_after = retry_after  # seconds


class Caller(msgspec.Struct, frozen=True):
    """Who is calling: a principal, a key, or both, and the project that pays."""

    project: Project
    principal: Principal | None  # None: a key alone, which stands for nobody
    key: ApiKey | None
    fault: Error | None  # why the call is to be refused all the same; it is counted
    user: User

    def charge(self, api: str, method: str, cost: int) -> Charge:
        """What a call is counted as."""
        principal, key = self.principal, self.key
        return _charge(
            self.project.id,
            api,
            method,
            principal.client_id if principal is not None else "",
            key.id if key is not None else "",
            principal.email if principal is not None else "",
            cost,
        )


class Bill:
    """The charge of one call. It is handed over once, together with what it pays for."""

    __slots__ = ("_is_handed_over", "charge")

    def __init__(self, charge: Charge) -> None:
        self.charge = charge
        self._is_handed_over = False

    @property
    def is_open(self) -> bool:
        """Whether nothing that will be committed counts the call yet."""
        return not self._is_handed_over

    def hand_over(self) -> Charge | None:
        """The charge, the first time; None from then on."""
        if self._is_handed_over:
            return None
        self._is_handed_over = True
        return self.charge


class Verifiers(msgspec.Struct, frozen=True):
    """What tells whether a credential is good."""

    tokens: TokenTable
    self_signed_jwts: SelfSignedJwts
    keys: KeyTable
    freshness: Freshness


class Admission:
    """Looks at credentials, spends quota, and counts the calls that no operation counts."""

    def __init__(
        self,
        *,
        committer: Committer,
        verifiers: Verifiers,
        directory: Directory,
        meter: Meter,
        latencies: Latencies,
        is_counting: bool,
    ) -> None:
        """`is_counting`: whether the committer has a ledger."""
        self._committer = committer
        self._verifiers = verifiers
        self._directory = directory
        self._meter = meter
        self._latencies = latencies
        self._is_counting = is_counting

    async def caller(
        self,
        token: str | None,
        key: str | None,
        user: User | None,
        fault: Error | None = None,
    ) -> Caller | None:
        """The caller; None when there is neither token nor key.

        Raises Unauthenticated for a token that is not good, KeyInvalid or KeyExpired for a key
        that came alone, and Unavailable when nobody can tell. `user` None: the token's. `fault` is
        why the request is to be refused whoever sent it: it is raised when nobody is known.
        """
        if token is not None or key is not None:
            self._verifiers.freshness.check()
        principal = await self._principal(token) if token is not None else None
        found = None
        if key is not None:
            found, unusable = await self._key(key, principal)
            fault = fault or unusable
        if principal is not None:
            project_id, own = principal.project_id, principal.email
        elif found is not None:
            project_id, own = found.project_id, ""
        elif fault is not None:
            raise fault
        else:
            return None
        project = await self._directory.project(project_id)
        if project is None or not project.is_on:
            raise Unauthenticated("Invalid Credentials")
        return Caller(project, principal, found, fault, user or ("email", own))

    async def _principal(self, token: str) -> Principal:
        if "." in token:  # a JWT has two dots, a token of ours none
            return await self._verifiers.self_signed_jwts.principal(token)
        return await self._verifiers.tokens.principal(token)

    async def _key(
        self, text: str, principal: Principal | None
    ) -> tuple[ApiKey | None, Error | None]:
        """The key, and why it may not be used at all."""
        try:
            key = await self._verifiers.keys.key(text)
        except Invalid as fault:
            return None, fault
        if principal is not None and principal.project_id != key.project_id:
            return None, DifferentProjects()
        return key, None

    def check(
        self,
        caller: Caller,
        *,
        api: str,
        queue: str | None,
        address: Callable[[], str],
        referrer: str | None,
    ) -> None:
        """Raises the caller's fault, and KeyRefused where its key may not be used so.

        `queue` is PROJECT/QUEUE; None for what is about no queue. To find the address costs more
        than all else here, so it is asked for only when it counts.
        """
        if caller.fault is not None:
            raise caller.fault
        if caller.key is not None:
            restrictions = caller.key.restrictions
            refused = key_restrictions.refusal(
                restrictions,
                address=address() if restrictions.addresses else UNKNOWN,
                referrer=referrer,
                api=api,
                queue=queue,
            )
            if refused is not None:
                raise refused

    def pay_at_once(self, caller: Caller, cost: int, queue: Queue | None) -> bool:
        """Spends quota if there is enough at hand; else spends nothing, and `pay` must be awaited.

        Nearly every call is paid for here: nothing is awaited, which would cost as much again.
        """
        return not self._is_counting or self._meter.take_at_once(_buckets(caller, queue), cost)

    async def pay(self, caller: Caller, cost: int, queue: Queue | None) -> None:
        """Spends quota: of all that limit the call, or of none. Raises QuotaExhausted.

        `queue` None: of none, because the caller has no right on it or there is none.
        """
        if not self._is_counting:
            return
        exhausted = await self._meter.take(_buckets(caller, queue), cost)
        if exhausted is not None:
            bucket, seconds = exhausted.bucket, exhausted.retry_after
            message = _MESSAGES[bucket.reason].format(
                project=caller.project.id, what=_what(bucket), seconds=seconds
            )
            raise QuotaExhausted(bucket.reason, message, retry_after=seconds)

    async def count(self, bill: Bill | None, reason: str) -> None:
        """Counts a call that nothing else has counted: refused for that reason, "": answered.

        Returns once that is durable. Raises Unavailable when it cannot be counted.
        """
        if bill is not None and self._is_counting and bill.is_open:
            bill.hand_over()
            await ledger.count(self._committer, bill.charge, reason)

    def note_time(self, bill: Bill, reason: str, seconds: float) -> None:
        """Remembers how long a call took."""
        if self._is_counting:
            self._latencies.add(bill.charge, reason, seconds)


def _buckets(caller: Caller, queue: Queue | None) -> Sequence[Bucket]:
    kind, user = caller.user
    key = caller.key
    return quotas.buckets_of(
        caller.project.limits,
        caller.project.id,
        kind,
        user,
        key.id if key is not None else "",
        key.calls_per_minute if key is not None else None,
        queue.id if queue is not None else 0,
        queue.requests_per_second if queue is not None else None,
    )


def _what(bucket: Bucket) -> str:
    """Which limit it is, for who runs into it."""
    kind = bucket.id.partition("/")[0]
    return {
        "minute": f"The project's {bucket.limit} calls a minute",
        "user": f"The {bucket.limit} calls that each user has in {bucket.seconds} s",
        "key": f"The API key's {bucket.limit} calls a minute",
        "queue": f"The queue's {bucket.limit} calls in {bucket.seconds} s",
    }.get(kind, "The quota")
