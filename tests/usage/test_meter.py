"""The meter: portions of a limit, drawn by one statement and spent from memory."""

import asyncio
import threading
from typing import cast

import pytest

from leasehold.clock import MICROSECONDS, Clock
from leasehold.errors import OutcomeUnknown, Unavailable
from leasehold.storage.committer import Committer
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.migrate import migrate
from leasehold.storage.statements import parse
from leasehold.usage.meter import AHEAD_SECONDS, Draw, Exhausted, Meter, draw, sweep_allowances
from leasehold.usage.quota_rows import DrawnRow
from tests.usage.metering import START, Hands, bucket, spend_all, with_meters

LOOK = parse("""
-- name: allowances
select bucket, starts, ends, drawn, given, most from allowances order by bucket
""")


@pytest.fixture
def engine(database_url: str) -> Engine:
    opened = open_engine(database_url)
    migrate(opened)
    return opened


@pytest.fixture
def hands() -> Hands:
    return Hands()


def allowances(engine: Engine) -> list[tuple[object, ...]]:
    connection = engine.connect()
    rows = connection.begin().all(LOOK.allowances)
    connection.rollback()
    connection.close()
    return rows


def refused_until(outcome: Exhausted | None) -> int:
    assert outcome is not None
    return outcome.retry_after


def test_a_limit_is_spent_to_the_last_call_and_no_further(engine: Engine, hands: Hands) -> None:
    async def visit(meter: Meter) -> tuple[int, Exhausted | None]:
        return await spend_all(meter, [bucket(250)]), await meter.take([bucket(250)])

    spent, refused = with_meters(engine, [hands], visit)

    assert 250 == spent
    assert Exhausted(bucket(250), retry_after=60) == refused


def test_a_refusal_says_in_how_many_seconds_the_window_ends(engine: Engine, hands: Hands) -> None:
    async def visit(meter: Meter) -> list[int]:
        await meter.take([bucket(1)])
        seconds = []
        for second in (0, 1, 59):
            hands.second = START + second
            seconds.append(refused_until(await meter.take([bucket(1)])))
        return seconds

    assert [60, 59, 1] == with_meters(engine, [hands], visit)


def test_each_window_has_the_limit_anew(engine: Engine, hands: Hands) -> None:
    async def visit(meter: Meter) -> list[int]:
        spent = []
        for second in (0, 59, 60, 61, 3600):
            hands.second = START + second
            spent.append(await spend_all(meter, [bucket(7)]))
        return spent

    assert [7, 0, 7, 0, 7] == with_meters(engine, [hands], visit)


def test_a_portion_is_a_hundredth_of_the_limit(engine: Engine, hands: Hands) -> None:
    async def visit(meter: Meter) -> None:
        await meter.take([bucket(5_000)])

    with_meters(engine, [hands], visit)

    assert [("minute/shop", START, START + 60, 50, 50, 5_000)] == allowances(engine)


def test_callers_who_wait_share_one_draw_that_is_large_enough_for_all(
    engine: Engine, hands: Hands
) -> None:
    async def visit(meter: Meter) -> list[Exhausted | None]:
        return await asyncio.gather(*(meter.take([bucket(100)]) for _ in range(40)))

    assert [None] * 40 == with_meters(engine, [hands], visit)

    assert [("minute/shop", START, START + 60, 40, 40, 100)] == allowances(engine)


def test_a_call_spends_of_all_its_buckets_or_of_none(engine: Engine, hands: Hands) -> None:
    day, minute = bucket(10, "day/shop", seconds=86_400), bucket(4)

    async def visit(meter: Meter) -> tuple[int, Exhausted | None, int]:
        spent = await spend_all(meter, [day, minute])
        refused = await meter.take([day, minute])
        return spent, refused, await spend_all(meter, [day])

    spent, refused, left = with_meters(engine, [hands], visit)

    assert (4, 6) == (spent, left)
    assert refused is not None
    assert minute == refused.bucket


