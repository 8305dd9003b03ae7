"""Admission: who a call's credentials are together, who pays, and that it is counted once."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from leasehold.access.admission import (
    Admission,
    Bill,
    Caller,
    DifferentProjects,
    QuotaExhausted,
    Verifiers,
)
from leasehold.access.key_table import KeyExpired, KeyInvalid, KeyTable
from leasehold.access.self_signed_jwt import SelfSignedJwts
from leasehold.accounts import projects
from leasehold.cli.database import transact
from leasehold.clock import MICROSECONDS
from leasehold.entropy import Entropy
from leasehold.errors import Error, Invalid, Unauthenticated, Unavailable
from leasehold.queues import configure
from leasehold.settings import Settings
from leasehold.storage.secret_box import KEY_BYTES, SecretBox
from leasehold.storage.transaction import Transaction
from leasehold.usage import api_keys, ledger, quotas, reports
from leasehold.usage.charge import Charge
from leasehold.usage.key_model import ApiKey, NewKey
from leasehold.usage.latency import Latencies
from leasehold.usage.meter import Meter
from tests.access.world import OWNER, PROJECT, CountingCommitter, Process, World

BOX = SecretBox(b"k" * KEY_BYTES)
OTHER = "other"
EMAIL = f"worker@{PROJECT}.iam.leasehold.internal"
API, METHOD = "taskqueue", "taskqueue.tasks.list"

Visit = Callable[[Admission, Process], Awaitable[None]]


def admit(world: World, visit: Visit, *, is_counting: bool = True, is_fresh: bool = True) -> None:
    """Runs `visit` with the admission of a process that has just started.

    `is_fresh`: whether it has asked the database what changed.
    """

    async def run() -> None:
        committer = CountingCommitter(ledger=ledger.record if is_counting else None)
        async with world.process(committer) as process:
            if is_fresh:
                await process.freshness.poll()
            verifiers = Verifiers(
                process.tokens,
                SelfSignedJwts(committer, world.clock, "https://tasks.example.com"),
                KeyTable(committer, BOX, world.clock),
                process.freshness,
            )
            admission = Admission(
                committer=committer,
                verifiers=verifiers,
                directory=process.directory,
                meter=Meter(committer, world.clock),
                latencies=Latencies(),
                is_counting=is_counting,
            )
            await visit(admission, process)

    asyncio.run(run())


def make_key(world: World, project_id: str = PROJECT, **more: Any) -> tuple[ApiKey, str]:  # noqa: ANN401  # each has its field's type
    """A key, and its string."""

    def create(tx: Transaction, _now: int) -> tuple[ApiKey, str]:
        now = world.clock.now()
        if projects.find(tx, project_id) is None:
            projects.create(tx, now, project_id=project_id, owner_email=OWNER)
        new = NewKey(project_id=project_id, name="Printer", **more)
        key, string = api_keys.create(tx, now, Entropy(), BOX, new)
        return key, string.text

    return transact(world.engine, create)


def counted(world: World) -> dict[tuple[str, ...], int]:
    """The project's calls by key and outcome."""
    now = world.clock.now()
    report = partial(
        reports.report,
        project_id=PROJECT,
        since=now - 86_400 * MICROSECONDS,
        until=now + 86_400 * MICROSECONDS,
        period="day",
        by=("api_key", "outcome"),
    )
    return {line.values: line.calls for line in transact(world.engine, report).lines}


def known(caller: Caller | None) -> tuple[str, str, str, type[Error] | None]:
    """The project that pays, for whom, by which key, and what is wrong."""
    assert caller is not None
    return (
        caller.project.id,
        caller.principal.email if caller.principal is not None else "",
        caller.key.id if caller.key is not None else "",
        type(caller.fault) if caller.fault is not None else None,
    )


def test_a_token_a_key_or_both_are_a_caller_and_neither_is_none(world: World) -> None:
    token, (key, text) = world.token(), make_key(world)

    async def visit(admission: Admission, _: Process) -> None:
        assert await admission.caller(None, None, None) is None
        assert (PROJECT, EMAIL, "", None) == known(await admission.caller(token, None, None))
        assert (PROJECT, "", key.id, None) == known(await admission.caller(None, text, None))
        assert (PROJECT, EMAIL, key.id, None) == known(await admission.caller(token, text, None))

    admit(world, visit)


def test_what_is_wrong_with_a_key_is_a_fault_of_a_caller_who_is_known_by_a_token(
    world: World,
) -> None:
    token, (_, foreign) = world.token(), make_key(world, OTHER)
    _, ended = make_key(world, expires_at=world.clock.now() + MICROSECONDS)
    world.clock.advance(2)

    async def visit(admission: Admission, _: Process) -> None:
        for text, fault in (
            ("AIza", KeyInvalid),
            (ended, KeyExpired),
            (foreign, DifferentProjects),
        ):
            assert (PROJECT, EMAIL, "", fault) == known(await admission.caller(token, text, None))

    admit(world, visit)


def test_alone_a_bad_key_or_a_bad_token_is_nobodys(world: World) -> None:
    _, text = make_key(world)

    async def visit(admission: Admission, _: Process) -> None:
        with pytest.raises(KeyInvalid):
            await admission.caller(None, text[:-1], None)
        with pytest.raises(Unauthenticated):
            await admission.caller("lha_nonsense", None, None)
        with pytest.raises(Unauthenticated):  # a good key makes no bad token good
            await admission.caller("lha_nonsense", text, None)
        with pytest.raises(Unauthenticated):
            await admission.caller("a.b.c", text, None)

    admit(world, visit)


