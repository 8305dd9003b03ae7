"""Administering API keys: who may, what is written down, and what of a key is shown again."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from leasehold.administration import audit, authority, paging
from leasehold.administration.actor import Actor
from leasehold.administration.paging import Page
from leasehold.entropy import Entropy
from leasehold.storage.secret_box import SecretBox
from leasehold.storage.transaction import Transaction
from leasehold.usage import api_keys
from leasehold.usage.key_model import ApiKey, KeyChanges, KeyString, NewKey, NewKeyString


@dataclass(frozen=True, slots=True)
class KeyDetails:
    """A key, and what is known of its strings: those that have not ended, oldest first."""

    key: ApiKey
    strings: tuple[KeyString, ...]


@dataclass(frozen=True, slots=True)
class KeyWithString:
    """The same at the one moment at which its newest string is known."""

    key: ApiKey
    strings: tuple[KeyString, ...]
    new_string: int  # its number
    text: str = field(repr=False)  # what is sent as the key


def create(
    tx: Transaction, now: int, actor: Actor, *, entropy: Entropy, box: SecretBox, new: NewKey
) -> KeyWithString:
    """Makes a key. Raises Invalid for what it cannot have, Conflict for one too many."""
    authority.require(tx, actor, new.project_id)
    key, string = api_keys.create(tx, now, entropy, box, new)
    made = _with_string(tx, now, key, string)
    _record(tx, now, actor, "keys.create", None, KeyDetails(made.key, made.strings))
    return made


def list_keys(
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    project_id: str,
    show_deleted: bool = False,
    page_size: int = paging.DEFAULT_SIZE,
    page_token: str = "",
) -> Page[KeyDetails]:
    """The project's keys by name; with `show_deleted` those too that can be had back.

    Raises NotFound for the project, Invalid for the size or the token.
    """
    authority.require(tx, actor, project_id)
    paging.check_size(page_size)
    name, _, key_id = paging.key_in(page_token).rpartition(" ")
    keys = [
        key
        for key in api_keys.keys_of(tx, now, project_id)
        if (show_deleted or key.deleted_at is None) and (key.name, key.id) > (name, key_id)
    ]
    page = paging.page_of(keys, page_size, lambda key: f"{key.name} {key.id}")
    strings = api_keys.strings_of_project(tx, now, project_id)
    items = [KeyDetails(key, tuple(strings.get(key.id, ()))) for key in page.items]
    return Page(items, page.next_page_token)


def get(tx: Transaction, now: int, actor: Actor, *, project_id: str, key_id: str) -> KeyDetails:
    """A key, also a deleted one that can be had back. Raises NotFound."""
    return _details(tx, now, _require(tx, now, actor, project_id, key_id))


def project_of(tx: Transaction, now: int, actor: Actor, key_id: str) -> str:
    """The id of the key's project, for the operator, who may name a key by its id alone.

    Raises Forbidden for everybody else, NotFound.
    """
    authority.require_operator(actor)
    return api_keys.require(tx, now, key_id).project_id


def change(
    tx: Transaction, now: int, actor: Actor, *, project_id: str, key_id: str, changes: KeyChanges
) -> KeyDetails:
    """Gives it other settings; running servers obey within a second. Raises Invalid, NotFound."""
    before = _details(tx, now, _require(tx, now, actor, project_id, key_id))
    after = KeyDetails(api_keys.change(tx, now, key_id, changes), before.strings)
    _record(tx, now, actor, "keys.change", before, after)
    return after


def rotate(
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    entropy: Entropy,
    box: SecretBox,
    project_id: str,
    key_id: str,
    older_ends_at: int | None = None,
) -> KeyWithString:
    """Gives it one more string; the older one stays good, or ends at an instant.

    Raises Conflict when it has two already, Invalid for an instant that is over, NotFound.
    """
    key = _require(tx, now, actor, project_id, key_id)
    before = _details(tx, now, key)
    string = api_keys.rotate(tx, now, entropy, box, key_id, older_ends_at=older_ends_at)
    made = _with_string(tx, now, key, string)
    _record(tx, now, actor, "keys.rotate", before, KeyDetails(made.key, made.strings))
    return made


def end_string(
    tx: Transaction,
    now: int,
    actor: Actor,
    *,
    project_id: str,
    key_id: str,
    string_id: int,
    ends_at: int | None = None,
) -> KeyDetails:
    """Ends one of its strings, now (None) or at an instant to come. Raises NotFound, Invalid."""
    key = _require(tx, now, actor, project_id, key_id)
    before = _details(tx, now, key)
    api_keys.end_string(tx, now, key_id, string_id, ends_at=ends_at)
    after = _details(tx, now, key)
    _record(tx, now, actor, "keys.endString", before, after)
    return after


def delete(tx: Transaction, now: int, actor: Actor, *, project_id: str, key_id: str) -> KeyDetails:
    """Ends it; for 30 days it can be had back. Raises NotFound."""
    before = _details(tx, now, _require(tx, now, actor, project_id, key_id))
    api_keys.delete(tx, now, key_id)
    after = _details(tx, now, api_keys.require(tx, now, key_id))
    _record(tx, now, actor, "keys.delete", before, after)
    return after


def undelete(
    tx: Transaction, now: int, actor: Actor, *, project_id: str, key_id: str
) -> KeyDetails:
    """Takes a deletion back: its strings are good again. Raises NotFound."""
    before = _details(tx, now, _require(tx, now, actor, project_id, key_id))
    after = KeyDetails(api_keys.undelete(tx, now, key_id), before.strings)
    _record(tx, now, actor, "keys.undelete", before, after)
    return after


def _require(tx: Transaction, now: int, actor: Actor, project_id: str, key_id: str) -> ApiKey:
    authority.require(tx, actor, project_id)
    key = api_keys.find(tx, now, key_id)
    if key is None or key.project_id != project_id:
        raise api_keys.unknown(key_id)
    return key


def _details(tx: Transaction, now: int, key: ApiKey) -> KeyDetails:
    return KeyDetails(key, tuple(api_keys.strings_of(tx, now, key.id)))


def _with_string(tx: Transaction, now: int, key: ApiKey, new: NewKeyString) -> KeyWithString:
    strings = tuple(api_keys.strings_of(tx, now, key.id))
    return KeyWithString(key, strings, new.string.id, new.text)


def _record(
    tx: Transaction,
    now: int,
    actor: Actor,
    action: str,
    before: KeyDetails | None,
    after: KeyDetails,
) -> None:
    """Writes down what is different now; nothing for an act that changed nothing."""
    if before == after:
        return
    old = None if before is None else _written(before.key, before.strings)
    new = _written(after.key, after.strings)
    changed = [name for name in new if old is None or old[name] != new[name]]
    audit.record(
        tx,
        now,
        actor,
        action=action,
        project_id=after.key.project_id,
        target=f"keys/{after.key.id}",
        before=None if old is None else {name: old[name] for name in changed},
        after={name: new[name] for name in changed},
    )


def _written(key: ApiKey, strings: Sequence[KeyString]) -> dict[str, object]:
    """As the audit log keeps it: nothing of the strings themselves, not even their endings."""
    return {
        "name": key.name,
        "addresses": list(key.restrictions.addresses),
        "referrers": list(key.restrictions.referrers),
        "apis": list(key.restrictions.apis),
        "queues": list(key.restrictions.queues),
        "calls_per_minute": key.calls_per_minute,
        "expires_at": key.expires_at,
        "deleted_at": key.deleted_at,
        "strings": [{"number": string.id, "ends_at": string.ends_at} for string in strings],
    }