def test_a_call_may_cost_more_than_one(engine: Engine, hands: Hands) -> None:
    async def visit(meter: Meter) -> list[bool]:
        return [await meter.take([bucket(7)], cost) is None for cost in (3, 3, 3, 8, 1, 1)]

    assert [True, True, False, False, True, False] == with_meters(engine, [hands], visit)


def test_calls_of_one_kind_are_paid_from_each_new_window_and_under_each_new_limit(
    engine: Engine, hands: Hands
) -> None:
    of_ten, of_four = (bucket(10), bucket(100, "user/ada")), (bucket(4), bucket(100, "user/ada"))

    async def visit(meter: Meter) -> list[int]:
        first = await spend_all(meter, of_ten)
        hands.second = START + 60
        second = [await spend_all(meter, of_ten, at_most=3), await spend_all(meter, of_four)]
        last = await spend_all(meter, of_ten)
        return [first, *second, last, await spend_all(meter, (bucket(100, "user/ada"),))]

    assert [10, 3, 1, 6, 90] == with_meters(engine, [hands], visit)


def test_a_call_that_is_refused_gives_back_what_it_had_of_the_others(
    engine: Engine, hands: Hands
) -> None:
    day, minute = bucket(10, "day/shop", seconds=86_400), bucket(3)
    both = (day, minute)

    async def visit(meter: Meter) -> tuple[int, list[bool], int]:
        await meter.take((day,), 10 - 4)
        spent = await spend_all(meter, both)
        refused = [meter.take_at_once(both) for _ in range(5)]
        return spent, refused, await spend_all(meter, (day,))

    assert (3, [False] * 5, 1) == with_meters(engine, [hands], visit)


def test_what_nothing_limits_costs_nothing(engine: Engine, hands: Hands) -> None:
    async def visit(meter: Meter) -> Exhausted | None:
        return await meter.take([])

    assert with_meters(engine, [hands], visit) is None
    assert [] == allowances(engine)


def test_a_lowered_limit_ends_what_was_drawn_before(engine: Engine, hands: Hands) -> None:
    async def visit(meter: Meter) -> list[bool]:
        await meter.take([bucket(10_000)])  # and 99 more are at hand
        return [await meter.take([bucket(limit)]) is None for limit in (50, 50, 200, 50)]

    assert [False, False, True, False] == with_meters(engine, [hands], visit)


def test_a_raised_limit_counts_at_once(engine: Engine, hands: Hands) -> None:
    async def visit(meter: Meter) -> tuple[int, int]:
        return await spend_all(meter, [bucket(5)]), await spend_all(meter, [bucket(8)])

    assert (5, 3) == with_meters(engine, [hands], visit)


def test_a_limit_that_is_lowered_and_not_yet_reached_loses_nothing(
    engine: Engine, hands: Hands
) -> None:
    async def visit(meter: Meter) -> int:
        await meter.take([bucket(1_000)])
        return await spend_all(meter, [bucket(500)])

    assert 499 == with_meters(engine, [hands], visit)


@pytest.mark.parametrize("limit", [64, 1_000, 20_000])
def test_sixty_four_callers_on_two_servers_spend_the_limit_and_not_one_more(
    engine: Engine, hands: Hands, limit: int
) -> None:
    async def visit(*meters: Meter) -> int:
        callers = [spend_all(meters[n % 2], [bucket(limit)]) for n in range(64)]
        return sum(await asyncio.gather(*callers))

    spent = with_meters(engine, [hands, hands], visit)

    assert limit * 0.98 <= spent <= limit


def test_a_server_that_stops_takes_no_more_than_a_portion_with_it(
    engine: Engine, hands: Hands
) -> None:
    async def one(meter: Meter) -> Exhausted | None:
        return await meter.take([bucket(1_000)])

    async def all_(meter: Meter) -> int:
        return await spend_all(meter, [bucket(1_000)])

    with_meters(engine, [hands], one)

    assert 990 == with_meters(engine, [hands], all_)


