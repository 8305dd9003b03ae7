"""The audit log: every act is written down once, in order, and found by those whom it concerns."""

import json
import threading
from collections.abc import Callable, Iterator

import pytest

from leasehold.administration import audit, audit_chain, audit_value
from leasehold.administration.actor import Actor
from leasehold.administration.audit import Search
from leasehold.administration.audit_chain import Entry, Head
from leasehold.administration.audit_export import csv_cells, csv_line, entry_in, line_of
from leasehold.errors import Forbidden, Invalid, NotFound, Unavailable
from leasehold.storage import statements
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.migrate import migrate
from leasehold.storage.transaction import Transaction
from tests.administration.office import (
    ADMIN,
    ALLOWED,
    MILL,
    NOW,
    OPERATOR,
    OWNER,
    SHOP,
    Office,
    assert_refused_like_absent,
    opened,
)

ODD = "a\0b\ud800c\u202e🙂'; drop table audit_entries --"

_SQL = statements.parse("""
-- name: remove_head
delete from audit_head
-- name: double_head
insert into audit_head (number, at, hash) select number, at, hash from audit_head
""")


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    with opened(database_url) as office:
        yield office


@pytest.fixture
def engine(database_url: str) -> Engine:
    engine = open_engine(database_url)
    migrate(engine)
    return engine


def write(
    tx: Transaction,
    action: str = "queues.create",
    *,
    at: int = NOW,
    actor: Actor = OWNER,
    project_id: str = SHOP,
    target: str = "queues/resize",
    after: dict[str, object] | None = None,
) -> None:
    audit.record(
        tx,
        at,
        actor,
        action=action,
        project_id=project_id,
        target=target,
        before=None,
        after=after,
    )


def all_entries(tx: Transaction) -> list[Entry]:
    return audit.chain(tx, OPERATOR, among=range(1, 1_000_000))


def is_whole(tx: Transaction) -> bool:
    return audit_chain.verify(all_entries(tx), audit.head(tx, OPERATOR)).is_whole


def numbers(tx: Transaction, project_id: str | None = None, **wanted: object) -> list[int]:
    page = audit.search(tx, OPERATOR, project_id=project_id, wanted=Search(**wanted))  # type: ignore[arg-type]  # each has its field's type
    return [entry.number for entry in page.items]


def test_an_entry_says_who_did_what_from_where_and_how_it_was(office: Office) -> None:
    actor = Actor("person", "ada@example.com", address="2001:db8::1", client_id="7.apps")

    audit.record(
        office.tx,
        NOW,
        actor,
        action="queues.change",
        project_id=SHOP,
        target="queues/resize",
        before={"paused": False},
        after={"paused": True},
    )

    entry = audit.get(office.tx, OPERATOR, project_id=SHOP, number=1)
    assert (1, NOW, "person", "ada@example.com", "7.apps", "2001:db8::1") == (
        entry.number,
        entry.at,
        entry.actor_kind,
        entry.actor,
        entry.client_id,
        entry.address,
    )
    assert ("queues.change", SHOP, "queues/resize") == (
        entry.action,
        entry.project_id,
        entry.target,
    )
    assert ('{"paused":false}', '{"paused":true}') == (entry.before, entry.after)


def test_time_in_the_log_never_goes_back(office: Office) -> None:
    for at in (NOW, NOW - 5, NOW + 1):
        write(office.tx, at=at)

    assert [NOW, NOW, NOW + 1] == [entry.at for entry in all_entries(office.tx)]
    assert is_whole(office.tx)


def test_what_no_database_can_hold_as_text_is_replaced(office: Office) -> None:
    actor = Actor("person", ODD, address=ODD, client_id=ODD)

    write(office.tx, ODD, actor=actor, project_id=ODD, target=ODD * 100, after={ODD: [ODD, 2**70]})

    entry = all_entries(office.tx)[0]
    assert ODD.replace("\0", "�").replace("\ud800", "�") == entry.actor
    assert 500 == len(entry.target)
    assert {ODD: [ODD, 2**70]} == json.loads(entry.after or "")
    assert is_whole(office.tx)
    assert entry == entry_in(line_of(entry))


@pytest.mark.parametrize(
    "after",
    [
        {"acl": [f"user{n}@example.com" for n in range(100_000)]},
        {f"queue{n}": {"rate": n} for n in range(100_000)},
        {"text": "x" * 1_000_000},
        {"deep": [{"list": ["y" * 1_000] * 1_000} for _ in range(10)]},
        {"emoji": "🙂" * 20_000},
    ],
    ids=lambda value: next(iter(value)),
)
def test_what_is_too_long_is_shortened_and_says_by_how_much(
    office: Office, after: dict[str, object]
) -> None:
    write(office.tx, after=after)

    kept = all_entries(office.tx)[0].after or ""
    assert len(kept) <= audit_value.MAX_CHARACTERS
    assert " more" in kept
    assert json.loads(kept)
    assert is_whole(office.tx)


