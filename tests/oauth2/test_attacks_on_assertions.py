"""Attacks on the JWT bearer grant: every one of them ends in a refusal, and in nothing else."""

import hashlib
import hmac
import json
import time
from dataclasses import replace

import pytest
from joserfc.jwk import RSAKey

from leasehold.accounts import projects, service_accounts
from leasehold.accounts.key_file import KeyPair
from leasehold.entropy import Entropy
from leasehold.oauth2.jwt import MAX_LENGTH
from leasehold.storage.statements import parse
from leasehold.storage.transaction import Transaction
from tests.oauth2.world import ISSUER, SCOPE, World, base64url, signed, swapped

COUNT = next(iter(parse("-- name: count\nselect count(*) from access_tokens")))
BAD_SIGNATURE = ("invalid_grant", "Invalid JWT Signature.")


# -- the algorithm and the key


def test_alg_none_without_a_signature(small_world: World) -> None:
    header = base64url(json.dumps(small_world.header(alg="none")))
    claims = base64url(json.dumps(small_world.claims()))

    for assertion in (f"{header}.{claims}.", f"{header}.{claims}.AA", f"{header}.{claims}"):
        assert is_invalid_jwt(small_world, assertion)


def test_the_public_key_as_an_hmac_secret(small_world: World) -> None:
    text = f"{base64url(json.dumps(small_world.header(alg='HS256')))}." + base64url(
        json.dumps(small_world.claims())
    )
    secret = small_world.pair.public_pem.encode()
    signature = hmac.new(secret, text.encode(), hashlib.sha256).digest()

    assert is_invalid_jwt(small_world, f"{text}.{base64url(signature)}")


@pytest.mark.parametrize(
    "alg", ["rs256", "RS512", "RS384", "PS256", "ES256", "EdDSA", "XX", "", None, 1, ["RS256"], {}]
)
def test_an_algorithm_that_is_not_exactly_rs256(small_world: World, alg: object) -> None:
    header = json.dumps(small_world.header(alg=alg))

    assert is_invalid_jwt(small_world, small_world.signed(header, json.dumps(small_world.claims())))


def test_no_algorithm(small_world: World) -> None:
    header = json.dumps({"kid": small_world.key.id})

    assert is_invalid_jwt(small_world, small_world.signed(header, json.dumps(small_world.claims())))


def test_an_empty_or_cut_signature(small_world: World) -> None:
    head, _, signature = small_world.assertion().rpartition(".")

    assert is_invalid_jwt(small_world, f"{head}.")
    for cut in ("AA", signature[:-4], signature[4:], signature + "AAAA", signature[:-1]):
        assert BAD_SIGNATURE == small_world.refusal(f"{head}.{cut}")


def test_claims_that_were_changed_after_signing(small_world: World) -> None:
    header, _, signature = small_world.assertion().split(".")
    claims = base64url(json.dumps(small_world.claims(scope=f"{SCOPE}.consumer")))

    assert BAD_SIGNATURE == small_world.refusal(f"{header}.{claims}.{signature}")


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
def test_a_key_that_the_assertion_brings_along(
    small_world: World, other_pair: KeyPair, name: str
) -> None:
    brought = {
        "jwk": RSAKey.import_key(other_pair.public_pem).as_dict(private=False),
        "jku": "https://evil.example.com/keys",
        "x5u": "https://evil.example.com/certificate",
        "x5c": ["MIIB"],
    }
    header = json.dumps(small_world.header(**{name: brought[name]}))

    forged = signed(header, json.dumps(small_world.claims()), other_pair.private_pem)

    assert BAD_SIGNATURE == small_world.refusal(forged)


@pytest.mark.parametrize(
    "kid",
    [
        *("", "0" * 40, "../../../etc/passwd", "/dev/null", "' or 1=1 --", "x' union select 1 --"),
        *("a\0b", "\ud800", "%", "\u0660" * 40, "a" * 5000),
    ],
)
def test_a_kid_that_is_a_path_or_sql_or_unknown(world: World, kid: str) -> None:
    header = json.dumps(world.header(kid=kid))

    assert BAD_SIGNATURE == world.refusal(world.signed(header, json.dumps(world.claims())))


