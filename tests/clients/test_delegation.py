"""google-auth with a service account that acts for itself, or for the users of a domain."""

import threading

import pytest
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import AuthorizedSession
from google.oauth2 import service_account

from tests.cli.commands import Commands
from tests.clients.conftest import WORKER
from tests.clients.signed_in import CONSUMER, JOB, QUEUE, TASKQUEUE, ada
from tests.running_server import RunningServer
from tests.web.account.person import EMAIL as ADA

ATTEMPTS = 2_000  # a server looks twice a second for what commands changed

pytestmark = pytest.mark.usefixtures("hosts_asked_for")


@pytest.fixture
def key(server: RunningServer) -> dict[str, str]:
    """A worker's key file; the queue is Ada's, and the worker itself may do nothing there."""
    ada(server)
    return server.service_account()


@pytest.fixture
def commands(database_url: str, key: dict[str, str]) -> Commands:
    assert WORKER == key["client_email"]
    return Commands(database_url)


@pytest.fixture
def delegated(commands: Commands) -> Commands:
    """The worker may act for the users of example.com."""
    commands.ok(f"delegation add {WORKER} --domain example.com --scope {TASKQUEUE}")
    return commands


def credentials(key: dict[str, str], *scopes: str) -> service_account.Credentials:
    return service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call, no-any-return]  # google-auth has no types there
        key, scopes=scopes or [TASKQUEUE]
    )


def acting_for(user: str, key: dict[str, str], *scopes: str) -> service_account.Credentials:
    return credentials(key, *scopes).with_subject(user)  # type: ignore[no-untyped-call, no-any-return]  # as above


def insert(server: RunningServer, who: service_account.Credentials) -> int:
    """The status of an insert into Ada's queue."""
    url = f"{server.url}/taskqueue/v1beta2/projects/demo/taskqueues/{QUEUE}/tasks"
    with AuthorizedSession(who) as session:  # type: ignore[no-untyped-call]  # as above
        return int(session.post(url, json=JOB).status_code)


def refusal(server: RunningServer, who: service_account.Credentials) -> str:
    with pytest.raises(RefreshError) as caught:
        insert(server, who)
    return str(caught.value)


def test_for_itself_the_account_may_do_what_it_is_allowed_itself(
    server: RunningServer, key: dict[str, str]
) -> None:
    server.queue_for(WORKER, "own")
    token = credentials(key)

    assert 403 == insert(server, token)
    assert 200 == server.call("GET", "demo/taskqueues/own", token=token.token).status_code


@pytest.mark.usefixtures("delegated")
def test_with_a_subject_it_does_what_that_user_may(
    server: RunningServer, key: dict[str, str], hosts_asked_for: list[str]
) -> None:
    assert 200 == insert(server, acting_for(ADA, key))
    assert not [one for one in threading.enumerate() if "AccessBoundary" in type(one).__name__]
    assert [] == hosts_asked_for  # nothing of Google's has seen the token


@pytest.mark.usefixtures("key")
def test_without_a_delegation_it_may_act_for_nobody(
    server: RunningServer, key: dict[str, str]
) -> None:
    assert "unauthorized_client" in refusal(server, acting_for(ADA, key))


@pytest.mark.usefixtures("delegated")
@pytest.mark.parametrize("subject", ["nobody@example.com", "owner@elsewhere.example"])
def test_a_user_who_is_not_there_or_of_another_domain_is_refused(
    server: RunningServer, key: dict[str, str], subject: str
) -> None:
    assert "unauthorized_client" in refusal(server, acting_for(subject, key))


@pytest.mark.usefixtures("delegated")
def test_a_scope_that_was_not_delegated_is_refused(
    server: RunningServer, key: dict[str, str]
) -> None:
    both = acting_for(ADA, key, TASKQUEUE, CONSUMER)

    assert "unauthorized_client" in refusal(server, both)


def test_the_end_of_the_delegation_ends_the_token_and_its_renewal(
    server: RunningServer, key: dict[str, str], delegated: Commands
) -> None:
    acting = acting_for(ADA, key)
    assert 200 == insert(server, acting)

    delegated.ok(f"delegation remove {WORKER} --domain example.com")

    path = f"demo/taskqueues/{QUEUE}"
    assert any(
        401 == server.call("GET", path, token=acting.token).status_code for _ in range(ATTEMPTS)
    )
    assert "unauthorized_client" in refusal(server, acting)
