"""Administration of API keys: who may, what is written down, and what never is."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from leasehold.administration import api_keys
from leasehold.administration.actor import Actor
from leasehold.administration.api_keys import KeyWithString
from leasehold.errors import Forbidden, Invalid, NotFound
from leasehold.usage.key_model import KeyChanges, NewKey
from tests.administration.office import (
    ALLOWED,
    BOX,
    MILL,
    NEIGHBOUR,
    NOW,
    OPERATOR,
    OWNER,
    SHOP,
    Office,
    assert_refused_like_absent,
    opened,
    said,
)

DAY = 86_400_000_000
UNKNOWN = "a" * 24
RENAMED = KeyChanges(name="Plotter")


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    with opened(database_url) as office:
        yield office


def create(
    office: Office,
    actor: Actor = OWNER,
    project_id: str = SHOP,
    **more: Any,  # noqa: ANN401  # each has its field's type
) -> KeyWithString:
    new = NewKey(**{"project_id": project_id, "name": "Printer"} | more)
    return api_keys.create(office.tx, NOW, actor, entropy=office.entropy, box=BOX, new=new)


def rotate(
    office: Office, actor: Actor, project_id: str, key_id: str, older_ends_at: int | None = None
) -> KeyWithString:
    return api_keys.rotate(
        office.tx,
        NOW,
        actor,
        entropy=office.entropy,
        box=BOX,
        project_id=project_id,
        key_id=key_id,
        older_ends_at=older_ends_at,
    )


def acts(office: Office) -> dict[str, Callable[[Actor, str, str], object]]:
    """Everything that names a key, as (actor, project, key)."""
    tx = office.tx

    def named(verb: Callable[..., object], **more: object) -> Callable[[Actor, str, str], object]:
        return lambda actor, project_id, key_id: verb(
            tx, NOW, actor, project_id=project_id, key_id=key_id, **more
        )

    return {
        "get": named(api_keys.get),
        "change": named(api_keys.change, changes=RENAMED),
        "rotate": lambda actor, project_id, key_id: rotate(office, actor, project_id, key_id),
        "end_string": named(api_keys.end_string, string_id=1),
        "delete": named(api_keys.delete),
        "undelete": named(api_keys.undelete),
    }


ACTS = ["get", "change", "rotate", "end_string", "delete", "undelete"]


@pytest.mark.parametrize("actor", ALLOWED, ids=lambda actor: actor.name)
def test_members_and_the_operator_may_do_everything(office: Office, actor: Actor) -> None:
    made = create(office, actor)

    where = {"project_id": SHOP, "key_id": made.key.id}
    for name, act in acts(office).items():
        if name != "end_string":
            act(actor, SHOP, made.key.id)
    api_keys.end_string(
        office.tx, NOW, actor, project_id=SHOP, key_id=made.key.id, string_id=made.new_string
    )

    details = api_keys.get(office.tx, NOW, actor, **where)
    assert ("Plotter", None, 1) == (
        details.key.name,
        details.key.deleted_at,
        len(details.strings),
    )


def test_for_everybody_else_there_is_no_project(office: Office) -> None:
    key_id = create(office).key.id
    verbs = acts(office)

    for name in ACTS:
        assert_refused_like_absent(
            office,
            lambda actor, project_id, act=verbs[name]: act(actor, project_id, key_id),  # type: ignore[misc]  # mypy sees no type of the default
        )
    assert_refused_like_absent(office, lambda actor, project: create(office, actor, project))
    assert_refused_like_absent(
        office,
        lambda actor, project: api_keys.list_keys(office.tx, NOW, actor, project_id=project),
    )


@pytest.mark.parametrize("name", ACTS)
def test_another_projects_key_is_as_one_that_is_not_there(office: Office, name: str) -> None:
    key_id = create(office).key.id
    act = acts(office)[name]
    recorded = office.audit()

    for actor in (NEIGHBOUR, OPERATOR):
        with pytest.raises(NotFound) as absent:
            act(actor, MILL, UNKNOWN)
        with pytest.raises(NotFound) as foreign:
            act(actor, MILL, key_id)

        assert said(absent.value) == said(foreign.value).replace(key_id, UNKNOWN)
    assert recorded == office.audit()


def test_only_the_operator_may_name_a_key_by_its_id_alone(office: Office) -> None:
    key_id = create(office).key.id

    assert SHOP == api_keys.project_of(office.tx, NOW, OPERATOR, key_id)
    with pytest.raises(Forbidden):
        api_keys.project_of(office.tx, NOW, OWNER, key_id)


def test_every_act_is_written_down_with_what_is_different(office: Office) -> None:
    made = create(office, addresses=("10.0.0.0/8",), expires_at=NOW + DAY)
    where = {"project_id": SHOP, "key_id": made.key.id}
    api_keys.change(office.tx, NOW, OWNER, **where, changes=RENAMED)
    second = rotate(office, OWNER, SHOP, made.key.id, NOW + DAY)
    api_keys.end_string(
        office.tx, NOW, OWNER, project_id=SHOP, key_id=made.key.id, string_id=made.new_string
    )
    api_keys.delete(office.tx, NOW, OWNER, **where)
    api_keys.undelete(office.tx, NOW, OWNER, **where)

    first_number, second_number = made.new_string, second.new_string
    first, ends = {"number": first_number, "ends_at": None}, {"ends_at": NOW + DAY}
    newer = {"number": second_number, "ends_at": None}
    entries = office.audit()
    assert {(f"keys/{made.key.id}", SHOP, OWNER.name)} == {
        (entry.target, entry.project_id, entry.actor) for entry in entries
    }
    assert [(entry.action, _read(entry.before), _read(entry.after)) for entry in entries[1:]] == [
        ("keys.change", {"name": "Printer"}, {"name": "Plotter"}),
        ("keys.rotate", {"strings": [first]}, {"strings": [first | ends, newer]}),
        ("keys.endString", {"strings": [first | ends, newer]}, {"strings": [newer]}),
        ("keys.delete", {"deleted_at": None}, {"deleted_at": NOW}),
        ("keys.undelete", {"deleted_at": NOW}, {"deleted_at": None}),
    ]
    assert ("keys.create", None) == (entries[0].action, entries[0].before)
    assert ["10.0.0.0/8"] == _read(entries[0].after)["addresses"]


def test_an_act_that_changes_nothing_is_not_written_down(office: Office) -> None:
    where = {"project_id": SHOP, "key_id": create(office).key.id}
    recorded = office.audit()

    api_keys.change(office.tx, NOW, OWNER, **where, changes=KeyChanges(name="Printer"))
    api_keys.undelete(office.tx, NOW, OWNER, **where)

    assert recorded == office.audit()


def test_the_string_is_shown_once_and_is_in_no_entry_list_or_representation(
    office: Office,
) -> None:
    made = create(office)
    second = rotate(office, OWNER, SHOP, made.key.id)

    page = api_keys.list_keys(office.tx, NOW, OWNER, project_id=SHOP)
    details = api_keys.get(office.tx, NOW, OWNER, project_id=SHOP, key_id=made.key.id)
    for text in (made.text, second.text):
        assert text not in f"{made!r} {second!r} {page!r} {details!r} {office.audit()!r}"
        assert text[-4:] not in repr(office.audit())
    assert [made.text[-4:], second.text[-4:]] == [string.hint for string in details.strings]


def test_keys_are_listed_in_pages_by_name_deleted_ones_when_asked(office: Office) -> None:
    for name in ("d", "b", "a b", "a"):
        create(office, name=name)
    gone = create(office, name="c").key.id
    api_keys.delete(office.tx, NOW, OWNER, project_id=SHOP, key_id=gone)

    assert [["a", "a b", "b", "d"], ["a", "a b", "b", "c", "d"]] == [
        names(office, show_deleted=show_deleted, page_size=2) for show_deleted in (False, True)
    ]


@pytest.mark.parametrize(
    "wrong", [{"page_size": 0}, {"page_size": 1001}, {"page_token": "!"}, {"page_token": "\udcff"}]
)
def test_a_page_that_cannot_be_is_refused(office: Office, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        api_keys.list_keys(office.tx, NOW, OWNER, project_id=SHOP, **wrong)

    assert refused.value.field in wrong


def names(office: Office, *, show_deleted: bool, page_size: int) -> list[str]:
    """Of all keys, page after page."""
    found: list[str] = []
    token = ""
    while True:
        page = api_keys.list_keys(
            office.tx,
            NOW,
            OWNER,
            project_id=SHOP,
            show_deleted=show_deleted,
            page_size=page_size,
            page_token=token,
        )
        found += [details.key.name for details in page.items]
        token = page.next_page_token
        if not token:
            return found


def _read(text: str | None) -> Any:  # noqa: ANN401  # JSON is anything
    return json.loads(text or "null")
