"""The token endpoint's steps, and the JWT bearer grant when all is well."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from leasehold.accounts import projects, service_accounts
from leasehold.entropy import Entropy
from leasehold.oauth2 import token
from leasehold.oauth2.grants.grant import Answer
from leasehold.oauth2.grants.jwt_bearer import GRANT, TOKEN_PATHS
from leasehold.oauth2.model import TokenResponse
from leasehold.oauth2.server import AuthorizationServer
from leasehold.settings import Settings
from leasehold.storage.statements import parse
from leasehold.storage.transaction import Transaction
from tests.oauth2.world import GOOGLE_AUDIENCE, ISSUER, SCOPE, World, refusal, transaction

GOOGLE_AUDIENCES = [
    GOOGLE_AUDIENCE,
    "https://www.googleapis.com/oauth2/v4/token",
    "https://www.googleapis.com/oauth2/v3/token",
    "https://accounts.google.com/o/oauth2/token",
]


def test_a_service_account_gets_a_bearer_token_for_an_hour(world: World) -> None:
    response = world.exchange(world.assertion())

    assert ("Bearer", 3600, SCOPE) == (response.token_type, response.expires_in, response.scope)
    assert world.is_good(response.access_token)
    assert response.access_token not in repr(response)


def test_the_token_is_of_the_account_its_project_and_its_key(world: World) -> None:
    found = world.find(world.exchange(world.assertion()).access_token)

    assert found is not None
    assert (world.account.id, world.account.id, "app", world.account.email, world.key.id, 1) == (
        found.service_account_id,
        found.client_id,
        found.project_id,
        found.email,
        found.key_id,
        found.scopes,
    )


def test_its_life_is_the_settings(small_world: World) -> None:
    world = replace(small_world, settings=Settings(access_token_seconds=60))
    response = world.exchange(world.assertion())

    world.hands.seconds += 59
    good_before = world.is_good(response.access_token)
    world.hands.seconds += 1

    assert 60 == response.expires_in
    assert [True, False] == [good_before, world.is_good(response.access_token)]


def test_only_the_tokens_digest_is_in_the_database(world: World) -> None:
    response = world.exchange(world.assertion())

    kept = everything(world)

    assert world.account.email in kept
    assert response.access_token not in kept
    assert response.access_token[4:20] not in kept
    assert "PRIVATE KEY" not in kept


def test_many_exchanges_at_once_give_as_many_tokens(world: World) -> None:
    assertion = world.assertion()

    async def visit(server: AuthorizationServer) -> list[Answer]:
        form = {"grant_type": [GRANT.grant_type], "assertion": [assertion]}
        return list(await asyncio.gather(*(token.exchange(form, server) for _ in range(50))))

    answers = world.serve(visit)

    responses = [answer for answer in answers if isinstance(answer, TokenResponse)]
    assert 50 == len({response.access_token for response in responses})
    assert all(world.is_good(response.access_token) for response in responses)


def test_an_account_that_is_switched_off_meanwhile_gets_no_good_token(world: World) -> None:
    assertion = world.assertion()

    async def visit(server: AuthorizationServer) -> list[Answer | BaseException]:
        form = {"grant_type": [GRANT.grant_type], "assertion": [assertion]}
        exchanges = [asyncio.ensure_future(token.exchange(form, server)) for _ in range(20)]
        await asyncio.sleep(0)
        await server.committer.write(
            lambda tx, now: service_accounts.disable(tx, now, world.account.email)
        )
        return list(await asyncio.gather(*exchanges, return_exceptions=True))

    outcomes = world.serve(visit)
    world.do(lambda tx, _now: service_accounts.enable(tx, world.account.email))

    given = [outcome for outcome in outcomes if isinstance(outcome, TokenResponse)]
    assert not any(world.is_good(response.access_token) for response in given)


@pytest.mark.parametrize(
    "audience",
    [
        *(ISSUER, *(ISSUER + path for path in TOKEN_PATHS), *GOOGLE_AUDIENCES),
        [GOOGLE_AUDIENCE],
        [f"{ISSUER}/token"],
    ],
)
def test_our_issuer_our_token_urls_and_googles_are_audiences(
    small_world: World, audience: object
) -> None:
    assert small_world.exchange(small_world.assertion(aud=audience)).access_token


@pytest.mark.parametrize("audience", GOOGLE_AUDIENCES)
def test_googles_audiences_can_be_switched_off(small_world: World, audience: str) -> None:
    strict = replace(small_world, settings=Settings(accept_google_audience=False))

    code, description = strict.refusal(strict.assertion(aud=audience))

    assert "invalid_grant" == code
    assert "aud" in description
    assert strict.exchange(strict.assertion(aud=f"{ISSUER}/token")).access_token


def test_several_scopes_are_granted_together(small_world: World) -> None:
    wanted = f"{SCOPE} {SCOPE}.consumer"

    assert wanted == small_world.exchange(small_world.assertion(scope=wanted)).scope


def test_a_subject_that_is_the_account_itself_changes_nothing(small_world: World) -> None:
    email = small_world.account.email

    assert small_world.exchange(small_world.assertion(sub=email, prn=email)).access_token


def test_an_account_of_a_domains_project_gets_a_token(small_world: World) -> None:
    def add(tx: Transaction, now: int) -> tuple[str, str]:
        projects.create(tx, now, project_id="example.com:app", owner_email="ada@example.com")
        projects.enable_api(tx, now, project_id="example.com:app", api="taskqueue")
        account = service_accounts.create(
            tx, now, Entropy(), project_id="example.com:app", name="robot"
        )
        key = service_accounts.add_key(
            tx,
            now,
            Entropy(),
            email=account.email,
            public_key=small_world.pair.public_pem,
            certificate=small_world.pair.certificate_pem,
        )
        return account.email, key.id

    email, key_id = small_world.do(add)
    world = replace(small_world, key=replace(small_world.key, id=key_id))

    found = world.find(world.exchange(world.assertion(iss=email)).access_token)

    assert found is not None
    assert "example.com:app" == found.project_id


def test_a_form_without_a_grant_type_is_refused(small_world: World) -> None:
    for form in ({}, {"grant_type": [""]}, {"assertion": ["x"]}):
        code, description = refused(small_world, form)

        assert "invalid_request" == code
        assert GRANT.grant_type in description


def test_an_unknown_grant_type_is_refused_with_the_known_ones(small_world: World) -> None:
    for grant_type in ("password", "implicit", GRANT.grant_type.upper(), "\0"):
        code, description = refused(small_world, {"grant_type": [grant_type]})

        assert "unsupported_grant_type" == code
        assert GRANT.grant_type in description


def test_a_grant_without_its_parameter_is_refused_by_name(small_world: World) -> None:
    for form in ({}, {"assertion": [""]}):
        code, description = refused(small_world, {"grant_type": [GRANT.grant_type], **form})

        assert ("invalid_request", "assertion is missing") == (code, description)


@pytest.mark.parametrize("name", ["grant_type", "assertion", "anything"])
def test_a_parameter_that_was_given_twice_is_refused(small_world: World, name: str) -> None:
    good = {"grant_type": [GRANT.grant_type], "assertion": [small_world.assertion()]}
    value = good.get(name, ["x"])

    code, description = refused(small_world, good | {name: value * 2})

    assert "invalid_request" == code
    assert "twice" in description


def test_unknown_parameters_are_ignored(small_world: World) -> None:
    assert small_world.post(
        grant_type=[GRANT.grant_type], assertion=[small_world.assertion()], extra=["1"]
    ).access_token


def refused(world: World, form: Mapping[str, Sequence[str]]) -> tuple[str, str]:
    return refusal(lambda: world.post(**form))


def everything(world: World) -> str:
    """Every row of the tables that tokens and keys could be in, as text."""
    with transaction(world.engine) as tx:
        tables = ("users", "service_accounts", "service_account_keys", "access_tokens")
        texts = [f"-- name: {table}\nselect * from {table}\n" for table in tables]
        rows = [tx.all(statement) for statement in parse("".join(texts))]
    return repr(rows)


def test_an_assertion_that_names_no_key_may_be_signed_with_any_of_the_account(world: World) -> None:
    header = json.dumps({"alg": "RS256", "typ": "JWT"})

    token = world.exchange(world.signed(header, json.dumps(world.claims())))

    assert token.access_token.startswith("lha_")