def test_a_long_list_keeps_its_first_ones_and_the_count_of_the_others(office: Office) -> None:
    write(office.tx, after={"acl": [f"user{n:06}@example.com" for n in range(5_000)]})

    kept = json.loads(all_entries(office.tx)[0].after or "")["acl"]
    assert ["user000000@example.com", "4000 more"] == [kept[0], kept[-1]]


def test_an_act_that_is_undone_leaves_no_entry(engine: Engine) -> None:
    connection = engine.connect()
    tx = connection.begin()
    write(tx)
    connection.commit()
    write(connection.begin(), "queues.delete")
    connection.rollback()
    write(connection.begin(), "queues.pause")
    connection.commit()

    tx = connection.begin(read_only=True)
    assert [(1, "queues.create"), (2, "queues.pause")] == [
        (entry.number, entry.action) for entry in all_entries(tx)
    ]
    assert is_whole(tx)
    connection.close()


def test_writers_at_once_take_turns_from_the_very_first_entry_on(database_url: str) -> None:
    migrate(open_engine(database_url))
    start = threading.Barrier(6)

    def work(name: str) -> None:
        connection = open_engine(database_url).connect()
        connection.begin()
        connection.rollback()
        start.wait()
        for _ in range(10):
            write(connection.begin(), actor=Actor("operator", name, address="host"))
            connection.commit()
        connection.close()

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    connection = open_engine(database_url).connect()
    tx = connection.begin(read_only=True)
    assert list(range(1, 61)) == [entry.number for entry in all_entries(tx)]
    assert is_whole(tx)
    connection.close()


@pytest.mark.parametrize("harm", ["remove_head", "double_head"])
def test_without_its_one_head_the_log_says_so(office: Office, harm: str) -> None:
    write(office.tx)
    office.tx.run(getattr(_SQL, harm))

    with pytest.raises(Unavailable, match="head"):
        audit.head(office.tx, OPERATOR)


def test_nothing_is_administered_when_it_cannot_be_written_down(office: Office) -> None:
    office.tx.run(_SQL.remove_head)

    with pytest.raises(Unavailable, match="lost its head"):
        write(office.tx)


def test_an_entry_past_the_head_is_found(office: Office) -> None:
    write(office.tx)
    head = audit.head(office.tx, OPERATOR)
    assert [] == audit.past_head(office.tx, OPERATOR)
    write(office.tx)
    _move_head_back(office.tx, head)

    assert [2] == [entry.number for entry in audit.past_head(office.tx, OPERATOR)]


def _move_head_back(tx: Transaction, head: Head) -> None:
    sql = statements.parse("-- name: back\nupdate audit_head set number = :number, hash = :hash\n")
    tx.run(sql.back, number=head.number, hash=head.hash)


def test_a_search_finds_by_project_actor_action_target_and_time(office: Office) -> None:
    tx = office.tx
    write(tx, "queues.create", at=NOW)
    write(tx, "queues.delete", at=NOW + 10, actor=ADMIN)
    write(tx, "queuesX", at=NOW + 20, project_id=MILL, target="queues/%")
    write(tx, "clients.create", at=NOW + 30, target="clients/1")
    write(tx, "users.create", at=NOW + 30, actor=OPERATOR, project_id="")

    assert [5, 4, 3, 2, 1] == numbers(tx)
    assert [4, 2, 1] == numbers(tx, SHOP)
    assert [2] == numbers(tx, actor=ADMIN.name)
    assert [2, 1] == numbers(tx, action="queues.")
    assert [] == numbers(tx, action="%")
    assert [3] == numbers(tx, target="queues/%")
    assert [3, 2] == numbers(tx, since=NOW + 10, until=NOW + 30)
    assert [4] == numbers(tx, SHOP, since=NOW + 11)
    assert [] == numbers(tx, since=NOW + 31)
    assert [] == numbers(tx, until=NOW)
    assert [5, 4, 3, 2, 1] == numbers(tx, since=-(10**30), until=10**30)
    assert [] == numbers(tx, actor=ODD)


def test_pages_follow_each_other_without_gap_or_double(office: Office) -> None:
    for _ in range(7):
        write(office.tx)
    write(office.tx, project_id=MILL)

    found: list[list[int]] = []
    token = ""
    while True:
        page = audit.search(office.tx, OWNER, project_id=SHOP, page_size=3, page_token=token)
        found.append([entry.number for entry in page.items])
        token = page.next_page_token
        if not token:
            break

    assert [[7, 6, 5], [4, 3, 2], [1]] == found


