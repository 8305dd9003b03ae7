"""Google's own library, unmodified, with a key file of ours against a running server."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from google.oauth2 import service_account

from leasehold.accounts import service_accounts
from leasehold.accounts.key_file import KeyPair, key_file
from leasehold.clock import Clock
from tests.oauth2.serving import application, serving
from tests.oauth2.world import SCOPE, World

CLOCK = Clock()


@pytest.fixture
def url(world: World) -> Iterator[str]:
    """A server on which time is what it is, for Google's library takes it from the machine."""
    with serving(lambda url: application(world.engine, CLOCK, issuer=url)) as url:
        yield url


@pytest.fixture
def credentials(world: World, url: str, tmp_path: Path) -> service_account.Credentials:
    path = tmp_path / "key.json"
    path.write_text(json.dumps(key_file(world.account, world.key, world.pair.private_pem, url)))
    return from_file(path)


def test_a_token_is_got_and_got_anew(
    world: World, credentials: service_account.Credentials
) -> None:
    with requests.Session() as session:
        refresh(credentials, session)
        first = str(credentials.token)
        refresh(credentials, session)
    second = str(credentials.token)

    assert first != second
    assert not credentials.expired
    assert [True, True] == [is_good(world, token) for token in (first, second)]


def test_many_threads_get_tokens_at_once(
    world: World, credentials: service_account.Credentials
) -> None:
    def work(_number: int) -> str:
        mine = credentials.with_scopes([SCOPE])
        with requests.Session() as session:
            refresh(mine, session)
        return str(mine.token)

    with ThreadPoolExecutor(8) as pool:
        tokens = list(pool.map(work, range(16)))

    assert 16 == len(set(tokens))
    assert all(is_good(world, token) for token in tokens)


def test_a_disabled_account_is_refused_in_a_way_that_the_library_gives_up_on(
    world: World, credentials: service_account.Credentials
) -> None:
    world.do(lambda tx, now: service_accounts.disable(tx, now, world.account.email))

    with requests.Session() as session, pytest.raises(RefreshError, match="disabled") as error:
        refresh(credentials, session)

    assert not error.value.retryable


def test_a_key_file_with_another_private_key_is_refused(
    world: World, url: str, other_pair: KeyPair, tmp_path: Path
) -> None:
    path = tmp_path / "key.json"
    path.write_text(json.dumps(key_file(world.account, world.key, other_pair.private_pem, url)))

    with requests.Session() as session, pytest.raises(RefreshError, match="Invalid JWT Signature"):
        refresh(from_file(path), session)


def from_file(path: Path) -> service_account.Credentials:
    return service_account.Credentials.from_service_account_file(  # type: ignore[no-untyped-call,no-any-return]  # google-auth has no types there
        str(path), scopes=[SCOPE]
    )


def refresh(credentials: service_account.Credentials, session: requests.Session) -> None:
    credentials.refresh(Request(session))  # type: ignore[no-untyped-call]  # as above


def is_good(world: World, token: str) -> bool:
    found = world.find(token)
    return found is not None and found.is_good(CLOCK.now())
