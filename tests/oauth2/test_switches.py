"""A project or an API that is switched off: no token is given or good, and nothing is lost."""

from collections.abc import Callable

import pytest

from leasehold.accounts import projects
from leasehold.oauth2.errors import OAuthError
from leasehold.storage.transaction import Transaction
from tests.oauth2.granting import Granting, a_client
from tests.oauth2.world import SCOPE, World, refusal

Change = Callable[[Transaction, int], None]


def disable(tx: Transaction, now: int) -> None:
    projects.disable(tx, now, "app")


def enable(tx: Transaction, _now: int) -> None:
    projects.enable(tx, "app")


def delete(tx: Transaction, now: int) -> None:
    projects.delete(tx, now, "app")


def undelete(tx: Transaction, now: int) -> None:
    projects.undelete(tx, now, "app")


def api_off(tx: Transaction, _now: int) -> None:
    projects.disable_api(tx, project_id="app", api="taskqueue")


def api_on(tx: Transaction, now: int) -> None:
    projects.enable_api(tx, now, project_id="app", api="taskqueue")


STATES = [
    pytest.param(disable, enable, "unauthorized_client", id="project-disabled"),
    pytest.param(delete, undelete, "unauthorized_client", id="project-deleted"),
    pytest.param(api_off, api_on, "invalid_scope", id="api-off"),
]


@pytest.mark.parametrize(("off", "on", "code"), STATES)
def test_a_refresh_token_is_refused_while_it_is_off_and_good_again_after(
    granting: Granting, off: Change, on: Change, code: str
) -> None:
    token = granting.refresh_token()

    granting.world.do(off)
    while_off = granting.refusal_of_refresh(token)
    granting.world.do(on)

    assert code == while_off
    assert granting.world.is_good(granting.refresh(token).access_token)


@pytest.mark.parametrize(("off", "on", "code"), STATES)
def test_a_rotating_refresh_token_is_not_spent_by_the_refusal(
    granting: Granting, off: Change, on: Change, code: str
) -> None:
    shop = granting.rotating()
    token = shop.refresh_token()

    shop.world.do(off)
    while_off = [shop.refusal_of_refresh(token) for _ in range(2)]
    shop.world.do(on)

    assert [code, code] == while_off
    assert shop.refresh(token).refresh_token not in (None, token)


@pytest.mark.parametrize(("off", "on", "code"), STATES)
def test_a_code_is_not_spent_by_the_refusal(
    granting: Granting, off: Change, on: Change, code: str
) -> None:
    text = granting.code()

    granting.world.do(off)
    while_off = granting.refusal_of_code(text)
    granting.world.do(on)

    assert code == while_off
    assert granting.exchange(text).access_token


@pytest.mark.parametrize(("off", "on", "code"), STATES)
def test_a_client_gets_nothing_for_itself(
    granting: Granting, off: Change, on: Change, code: str
) -> None:
    shop = granting.of(a_client(client_credentials=True))
    form = shop.form(grant_type="client_credentials", scope=SCOPE)

    shop.world.do(off)
    while_off = refusal(lambda: shop.world.post(**form))[0]
    shop.world.do(on)

    assert code == while_off
    assert shop.world.post(**form).access_token


@pytest.mark.parametrize(("off", "on", "code"), STATES)
def test_a_service_account_gets_nothing(world: World, off: Change, on: Change, code: str) -> None:
    world.do(off)
    while_off = world.refusal(world.assertion())[0]
    world.do(on)

    assert code == while_off
    assert world.exchange(world.assertion()).access_token


@pytest.mark.parametrize("off", [disable, delete])
def test_a_service_account_of_a_project_that_is_off_cannot_say_who_it_is(
    world: World, off: Change
) -> None:
    world.do(off)

    with pytest.raises(OAuthError, match="switched off or deleted"):
        world.id_token("https://else.example.com")


@pytest.mark.parametrize(("off", "on"), [(disable, enable), (delete, undelete)])
def test_access_tokens_of_a_project_are_no_good_while_it_is_off(
    granting: Granting, off: Change, on: Change
) -> None:
    token = granting.tokens().access_token

    granting.world.do(off)
    while_off = granting.world.is_good(token)
    granting.world.do(on)

    assert not while_off
    assert granting.world.is_good(token)


def test_scopes_of_no_api_are_refreshed_while_an_api_is_off(granting: Granting) -> None:
    token = granting.refresh_token(scope=f"openid {SCOPE}")

    granting.world.do(api_off)

    assert "openid" == granting.refresh(token, scope="openid").scope
    assert "invalid_scope" == granting.refusal_of_refresh(token)
