"""API keys: each names the project that a call is charged to; none is ever a person."""

import re
import unicodedata
from dataclasses import replace
from typing import Final

from msgspec import UNSET

from leasehold import token_text
from leasehold.accounts import configuration, projects
from leasehold.clock import MICROSECONDS
from leasehold.entropy import Entropy
from leasehold.errors import Conflict, Invalid, NotFound
from leasehold.storage.secret_box import SecretBox
from leasehold.storage.transaction import Transaction
from leasehold.usage import key_restrictions
from leasehold.usage import key_rows as rows
from leasehold.usage.key_model import (
    ApiKey,
    FoundKey,
    KeyChanges,
    KeyString,
    NewKey,
    NewKeyString,
)

PREFIX: Final = "lhk_"  # by which scanners know a key that has leaked
MAX_KEYS = 300  # of one project, with the deleted ones that can be had back
MAX_STRINGS = 2  # of one key at a time: the one that is used, and the one that replaces it
UNDELETE_DAYS = 30  # in which a deleted key can be had back
MAX_CALLS_PER_MINUTE = 10**9
MAX_NAME_CHARACTERS = 80
MAX_INSTANT = 253_402_300_799 * MICROSECONDS  # the last second of the year 9999

_DIGEST_PURPOSE = "api key"
_HINT_CHARACTERS = 4
_ID_BYTES = 12
# Strangers name keys, and not every text may be sent to every database.
_ID = re.compile(rf"[0-9a-f]{{{2 * _ID_BYTES}}}")
_MAX_STRING_ID = 2**63 - 1
_UNDELETE_MICROSECONDS = UNDELETE_DAYS * 86_400 * MICROSECONDS


def create(
    tx: Transaction, now: int, entropy: Entropy, box: SecretBox, new: NewKey
) -> tuple[ApiKey, NewKeyString]:
    """Makes a key with its first string, which is shown now and never again.

    Raises Invalid for what a key cannot have, NotFound for the project, Conflict when the project
    has MAX_KEYS already: deleted ones count as long as they can be had back.
    """
    key = _checked_new(now, entropy.bytes(_ID_BYTES).hex(), new)
    projects.lock(tx, new.project_id)
    if rows.count_keys(tx, new.project_id, deleted_after=_can_be_had_back(now)) >= MAX_KEYS:
        raise Conflict(
            f"{new.project_id} has {MAX_KEYS} API keys, and a deleted one counts for"
            f" {UNDELETE_DAYS} days: use one of them again, with other restrictions",
            field="project",
        )
    if not rows.insert_key(tx, key):
        raise Conflict("the new key's id is taken: try again", field="id")
    configuration.touch(tx)
    return key, _add_string(tx, now, entropy, box, key.id)


def find(tx: Transaction, now: int, key_id: str) -> ApiKey | None:
    """The key, also a deleted one that can be had back; None when there is none."""
    if not _ID.fullmatch(key_id):
        return None
    return rows.key_by_id(tx, key_id, deleted_after=_can_be_had_back(now))


def require(tx: Transaction, now: int, key_id: str) -> ApiKey:
    """The same; NotFound when there is none."""
    key = find(tx, now, key_id)
    if key is None:
        raise unknown(key_id)
    return key


def keys_of(tx: Transaction, now: int, project_id: str) -> list[ApiKey]:
    """The project's keys by name, deleted ones too that can be had back. Raises NotFound."""
    projects.require(tx, project_id)
    return rows.keys_of(tx, project_id, deleted_after=_can_be_had_back(now))


def strings_of(tx: Transaction, now: int, key_id: str) -> list[KeyString]:
    """Its strings that have not ended, oldest first; none for an unknown key."""
    return rows.strings_of(tx, now, key_id) if _ID.fullmatch(key_id) else []


def strings_of_project(tx: Transaction, now: int, project_id: str) -> dict[str, list[KeyString]]:
    """The same of all keys of a project that is there, by the key's id."""
    return rows.strings_of_project(tx, now, project_id)


def is_well_formed(text: str) -> bool:
    """Whether it could be a key's string: nothing else is worth a look into the database."""
    return token_text.is_well_formed(PREFIX, text)


