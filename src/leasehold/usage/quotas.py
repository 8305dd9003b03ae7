"""Quotas: how many calls a project may make, who said so, and why.

The operator's settings give every project the same. The operator may give a project something
else, more or less; the project's own admins may only take away from that.
"""

from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Literal

import msgspec

from leasehold.accounts import configuration
from leasehold.clock import MICROSECONDS
from leasehold.errors import Invalid, NotFound
from leasehold.settings import Settings
from leasehold.storage.transaction import Transaction
from leasehold.usage import quota_rows
from leasehold.usage.meter import Bucket
from leasehold.usage.quota_rows import OverrideRow

DAY, MINUTE = 86_400, 60  # seconds of the windows
USER_SECONDS = 100
QUEUE_SECONDS = 10

# Each quota and the seconds of its window.
QUOTAS = {"calls_per_day": DAY, "calls_per_minute": MINUTE, "calls_per_user": USER_SECONDS}

MAX_LIMIT = 10**12  # calls; portions and sums of it fit a bigint
MAX_WHY = 500  # characters

CALLERS = 4_096  # whose buckets are remembered
_USER_SLOTS = 2**16

Source = Literal["operator", "project"]
UserKind = Literal["email", "quotaUser", "userIp"]


class Limits(msgspec.Struct, frozen=True, cache_hash=True):
    """What a project may spend; None: no limit."""

    calls_per_day: int | None
    calls_per_minute: int | None
    calls_per_user: int | None  # each of its users in 100 seconds


@dataclass(frozen=True, slots=True)
class Override:
    """What somebody gave a project instead of what it had."""

    source: Source
    most: int | None  # calls; None: no limit, which only the operator gives
    set_by: str
    set_at: int  # microseconds
    why: str


@dataclass(frozen=True, slots=True)
class Quota:
    """One quota of a project, as it is now."""

    name: str
    seconds: int  # of its window
    default: int | None  # None, here and in `effective`: no limit
    operator: Override | None  # in place of the default
    project: Override | None  # at most this
    effective: int | None
    decided_by: Literal["default", "operator", "project"]
    drawn: int | None  # by the servers, of the running window; None: it is counted for each user
    window_ends: int  # microseconds


def limits_of(tx: Transaction, project_id: str, settings: Settings) -> Limits:
    """What holds for the project, to be remembered until something is configured anew."""
    overrides = _overrides(tx, project_id)
    return Limits(**{name: _effective(name, overrides, settings)[0] for name in QUOTAS})


def find_override(
    tx: Transaction, *, project_id: str, quota: str, source: Source
) -> Override | None:
    """What this source has said of the quota, if anything."""
    return _overrides(tx, project_id).get((quota, source))


def set_override(  # noqa: PLR0913  # who may what, for whom, and why: none can be left out
    tx: Transaction,
    now: int,
    *,
    project_id: str,
    quota: str,
    source: Source,
    most: int | None,
    set_by: str,
    why: str,
    settings: Settings,
) -> Override:
    """Gives the project this limit, in place of an earlier one from the same source.

    Raises Invalid for an unknown quota, for a limit that is no positive number, without a reason,
    and for a `project` that would give itself more than it has from the operator.
    """
    _check_quota(quota)
    _check_most(most)
    if source == "project":
        given = _given(quota, _overrides(tx, project_id), settings)
        _check_is_less(most, given, quota)
    override = Override(source, most, set_by, now, _checked_why(why))
    row = OverrideRow(quota, source, most, set_by, now, override.why)
    quota_rows.put_override(tx, now, project_id, row)
    configuration.touch(tx)
    return override


def remove_override(tx: Transaction, *, project_id: str, quota: str, source: Source) -> None:
    """What held before holds again. Raises Invalid for an unknown quota, NotFound."""
    _check_quota(quota)
    if not quota_rows.delete_override(tx, project_id, quota=quota, source=source):
        who = "the operator" if source == "operator" else "the project itself"
        raise NotFound(f"{who} has set no {quota} for {project_id}", field="quota")
    configuration.touch(tx)


def list_quotas(tx: Transaction, now: int, *, project_id: str, settings: Settings) -> list[Quota]:
    """Every quota of the project, in the order of QUOTAS."""
    overrides = _overrides(tx, project_id)
    second = now // MICROSECONDS
    drawn = quota_rows.drawn_from(tx, [_day_id(project_id), _minute_id(project_id)])
    quotas = []
    for name, seconds in QUOTAS.items():
        effective, decided_by = _effective(name, overrides, settings)
        bucket_id = {"calls_per_day": _day_id, "calls_per_minute": _minute_id}.get(name)
        ends, count = drawn.get(bucket_id(project_id), (0, 0)) if bucket_id else (0, 0)
        quotas.append(
            Quota(
                name=name,
                seconds=seconds,
                default=_default(name, settings),
                operator=overrides.get((name, "operator")),
                project=overrides.get((name, "project")),
                effective=effective,
                decided_by=decided_by,
                drawn=(count if second < ends else 0) if bucket_id else None,
                window_ends=(second - second % seconds + seconds) * MICROSECONDS,
            )
        )
    return quotas


