"""What API keys are made of: the key, the strings by which it is sent, and changes of it."""

from dataclasses import dataclass, field

import msgspec
from msgspec import UNSET, UnsetType

from leasehold.usage.key_restrictions import KeyRestrictions


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A project's key. Instants are microseconds since the Unix epoch."""

    id: str  # a random number: names the key, and opens nothing
    project_id: str
    name: str
    restrictions: KeyRestrictions
    calls_per_minute: int | None  # None: no limit of its own
    created_at: int
    expires_at: int | None  # None: never
    deleted_at: int | None = None

    def has_expired(self, now: int) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True)
class KeyString:
    """What is known of a string that is sent as the key; not the string itself."""

    id: int
    hint: str  # its last four characters, by which people tell it
    created_at: int
    ends_at: int | None  # None: good as long as the key is


@dataclass(frozen=True, slots=True)
class NewKeyString:
    """A string at the one moment at which it is known."""

    string: KeyString
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A key as it was found by a string of its own, and until when that string is good."""

    key: ApiKey
    string_ends_at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """What is said of a key that is to be made; for the restrictions see key_restrictions.py."""

    project_id: str
    name: str
    addresses: tuple[str, ...] = ()
    referrers: tuple[str, ...] = ()
    apis: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    calls_per_minute: int | None = None
    expires_at: int | None = None


class KeyChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What a key is to have instead; what is not given stays.

    A list takes the place of the whole old one. None: no limit, never.
    """

    name: str | UnsetType = UNSET
    addresses: tuple[str, ...] | UnsetType = UNSET
    referrers: tuple[str, ...] | UnsetType = UNSET
    apis: tuple[str, ...] | UnsetType = UNSET
    queues: tuple[str, ...] | UnsetType = UNSET
    calls_per_minute: int | UnsetType | None = UNSET
    expires_at: int | UnsetType | None = UNSET
