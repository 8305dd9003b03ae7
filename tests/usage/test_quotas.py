"""Quotas: defaults, overrides, and the buckets that follow from them."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from leasehold.accounts import configuration
from leasehold.clock import MICROSECONDS
from leasehold.errors import Invalid, NotFound
from leasehold.settings import Settings, from_environment
from leasehold.storage.engine import Engine, open_engine
from leasehold.storage.migrate import migrate
from leasehold.storage.transaction import Connection, Transaction
from leasehold.usage import quotas
from leasehold.usage.meter import Bucket, Meter
from leasehold.usage.quotas import Limits, Override, Source, buckets_of
from tests.usage.metering import START, Hands, with_meters

R = TypeVar("R")

NOW = START * MICROSECONDS
SETTINGS = Settings(quota_calls_per_day=1_000, quota_calls_per_minute=100, quota_calls_per_user=0)


@pytest.fixture
def engine(database_url: str) -> Engine:
    opened = open_engine(database_url)
    migrate(opened)
    return opened


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    opened = engine.connect()
    yield opened
    opened.close()


class Desk:
    """The quotas of the project `shop`."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.settings = SETTINGS

    def do(self, operation: Callable[[Transaction], R]) -> R:
        tx = self.connection.begin()
        try:
            value = operation(tx)
        except BaseException:
            self.connection.rollback()
            raise
        self.connection.commit()
        return value

    def set(
        self, quota: str, most: int | None, *, source: Source = "operator", why: str = "a trial"
    ) -> Override:
        return self.do(
            lambda tx: quotas.set_override(
                tx,
                NOW,
                project_id="shop",
                quota=quota,
                source=source,
                most=most,
                set_by="ada",
                why=why,
                settings=self.settings,
            )
        )

    def remove(self, quota: str, source: Source = "operator") -> None:
        self.do(
            lambda tx: quotas.remove_override(tx, project_id="shop", quota=quota, source=source)
        )

    def limits(self, project_id: str = "shop") -> Limits:
        return self.do(lambda tx: quotas.limits_of(tx, project_id, self.settings))

    def list(self, now: int = NOW) -> dict[str, quotas.Quota]:
        listed = self.do(
            lambda tx: quotas.list_quotas(tx, now, project_id="shop", settings=self.settings)
        )
        return {quota.name: quota for quota in listed}

    def version(self) -> int:
        return self.do(configuration.version)


@pytest.fixture
def desk(connection: Connection) -> Desk:
    return Desk(connection)


def test_a_project_has_the_defaults_and_0_is_no_limit(desk: Desk) -> None:
    assert Limits(1_000, 100, None) == desk.limits()


def test_the_operator_gives_more_or_less_or_takes_the_limit_away(desk: Desk) -> None:
    desk.set("calls_per_day", 5_000)
    desk.set("calls_per_minute", None)
    desk.set("calls_per_user", 7)

    assert Limits(5_000, None, 7) == desk.limits()
    assert Limits(1_000, 100, None) == desk.limits("another")


def test_the_project_lowers_its_own_limit_and_cannot_raise_it(desk: Desk) -> None:
    desk.set("calls_per_day", 600, source="project")

    with pytest.raises(
        Invalid, match=r"may only lower its calls_per_day, which is 1,000: .*operator"
    ):
        desk.set("calls_per_day", 1_001, source="project")
    with pytest.raises(Invalid, match="may only lower"):
        desk.set("calls_per_minute", None, source="project")
    assert Limits(600, 100, None) == desk.limits()


def test_the_smaller_of_what_operator_and_project_say_holds(desk: Desk) -> None:
    desk.set("calls_per_day", 600, source="project")

    desk.set("calls_per_day", 500)
    below = desk.limits().calls_per_day
    desk.set("calls_per_day", None)
    above = desk.limits().calls_per_day

    assert (500, 600) == (below, above)


def test_a_project_may_limit_what_the_operator_does_not(desk: Desk) -> None:
    desk.set("calls_per_user", 10, source="project")

    assert 10 == desk.limits().calls_per_user


def test_what_was_set_can_be_taken_back(desk: Desk) -> None:
    desk.set("calls_per_day", 600, source="project")
    desk.set("calls_per_day", 5_000)

    desk.remove("calls_per_day", "project")
    desk.remove("calls_per_day")

    assert 1_000 == desk.limits().calls_per_day
    with pytest.raises(NotFound, match="the operator has set no calls_per_day for shop"):
        desk.remove("calls_per_day")


def test_servers_are_told_of_every_change(desk: Desk) -> None:
    before = desk.version()

    desk.set("calls_per_day", 5_000)
    desk.remove("calls_per_day")

    assert before + 2 == desk.version()


@pytest.mark.parametrize("most", [0, -1, 10**12 + 1])
def test_a_limit_is_a_positive_number_of_sensible_size(desk: Desk, most: int) -> None:
    with pytest.raises(Invalid, match="whole number from 1 to"):
        desk.set("calls_per_day", most)


@pytest.mark.parametrize("why", ["", "  ", "x" * 501, "two\nlines", "\x1b[2J", "nul \0"])
def test_a_reason_is_a_line_of_text(desk: Desk, why: str) -> None:
    with pytest.raises(Invalid, match="say why"):
        desk.set("calls_per_day", 10, why=why)