@pytest.mark.parametrize("issuer", ["", "a\0b", "\0", "\ud800", "' or 1=1 --", "a" * 5000])
def test_no_kid_and_an_issuer_that_no_database_takes(world: World, issuer: str) -> None:
    header = json.dumps({"alg": "RS256"})
    claims = json.dumps(world.claims(iss=issuer))

    refusal = world.refusal(world.signed(header, claims))

    assert ("invalid_grant", "Invalid grant: account not found") == refusal


@pytest.mark.parametrize("kid", [None, 1, True, ["x"], {"x": 1}])
def test_a_kid_that_is_no_text(small_world: World, kid: object) -> None:
    header = json.dumps(small_world.header(kid=kid))

    assert is_invalid_jwt(small_world, small_world.signed(header, json.dumps(small_world.claims())))


@pytest.mark.parametrize(
    "changes",
    [
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"b64": True},
        {"crit": "x"},
        {"crit": ["cnf"], "cnf": {}},
    ],
)
def test_critical_header_parameters(small_world: World, changes: dict[str, object]) -> None:
    header = json.dumps(small_world.header(**changes))

    assert is_invalid_jwt(small_world, small_world.signed(header, json.dumps(small_world.claims())))


# -- whose key


def test_the_key_of_another_account(world: World, other_pair: KeyPair) -> None:
    other, other_key = world.add_account("other", other_pair)
    header = json.dumps(world.header(kid=other_key.id))
    for_us = signed(header, json.dumps(world.claims()), other_pair.private_pem)
    for_them = world.signed(json.dumps(world.header()), json.dumps(world.claims(iss=other.email)))

    assert BAD_SIGNATURE == world.refusal(for_us)
    assert BAD_SIGNATURE == world.refusal(for_them)


def test_a_kid_swapped_for_that_of_another_project(world: World, other_pair: KeyPair) -> None:
    def add(tx: Transaction, now: int) -> str:
        projects.create(tx, now, project_id="victim", owner_email="ada@example.com")
        projects.enable_api(tx, now, project_id="victim", api="taskqueue")
        account = service_accounts.create(tx, now, Entropy(), project_id="victim", name="robot")
        key = service_accounts.add_key(
            tx,
            now,
            Entropy(),
            email=account.email,
            public_key=other_pair.public_pem,
            certificate=other_pair.certificate_pem,
        )
        assert account.email == "robot@victim.iam.leasehold.internal"
        return key.id

    victims_key = world.do(add)
    claims = json.dumps(world.claims(iss="robot@victim.iam.leasehold.internal"))

    for kid in (victims_key, world.key.id):
        assert BAD_SIGNATURE == world.refusal(
            world.signed(json.dumps(world.header(kid=kid)), claims)
        )


def test_a_key_of_an_account_that_had_the_same_address(world: World, other_pair: KeyPair) -> None:
    world.do(lambda tx, now: service_accounts.delete(tx, now, world.account.email))
    again, _ = world.add_account("robot", other_pair)

    assert world.account.email == again.email
    assert BAD_SIGNATURE == world.refusal(world.assertion())


def test_a_deleted_key(world: World) -> None:
    world.do(lambda tx, now: service_accounts.delete_key(tx, now, world.key.id))

    assert BAD_SIGNATURE == world.refusal(world.assertion())


def test_a_disabled_account_is_told_so_only_if_it_signed(world: World, other_pair: KeyPair) -> None:
    world.do(lambda tx, now: service_accounts.disable(tx, now, world.account.email))
    forged = replace(world, pair=other_pair).assertion()

    assert ("invalid_grant", "Invalid grant: account is disabled") == world.refusal(
        world.assertion()
    )
    assert BAD_SIGNATURE == world.refusal(forged)


