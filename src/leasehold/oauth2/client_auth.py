"""Client authentication at the token endpoint and its neighbours (RFC 6749 §2.3.1).

A client gives its id and secret in the header, as HTTP Basic, or in the form. Whatever is wrong,
the answer is the same after the same work: who guesses does not learn which clients there are.
"""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote_plus

from leasehold.oauth2 import client_rows as rows
from leasehold.oauth2.client_model import Client
from leasehold.oauth2.clients import is_client_id, secret_digest
from leasehold.oauth2.errors import Code, OAuthError
from leasehold.storage.secret_box import SecretBox
from leasehold.storage.transaction import Transaction

METHODS: Final = ("client_secret_basic", "client_secret_post", "none")  # as metadata names them

MAX_HEADER = 2048  # characters; ours take about 150
MAX_SECRET = 512  # characters; no secret of ours is longer, and longer ones need no digest


class ClientRefused(OAuthError):
    """The client did not prove who it is, or it did so in two ways.

    `used_header`: it tried with an Authorization header, so that a 401 must name the scheme in
    `WWW-Authenticate: Basic` (RFC 6749 §5.2).
    """

    def __init__(self, code: Code, description: str, *, used_header: bool) -> None:
        super().__init__(code, description)
        self.used_header = used_header


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request says of the client; nothing in it is believed yet."""

    client_id: str
    secret: str | None = field(repr=False)  # None: none was given; an empty one is none
    used_header: bool


@dataclass(frozen=True, slots=True)
class AuthenticatedClient:
    """The client that sends a request.

    Without a `secret_id` it is public: it was named and has proved nothing, so what it holds (a
    code and its PKCE verifier, a refresh token) must do.
    """

    client: Client
    secret_id: int | None


def authenticate(
    tx: Transaction,
    box: SecretBox,
    *,
    form: Mapping[str, str],
    authorization_header: str | None,
) -> AuthenticatedClient:
    """The client that sends the form, whose query the caller has not looked at.

    Raises ClientRefused: `invalid_client` when no client is named, or the named one does not prove
    that it is the one it says; `invalid_request` for two different answers to that.
    """
    return check(tx, box, read(form, authorization_header))


def read(form: Mapping[str, str], authorization_header: str | None) -> Credentials:
    """Id and secret, from the header or the form, or from both if they agree.

    Needs no transaction. Raises ClientRefused.
    """
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    if form.get("client_assertion") or form.get("client_assertion_type"):
        raise ClientRefused(
            "invalid_client",
            "client assertions are not taken here: send the client's secret",
            used_header=False,
        )
    used_header = bool(authorization_header)
    if authorization_header:
        named, proved = _basic(authorization_header)
        client_id = _one_of(named, client_id)
        secret = _one_of(proved, secret)
    if not client_id:
        raise ClientRefused(
            "invalid_client",
            "no client is named: send client_id and client_secret, or HTTP Basic",
            used_header=used_header,
        )
    return Credentials(client_id, secret or None, used_header)


def check(tx: Transaction, box: SecretBox, given: Credentials) -> AuthenticatedClient:
    """The client, if its secret is right or it needs none. Raises ClientRefused, always alike."""
    secret = given.secret or ""
    if len(secret) > MAX_SECRET or not is_client_id(given.client_id):
        raise _refused(given)
    found = rows.client_and_secret(tx, given.client_id, secret_digest(box, secret))
    if found is None:
        raise _refused(given)
    client, secret_id = found
    needs_none = given.secret is None and not client.is_confidential
    if secret_id is None and not needs_none:
        raise _refused(given)
    return AuthenticatedClient(client, secret_id)


def check_origin(client: Client, origin: str | None) -> None:
    """Raises OAuthError `unauthorized_client` for a browser client's script in an unknown page.

    Browsers send the origin, and no page can change it: a page that got hold of somebody's code or
    refresh token cannot use it there.
    """
    is_elsewhere = origin is not None and origin not in client.javascript_origins
    if client.type == "browser" and is_elsewhere:
        raise OAuthError(
            "unauthorized_client",
            "the page's origin is not registered: add it to the client's JavaScript origins",
        )


def _basic(header: str) -> tuple[str, str]:
    """Id and secret, each decoded as a form's value is. Raises ClientRefused."""
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic" or len(header) > MAX_HEADER:
        raise _malformed()
    try:
        text = b64decode(encoded.strip(), validate=True).decode()
        client_id, colon, secret = text.partition(":")
        # RFC 6749 §2.3.1. Most clients leave this out: no id or secret of ours has a % or +.
        pair = unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict")
    except (binascii.Error, ValueError):  # UnicodeDecodeError is a ValueError
        raise _malformed() from None
    if not colon or not pair[0]:
        raise _malformed()
    return pair


def _one_of(in_header: str, in_form: str) -> str:
    # RFC 6749 §2.3: one method in each request; the same said twice does no harm.
    if in_header and in_form and in_header != in_form:
        raise ClientRefused(
            "invalid_request",
            "the Authorization header and the form name different clients or secrets: send one",
            used_header=True,
        )
    return in_header or in_form


def _malformed() -> ClientRefused:
    return ClientRefused(
        "invalid_client",
        "the Authorization header must be HTTP Basic with the client's id and secret",
        used_header=True,
    )


def _refused(given: Credentials) -> ClientRefused:
    return ClientRefused(
        "invalid_client",
        "the client is not known, or its secret is wrong",
        used_header=given.used_header,
    )
