"""Self-signed JWTs as bearer tokens: what is let in, what is not, and what is remembered."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from joserfc.jwk import RSAKey

from leasehold.access.directory import Directory
from leasehold.access.freshness import Freshness
from leasehold.access.principal import Principal
from leasehold.access.self_signed_jwt import SelfSignedJwts
from leasehold.access.token_table import TokenTable
from leasehold.accounts import service_accounts
from leasehold.accounts.key_file import KeyPair, generate_key_pair
from leasehold.errors import Unauthenticated
from leasehold.oauth2 import scopes
from leasehold.settings import Settings
from leasehold.storage.committer import Committer
from leasehold.storage.transaction import Transaction
from tests.oauth2.world import (
    GOOGLE_AUDIENCE,
    ISSUER,
    SCOPE,
    World,
    base64url,
    make_world,
    running,
    signed,
    swapped,
)

T = TypeVar("T")

Visit = Callable[[SelfSignedJwts, Committer], Awaitable[T]]

GONE: dict[str, Callable[[World], Callable[[Transaction, int], None]]] = {
    "key deleted": lambda world: lambda tx, now: service_accounts.delete_key(tx, now, world.key.id),
    "account disabled": lambda world: (
        lambda tx, now: service_accounts.disable(tx, now, world.account.email)
    ),
    "account deleted": lambda world: (
        lambda tx, now: service_accounts.delete(tx, now, world.account.email)
    ),
}


@pytest.fixture(scope="module")
def pair() -> KeyPair:
    return generate_key_pair()


@pytest.fixture(scope="module")
def other_pair() -> KeyPair:
    return generate_key_pair()


@pytest.fixture
def signer(database_url: str, pair: KeyPair) -> World:
    """A service account, on each engine."""
    return make_world(database_url, pair)


@pytest.fixture
def small_signer(tmp_path: Path, pair: KeyPair) -> World:
    """On SQLite only: for what no database decides."""
    return make_world(str(tmp_path / "leasehold.db"), pair)


def visit(world: World, look: Visit[T]) -> T:
    """Runs `look` in a server process of its own."""

    async def run() -> T:
        async with running(world.engine, world.hands.clock) as committer:
            return await look(SelfSignedJwts(committer, world.hands.clock, ISSUER), committer)

    return asyncio.run(run())


def principal(world: World, text: str) -> Principal:
    return visit(world, lambda jwts, _: jwts.principal(text))


def is_refused(world: World, *texts: str) -> bool:
    async def look(jwts: SelfSignedJwts, _committer: Committer) -> None:
        for text in texts:
            with pytest.raises(Unauthenticated, match=r"^Invalid Credentials$"):
                await jwts.principal(text)

    visit(world, look)
    return True


def claims(world: World, **changes: object) -> dict[str, object]:
    """As Google's library signs for an API; a change to None leaves a claim out."""
    usual: dict[str, object] = {"scope": None, "aud": f"{ISSUER}/", "sub": world.account.email}
    return world.claims(**(usual | changes))


def jwt(world: World, **changes: object) -> str:
    return world.signed(json.dumps(world.header()), json.dumps(claims(world, **changes)))


def with_header(world: World, **changes: object) -> str:
    header = {name: v for name, v in world.header(**changes).items() if v is not None}
    return world.signed(json.dumps(header), json.dumps(claims(world)))


# -- what is let in


def test_a_jwt_for_our_url_may_do_all_that_the_account_may(signer: World) -> None:
    found = principal(signer, jwt(signer))

    assert (
        Principal(
            email=signer.account.email,
            project_id="app",
            client_id=signer.account.id,
            scopes=scopes.READ_WRITE,
            expires_at=(signer.now + 3660) * 1_000_000,
        )
        == found
    )


@pytest.mark.parametrize("audience", [ISSUER, f"{ISSUER}/", [f"{ISSUER}/"]])
def test_the_audience_is_our_url_with_a_slash_or_without(
    small_signer: World, audience: object
) -> None:
    found = principal(small_signer, jwt(small_signer, aud=audience))

    assert small_signer.account.email == found.email


def test_a_jwt_with_scopes_needs_no_audience_and_has_no_other_scopes(small_signer: World) -> None:
    consumer = f"{SCOPE}.consumer"

    alone = principal(small_signer, jwt(small_signer, aud=None, scope=consumer))
    both = principal(small_signer, jwt(small_signer, scope=f"{SCOPE} {consumer}"))

    assert scopes.CONSUMER == alone.scopes
    assert scopes.CONSUMER | scopes.TASKQUEUE == both.scopes


# -- the algorithm and the key


def test_alg_none(small_signer: World) -> None:
    header = base64url(json.dumps(small_signer.header(alg="none")))
    body = base64url(json.dumps(claims(small_signer)))

    assert is_refused(small_signer, f"{header}.{body}.", f"{header}.{body}.AA", f"{header}.{body}")