def test_a_deleted_account(world: World) -> None:
    world.do(lambda tx, now: service_accounts.delete(tx, now, world.account.email))

    assert ("invalid_grant", "Invalid grant: account not found") == world.refusal(world.assertion())


@pytest.mark.parametrize(
    "issuer",
    [
        *("", "ada@example.com", "ROBOT@app.iam.leasehold.internal", "' or 1=1 --", "a\0b"),
        *("robot@app.iam.leasehold.internal ", "\ud800", "x" * 5000, "r\u043ebot@app"),
    ],
)
def test_an_issuer_that_is_no_account(world: World, issuer: str) -> None:
    assert ("invalid_grant", "Invalid grant: account not found") == world.refusal(
        world.assertion(iss=issuer)
    )


@pytest.mark.parametrize("issuer", [None, 1, ["robot"], {"a": 1}, True])
def test_an_issuer_that_is_no_text(small_world: World, issuer: object) -> None:
    assert is_invalid_jwt(small_world, small_world.assertion(iss=issuer))


# -- its form


def test_an_over_long_assertion(small_world: World) -> None:
    padding = small_world.assertion(x="a" * MAX_LENGTH)

    assert is_invalid_jwt(small_world, padding)
    assert is_invalid_jwt(small_world, "a.b." + "c" * 10_000_000)


def test_the_longest_assertion_that_fits_is_read(small_world: World) -> None:
    shorter = small_world.assertion(x="")
    room = (MAX_LENGTH - len(shorter)) * 3 // 4 - 2

    assert small_world.exchange(small_world.assertion(x="a" * room)).access_token


def test_deeply_nested_json(small_world: World) -> None:
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        depth = 11_000 // len(opening + closing)
        nested = opening * depth + "1" + closing * depth
        claims = swapped(small_world.claims(), "x", nested)

        assert is_invalid_jwt(
            small_world, small_world.signed(json.dumps(small_world.header()), claims)
        )


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            ".",
            "..",
            "...",
            "a.b.c",
            "a.b",
            "a.b.c.d",
            "\0.\0.\0",
            "é.é.é",
            "a.b.c\n",
            " a.b.c",
        ),
        *("e30.e30.e30", "W10.W10.AA", "bnVsbA.bnVsbA.AA", "MQ.MQ.AA", "====.====.===="),
        "\ud800.\ud800.\ud800",
    ],
)
def test_what_is_no_jwt_at_all(small_world: World, text: str) -> None:
    code, description = small_world.refusal(text)

    assert code in {"invalid_grant", "invalid_request"}
    assert len(description) < 200


def test_base64_of_another_spelling(small_world: World) -> None:
    header, claims, signature = small_world.assertion().split(".")

    for assertion in (
        f"{header}=.{claims}.{signature}",
        f"{header}.{claims} .{signature}",
        f"{header}.{claims}.{signature}==",
        f"{header}.{claims}.+/{signature}",
    ):
        assert "invalid_grant" == small_world.refusal(assertion)[0]


def test_text_that_is_not_utf_8(small_world: World) -> None:
    header, claims, signature = small_world.assertion().split(".")
    wide = base64url(json.dumps(small_world.claims()).encode("utf-16"))

    assert is_invalid_jwt(small_world, f"{header}.{wide}.{signature}")
    assert is_invalid_jwt(small_world, f"{header}.{base64url(bytes([0xFF, 0xFE]))}.{signature}")
    assert claims != wide


@pytest.mark.parametrize(
    ("name", "value"),
    [("iss", "eve"), ("scope", "x"), ("aud", "x"), ("exp", 1), ("iat", 1), ("other", {"a": 1})],
)
def test_a_repeated_claim(small_world: World, name: str, value: object) -> None:
    claims = json.dumps(small_world.claims(other={"a": 1}))
    repeated = [
        f'{{"{name}": {json.dumps(value)}, {claims[1:]}',
        f'{claims[:-1]}, "{name}": {json.dumps(value)}}}',
    ]

    for text in repeated:
        assert is_invalid_jwt(
            small_world, small_world.signed(json.dumps(small_world.header()), text)
        )


