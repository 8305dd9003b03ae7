"""API keys: made, found by a string, changed, rotated, deleted and had back, and swept."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import apsw
import pytest

from leasehold.accounts import projects, users
from leasehold.cli.database import transact
from leasehold.clock import MICROSECONDS
from leasehold.entropy import Entropy
from leasehold.errors import Conflict, Invalid, NotFound
from leasehold.storage.engine import open_engine
from leasehold.storage.engines.sqlite_connection import _translate
from leasehold.storage.migrate import migrate
from leasehold.storage.secret_box import KEY_BYTES, SecretBox
from leasehold.storage.statements import PARAMETER, Statement
from leasehold.storage.transaction import Transaction
from leasehold.usage import api_keys, key_rows, lost_key
from leasehold.usage.key_model import ApiKey
from leasehold.usage.key_restrictions import KeyRestrictions
from tests.usage.key_ring import BOX, DAY, NOW, KeyRing, opened

NO_IDS = ["", "0" * 23, "0" * 24, "G" * 24, "\0", "\udcff", "lhk_" + "a" * 49, "x" * 10_000]
MAY_SCAN = {"forget_strings": "all of them: their key is lost"}


@pytest.fixture
def ring(database_url: str) -> Iterator[KeyRing]:
    with opened(database_url) as ring:
        yield ring


def test_a_key_is_found_by_the_string_that_was_shown_when_it_was_made(ring: KeyRing) -> None:
    key, text = ring.create(queues=("shop/resize",), calls_per_minute=600)

    assert re.fullmatch(r"lhk_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}", text)
    assert key == ring.found(text) == api_keys.find(ring.tx, NOW, key.id)
    assert KeyRestrictions(queues=("shop/resize",)) == key.restrictions


def test_of_the_string_only_a_keyed_digest_and_the_ending_are_kept(ring: KeyRing) -> None:
    key, text = ring.create()

    (string,) = ring.strings(key)
    assert text[-4:] == string.hint
    assert text not in repr(key) + repr(string)
    other_box = SecretBox(b"o" * KEY_BYTES)
    assert api_keys.string_digest(BOX, text) != api_keys.string_digest(other_box, text)


def test_keys_and_strings_are_never_the_same(ring: KeyRing) -> None:
    made = [ring.create() for _ in range(20)]

    assert 20 == len({key.id for key, _ in made}) == len({text for _, text in made})


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": " "}, "name"),
        ({"name": "a" * 81}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": "\udcff"}, "name"),
        ({"calls_per_minute": 0}, "calls_per_minute"),
        ({"calls_per_minute": 10**10}, "calls_per_minute"),
        ({"expires_at": NOW}, "expires_at"),
        ({"expires_at": -1}, "expires_at"),
        ({"expires_at": 2**62}, "expires_at"),
        ({"addresses": ("x",)}, "addresses"),
        ({"referrers": ("x",)}, "referrers"),
        ({"apis": ("mail",)}, "apis"),
        ({"queues": ("x",)}, "queues"),
        ({"addresses": ("::1",), "referrers": ("example.com/*",)}, "referrers"),
    ],
    ids=str,
)
def test_what_a_key_cannot_have_is_refused_when_it_is_made_and_when_it_is_changed(
    ring: KeyRing, wrong: dict[str, object], field: str
) -> None:
    key, _ = ring.create()

    for act in (lambda: ring.create(**wrong), lambda: ring.change(key, **wrong)):
        with pytest.raises(Invalid) as refused:
            act()
        assert field == refused.value.field


def test_an_unknown_project_has_no_keys(ring: KeyRing) -> None:
    with pytest.raises(NotFound, match="there is no project"):
        ring.create(project_id="nope")
    with pytest.raises(NotFound, match="there is no project"):
        api_keys.keys_of(ring.tx, NOW, "nope")


def test_keys_are_listed_by_name_for_their_project_alone(ring: KeyRing) -> None:
    names = ["b", "a", "É", "B"]
    for name in names:
        ring.create(name=name)
    ring.create(project_id="mill")

    assert sorted(names) == [key.name for key in api_keys.keys_of(ring.tx, NOW, "shop")]


def test_a_change_leaves_what_is_not_named_as_it_is(ring: KeyRing) -> None:
    key, text = ring.create(addresses=("10.0.0.0/8",), apis=("taskqueue",), calls_per_minute=5)

    after = ring.change(key, addresses=("10.1.0.0/16",), expires_at=NOW + DAY)

    assert KeyRestrictions(("10.1.0.0/16",), apis=("taskqueue",)) == after.restrictions
    assert ("Printer", 5, NOW + DAY) == (after.name, after.calls_per_minute, after.expires_at)
    assert after == ring.found(text)


def test_a_change_can_take_each_limit_away(ring: KeyRing) -> None:
    key, _ = ring.create(addresses=("10.0.0.0/8",), calls_per_minute=5, expires_at=NOW + DAY)

    after = ring.change(key, addresses=(), calls_per_minute=None, expires_at=None)

    assert KeyRestrictions() == after.restrictions
    assert (None, None) == (after.calls_per_minute, after.expires_at)


def test_an_expired_key_may_be_renamed_and_renewed(ring: KeyRing) -> None:
    key, _ = ring.create(expires_at=NOW + DAY)
    ring.now += 2 * DAY

    assert ring.change(key, name="Old").has_expired(ring.now)
    assert not ring.change(key, expires_at=ring.now + 1).has_expired(ring.now)


def test_two_strings_of_a_key_are_good_until_the_older_one_is_ended(ring: KeyRing) -> None:
    key, first = ring.create()
    second = ring.rotate(key)

    assert key == ring.found(first) == ring.found(second)
    older, newer = ring.strings(key)

    api_keys.end_string(ring.tx, ring.now, key.id, older.id)

    assert [newer] == ring.strings(key)
    assert (None, key) == (ring.found(first), ring.found(second))


def test_the_older_string_ends_when_it_was_said_to(ring: KeyRing) -> None:
    key, first = ring.create()

    second = ring.rotate(key, older_ends_at=NOW + DAY)

    ring.now = NOW + DAY - 1
    assert key == ring.found(first)
    ring.now = NOW + DAY
    assert (None, key) == (ring.found(first), ring.found(second))


def test_the_older_string_of_a_key_that_has_leaked_can_end_at_once(ring: KeyRing) -> None:
    key, first = ring.create()

    second = ring.rotate(key, older_ends_at=NOW)

    assert (None, key) == (ring.found(first), ring.found(second))


def test_of_many_that_rotate_a_key_at_once_one_does(database_url: str) -> None:
    engine = open_engine(database_url)
    migrate(engine)

    def begin(tx: Transaction, now: int) -> ApiKey:
        users.create(tx, now, Entropy(), email="ada@example.com", password_hash=None)
        projects.create(tx, now, project_id="shop", owner_email="ada@example.com")
        return KeyRing(tx, now).create()[0]

    key = transact(engine, begin)

    def rotate(_: int) -> bool:
        try:
            transact(engine, lambda tx, now: KeyRing(tx, now).rotate(key))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert [False] * 7 + [True] == sorted(pool.map(rotate, range(8)))
    assert 2 == len(transact(engine, lambda tx, now: KeyRing(tx, now).strings(key)))


def test_there_is_no_third_string_until_one_has_ended(ring: KeyRing) -> None:
    key, first = ring.create()
    ring.rotate(key)

    with pytest.raises(Conflict, match=f"ending in {re.escape(first[-4:])}"):
        ring.rotate(key)

    api_keys.end_string(ring.tx, ring.now, key.id, ring.strings(key)[0].id)
    assert ring.found(ring.rotate(key))


def test_a_string_can_be_given_an_end_to_come_and_an_earlier_one(ring: KeyRing) -> None:
    key, text = ring.create()
    (string,) = ring.strings(key)

    for days in (9, 3):
        api_keys.end_string(ring.tx, NOW, key.id, string.id, ends_at=NOW + days * DAY)

    ring.now = NOW + 3 * DAY
    assert ring.found(text) is None
    assert [] == ring.strings(key)


def test_a_string_of_another_key_or_one_that_has_ended_is_not_there(ring: KeyRing) -> None:
    key, _ = ring.create()
    other, other_text = ring.create()
    (own,), (foreign,) = ring.strings(key), ring.strings(other)
    api_keys.end_string(ring.tx, NOW, key.id, own.id)

    for string_id in (own.id, foreign.id, 0, -1, 2**63, 2**80):
        with pytest.raises(NotFound, match="has no string"):
            api_keys.end_string(ring.tx, NOW, key.id, string_id)
    assert other == ring.found(other_text)


@pytest.mark.parametrize("instant", [NOW - 1, -1, 2**62])
def test_a_string_cannot_end_in_the_past(ring: KeyRing, instant: int) -> None:
    key, text = ring.create()

    with pytest.raises(Invalid, match="a time that is to come"):
        ring.rotate(key, older_ends_at=instant)
    with pytest.raises(Invalid, match="a time that is to come"):
        api_keys.end_string(ring.tx, NOW, key.id, ring.strings(key)[0].id, ends_at=instant)
    assert key == ring.found(text)


def test_a_deleted_key_is_good_for_nothing_until_it_is_had_back(ring: KeyRing) -> None:
    key, text = ring.create(addresses=("10.0.0.0/8",))
    second = ring.rotate(key)

    ring.delete(key)

    assert (None, None) == (ring.found(text), ring.found(second))
    for act in (
        lambda: ring.delete(key),
        lambda: ring.change(key, name="x"),
        lambda: ring.rotate(key),
        lambda: api_keys.end_string(ring.tx, NOW, key.id, 1),
    ):
        with pytest.raises(NotFound, match="is deleted: undelete it first"):
            act()
    assert key == ring.undelete(key) == ring.found(text) == ring.found(second)
    assert key == ring.undelete(key)


def test_a_deleted_key_can_be_had_back_for_thirty_days(ring: KeyRing) -> None:
    late, early = ring.create()[0], ring.create()[0]
    for key in (late, early):
        ring.delete(key)

    ring.now = NOW + 30 * DAY - 1
    assert early == ring.undelete(early)

    ring.now += 1
    with pytest.raises(NotFound, match="there is no API key"):
        ring.undelete(late)
    assert [early] == api_keys.keys_of(ring.tx, ring.now, "shop")


def test_a_project_has_at_most_its_number_of_keys_and_deleted_ones_count(
    ring: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api_keys, "MAX_KEYS", 2)
    key, _ = ring.create()
    ring.create()
    ring.create(project_id="mill")
    ring.delete(key)

    with pytest.raises(Conflict, match="a deleted one counts for 30 days"):
        ring.create()

    ring.now += 30 * DAY
    assert ring.create()


def test_a_sweep_takes_what_cannot_be_had_back_and_strings_that_have_ended(ring: KeyRing) -> None:
    kept, text = ring.create()
    newer = ring.rotate(kept, older_ends_at=NOW + DAY)
    gone, _ = ring.create()
    ring.rotate(gone)
    ring.delete(gone)
    assert 0 == ring.sweep()

    ring.now = NOW + 30 * DAY
    counts = [ring.sweep(limit=1) for _ in range(4)]

    assert [2, 2, 0, 0] == counts
    assert (None, kept) == (ring.found(text), ring.found(newer))


def test_the_keys_of_a_project_that_is_swept_away_end(ring: KeyRing) -> None:
    _, text = ring.create()
    other, other_text = ring.create(project_id="mill")

    api_keys.forget_project(ring.tx, "shop")

    assert ([], 2, 0) == (api_keys.keys_of(ring.tx, NOW, "shop"), ring.sweep(), ring.sweep())
    assert (None, other) == (ring.found(text), ring.found(other_text))


@pytest.mark.parametrize("how", ["disable", "delete"])
def test_the_keys_of_a_project_that_is_off_are_good_for_nothing(ring: KeyRing, how: str) -> None:
    key, text = ring.create()

    getattr(projects, how)(ring.tx, NOW, "shop")
    assert ring.found(text) is None

    if how == "disable":
        projects.enable(ring.tx, "shop")
    else:
        projects.undelete(ring.tx, NOW, "shop")
    assert key == ring.found(text)


@pytest.mark.parametrize("key_id", NO_IDS)
def test_what_is_no_id_names_no_key(ring: KeyRing, key_id: str) -> None:
    tx = ring.tx

    assert api_keys.find(tx, NOW, key_id) is None
    assert [] == api_keys.strings_of(tx, NOW, key_id)
    for act in (api_keys.require, api_keys.delete, api_keys.undelete):
        with pytest.raises(NotFound, match=r"there is no API key|named by their ids"):
            act(tx, NOW, key_id)


def test_every_change_is_counted_for_the_servers_and_nothing_else_is(ring: KeyRing) -> None:
    key, _ = ring.create()
    counted = [ring.changes()]
    acts: list[Callable[[], object]] = [
        lambda: ring.change(key, name="x"),
        lambda: ring.change(key, name="x"),  # as it is already
        lambda: ring.rotate(key),
        lambda: api_keys.end_string(ring.tx, NOW, key.id, ring.strings(key)[0].id),
        lambda: ring.delete(key),
        lambda: ring.undelete(key),
        lambda: ring.undelete(key),
    ]

    for act in acts:
        act()
        counted.append(ring.changes())

    assert [1, 0, 1, 1, 1, 1, 0] == [b - a for a, b in pairwise(counted)]


def test_without_the_secret_key_all_strings_end_and_the_keys_stay(ring: KeyRing) -> None:
    key, text = ring.create()
    ring.rotate(key)
    deleted, _ = ring.create()
    ring.delete(deleted)

    assert 3 == lost_key.forget(ring.tx, NOW)

    assert ring.found(text) is None
    assert [] == ring.strings(key)
    assert ring.found(ring.rotate(key)) == key
    assert 1 == lost_key.forget(ring.tx, NOW + MICROSECONDS)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> apsw.Connection:
    path = tmp_path_factory.mktemp("plans") / "plans.db"
    migrate(open_engine(str(path)))
    return apsw.Connection(str(path))


@pytest.mark.parametrize("statement", list(key_rows.SQL), ids=lambda statement: statement.name)
def test_no_statement_walks_a_whole_table(database: apsw.Connection, statement: Statement) -> None:
    values = dict.fromkeys(PARAMETER.findall(statement.text), 1)

    plan = database.execute(f"explain query plan {_translate(statement, 'row')}", values)
    scanned = [row[3] for row in plan if re.match(r"SCAN (?!CONSTANT)", str(row[3]))]

    assert bool(scanned) == (statement.name in MAY_SCAN), scanned