@pytest.mark.parametrize("secret", ["public", "certificate"])
def test_what_is_public_as_an_hmac_secret(small_signer: World, secret: str) -> None:
    header = base64url(json.dumps(small_signer.header(alg="HS256")))
    text = f"{header}.{base64url(json.dumps(claims(small_signer)))}"
    pair = small_signer.pair
    key = {"public": pair.public_pem, "certificate": pair.certificate_pem}[secret]
    mac = hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()

    assert is_refused(small_signer, f"{text}.{base64url(mac)}")


@pytest.mark.parametrize("alg", ["rs256", "RS512", "PS256", "ES256", "HS256", "none", "", None, 1])
def test_an_algorithm_that_is_not_exactly_rs256(small_signer: World, alg: object) -> None:
    assert is_refused(small_signer, with_header(small_signer, alg=alg))


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
def test_a_key_that_the_jwt_brings_along(
    small_signer: World, other_pair: KeyPair, name: str
) -> None:
    brought = {
        "jwk": RSAKey.import_key(other_pair.public_pem).as_dict(private=False),
        "jku": "https://evil.example.com/keys",
        "x5u": "https://evil.example.com/certificate",
        "x5c": ["MIIB"],
    }
    header = json.dumps(small_signer.header(**{name: brought[name]}))

    forged = signed(header, json.dumps(claims(small_signer)), other_pair.private_pem)

    assert is_refused(small_signer, forged)


@pytest.mark.parametrize("changes", [{"crit": ["exp"]}, {"crit": []}, {"b64": True}])
def test_critical_header_parameters(small_signer: World, changes: dict[str, object]) -> None:
    assert is_refused(small_signer, with_header(small_signer, **changes))


@pytest.mark.parametrize("kid", [None, "", "0" * 40, "../../etc/passwd", "' or 1=1 --", 1, ["x"]])
def test_a_kid_that_is_missing_unknown_or_no_text(signer: World, kid: object) -> None:
    assert is_refused(signer, with_header(signer, kid=kid))


def test_the_key_of_another_account(signer: World, other_pair: KeyPair) -> None:
    other, other_key = signer.add_account("other", other_pair)
    by_them = signed(
        json.dumps(signer.header(kid=other_key.id)),
        json.dumps(claims(signer)),
        other_pair.private_pem,
    )
    for_them = jwt(signer, iss=other.email, sub=other.email)

    assert is_refused(signer, by_them, for_them)


def test_an_empty_cut_or_foreign_signature(small_signer: World, other_pair: KeyPair) -> None:
    text = jwt(small_signer)
    head, _, signature = text.rpartition(".")
    forged = signed(
        json.dumps(small_signer.header()), json.dumps(claims(small_signer)), other_pair.private_pem
    )

    assert is_refused(
        small_signer, f"{head}.", f"{head}.{signature[:-4]}", f"{head}.AA", f"{text}=", forged
    )


def test_claims_that_were_changed_after_signing(small_signer: World) -> None:
    header, _, signature = jwt(small_signer).split(".")
    changed = base64url(json.dumps(claims(small_signer, scope=SCOPE)))

    assert is_refused(small_signer, f"{header}.{changed}.{signature}")


# -- its claims


@pytest.mark.parametrize(
    ("issued", "expires", "is_accepted"),
    [
        (0, 3660, True),
        (0, 3661, False),
        (0, 10**9, False),
        (-3600, -59, True),
        (-3600, -60, False),
        (300, 3900, True),
        (301, 3901, False),
        (0, 0, False),
    ],
)
def test_a_life_that_is_over_or_too_long_or_in_the_future(
    small_signer: World, issued: int, expires: int, *, is_accepted: bool
) -> None:
    now = small_signer.now
    text = jwt(small_signer, iat=now + issued, exp=now + expires)

    if is_accepted:
        assert (now + expires + 60) * 1_000_000 == principal(small_signer, text).expires_at
    else:
        assert is_refused(small_signer, text)


@pytest.mark.parametrize("name", ["iat", "exp", "nbf"])
@pytest.mark.parametrize("value", ["NaN", "1e999", "true", "null", '"1"', "1.5", "9" * 30, "[]"])
def test_an_instant_that_is_no_number(small_signer: World, name: str, value: str) -> None:
    header = json.dumps(small_signer.header())
    text = small_signer.signed(header, swapped(claims(small_signer), name, value))

    assert is_refused(small_signer, text)


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": None},  # and no scope
        {"aud": "https://evil.example.com/"},
        {"aud": f"{ISSUER}.evil.example.com/"},
        {"aud": f"{ISSUER}//"},
        {"aud": f"{ISSUER}/token", "scope": SCOPE},
        {"aud": GOOGLE_AUDIENCE, "scope": SCOPE},
        {"aud": []},
        {"aud": [f"{ISSUER}/", "https://evil.example.com/"]},
        {"aud": 1, "scope": SCOPE},
        {"scope": "https://www.googleapis.com/auth/cloud-platform"},
        {"scope": ""},
        {"scope": 1},
        {"scope": [SCOPE]},
        {"sub": None},
        {"sub": "ada@example.com"},
        {"sub": 1},
        {"prn": "ada@example.com"},
        {"iss": None},
        {"iss": "ada@example.com", "sub": "ada@example.com"},
        {"iss": 1, "sub": 1},
        {"iat": None},
        {"exp": None},
        {"target_audience": "https://images.example.com/"},
    ],
)
def test_claims_that_are_wrong_or_missing(small_signer: World, changes: dict[str, object]) -> None:
    assert is_refused(small_signer, jwt(small_signer, **changes))