def test_an_unknown_quota_is_named_with_the_known_ones(desk: Desk) -> None:
    with pytest.raises(Invalid, match="calls_per_day, calls_per_minute, calls_per_user"):
        desk.set("calls_per_year", 10)
    with pytest.raises(Invalid, match="there is no quota"):
        desk.remove("calls_per_year")


def test_a_list_says_what_holds_who_said_so_and_why(desk: Desk) -> None:
    desk.set("calls_per_day", 5_000, why="  they asked ")
    desk.set("calls_per_day", 600, source="project", why="to be safe")

    listed = desk.list()

    day = listed["calls_per_day"]
    assert ("calls_per_day", "calls_per_minute", "calls_per_user") == tuple(listed)
    assert (1_000, 600, "project") == (day.default, day.effective, day.decided_by)
    assert Override("operator", 5_000, "ada", NOW, "they asked") == day.operator
    assert Override("project", 600, "ada", NOW, "to be safe") == day.project
    assert "default" == listed["calls_per_minute"].decided_by
    assert NOW + 86_400 * MICROSECONDS == day.window_ends


def test_a_list_shows_what_was_drawn_in_the_running_window(engine: Engine, desk: Desk) -> None:
    async def visit(meter: Meter) -> None:
        await meter.take(buckets_of(desk.limits(), project_id="shop"))

    with_meters(engine, [Hands()], visit)

    now, later = desk.list(), desk.list(NOW + 60 * MICROSECONDS)
    assert (10, 1, None) == tuple(quota.drawn for quota in now.values())
    assert (10, 0, None) == tuple(quota.drawn for quota in later.values())
    assert (0.01, None) == tuple(
        quotas.used_share(now[name]) for name in ("calls_per_day", "calls_per_user")
    )


LIMITS = Limits(1_000, 100, 10)


def test_a_call_spends_of_its_project_its_user_its_key_and_its_queue() -> None:
    found = buckets_of(
        LIMITS,
        project_id="shop",
        user="ada@example.com",
        key_id="k1",
        key_calls_per_minute=30,
        queue_id=7,
        requests_per_second=0.5,
    )

    assert [
        (86_400, 1_000, "dailyLimitExceeded"),
        (100, 10, "userRateLimitExceeded"),
        (60, 100, "rateLimitExceeded"),
        (60, 30, "rateLimitExceeded"),
        (10, 5, "rateLimitExceeded"),
    ] == [(bucket.seconds, bucket.limit, bucket.reason) for bucket in found]
    assert len({bucket.id for bucket in found}) == 5


def test_what_has_no_limit_has_no_bucket() -> None:
    nothing = Limits(None, None, None)

    assert () == buckets_of(nothing, project_id="shop", user="ada", key_id="k", queue_id=7)
    assert 2 == len(buckets_of(LIMITS, project_id="shop"))


@pytest.mark.parametrize(("rate", "most"), [(0.1, 1), (0.15, 1), (0.3, 3), (5.0, 50)])
def test_a_queues_rate_is_counted_in_ten_seconds(rate: float, most: int) -> None:
    [bucket] = buckets_of(
        Limits(None, None, None), project_id="p", queue_id=1, requests_per_second=rate
    )

    assert most == bucket.limit


def user_bucket(kind: quotas.UserKind, user: str, project_id: str = "shop") -> Bucket:
    limits = Limits(None, None, calls_per_user=10)
    [bucket] = buckets_of(limits, project_id=project_id, user_kind=kind, user=user)
    return bucket


def test_users_of_different_kinds_and_projects_are_different() -> None:
    ids = {
        user_bucket("email", "ada@example.com").id,
        user_bucket("quotaUser", "ada@example.com").id,
        user_bucket("userIp", "ada@example.com").id,
        user_bucket("email", "bob@example.com").id,
        user_bucket("email", "ada@example.com", "other").id,
    }

    assert 5 == len(ids)


def test_made_up_users_fill_a_bounded_number_of_rows() -> None:
    ids = {user_bucket("quotaUser", f"user {n}").id for n in range(100_000)}

    assert 40_000 < len(ids) <= 65_536


@pytest.mark.parametrize("user", ["\0", "\ud800", "ä" * 40, "a/b/../c", "%"])
def test_whatever_a_user_is_called_the_database_can_hold_it(engine: Engine, user: str) -> None:
    async def visit(meter: Meter) -> None:
        assert await meter.take([user_bucket("quotaUser", user)]) is None

    with_meters(engine, [Hands()], visit)


def test_settings_of_quotas_may_be_0_and_others_may_not() -> None:
    settings = from_environment({"LEASEHOLD_QUOTA_CALLS_PER_DAY": "0"})

    assert 0 == settings.quota_calls_per_day
    with pytest.raises(Invalid, match=r"QUOTA_CALLS_PER_USER must be 0 \(no limit\) or a positive"):
        from_environment({"LEASEHOLD_QUOTA_CALLS_PER_USER": "-1"})
    with pytest.raises(Invalid, match="MAX_CONNECTIONS must be a positive number"):
        from_environment({"LEASEHOLD_MAX_CONNECTIONS": "0"})