def string_digest(box: SecretBox, text: str) -> bytes:
    """By what a string is recognised; the only form in which it is kept."""
    return box.keyed_digest(_DIGEST_PURPOSE, text)


def find_by_digest(tx: Transaction, now: int, digest: bytes) -> FoundKey | None:
    """The key, expired or not, of which this is a string that is good now.

    None for an unknown string, one that has ended, a deleted key, and a project that is off.
    """
    return rows.key_by_digest(tx, now, digest)


def change(tx: Transaction, now: int, key_id: str, changes: KeyChanges) -> ApiKey:
    """Gives the key other settings; running servers notice. Raises Invalid, NotFound."""
    before = _find_to_change(tx, now, key_id)
    after = _changed(now, before, changes)
    if after != before:
        rows.update_key(tx, after)
        configuration.touch(tx)
    return after


def rotate(
    tx: Transaction,
    now: int,
    entropy: Entropy,
    box: SecretBox,
    key_id: str,
    *,
    older_ends_at: int | None = None,
) -> NewKeyString:
    """One more string, shown now and never again; the older one stays good, or ends as is said.

    `older_ends_at` is an instant (None: not until `end_string`). Raises NotFound, Invalid for an
    instant that is over, and Conflict when the key has MAX_STRINGS already.
    """
    _find_to_change(tx, now, key_id)
    live = rows.strings_of(tx, now, key_id)
    if len(live) >= MAX_STRINGS:
        raise Conflict(
            f"the key has {MAX_STRINGS} strings: end the older one (number {live[0].id}, ending in"
            f" {live[0].hint}) first",
            field="string",
        )
    if older_ends_at is not None:
        _check_instant(now, older_ends_at, field="older_ends_at")
        rows.end_strings(tx, key_id=key_id, ends_at=older_ends_at)
    configuration.touch(tx)
    return _add_string(tx, now, entropy, box, key_id)


def end_string(
    tx: Transaction, now: int, key_id: str, string_id: int, *, ends_at: int | None = None
) -> None:
    """Ends a string, the last one too: now (None), or at an instant to come.

    Raises NotFound for a string that is not there or has ended, Invalid for an instant that is
    over.
    """
    _find_to_change(tx, now, key_id)
    _check_instant(now, now if ends_at is None else ends_at, field="ends_at")
    is_there = 0 < string_id <= _MAX_STRING_ID and rows.end_string(
        tx, now, key_id=key_id, string_id=string_id, ends_at=now if ends_at is None else ends_at
    )
    if not is_there:
        raise NotFound(
            f"the key has no string {string_id}: look at its list of strings", field="string"
        )
    configuration.touch(tx)


def delete(tx: Transaction, now: int, key_id: str) -> None:
    """Ends the key; for UNDELETE_DAYS it can be had back. Raises NotFound."""
    _find_to_change(tx, now, key_id)
    rows.delete_key(tx, now, key_id)
    configuration.touch(tx)


def undelete(tx: Transaction, now: int, key_id: str) -> ApiKey:
    """Takes a deletion back: its strings are good again. No error for one that is not deleted.

    Raises NotFound when there is none, or it was deleted more than UNDELETE_DAYS ago.
    """
    key = require(tx, now, key_id)
    if key.deleted_at is None:
        return key
    if not rows.undelete_key(tx, key_id, deleted_after=_can_be_had_back(now)):
        raise unknown(key_id)
    configuration.touch(tx)
    return replace(key, deleted_at=None)


def sweep(tx: Transaction, now: int, limit: int) -> int:
    """Removes keys that cannot be had back, and strings that have ended; how many rows.

    Up to `limit` of each kind; 0 when nothing is left to do.
    """
    return rows.sweep(tx, now, deleted_before=_can_be_had_back(now), limit=limit)


def forget_project(tx: Transaction, project_id: str) -> None:
    """Ends all keys of a project that is being swept away; `sweep` removes them."""
    rows.end_keys_of(tx, project_id)
    configuration.touch(tx)