def test_a_repeated_header_parameter(small_world: World) -> None:
    header = json.dumps(small_world.header())
    claims = json.dumps(small_world.claims())

    for text in ('{"alg": "none", ' + header[1:], header[:-1] + ', "\\u0061lg": "none"}'):
        assert is_invalid_jwt(small_world, small_world.signed(text, claims))


def test_a_claim_repeated_in_a_nested_object(small_world: World) -> None:
    claims = swapped(small_world.claims(), "x", '{"a": 1, "a": 2}')

    assert is_invalid_jwt(small_world, small_world.signed(json.dumps(small_world.header()), claims))


# -- its times


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize(
    "text",
    [
        *("NaN", "Infinity", "-Infinity", "1e999", "true", "null", '"1700003600"', "[]", "{}"),
        *("1700000000.5", "1.7e9", "-1", "9" * 30, "9" * 5000, "1" + "0" * 12, '"NaN"'),
    ],
)
def test_an_instant_that_is_no_number_or_not_finite_or_huge(
    small_world: World, name: str, text: str
) -> None:
    claims = swapped(small_world.claims(), name, text)

    assert is_invalid_jwt(small_world, small_world.signed(json.dumps(small_world.header()), claims))


@pytest.mark.parametrize("name", ["exp", "iat"])
def test_a_missing_instant(small_world: World, name: str) -> None:
    assert is_invalid_jwt(small_world, small_world.assertion(**{name: None}))


@pytest.mark.parametrize(
    ("issued", "expires", "is_accepted"),
    [
        (0, 3600, True),
        (0, 3660, True),  # a little more than an hour, as clients count
        (0, 3661, False),
        (0, 10**9, False),
        (-3000, 600, True),
        (-3600, 0, True),  # ends this second; within the leeway
        (-3600, -59, True),
        (-3600, -60, False),
        (-7200, -3600, False),
        (300, 3900, True),  # a clock that is five minutes ahead
        (301, 3901, False),
        (10**6, 10**6 + 3600, False),
        (0, 0, False),
        (100, 50, False),
    ],
)
def test_a_life_that_is_over_or_too_long_or_in_the_future(
    small_world: World, issued: int, expires: int, *, is_accepted: bool
) -> None:
    now = small_world.now
    assertion = small_world.assertion(iat=now + issued, exp=now + expires)

    if is_accepted:
        assert small_world.exchange(assertion).access_token
    else:
        assert is_invalid_jwt(small_world, assertion)


def test_an_assertion_that_is_not_good_yet(small_world: World) -> None:
    assert is_invalid_jwt(small_world, small_world.assertion(nbf=small_world.now + 301))
    assert small_world.exchange(small_world.assertion(nbf=small_world.now)).access_token


def test_an_assertion_kept_until_after_its_end(small_world: World) -> None:
    assertion = small_world.assertion()
    small_world.hands.seconds += 3660

    assert is_invalid_jwt(small_world, assertion)


# -- its audience, subject and scope


@pytest.mark.parametrize(
    "audience",
    [
        *(None, "", "https://evil.example.com/token", f"{ISSUER}/token/", f"{ISSUER}/TOKEN", 1, {}),
        *(f"{ISSUER}/revoke", f"{ISSUER}.evil.example.com/token", f" {ISSUER}", True),
        "https://oauth2.googleapis.com/token/",
        "http://oauth2.googleapis.com/token",
        "https://oauth2.googleapis.com",
        [],
        [[f"{ISSUER}/token"]],
        [f"{ISSUER}/token", f"{ISSUER}/token"],
        [f"{ISSUER}/token", "https://evil.example.com"],
        [{"aud": ISSUER}],
        [None],
    ],
)
def test_an_audience_that_is_missing_foreign_or_a_list(
    small_world: World, audience: object
) -> None:
    code, description = small_world.refusal(small_world.assertion(aud=audience))

    assert "invalid_grant" == code
    assert "aud" in description