def test_what_else_is_wrong_is_the_callers_fault_or_is_raised_when_nobody_is_known(
    world: World,
) -> None:
    token, (key, text) = world.token(), make_key(world)
    wrong = Invalid("a parameter is given twice")

    async def visit(admission: Admission, _: Process) -> None:
        by_token = await admission.caller(token, "AIza", None, wrong)
        by_key = await admission.caller(None, text, None, wrong)
        with pytest.raises(Invalid) as raised:
            await admission.caller(None, None, None, wrong)

        assert (PROJECT, EMAIL, "", Invalid) == known(by_token)
        assert (PROJECT, "", key.id, Invalid) == known(by_key)
        assert raised.value is wrong

    admit(world, visit)


def test_a_project_that_is_off_has_no_callers_though_the_process_remembers_them(
    world: World,
) -> None:
    token, (_, text) = world.token(), make_key(world)

    async def visit(admission: Admission, process: Process) -> None:
        await admission.caller(token, text, None)
        transact(world.engine, lambda tx, now: projects.disable(tx, now, PROJECT))
        process.directory.forget()

        for sent in ((token, None), (None, text), (token, text)):
            with pytest.raises(Unauthenticated):
                await admission.caller(sent[0], sent[1], None)

    admit(world, visit)


def test_a_process_that_may_be_out_of_date_trusts_neither_tokens_nor_keys(world: World) -> None:
    token, (_, text) = world.token(), make_key(world)

    async def visit(admission: Admission, _: Process) -> None:
        for sent in ((token, None), (None, text)):
            with pytest.raises(Unavailable):
                await admission.caller(sent[0], sent[1], None)
        assert await admission.caller(None, None, None) is None

    admit(world, visit, is_fresh=False)


def test_whose_quota_is_spent_is_said_by_the_call_or_else_by_the_token(world: World) -> None:
    token, (_, text) = world.token(), make_key(world)

    async def visit(admission: Admission, _: Process) -> None:
        users = [
            await admission.caller(token, None, None),
            await admission.caller(token, None, ("quotaUser", "ada")),
            await admission.caller(None, text, None),
        ]

        assert [("email", EMAIL), ("quotaUser", "ada"), ("email", "")] == [
            caller.user for caller in users if caller is not None
        ]

    admit(world, visit)


def test_all_limits_of_a_call_are_spent_or_none(world: World) -> None:
    token, (_, text) = world.token(), make_key(world, calls_per_minute=2)
    limit(world, "calls_per_minute", 3)
    queue = transact(world.engine, lambda tx, _: configure.find(tx, PROJECT, "q"))

    async def visit(admission: Admission, _: Process) -> None:
        with_key = await admission.caller(token, text, None)
        without = await admission.caller(token, None, None)
        assert with_key is not None
        assert without is not None
        refusals = []
        for caller in (with_key, with_key, with_key, without, without):
            try:
                await admission.pay(caller, 1, queue)
            except QuotaExhausted as error:
                refusals.append((error.reason, error.message))

        assert ["rateLimitExceeded"] * 2 == [reason for reason, _ in refusals]
        assert refusals[0][1].startswith("Rate Limit Exceeded. The API key's 2 calls a minute")
        assert refusals[1][1].startswith("Rate Limit Exceeded. The project's 3 calls a minute")

    admit(world, visit)


def limit(world: World, quota: str, most: int) -> None:
    set_override = partial(
        quotas.set_override,
        project_id=PROJECT,
        quota=quota,
        source="operator",
        most=most,
        set_by="root",
        why="a test",
        settings=Settings(),
    )
    transact(world.engine, set_override)


def test_a_bill_is_handed_over_once(world: World) -> None:
    charge = charge_of(world)
    bill = Bill(charge)

    assert bill.is_open
    assert [charge, None, None] == [bill.hand_over() for _ in range(3)]
    assert not bill.is_open


def charge_of(world: World) -> Charge:
    """What a call by the world's only program is counted as."""
    return Charge(PROJECT, API, METHOD, world.account_id, "", EMAIL, 1)


def test_a_call_that_nothing_counts_is_counted_once(world: World) -> None:
    key, text = make_key(world)

    async def visit(admission: Admission, _: Process) -> None:
        caller = await admission.caller(None, text, None)
        assert caller is not None
        bill = Bill(caller.charge(API, METHOD, 1))
        await admission.count(bill, "required")
        await admission.count(bill, "forbidden")
        handed_over = Bill(caller.charge(API, METHOD, 1))
        handed_over.hand_over()
        await admission.count(handed_over, "")
        await admission.count(None, "notFound")

    admit(world, visit)

    assert {(key.id, "required"): 1} == counted(world)


def test_a_call_that_cannot_be_counted_is_not_answered(world: World) -> None:
    bill = Bill(charge_of(world))

    async def visit(admission: Admission, process: Process) -> None:
        await process.committer.close()

        with pytest.raises(Unavailable):
            await admission.count(bill, "forbidden")

    admit(world, visit)

    assert {} == counted(world)


def test_without_accounting_keys_are_checked_and_nothing_is_counted(world: World) -> None:
    _, text = make_key(world)
    bill = Bill(charge_of(world))

    async def visit(admission: Admission, _: Process) -> None:
        assert await admission.caller(None, text, None) is not None
        with pytest.raises(KeyInvalid):
            await admission.caller(None, "AIza", None)
        await admission.count(bill, "forbidden")
        admission.note_time(bill, "", 0.1)

    admit(world, visit, is_counting=False)

    assert bill.is_open
    assert {} == counted(world)
