"""API keys: what names a project to be charged, and opens what needs no person."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, get_args

from msgspec import UNSET, Meta, UnsetType

from leasehold.administration import api_keys
from leasehold.administration.api_keys import KeyDetails, KeyWithString
from leasehold.oauth2 import scopes
from leasehold.storage.transaction import Transaction
from leasehold.usage.key_model import KeyChanges, KeyString, NewKey
from leasehold.web.administration.method import Call, Method
from leasehold.web.administration.wire import (
    Instant,
    NextPage,
    Nothing,
    Page,
    Wire,
    instant,
    maybe_instant,
    microseconds,
)

_PATH = "projects/{project}/keys"
_ONE = f"{_PATH}/{{key}}"

Api = Literal["taskqueue", "leasehold"]
Name = Annotated[str, Meta(max_length=200, description="What people call it.")]
_Entries = tuple[Annotated[str, Meta(max_length=1000)], ...]
AddressRanges = Annotated[
    _Entries,
    Meta(max_length=100, description="Addresses and networks from which it works; none: any."),
]
Referrers = Annotated[
    _Entries,
    Meta(max_length=100, description="Pages on which it works, like *.example.com/*; none: any."),
]
Apis = Annotated[
    tuple[Api, ...],
    Meta(max_length=100, description="APIs for which it works; none: all."),
]
Queues = Annotated[
    _Entries,
    Meta(max_length=100, description="Queues on which it works, as PROJECT/QUEUE; none: all."),
]
Calls = Annotated[
    int, Meta(ge=1, le=10**9, description="Calls a minute; null: no limit of its own.")
]
Expiry = Annotated[Instant, Meta(description="When it ends; null: never.")]


class KeyStringResource(Wire, frozen=True):
    """What is known of a string that is sent as the key, which is not the string itself."""

    id: Annotated[str, Meta(description="Its number.")]
    hint: Annotated[str, Meta(description="Its last characters, by which people tell it.")]
    created_at: Instant
    ends_at: Annotated[Instant | None, Meta(description="Null: good as long as the key is.")]


class KeyResource(Wire, frozen=True):
    """An API key. Addresses and referrers exclude each other."""

    id: Annotated[str, Meta(description="Names the key, and opens nothing.")]
    project: str
    name: Name
    addresses: AddressRanges
    referrers: Referrers
    apis: Apis
    queues: Queues
    calls_per_minute: Calls | None
    created_at: Instant
    expires_at: Expiry | None
    deleted_at: Annotated[
        Instant | None, Meta(description="Null: it is not; for 30 days it can be had back.")
    ]
    strings: Annotated[
        tuple[KeyStringResource, ...], Meta(description="Those that have not ended, oldest first.")
    ]


class KeyList(Wire, frozen=True):
    """Some of the project's keys, by name."""

    keys: tuple[KeyResource, ...]
    next_page_token: NextPage


class MadeKey(Wire, frozen=True):
    """A key with its newest string. That is shown this once."""

    key: KeyResource
    key_string: Annotated[str, Meta(description="What is sent as key.")]


class ListKeys(Page, frozen=True):
    """Which keys are listed."""

    show_deleted: Annotated[
        bool, Meta(description="Whether those are listed too that can be had back.")
    ] = False


class CreateKey(Wire, frozen=True):
    """A key that is to be made."""

    name: Name
    addresses: AddressRanges = ()
    referrers: Referrers = ()
    apis: Apis = ()
    queues: Queues = ()
    calls_per_minute: Calls | None = None
    expires_at: Expiry | None = None


class UpdateKey(Wire, frozen=True):
    """What is to be another way; what is left out stays, and a list replaces the old one."""

    name: Name | UnsetType = UNSET
    addresses: AddressRanges | UnsetType = UNSET
    referrers: Referrers | UnsetType = UNSET
    apis: Apis | UnsetType = UNSET
    queues: Queues | UnsetType = UNSET
    calls_per_minute: Calls | UnsetType | None = UNSET
    expires_at: Expiry | UnsetType | None = UNSET


class RotateKey(Wire, frozen=True):
    """What is to become of the string that the key has."""

    older_ends_at: Annotated[
        Instant | None, Meta(description="When the older string ends; null: it stays good.")
    ] = None


class EndKeyString(Wire, frozen=True):
    """When a string ends."""

    ends_at: Annotated[Instant | None, Meta(description="Null: now.")] = None


def list_(tx: Transaction, now: int, call: Call) -> KeyList:
    asked = call.asked(ListKeys)
    found = api_keys.list_keys(
        tx,
        now,
        call.actor,
        project_id=call.project,
        show_deleted=asked.show_deleted,
        page_size=asked.page_size,
        page_token=asked.page_token,
    )
    return KeyList(keys=tuple(map(_resource, found.items)), next_page_token=found.next_page_token)


def create(tx: Transaction, now: int, call: Call) -> MadeKey:
    given = call.given(CreateKey)
    made = api_keys.create(
        tx,
        now,
        call.actor,
        entropy=call.services.entropy,
        box=call.services.secret_box,
        new=NewKey(
            project_id=call.project,
            name=given.name,
            addresses=given.addresses,
            referrers=given.referrers,
            apis=given.apis,
            queues=given.queues,
            calls_per_minute=given.calls_per_minute,
            expires_at=_instant(given.expires_at, field="expires_at"),
        ),
    )
    return _made(made)


