"""Client authentication: what proves that a client is the one it says, and what does not."""

from base64 import b64encode
from collections.abc import Callable
from urllib.parse import quote_plus

import pytest

from leasehold.oauth2 import client_auth, clients
from leasehold.oauth2.client_auth import MAX_SECRET, ClientRefused
from leasehold.oauth2.client_model import Client
from leasehold.storage.statements import Statement
from leasehold.storage.transaction import Row, Transaction
from tests.oauth2.registration.registry import BOX, CALLBACK, NOW, Registry

UNKNOWN = "a" * 32 + ".apps.leasehold.internal"

WRONG = {
    "nothing": "",
    "a space": " ",
    "another one": "lhs_" + "A" * 43,
    "NUL": "\0",
    "Unicode": "lhs_é☃",
    "too long": "lhs_" + "A" * MAX_SECRET,
}

MALFORMED = {
    "only the scheme": "Basic",
    "nothing after it": "Basic ",
    "no base64": "Basic a:b!",
    "not ASCII": "Basic ëëëë",
    "no colon": "Basic " + b64encode(b"ab").decode(),
    "no id": "Basic " + b64encode(b":secret").decode(),
    "only a colon": "Basic " + b64encode(b":").decode(),
    "not UTF-8": "Basic " + b64encode(b"\xff\xfe:\xff").decode(),
    "an escape that is not UTF-8": "Basic " + b64encode(b"a%ff:b").decode(),
    "not padded": "Basic " + b64encode(b"a:bc").decode().rstrip("="),
    "too long": "Basic " + b64encode(b"a:" + b"b" * 3000).decode(),
    "another scheme": "Bearer abc",
    "a longer scheme": "BasicX " + b64encode(b"a:b").decode(),
    "spaces": "   ",
}


