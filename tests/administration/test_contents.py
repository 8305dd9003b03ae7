"""What is in a project, its first steps and its calls today, as its members see them."""

from collections.abc import Iterator

import pytest

from leasehold.accounts import key_file, projects, service_accounts
from leasehold.administration import contents
from leasehold.administration.actor import Actor
from leasehold.administration.contents import Contents, FirstSteps, Today
from leasehold.errors import Conflict, Error, Forbidden
from leasehold.queues import configure
from leasehold.queues.model import Acl, Queue
from leasehold.usage import ledger
from leasehold.usage.charge import Charge
from tests.administration.office import (
    ALLOWED,
    NOW,
    OWNER,
    ROBOT,
    SHOP,
    Office,
    assert_refused_like_absent,
    opened,
)

KEY_PAIR = key_file.generate_key_pair()


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    with opened(database_url) as made:
        yield made


def steps(office: Office) -> FirstSteps:
    return contents.first_steps(office.tx, NOW, OWNER, project_id=SHOP)


def call(office: Office, verb: str, refusal: Error | None = None) -> None:
    charge = Charge(SHOP, "taskqueue", f"taskqueue.tasks.{verb}", "worker", "", ROBOT, 1)
    ledger.record(office.tx, NOW, [(charge, refusal)])


def add_queue(office: Office, name: str, *consumers: str) -> None:
    acl = Acl(consumers=frozenset(consumers))
    queue = Queue(id=0, project_id=SHOP, name=name, mode="pull", created_at=NOW, acl=acl)
    configure.create(office.tx, queue)


def add_key(office: Office) -> None:
    service_accounts.add_key(
        office.tx,
        NOW,
        office.entropy,
        email=ROBOT,
        public_key=KEY_PAIR.public_pem,
        certificate=KEY_PAIR.certificate_pem,
    )


@pytest.mark.parametrize("actor", ALLOWED, ids=str)
def test_everything_in_a_project_is_counted(office: Office, actor: Actor) -> None:
    add_queue(office, "q")
    add_key(office)

    held = contents.count(office.tx, NOW, actor, project_id=SHOP)

    assert held == Contents(
        queues=1,
        stored_bytes=0,
        service_accounts=1,
        account_keys=1,
        clients=0,
        api_keys=0,
        members=3,
    )


def test_the_first_steps_come_one_after_the_other(office: Office) -> None:
    assert "api" == steps(office).next
    projects.enable_api(office.tx, NOW, project_id=SHOP, api="taskqueue")
    assert "queue" == steps(office).next
    add_queue(office, "q")
    assert ("key", "q", ROBOT) == (
        steps(office).next,
        steps(office).a_queue,
        steps(office).an_account,
    )
    add_key(office)
    assert "consumer" == steps(office).next
    add_queue(office, "open", ROBOT)
    assert "task" == steps(office).next
    call(office, "insert")
    assert "lease" == steps(office).next

    call(office, "lease")

    assert "" == steps(office).next


def test_a_refused_call_is_no_step(office: Office) -> None:
    call(office, "insert", Forbidden("the API is off"))

    assert not steps(office).has_task


def test_the_calls_of_today_are_counted(office: Office) -> None:
    call(office, "insert")
    call(office, "lease", Forbidden("the API is off"))

    assert Today(2, 1, tasks=0) == contents.today(office.tx, NOW, OWNER, project_id=SHOP)


def test_to_strangers_there_is_nothing_to_count(office: Office) -> None:
    def looks(actor: Actor, project_id: str) -> None:
        contents.count(office.tx, NOW, actor, project_id=project_id)

    def looks_at_steps(actor: Actor, project_id: str) -> None:
        contents.first_steps(office.tx, NOW, actor, project_id=project_id)

    def looks_at_today(actor: Actor, project_id: str) -> None:
        contents.today(office.tx, NOW, actor, project_id=project_id)

    for look in (looks, looks_at_steps, looks_at_today):
        assert_refused_like_absent(office, look)


def test_in_a_deleted_project_nothing_is_counted(office: Office) -> None:
    projects.delete(office.tx, NOW, SHOP)

    with pytest.raises(Conflict, match="undelete it first"):
        contents.count(office.tx, NOW, OWNER, project_id=SHOP)
