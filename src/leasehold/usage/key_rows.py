"""The rows of API keys: the only file that runs key_rows.sql."""

import json
from collections import defaultdict

from leasehold.storage import statements
from leasehold.storage.transaction import Row, Transaction
from leasehold.usage.key_model import ApiKey, FoundKey, KeyString
from leasehold.usage.key_restrictions import KeyRestrictions

SQL = statements.load(__package__, "key_rows.sql")


def insert_key(tx: Transaction, key: ApiKey) -> bool:
    """Whether it is new; False when its id is taken."""
    row = tx.one(SQL.insert_key, project_id=key.project_id, now=key.created_at, **_changeable(key))
    return row is not None


def key_by_id(tx: Transaction, key_id: str, *, deleted_after: int) -> ApiKey | None:
    """Also one that was deleted after that instant."""
    row = tx.one(SQL.key_by_id, id=key_id, deleted_after=deleted_after)
    return _key(row) if row else None


def lock_key(tx: Transaction, key_id: str) -> None:
    """Nobody else changes the key until the commit."""
    tx.one(SQL.lock_key, id=key_id)


def keys_of(tx: Transaction, project_id: str, *, deleted_after: int) -> list[ApiKey]:
    """By name; those too that were deleted after that instant."""
    rows = tx.all(SQL.keys_of, project_id=project_id, deleted_after=deleted_after)
    return sorted(map(_key, rows), key=lambda key: (key.name, key.id))


def count_keys(tx: Transaction, project_id: str, *, deleted_after: int) -> int:
    row = tx.one(SQL.count_keys, project_id=project_id, deleted_after=deleted_after)
    return int(row[0]) if row else 0


def update_key(tx: Transaction, key: ApiKey) -> bool:
    return tx.run(SQL.update_key, **_changeable(key)) > 0


def delete_key(tx: Transaction, now: int, key_id: str) -> bool:
    return tx.run(SQL.delete_key, id=key_id, now=now) > 0


def undelete_key(tx: Transaction, key_id: str, *, deleted_after: int) -> bool:
    return tx.run(SQL.undelete_key, id=key_id, deleted_after=deleted_after) > 0


def key_by_digest(tx: Transaction, now: int, digest: bytes) -> FoundKey | None:
    """By a string that is good now; never a deleted key, nor one of a project that is off."""
    row = tx.one(SQL.key_by_digest, digest=digest, now=now)
    return FoundKey(_key(row[:-1]), row[-1]) if row else None


def insert_string(tx: Transaction, now: int, *, key_id: str, digest: bytes, hint: str) -> KeyString:
    row = tx.one(SQL.insert_string, key_id=key_id, digest=digest, hint=hint, now=now)
    assert row is not None  # 256 random bits: nothing can be in its way
    return KeyString(row[0], hint, now, None)


def strings_of(tx: Transaction, now: int, key_id: str) -> list[KeyString]:
    """Those that have not ended, oldest first."""
    return [KeyString(*row) for row in tx.all(SQL.strings_of, key_id=key_id, now=now)]


def strings_of_project(tx: Transaction, now: int, project_id: str) -> dict[str, list[KeyString]]:
    """The same of all its keys, by the key's id."""
    found: defaultdict[str, list[KeyString]] = defaultdict(list)
    for key_id, *row in tx.all(SQL.strings_of_project, project_id=project_id, now=now):
        found[key_id].append(KeyString(*row))
    return found


def end_string(tx: Transaction, now: int, *, key_id: str, string_id: int, ends_at: int) -> bool:
    """Whether there was such a string that had not ended."""
    return tx.run(SQL.end_string, id=string_id, key_id=key_id, ends_at=ends_at, now=now) > 0


def end_strings(tx: Transaction, *, key_id: str, ends_at: int) -> None:
    tx.run(SQL.end_strings, key_id=key_id, ends_at=ends_at)


def forget_strings(tx: Transaction, now: int) -> int:
    return tx.run(SQL.forget_strings, now=now)


def sweep(tx: Transaction, now: int, *, deleted_before: int, limit: int) -> int:
    """Up to `limit` of each: strings that have ended, strings of deleted keys, deleted keys."""
    return (
        tx.run(SQL.sweep_ended_strings, now=now, limit=limit)
        + tx.run(SQL.sweep_strings_of_deleted_keys, deleted_before=deleted_before, limit=limit)
        + tx.run(SQL.sweep_keys, deleted_before=deleted_before, limit=limit)
    )


def end_keys_of(tx: Transaction, project_id: str) -> None:
    tx.run(SQL.end_keys_of, project_id=project_id)


def _changeable(key: ApiKey) -> dict[str, object]:
    restrictions = key.restrictions
    return {
        "id": key.id,
        "name": key.name,
        "addresses": json.dumps(restrictions.addresses),
        "referrers": json.dumps(restrictions.referrers),
        "apis": json.dumps(restrictions.apis),
        "queues": json.dumps(restrictions.queues),
        "calls_per_minute": key.calls_per_minute,
        "expires_at": key.expires_at,
    }


def _key(row: Row) -> ApiKey:
    key_id, project_id, name, *lists = row[:7]
    restrictions = KeyRestrictions(*(tuple(json.loads(text)) for text in lists))
    return ApiKey(key_id, project_id, name, restrictions, *row[7:])