def basic(client_id: str, secret: str, *, scheme: str = "Basic") -> str:
    """As RFC 6749 §2.3.1 has it."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"{scheme} {b64encode(pair.encode()).decode()}"


def refused(call: Callable[[], object]) -> tuple[str, str, bool]:
    with pytest.raises(ClientRefused) as error:
        call()
    return error.value.code, error.value.description, error.value.used_header


@pytest.fixture
def printer(registry: Registry) -> tuple[Client, str]:
    return registry.web()


def test_a_web_client_proves_who_it_is_in_the_header_or_in_the_form(
    registry: Registry, tx: Transaction, printer: tuple[Client, str]
) -> None:
    client, secret = printer
    (kept,) = clients.secrets_of(tx, client.id)

    by_form = registry.authenticate(client_id=client.id, client_secret=secret)
    by_header = registry.authenticate(header=basic(client.id, secret))
    in_capitals = registry.authenticate(header=basic(client.id, secret, scheme="bASIC"))

    assert (client, kept.id) == (by_form.client, by_form.secret_id)
    assert by_form == by_header == in_capitals


def test_both_at_once_is_no_harm_when_they_agree(
    registry: Registry, printer: tuple[Client, str]
) -> None:
    client, secret = printer
    header = basic(client.id, secret)

    assert registry.authenticate(header=header, client_id=client.id).secret_id
    assert registry.authenticate(header=header, client_id=client.id, client_secret=secret).secret_id
    assert registry.authenticate(header=basic(client.id, ""), client_secret=secret).secret_id


def test_two_answers_to_one_question_are_refused(
    registry: Registry, printer: tuple[Client, str]
) -> None:
    client, secret = printer
    header = basic(client.id, secret)

    for form in (
        {"client_id": UNKNOWN},
        {"client_secret": "lhs_other"},
        {"client_id": client.id, "client_secret": f"{secret} "},
        {"client_id": UNKNOWN, "client_secret": secret},
    ):
        code, description, used_header = refused(
            lambda form=form: registry.authenticate(header=header, **form)  # type: ignore[misc]  # mypy cannot infer it
        )
        assert ("invalid_request", True) == (code, used_header)
        assert secret not in description


@pytest.mark.parametrize("secret", WRONG.values(), ids=WRONG)
def test_a_wrong_secret_an_unknown_and_a_deleted_client_are_answered_alike(
    registry: Registry, tx: Transaction, secret: str
) -> None:
    (client, _), (gone, right) = registry.web(), registry.web()
    clients.delete(tx, NOW, gone.id)

    said = {
        refused(lambda: registry.authenticate(client_id=client.id, client_secret=secret)),
        refused(lambda: registry.authenticate(client_id=gone.id, client_secret=right)),
        refused(lambda: registry.authenticate(client_id=gone.id, client_secret=secret)),
        refused(lambda: registry.authenticate(client_id=UNKNOWN, client_secret=secret)),
        refused(lambda: registry.authenticate(client_id=UNKNOWN, client_secret=right)),
    }

    assert {("invalid_client", "the client is not known, or its secret is wrong", False)} == said


def test_a_web_client_must_prove_who_it_is(registry: Registry, printer: tuple[Client, str]) -> None:
    client, _ = printer

    assert "invalid_client" == refused(lambda: registry.authenticate(client_id=client.id))[0]
    by_header = refused(lambda: registry.authenticate(header=basic(client.id, "")))
    assert ("invalid_client", True) == (by_header[0], by_header[2])


def test_an_installed_client_is_public_without_its_secret_but_not_with_a_wrong_one(
    registry: Registry,
) -> None:
    client, secret = registry.create("installed")

    assert registry.authenticate(client_id=client.id).secret_id is None
    assert registry.authenticate(client_id=client.id, client_secret="").secret_id is None
    assert registry.authenticate(client_id=client.id, client_secret=secret).secret_id
    assert registry.authenticate(header=basic(client.id, "")).secret_id is None
    assert "invalid_client" == refused(
        lambda: registry.authenticate(client_id=client.id, client_secret="lhs_wrong")
    )[0]  # fmt: skip


def test_a_browser_client_sends_no_secret(registry: Registry) -> None:
    client, _ = registry.create("browser", CALLBACK)

    assert registry.authenticate(client_id=client.id).secret_id is None
    assert "invalid_client" == refused(
        lambda: registry.authenticate(client_id=client.id, client_secret="lhs_x")
    )[0]  # fmt: skip


def test_both_secrets_are_good_until_one_is_deleted(
    registry: Registry, tx: Transaction, printer: tuple[Client, str]
) -> None:
    client, first = printer
    second = registry.add_secret(client)
    old, new = clients.secrets_of(tx, client.id)

    used = [
        registry.authenticate(client_id=client.id, client_secret=text).secret_id
        for text in (first, second.text)
    ]
    clients.delete_secret(tx, NOW, client.id, old.id)

    assert [old.id, new.id] == used
    assert new.id == registry.authenticate(client_id=client.id, client_secret=second.text).secret_id
    assert "invalid_client" == refused(
        lambda: registry.authenticate(client_id=client.id, client_secret=first)
    )[0]  # fmt: skip


def test_every_prefix_of_a_secret_and_every_change_of_case_is_wrong(
    registry: Registry, printer: tuple[Client, str]
) -> None:
    client, secret = printer

    for wrong in [*(secret[:n] for n in range(1, len(secret))), secret + "A", secret.swapcase()]:
        code, *_ = refused(
            lambda wrong=wrong: registry.authenticate(client_id=client.id, client_secret=wrong)  # type: ignore[misc]  # mypy cannot infer it
        )
        assert "invalid_client" == code


def test_a_secret_of_another_client_is_wrong(
    registry: Registry, printer: tuple[Client, str]
) -> None:
    client, _ = printer
    _, foreign = registry.web()

    said = refused(lambda: registry.authenticate(client_id=client.id, client_secret=foreign))

    assert "invalid_client" == said[0]


@pytest.mark.parametrize("header", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_header_is_refused_whatever_the_form_says(
    registry: Registry, printer: tuple[Client, str], header: str
) -> None:
    client, secret = printer

    code, description, used_header = refused(
        lambda: registry.authenticate(header=header, client_id=client.id, client_secret=secret)
    )

    assert ("invalid_client", True) == (code, used_header)
    assert "must be HTTP Basic" in description


@pytest.mark.parametrize(
    "client_id", ["a:b", "é", "\0", "a" * 3000, "' or 1=1 --", UNKNOWN.upper(), f"{UNKNOWN}\n", "٣"]
)
def test_a_strange_id_is_an_unknown_client(registry: Registry, client_id: str) -> None:
    by_form = refused(lambda: registry.authenticate(client_id=client_id, client_secret="x"))
    by_header = refused(lambda: registry.authenticate(header=basic(client_id[:500], "x")))

    assert ("invalid_client", "invalid_client") == (by_form[0], by_header[0])
    assert by_form[1] == by_header[1]


def test_an_id_that_is_encoded_like_a_form_is_decoded(
    registry: Registry, printer: tuple[Client, str]
) -> None:
    client, secret = printer
    encoded = "".join(f"%{ord(c):02x}" for c in client.id)
    header = "Basic " + b64encode(f"{encoded}:{secret}".encode()).decode()

    assert client == registry.authenticate(header=header).client


def test_a_colon_belongs_to_the_secret(registry: Registry, printer: tuple[Client, str]) -> None:
    client, secret = printer
    header = "Basic " + b64encode(f"{client.id}:{secret}:x".encode()).decode()

    assert "invalid_client" == refused(lambda: registry.authenticate(header=header))[0]


@pytest.mark.parametrize("form", [{}, {"client_id": ""}, {"client_secret": "lhs_x"}])
def test_a_client_must_be_named(registry: Registry, form: dict[str, str]) -> None:
    code, description, used_header = refused(lambda: registry.authenticate(**form))

    assert ("invalid_client", False) == (code, used_header)
    assert "no client is named" in description


def test_an_assertion_is_not_taken_for_no_secret(registry: Registry) -> None:
    client, _ = registry.create("installed")

    said = refused(lambda: registry.authenticate(client_id=client.id, client_assertion="e30.e30."))

    assert "assertions are not taken" in said[1]


class _Counting:
    """A transaction that writes down which statements were run."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self.names: list[str] = []

    def one(self, statement: Statement, /, **values: object) -> Row | None:
        self.names.append(statement.name)
        return self._tx.one(statement, **values)

    def __getattr__(self, name: str) -> object:
        raise AssertionError(f"one statement should do, not {name}")


def test_one_statement_finds_the_client_and_its_secret_for_known_and_unknown_alike(
    tx: Transaction, printer: tuple[Client, str]
) -> None:
    client, secret = printer

    for client_id in (client.id, UNKNOWN):
        counting = _Counting(tx)
        form = {"client_id": client_id, "client_secret": secret}
        try:
            client_auth.authenticate(counting, BOX, form=form, authorization_header=None)  # type: ignore[arg-type]  # only what is used
        except ClientRefused:
            assert client_id == UNKNOWN
        assert ["client_and_secret"] == counting.names


def test_credentials_do_not_show_their_secret() -> None:
    given = client_auth.read({"client_id": UNKNOWN, "client_secret": "lhs_x"}, None)

    assert "lhs_x" not in repr(given)