@pytest.mark.parametrize("name", ["sub", "prn"])
@pytest.mark.parametrize("subject", ["eve@example.com", "", 1, ["a"], {}, False])
def test_a_subject_that_is_somebody_else(small_world: World, name: str, subject: object) -> None:
    code, description = small_world.refusal(small_world.assertion(**{name: subject}))

    assert "unauthorized_client" == code
    assert name in description


def test_a_prn_that_differs_from_the_sub(small_world: World) -> None:
    email = small_world.account.email

    for sub, prn in ((email, "eve@example.com"), ("eve@example.com", email)):
        assert (
            "unauthorized_client" == small_world.refusal(small_world.assertion(sub=sub, prn=prn))[0]
        )


@pytest.mark.parametrize("scope", [None, "", "  ", "opened", f"{SCOPE} {SCOPE}.admin", 1, [SCOPE]])
def test_a_scope_that_is_missing_or_unknown(small_world: World, scope: object) -> None:
    assert "invalid_scope" == small_world.refusal(small_world.assertion(scope=scope))[0]


@pytest.mark.parametrize("audience", ["", None, 1, ["https://example.com"], {}, "a" * 2049])
def test_a_target_audience_that_is_no_text_or_too_long(
    small_world: World, audience: object
) -> None:
    claims = small_world.claims(scope=None) | {"target_audience": audience}
    assertion = small_world.signed(json.dumps(small_world.header()), json.dumps(claims))

    code, description = small_world.refusal(assertion)

    assert "invalid_request" == code
    assert "target_audience" in description


def test_an_access_token_and_an_id_token_at_once(small_world: World) -> None:
    code, description = small_world.refusal(
        small_world.assertion(target_audience="https://example.com")
    )

    assert "invalid_request" == code
    assert "not both" in description


def test_an_id_token_of_ours_as_an_assertion(small_world: World) -> None:
    id_token = small_world.id_token(f"{ISSUER}/token")

    assert ("invalid_grant", "Invalid grant: account not found") == small_world.refusal(id_token)


# -- what a refusal gives away


def test_no_refusal_repeats_what_was_sent(small_world: World) -> None:
    for assertion in (
        small_world.assertion(iss="marker@app.iam.leasehold.internal"),
        small_world.assertion(aud="marker"),
        small_world.assertion(scope="marker"),
        small_world.assertion(sub="marker"),
        small_world.signed(json.dumps(small_world.header(kid="marker")), "{}"),
    ):
        assert "marker" not in " ".join(small_world.refusal(assertion))


def test_a_refused_assertion_leaves_no_token_behind(world: World) -> None:
    world.refusal(world.assertion(aud="https://evil.example.com"))

    assert 0 == world.do(lambda tx, _now: tx.all(COUNT)[0][0])


def test_the_worst_assertion_is_refused_quickly(small_world: World) -> None:
    worst = small_world.signed(
        json.dumps(small_world.header()), swapped(small_world.claims(), "x", "[" * 11_000)
    )
    started = time.perf_counter()

    small_world.refusal(worst)

    assert time.perf_counter() - started < 2


def is_invalid_jwt(world: World, assertion: str) -> bool:
    """Whether it is refused as one that cannot be read or believed, in our own words."""
    code, description = world.refusal(assertion)
    return code == "invalid_grant" and description.startswith("Invalid JWT: ")


def test_no_kid_and_the_key_of_another_account(world: World, other_pair: KeyPair) -> None:
    world.add_account("other", other_pair)
    header = json.dumps({"alg": "RS256", "typ": "JWT"})

    forged = signed(header, json.dumps(world.claims()), other_pair.private_pem)

    assert BAD_SIGNATURE == world.refusal(forged)