def test_a_server_whose_clock_is_behind_draws_from_the_window_that_has_begun(
    engine: Engine,
) -> None:
    ahead, behind = Hands(START + 60), Hands(START + 59)

    async def visit(first: Meter, second: Meter) -> tuple[int, int, int]:
        half = await spend_all(first, [bucket(100)], at_most=50)
        rest = await spend_all(second, [bucket(100)])
        behind.second += 1
        return half, rest, await spend_all(second, [bucket(100)])

    assert (50, 50, 0) == with_meters(engine, [ahead, behind], visit)


def test_a_clock_that_is_set_back_gets_nothing_twice(engine: Engine, hands: Hands) -> None:
    async def visit(first: Meter, second: Meter) -> list[int]:
        hands.second = START + 180
        spent = [await spend_all(first, [bucket(20)])]
        for second_of_it in (175, 0, 119, 180):
            hands.second = START + second_of_it
            spent += [await spend_all(meter, [bucket(20)]) for meter in (first, second)]
        return spent

    assert [20] + [0] * 8 == with_meters(engine, [hands, hands], visit)


def test_a_clock_that_was_far_ahead_locks_nobody_up(engine: Engine, hands: Hands) -> None:
    async def visit(first: Meter, second: Meter) -> list[int]:
        hands.second = START + 400 * 86_400
        spent = [await spend_all(first, [bucket(20)])]
        hands.second = START
        spent += [await spend_all(meter, [bucket(20)]) for meter in (first, second)]
        hands.second = START + 60
        spent += [await spend_all(meter, [bucket(20)]) for meter in (first, second)]
        return spent

    assert [20, 0, 0, 20, 0] == with_meters(engine, [hands, hands], visit)


def test_what_was_forgotten_costs_a_portion_and_no_more(engine: Engine, hands: Hands) -> None:
    async def visit(first: Meter) -> int:
        meter = Meter(first._committer, hands, remembered=64)  # noqa: SLF001  # one with a smaller memory
        await meter.take([bucket(1_000)])
        for n in range(200):
            await meter.take([bucket(1_000, f"user/{n}")])
        return await spend_all(meter, [bucket(1_000)])

    assert 990 == with_meters(engine, [hands], visit)


def test_buckets_in_use_are_not_forgotten(engine: Engine, hands: Hands) -> None:
    async def visit(first: Meter) -> int:
        meter = Meter(first._committer, hands, remembered=64)  # noqa: SLF001  # as above
        for n in range(200):
            await meter.take([bucket(1_000_000), bucket(1_000, f"user/{n}")])
        return len(meter._young) + len(meter._old)  # noqa: SLF001  # the bound itself

    assert 64 >= with_meters(engine, [hands], visit)

    assert ("minute/shop", START, START + 60, 10_000, 10_000, 1_000_000) in allowances(engine)


def test_who_goes_away_takes_nothing_from_those_who_wait_with_them(
    engine: Engine, hands: Hands
) -> None:
    async def visit(meter: Meter) -> tuple[Exhausted | None, int]:
        leaving = asyncio.ensure_future(meter.take([bucket(10)]))
        staying = asyncio.ensure_future(meter.take([bucket(10)]))
        await asyncio.sleep(0)
        leaving.cancel()
        return await staying, await spend_all(meter, [bucket(10)])

    assert (None, 9) == with_meters(engine, [hands], visit)


def test_when_all_who_wait_go_away_the_portion_is_there_for_the_next(
    engine: Engine, hands: Hands
) -> None:
    async def visit(meter: Meter) -> int:
        leaving = asyncio.ensure_future(meter.take([bucket(10)]))
        await asyncio.sleep(0)
        leaving.cancel()
        return await spend_all(meter, [bucket(10)])

    assert 10 == with_meters(engine, [hands], visit)