def test_a_repeated_claim(small_signer: World) -> None:
    body = json.dumps(claims(small_signer))
    header = json.dumps(small_signer.header())

    assert is_refused(small_signer, small_signer.signed(header, '{"aud": "x", ' + body[1:]))


def test_assertions_and_id_tokens_are_for_others(small_signer: World) -> None:
    assert is_refused(
        small_signer,
        small_signer.assertion(),
        small_signer.assertion(scope=None, target_audience=f"{ISSUER}/"),
        small_signer.id_token(f"{ISSUER}/"),
        small_signer.id_token(ISSUER),
    )


@pytest.mark.parametrize("text", ["..", "a.b.c", ".", "é.é.é", "\0.\0.\0", "a." * 20_000, "a.b"])
def test_what_is_no_jwt_at_all(small_signer: World, text: str) -> None:
    assert is_refused(small_signer, text)


# -- what is remembered


def test_it_is_verified_once(signer: World) -> None:
    text = jwt(signer)

    async def look(jwts: SelfSignedJwts, committer: Committer) -> None:
        first = await jwts.principal(text)
        await committer.close()  # nobody can be asked any more

        assert first is await jwts.principal(text)

    visit(signer, look)


def test_it_ends_at_its_end_though_it_is_remembered(small_signer: World) -> None:
    text = jwt(small_signer)

    async def look(jwts: SelfSignedJwts, _committer: Committer) -> None:
        await jwts.principal(text)
        small_signer.hands.seconds += 3659
        await jwts.principal(text)
        small_signer.hands.seconds += 1
        for _ in range(2):
            with pytest.raises(Unauthenticated):
                await jwts.principal(text)

    visit(small_signer, look)


@pytest.mark.parametrize("change", GONE)
def test_it_is_refused_once_another_process_has_taken_the_key_or_the_account(
    signer: World, change: str
) -> None:
    text = jwt(signer)

    async def look(jwts: SelfSignedJwts, committer: Committer) -> None:
        tokens, directory = (
            TokenTable(committer, signer.hands.clock),
            Directory(committer, Settings()),
        )
        freshness = Freshness(
            committer, tokens, directory, staleness_seconds=2.0, on_change=[jwts.forget]
        )
        await freshness.poll()
        await jwts.principal(text)

        await asyncio.to_thread(signer.do, GONE[change](signer))
        await freshness.poll()

        with pytest.raises(Unauthenticated):
            await jwts.principal(text)

    visit(signer, look)


@pytest.mark.parametrize("change", GONE)
def test_it_is_refused_on_the_next_request_once_this_process_has_forgotten(
    small_signer: World, change: str
) -> None:
    text = jwt(small_signer)

    async def look(jwts: SelfSignedJwts, committer: Committer) -> None:
        await jwts.principal(text)

        await committer.write(GONE[change](small_signer))
        jwts.forget()

        with pytest.raises(Unauthenticated):
            await jwts.principal(text)

    visit(small_signer, look)


def test_a_change_during_the_look_up_is_not_missed(small_signer: World) -> None:
    text = jwt(small_signer)

    async def look(jwts: SelfSignedJwts, committer: Committer) -> None:
        reading = asyncio.ensure_future(jwts.principal(text))
        await asyncio.sleep(0)  # it has asked, and waits
        change = committer.write(GONE["account disabled"](small_signer))
        jwts.forget()

        with pytest.raises(Unauthenticated):
            await reading
        await change

    visit(small_signer, look)


def test_no_more_are_remembered_than_there_is_room_for(
    small_signer: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("leasehold.access.self_signed_jwt.MAX_REMEMBERED", 2)
    texts = [jwt(small_signer, x=number) for number in range(3)]

    async def look(jwts: SelfSignedJwts, committer: Committer) -> None:
        for text in texts:
            await jwts.principal(text)
        await committer.close()

        for text in texts[1:]:
            await jwts.principal(text)
        with pytest.raises(Exception, match="shutting down"):
            await jwts.principal(texts[0])

    visit(small_signer, look)