def get(tx: Transaction, now: int, call: Call) -> KeyResource:
    found = api_keys.get(tx, now, call.actor, project_id=call.project, key_id=call.ids["key"])
    return _resource(found)


def update(tx: Transaction, now: int, call: Call) -> KeyResource:
    given = call.given(UpdateKey)
    expires_at = given.expires_at
    changes = KeyChanges(
        name=given.name,
        addresses=given.addresses,
        referrers=given.referrers,
        apis=given.apis,
        queues=given.queues,
        calls_per_minute=given.calls_per_minute,
        expires_at=expires_at
        if isinstance(expires_at, UnsetType)
        else _instant(expires_at, field="expires_at"),
    )
    changed = api_keys.change(
        tx, now, call.actor, project_id=call.project, key_id=call.ids["key"], changes=changes
    )
    return _resource(changed)


def rotate(tx: Transaction, now: int, call: Call) -> MadeKey:
    ends_at = call.given(RotateKey).older_ends_at
    made = api_keys.rotate(
        tx,
        now,
        call.actor,
        entropy=call.services.entropy,
        box=call.services.secret_box,
        project_id=call.project,
        key_id=call.ids["key"],
        older_ends_at=_instant(ends_at, field="older_ends_at"),
    )
    return _made(made)


def end_string(tx: Transaction, now: int, call: Call) -> KeyResource:
    ends_at = call.given(EndKeyString).ends_at
    changed = api_keys.end_string(
        tx,
        now,
        call.actor,
        project_id=call.project,
        key_id=call.ids["key"],
        string_id=call.number("string"),
        ends_at=_instant(ends_at, field="ends_at"),
    )
    return _resource(changed)


def delete(tx: Transaction, now: int, call: Call) -> None:
    api_keys.delete(tx, now, call.actor, project_id=call.project, key_id=call.ids["key"])


def undelete(tx: Transaction, now: int, call: Call) -> KeyResource:
    found = api_keys.undelete(tx, now, call.actor, project_id=call.project, key_id=call.ids["key"])
    return _resource(found)


def _instant(given: datetime | None, *, field: str) -> int | None:
    return None if given is None else microseconds(given, field=field)


def _made(made: KeyWithString) -> MadeKey:
    return MadeKey(key=_resource(KeyDetails(made.key, made.strings)), key_string=made.text)


def _resource(found: KeyDetails) -> KeyResource:
    key = found.key
    return KeyResource(
        id=key.id,
        project=key.project_id,
        name=key.name,
        addresses=key.restrictions.addresses,
        referrers=key.restrictions.referrers,
        apis=_apis(key.restrictions.apis),
        queues=key.restrictions.queues,
        calls_per_minute=key.calls_per_minute,
        created_at=instant(key.created_at),
        expires_at=maybe_instant(key.expires_at),
        deleted_at=maybe_instant(key.deleted_at),
        strings=tuple(map(_string, found.strings)),
    )


def _apis(names: Sequence[str]) -> tuple[Api, ...]:
    return tuple(api for api in get_args(Api) if api in names)


def _string(string: KeyString) -> KeyStringResource:
    return KeyStringResource(
        id=str(string.id),
        hint=string.hint,
        created_at=instant(string.created_at),
        ends_at=maybe_instant(string.ends_at),
    )


METHODS = (
    Method(
        id="leasehold.keys.list",
        verb="GET",
        path=_PATH,
        description="Lists the project's API keys without their strings.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        query=ListKeys,
        request=None,
        response=KeyList,
        run=list_,
    ),
    Method(
        id="leasehold.keys.create",
        verb="POST",
        path=_PATH,
        description="Makes an API key and its first string, which this reply alone holds.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=CreateKey,
        response=MadeKey,
        run=create,
    ),
    Method(
        id="leasehold.keys.get",
        verb="GET",
        path=_ONE,
        description="Shows an API key, also a deleted one that can still be had back.",
        scopes=scopes.INSPECT,
        role="admin",
        cost=1,
        request=None,
        response=KeyResource,
        run=get,
    ),
    Method(
        id="leasehold.keys.patch",
        verb="PATCH",
        path=_ONE,
        description="Changes an API key's name, restrictions or end, which every server obeys"
        " within a second.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=UpdateKey,
        response=KeyResource,
        run=update,
    ),
    Method(
        id="leasehold.keys.delete",
        verb="DELETE",
        path=_ONE,
        description="Deletes an API key, which can be had back for 30 days.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=None,
        response=None,
        run=delete,
    ),
    Method(
        id="leasehold.keys.undelete",
        verb="POST",
        path=f"{_ONE}:undelete",
        description="Brings a deleted API key back with its strings and restrictions.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=Nothing,
        response=KeyResource,
        run=undelete,
    ),
    Method(
        id="leasehold.keys.rotate",
        verb="POST",
        path=f"{_ONE}:rotate",
        description="Adds a second string to an API key, which this reply alone holds, while the"
        " first one stays good or ends at a chosen instant.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=RotateKey,
        response=MadeKey,
        run=rotate,
    ),
    Method(
        id="leasehold.keys.endString",
        verb="POST",
        path=f"{_ONE}/strings/{{string}}:end",
        description="Ends one of an API key's strings, now or at an instant to come.",
        scopes=scopes.ADMINISTER,
        role="admin",
        cost=1,
        request=EndKeyString,
        response=KeyResource,
        run=end_string,
    ),
)