class FailingCommitter:
    """A database that does not answer, until it does."""

    def __init__(self, committer: Committer) -> None:
        self.committer = committer
        self.error: Exception | None = None

    def call(self, verb: object, argument: object) -> "asyncio.Future[object]":
        if self.error is None:
            return self.committer.call(verb, argument)  # type: ignore[arg-type]  # whatever it is
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        future.set_exception(self.error)
        return future


@pytest.mark.parametrize("error", [Unavailable("no"), OutcomeUnknown("perhaps")])
def test_who_cannot_be_counted_is_not_served_and_later_all_is_well(
    engine: Engine, hands: Hands, error: Exception
) -> None:
    async def visit(first: Meter) -> tuple[int, list[object], int]:
        failing = FailingCommitter(first._committer)  # noqa: SLF001  # the real one, behind it
        meter = Meter(cast("Committer", failing), hands)
        at_hand = await spend_all(meter, [bucket(1_000)], at_most=5)
        failing.error = error
        at_hand += await spend_all(meter, [bucket(1_000)], at_most=5)  # the rest of a portion
        tries = [meter.take([bucket(1_000)]) for _ in range(3)]
        failures = await asyncio.gather(*tries, return_exceptions=True)
        failing.error = None
        return at_hand, list(failures), await spend_all(meter, [bucket(1_000)])

    at_hand, failures, later = with_meters(engine, [hands], visit)

    assert (10, 990) == (at_hand, later)
    assert [Unavailable] * 3 == [type(failure) for failure in failures]


def test_one_statement_draws_from_many_buckets_and_twice_from_one_in_turn(engine: Engine) -> None:
    asked = [Draw(f"b{n % 6}", 60, 60, 100) for n in range(18)]
    connection = engine.connect()

    answers = draw(connection.begin(), START * MICROSECONDS, asked)
    connection.commit()
    connection.close()

    assert [60] * 6 + [40] * 6 + [0] * 6 == [cast("DrawnRow", row).given for row in answers]
    assert [f"b{n % 6}" for n in range(18)] == [cast("DrawnRow", row).bucket for row in answers]


def test_simultaneous_draws_give_out_the_limit_once(engine: Engine) -> None:
    given: list[int] = []

    def server() -> None:
        connection = engine.connect()
        for _ in range(25):
            rows = draw(connection.begin(), 0, [Draw("b", 60, 7, 300)])
            connection.commit()
            given.extend(cast("DrawnRow", row).given for row in rows)
        connection.close()

    threads = [threading.Thread(target=server) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 300 == sum(given)


def test_a_draw_that_had_to_wait_brings_no_window_back(engine: Engine, hands: Hands) -> None:
    async def visit(first: Meter, second: Meter) -> list[int]:
        late = asyncio.ensure_future(first.take([bucket(3)]))
        await asyncio.sleep(0)
        hands.second += 86_400  # as after a machine's sleep
        spent = [await spend_all(second, [bucket(3)]), await late is None]
        return spent + [await spend_all(meter, [bucket(3)]) for meter in (second, first)]

    assert 3 == sum(with_meters(engine, [hands, hands], visit))


def test_windows_that_are_over_for_every_server_are_swept(engine: Engine, hands: Hands) -> None:
    async def visit(meter: Meter) -> None:
        await meter.take([bucket(10), bucket(10, "day/shop", seconds=86_400)])

    with_meters(engine, [hands], visit)

    assert 0 == swept(engine, hands)
    hands.second += 60 + AHEAD_SECONDS
    assert 0 == swept(engine, hands)
    hands.second += 1
    assert 1 == swept(engine, hands)
    assert ["day/shop"] == [row[0] for row in allowances(engine)]


def swept(engine: Engine, clock: Clock) -> int:
    connection = engine.connect()
    count = sweep_allowances(connection.begin(), clock.now(), 100)
    connection.commit()
    connection.close()
    return count
