"""A deleted project: nothing can be done in it but to have it back; at last it is emptied."""

from collections.abc import Iterator

import pytest

from leasehold.accounts import projects, service_accounts
from leasehold.administration import apis, audit, queues, sweep
from leasehold.administration import projects as administered
from leasehold.clock import MICROSECONDS
from leasehold.errors import Conflict, NotFound
from leasehold.oauth2 import clients
from leasehold.oauth2.client_model import NewClient
from leasehold.queues import configure
from leasehold.queues.model import Queue
from leasehold.usage import api_keys
from leasehold.usage.key_model import NewKey
from tests.administration.office import BOX, NOW, OPERATOR, OWNER, SHOP, Office, opened

DAY = 86_400 * MICROSECONDS


@pytest.fixture
def office(database_url: str) -> Iterator[Office]:
    with opened(database_url) as office:
        yield office


def test_nothing_is_changed_or_shown_in_it(office: Office) -> None:
    administered.delete(office.tx, NOW, OWNER, project_id=SHOP)

    for actor in (OWNER, OPERATOR):
        with pytest.raises(Conflict, match="undelete it first"):
            apis.enable(office.tx, NOW, actor, project_id=SHOP, api="taskqueue")
        with pytest.raises(Conflict, match="undelete it first"):
            queues.list_page(office.tx, actor, project_id=SHOP)


def test_its_owner_sees_it_and_its_log_and_has_it_back(office: Office) -> None:
    administered.delete(office.tx, NOW, OWNER, project_id=SHOP)

    deleted = administered.get(office.tx, OWNER, project_id=SHOP)
    log = audit.search(office.tx, OWNER, project_id=SHOP)
    back = administered.undelete(office.tx, NOW + 30 * DAY - 1, OWNER, project_id=SHOP)

    assert (deleted.is_on, back.is_on) == (False, True)
    assert "projects.delete" in [entry.action for entry in log.items]


def test_after_thirty_days_it_is_emptied_and_gone_for_its_members(office: Office) -> None:
    tx = office.tx
    for number in range(sweep.MAX_QUEUES + 1):
        configure.create(
            tx, Queue(id=0, project_id=SHOP, name=f"q{number}", mode="pull", created_at=NOW)
        )
    new = NewClient(
        project_id=SHOP, type="web", name="x", redirect_uris=("https://a.example.com/back",)
    )
    client, _ = clients.create(tx, NOW, office.entropy, BOX, new)
    _, string = api_keys.create(tx, NOW, office.entropy, BOX, NewKey(project_id=SHOP, name="k"))
    administered.delete(tx, NOW, OWNER, project_id=SHOP)
    later = NOW + 30 * DAY

    done = [sweep.sweep_deleted_projects(tx, later) for _ in range(4)]

    assert [1, 1, 1, 0] == done
    assert 0 == configure.count_queues(tx, SHOP)
    assert clients.find(tx, client.id) is None
    assert [] == service_accounts.list_accounts(tx, SHOP)
    digest = api_keys.string_digest(BOX, string.text)
    assert api_keys.find_by_digest(tx, later, digest) is None
    with pytest.raises(NotFound):
        administered.get(tx, OWNER, project_id=SHOP)
    with pytest.raises(Conflict):
        administered.undelete(tx, later, OPERATOR, project_id=SHOP)


def test_before_that_nothing_of_it_is_lost(office: Office) -> None:
    administered.delete(office.tx, NOW, OWNER, project_id=SHOP)

    assert 0 == sweep.sweep_deleted_projects(office.tx, NOW + 30 * DAY - 1)
    assert projects.list_members(office.tx, SHOP)