def unknown(key_id: str) -> NotFound:
    """What is said of a key that is not there, and of one that is not the caller's."""
    if key_id.startswith(PREFIX):  # errors end up in logs: a string that was pasted must not
        return NotFound("keys are named by their ids, not by their strings", field="key")
    return NotFound(f"there is no API key {key_id[:100]!r}", field="key")


def _find_to_change(tx: Transaction, now: int, key_id: str) -> ApiKey:
    """The key, which nobody else changes until the commit. Raises NotFound for a deleted one."""
    if _ID.fullmatch(key_id):
        rows.lock_key(tx, key_id)
    key = require(tx, now, key_id)
    if key.deleted_at is not None:
        raise NotFound(f"the API key {key_id} is deleted: undelete it first", field="key")
    return key


def _checked_new(now: int, key_id: str, new: NewKey) -> ApiKey:
    restrictions = key_restrictions.checked(
        addresses=new.addresses, referrers=new.referrers, apis=new.apis, queues=new.queues
    )
    if new.expires_at is not None:
        _check_expiry(now, new.expires_at)
    return ApiKey(
        key_id,
        new.project_id,
        _checked_name(new.name),
        restrictions,
        _checked_calls(new.calls_per_minute),
        now,
        new.expires_at,
    )


def _changed(now: int, key: ApiKey, changes: KeyChanges) -> ApiKey:
    kept = key.restrictions
    restrictions = key_restrictions.checked(
        addresses=kept.addresses if changes.addresses is UNSET else changes.addresses,
        referrers=kept.referrers if changes.referrers is UNSET else changes.referrers,
        apis=kept.apis if changes.apis is UNSET else changes.apis,
        queues=kept.queues if changes.queues is UNSET else changes.queues,
    )
    key = replace(key, restrictions=restrictions)
    if changes.name is not UNSET:
        key = replace(key, name=_checked_name(changes.name))
    if changes.calls_per_minute is not UNSET:
        key = replace(key, calls_per_minute=_checked_calls(changes.calls_per_minute))
    if changes.expires_at is not UNSET and changes.expires_at != key.expires_at:
        if changes.expires_at is not None:
            _check_expiry(now, changes.expires_at)
        key = replace(key, expires_at=changes.expires_at)
    return key


def _add_string(
    tx: Transaction, now: int, entropy: Entropy, box: SecretBox, key_id: str
) -> NewKeyString:
    text = token_text.mint(PREFIX, entropy)
    string = rows.insert_string(
        tx,
        now,
        key_id=key_id,
        digest=string_digest(box, text),
        hint=text[-_HINT_CHARACTERS:],
    )
    return NewKeyString(string, text)


def _checked_name(text: str) -> str:
    is_visible = len(text) <= 4 * MAX_NAME_CHARACTERS and text.isprintable()
    name = " ".join(unicodedata.normalize("NFC", text).split()) if is_visible else ""
    if not 0 < len(name) <= MAX_NAME_CHARACTERS:
        raise Invalid(
            f"the name of a key has 1 to {MAX_NAME_CHARACTERS} characters, none of which is a"
            " control character, invisible, or changes the direction of writing",
            field="name",
        )
    return name


def _checked_calls(calls_per_minute: int | None) -> int | None:
    if calls_per_minute is not None and not 0 < calls_per_minute <= MAX_CALLS_PER_MINUTE:
        raise Invalid(
            f"a key allows 1 to {MAX_CALLS_PER_MINUTE:,} calls a minute, or has no limit",
            field="calls_per_minute",
        )
    return calls_per_minute


def _check_expiry(now: int, expires_at: int) -> None:
    if expires_at <= now:
        raise Invalid(
            "the key would have expired already: name a later time, or delete the key",
            field="expires_at",
        )
    _check_instant(now, expires_at, field="expires_at")


def _check_instant(now: int, instant: int, *, field: str) -> None:
    if not now <= instant <= MAX_INSTANT:
        raise Invalid("name a time that is to come, and before the year 10000", field=field)


def _can_be_had_back(now: int) -> int:
    """The instant after which what was deleted can be had back."""
    return now - _UNDELETE_MICROSECONDS