def test_a_page_of_a_rare_thing_looks_at_some_entries_only_and_names_the_next_one(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MOST_LOOKED_AT", 4)
    write(office.tx, "rare.act")
    for _ in range(9):
        write(office.tx)

    pages: list[list[int]] = []
    token = ""
    while not pages or token:
        page = audit.search(
            office.tx,
            OWNER,
            project_id=SHOP,
            wanted=Search(action="rare."),
            page_token=token,
        )
        pages.append([entry.number for entry in page.items])
        token = page.next_page_token

    assert [[], [], [1]] == pages


def test_a_page_of_large_entries_ends_early_and_names_the_next_one(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "MAX_PAGE_BYTES", 2_000)
    for _ in range(5):
        write(office.tx, after={"consumers": "a" * 1_800})
    write(office.tx, after={"consumers": "a" * 50_000})

    pages: list[list[int]] = []
    token = ""
    while not pages or token:
        page = audit.search(office.tx, OWNER, project_id=SHOP, page_size=4, page_token=token)
        pages.append([entry.number for entry in page.items])
        token = page.next_page_token

    assert [[6], [5, 4], [3, 2], [1]] == pages


@pytest.mark.parametrize("token", ["!", "AAAA", "eA", "LTE", "MTAw" * 300, "\ud800", "OTk5" * 8])
def test_a_token_that_was_never_given_is_refused(office: Office, token: str) -> None:
    with pytest.raises(Invalid, match="page"):
        audit.search(office.tx, OPERATOR, project_id=None, page_token=token)


@pytest.mark.parametrize("size", [0, -1, 1_001])
def test_a_page_has_a_size(office: Office, size: int) -> None:
    with pytest.raises(Invalid, match="1 to 1000"):
        audit.search(office.tx, OPERATOR, project_id=None, page_size=size)


def test_members_see_their_projects_entries_and_no_others(office: Office) -> None:
    write(office.tx)
    write(office.tx, project_id=MILL)
    write(office.tx, project_id="")

    for actor in ALLOWED:
        assert [1] == [e.number for e in audit.search(office.tx, actor, project_id=SHOP).items]
        assert SHOP == audit.get(office.tx, actor, project_id=SHOP, number=1).project_id


@pytest.mark.parametrize("number", [0, -1, 2, 3, 4, 10**40])
def test_another_projects_entry_is_not_there(office: Office, number: int) -> None:
    write(office.tx)
    write(office.tx, project_id=MILL)
    write(office.tx, project_id="")

    with pytest.raises(NotFound, match=f"there is no entry {number} in the audit log"):
        audit.get(office.tx, OWNER, project_id=SHOP, number=number)


def test_strangers_learn_nothing(office: Office) -> None:
    write(office.tx)

    assert_refused_like_absent(
        office, lambda actor, project: audit.search(office.tx, actor, project_id=project)
    )
    assert_refused_like_absent(
        office, lambda actor, project: audit.get(office.tx, actor, project_id=project, number=1)
    )


def test_the_whole_log_is_the_operators(office: Office) -> None:
    reads: list[Callable[[], object]] = [
        lambda: audit.search(office.tx, OWNER, project_id=None),
        lambda: audit.get(office.tx, OWNER, project_id=None, number=1),
        lambda: audit.numbers(office.tx, OWNER, project_id=None),
        lambda: audit.head(office.tx, OWNER),
        lambda: audit.chain(office.tx, OWNER, among=range(1, 9)),
        lambda: audit.past_head(office.tx, OWNER),
    ]

    for read in reads:
        with pytest.raises(Forbidden):
            read()


def test_a_members_export_holds_their_projects_entries_in_order(office: Office) -> None:
    for project_id in (SHOP, MILL, SHOP, ""):
        write(office.tx, project_id=project_id)

    among = audit.numbers(office.tx, OWNER, project_id=SHOP)
    entries = audit.export_page(office.tx, OWNER, project_id=SHOP, wanted=Search(), among=among)

    assert (range(1, 5), [1, 3]) == (among, [entry.number for entry in entries])


def test_a_line_gives_the_entry_again(office: Office) -> None:
    write(office.tx, after={"a": 1.5, "b": [None, True, "é\u2028"]})

    entry = all_entries(office.tx)[0]

    assert entry == entry_in(line_of(entry))
    assert '"at":"2023-11-14T22:13:20.000000Z"' in line_of(entry)


@pytest.mark.parametrize(
    "line", ["", "x", "[]", "{}", "[" * 100_000, '{"a":1,"a":1}', '{"number":NaN}', "1" * 5_000]
)
def test_a_line_that_is_no_entry_is_refused(line: str) -> None:
    with pytest.raises(Invalid):
        entry_in(line)


def test_a_line_with_a_key_twice_or_one_too_many_is_refused(office: Office) -> None:
    write(office.tx)
    line = line_of(all_entries(office.tx)[0])

    for changed in (line.replace("{", '{"actor":"eve",', 1), line.replace("{", '{"x":1,', 1)):
        with pytest.raises(Invalid):
            entry_in(changed)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_a_spreadsheet_would_run_is_shown_instead(office: Office, start: str) -> None:
    write(office.tx, target=f"{start}cmd|' /C calc'!A0")

    line = csv_line(csv_cells(all_entries(office.tx)[0]))

    assert f"'{start}cmd" in line