@lru_cache(maxsize=CALLERS)
def buckets_of(
    limits: Limits,
    project_id: str,
    user_kind: UserKind = "email",
    user: str = "",
    key_id: str = "",
    key_calls_per_minute: int | None = None,
    queue_id: int = 0,
    requests_per_second: float | None = None,
) -> tuple[Bucket, ...]:
    """What a call spends from, the longest window first; () when nothing limits it.

    `limits` are the charged project's. `user` "" is nobody, `key_id` "" no key, `queue_id` 0 no
    queue; limits None are none. Every call asks: by position, for names triple what it costs.
    """
    buckets = []
    if limits.calls_per_day is not None:
        most = limits.calls_per_day
        buckets.append(Bucket(_day_id(project_id), DAY, most, "dailyLimitExceeded"))
    if limits.calls_per_user is not None and user:
        user_id = _user_id(project_id, user_kind, user)
        most = limits.calls_per_user
        buckets.append(Bucket(user_id, USER_SECONDS, most, "userRateLimitExceeded"))
    if limits.calls_per_minute is not None:
        most = limits.calls_per_minute
        buckets.append(Bucket(_minute_id(project_id), MINUTE, most, "rateLimitExceeded"))
    if key_id and key_calls_per_minute is not None:
        buckets.append(Bucket(f"key/{key_id}", MINUTE, key_calls_per_minute, "rateLimitExceeded"))
    if queue_id and requests_per_second is not None:
        most = max(1, int(requests_per_second * QUEUE_SECONDS))
        buckets.append(Bucket(f"queue/{queue_id}", QUEUE_SECONDS, most, "rateLimitExceeded"))
    return tuple(buckets)


def _day_id(project_id: str) -> str:
    return f"day/{project_id}"


def _minute_id(project_id: str) -> str:
    return f"minute/{project_id}"


def _user_id(project_id: str, kind: UserKind, user: str) -> str:
    """Addresses of ours have a row each. Other names are the caller's invention: they share slots.

    So whoever makes up a name for each call fills 65,536 rows and no more; two names that meet in
    a slot share what one user has. Of the name itself nothing is kept.
    """
    hashed = blake2b(user.encode(errors="surrogatepass"), digest_size=16).digest()
    if kind == "email":
        return f"user/{project_id}/{hashed.hex()}"
    return f"user/{project_id}/{kind}/{int.from_bytes(hashed) % _USER_SLOTS}"


def _overrides(tx: Transaction, project_id: str) -> dict[tuple[str, str], Override]:
    return {
        (row.quota, row.source): Override(
            "operator" if row.source == "operator" else "project",
            row.most,
            row.set_by,
            row.set_at,
            row.why,
        )
        for row in quota_rows.overrides_of(tx, project_id)
    }


def _default(quota: str, settings: Settings) -> int | None:
    defaults = {
        "calls_per_day": settings.quota_calls_per_day,
        "calls_per_minute": settings.quota_calls_per_minute,
        "calls_per_user": settings.quota_calls_per_user,
    }
    return defaults[quota] or None


def _given(
    quota: str, overrides: dict[tuple[str, str], Override], settings: Settings
) -> int | None:
    """What the operator gives."""
    override = overrides.get((quota, "operator"))
    return _default(quota, settings) if override is None else override.most


def _effective(
    quota: str, overrides: dict[tuple[str, str], Override], settings: Settings
) -> tuple[int | None, Literal["default", "operator", "project"]]:
    given = _given(quota, overrides, settings)
    own = overrides.get((quota, "project"))
    if own is not None and own.most is not None and (given is None or own.most < given):
        return own.most, "project"
    return given, "operator" if (quota, "operator") in overrides else "default"


def _check_quota(quota: str) -> None:
    if quota not in QUOTAS:
        raise Invalid(
            f"there is no quota {quota[:50]!r}: the known ones are {', '.join(QUOTAS)}",
            field="quota",
        )


def _check_most(most: int | None) -> None:
    if most is not None and not 1 <= most <= MAX_LIMIT:
        raise Invalid(
            f"a quota is a whole number from 1 to {MAX_LIMIT:,}; to stop every call, disable the"
            " project",
            field="limit",
        )


def _check_is_less(most: int | None, given: int | None, quota: str) -> None:
    if most is None or (given is not None and most > given):
        limit = "without limit" if given is None else f"{given:,}"
        raise Invalid(
            f"a project may only lower its {quota}, which is {limit}: to raise it, ask the operator"
            " of this server",
            field="limit",
        )


def _checked_why(why: str) -> str:
    text = why.strip()
    if not text or len(text) > MAX_WHY or not text.isprintable():
        raise Invalid(f"say why, in one line of 1 to {MAX_WHY} characters", field="why")
    return text


def used_share(quota: Quota) -> float | None:
    """How much of the running window is drawn, 0 to 1; None where that cannot be said."""
    if quota.drawn is None or quota.effective is None:
        return None
    return min(1.0, quota.drawn / quota.effective)
