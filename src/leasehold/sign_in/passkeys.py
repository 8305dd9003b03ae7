"""Passkeys (WebAuthn): a key in the person's device or password manager, both factors in one.

Checking what authenticators send is the fido2 library's; which challenge, origin and person it
must be about is decided here.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature
from fido2 import cbor
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationConveyancePreference,
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    PublicKeyCredentialDescriptor,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialType,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from leasehold.accounts import users
from leasehold.accounts.model import User
from leasehold.clock import MICROSECONDS
from leasehold.errors import Conflict, Error, Invalid, NotFound
from leasehold.sign_in import browser_sessions, rows, tries
from leasehold.sign_in.browser_sessions import require_recent
from leasehold.sign_in.errors import Refused
from leasehold.sign_in.model import BrowserSession, From, Passkey, SignedIn
from leasehold.sign_in.server import SignInServer
from leasehold.storage.secret_box import SecretBox
from leasehold.storage.transaction import Transaction

CHALLENGE_SECONDS = 300
MAX_PASSKEYS = 20  # of one person
MAX_NAME_CHARACTERS = 60

_REGISTER = "register"
_SIGN_IN = "sign_in"
_PORTS = {"http": 80, "https": 443}
_MAX_ID = 2**63 - 1  # what databases count to

# As browsers give and take it, which is JSON.
Json = dict[str, Any]


def are_possible(issuer: str) -> bool:
    """Whether browsers allow passkeys there: on https with a name, and on http://localhost.

    >>> [are_possible(f"{start}:8080") for start in ("https://q.example.com", "http://127.0.0.1")]
    [True, False]
    """
    parts = urlsplit(issuer)
    host = parts.hostname or ""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    return parts.scheme == "https" and not _is_address(host)


async def begin_registration(server: SignInServer, session: BrowserSession) -> Json:
    """What `navigator.credentials.create` is to be given, as JSON, to add a passkey.

    Raises AuthenticationTooOld, Conflict when the person has MAX_PASSKEYS already, and Invalid
    where passkeys are not possible.
    """
    require_recent(server, session)
    relying_party = _relying_party(server.issuer)
    challenge = server.entropy.bytes(32)

    def run(tx: Transaction, now: int) -> list[Passkey]:
        _keep_challenge(tx, now, server.secret_box, challenge, _REGISTER, session)
        return of_user(tx, session.user_id)

    there = await server.committer.write(run)
    _check_room(there)
    options, _ = relying_party.register_begin(
        PublicKeyCredentialUserEntity(
            id=session.subject.encode(),
            name=session.email,
            display_name=session.name or session.email,
        ),
        [_descriptor(passkey) for passkey in there],
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
        challenge=challenge,
    )
    return dict(options.public_key) | {"timeout": CHALLENGE_SECONDS * 1000}


async def finish_registration(
    server: SignInServer, session: BrowserSession, *, name: str, response: Mapping[str, object]
) -> Passkey:
    """Adds the passkey that the browser made, under a name by which the person tells it.

    Raises Refused when anything about the response is not as it must be, Invalid for the name,
    Conflict when the passkey is known already, and AuthenticationTooOld.
    """
    require_recent(server, session)
    shown_name = _checked_name(name or "Passkey")
    try:
        answer = RegistrationResponse.from_dict(response)
    except Exception as error:  # whatever the library meets in what a stranger sent
        raise _refused(repr(error)) from None
    outcome = await server.committer.write(
        lambda tx, now: _add(tx, now, server, session, shown_name, answer)
    )
    if isinstance(outcome, Error):
        raise outcome
    return outcome


async def begin_sign_in(server: SignInServer, caller: From) -> Json:
    """What `navigator.credentials.get` is to be given, as JSON; anybody may ask.

    Raises Throttled by the address alone, never by an account, and Invalid where passkeys are not
    possible.
    """
    relying_party = _relying_party(server.issuer)
    challenge = server.entropy.bytes(32)
    block = tries.address_block(caller.address)

    def run(tx: Transaction, now: int) -> None:
        bucket = tries.bucket(server.secret_box, tries.CHALLENGES_OF_ADDRESS, block)
        tries.take(tx, now, [bucket])
        _keep_challenge(tx, now, server.secret_box, challenge, _SIGN_IN, None)

    await server.committer.write(run)
    options, _ = relying_party.authenticate_begin(
        user_verification=UserVerificationRequirement.REQUIRED, challenge=challenge
    )
    return dict(options.public_key) | {"timeout": CHALLENGE_SECONDS * 1000}


async def finish_sign_in(
    server: SignInServer, response: Mapping[str, object], *, caller: From
) -> SignedIn:
    """Lets the person in whose passkey answered; no second factor is asked for.

    Raises Refused, always in one text.
    """
    try:
        answer = AuthenticationResponse.from_dict(response)
    except Exception as error:  # whatever the library meets in what a stranger sent
        raise _refused(repr(error)) from None
    outcome = await server.committer.write(
        lambda tx, now: _sign_in(tx, now, server, answer, caller)
    )
    if isinstance(outcome, Error):
        raise outcome
    return outcome


def of_user(tx: Transaction, user_id: int) -> list[Passkey]:
    """The person's passkeys, oldest first."""
    return rows.passkeys_of_user(tx, user_id)


async def rename(server: SignInServer, session: BrowserSession, passkey_id: int, name: str) -> None:
    """Gives one of the person's passkeys another name. Raises NotFound and Invalid."""
    shown_name = _checked_name(name)

    def run(tx: Transaction, _now: int) -> None:
        if not 0 < passkey_id <= _MAX_ID or not rows.rename_passkey(
            tx, passkey_id, user_id=session.user_id, name=shown_name
        ):
            raise _unknown()

    await server.committer.write(run)


async def delete(server: SignInServer, session: BrowserSession, passkey_id: int) -> None:
    """Removes one of the person's passkeys. Raises NotFound and AuthenticationTooOld."""
    require_recent(server, session)

    def run(tx: Transaction, _now: int) -> None:
        if not 0 < passkey_id <= _MAX_ID or not rows.delete_passkey(
            tx, passkey_id, user_id=session.user_id
        ):
            raise _unknown()

    await server.committer.write(run)


def _add(  # one step of one flow
    tx: Transaction,
    now: int,
    server: SignInServer,
    session: BrowserSession,
    name: str,
    answer: RegistrationResponse,
) -> Passkey | Refused:
    """A refusal is returned, not raised: the challenge is used up whatever comes of it."""
    challenge = answer.response.client_data.challenge
    if not _take_challenge(tx, now, server.secret_box, challenge, _REGISTER, session):
        return _refused("challenge")
    try:
        made = _relying_party(server.issuer).register_complete(_state(challenge), answer)
        credential = _credential(made, answer)
    except Exception as error:  # likewise
        return _refused(repr(error))
    if users.hold(tx, session.user_id) is None:
        return _refused("disabled")
    _check_room(of_user(tx, session.user_id))
    passkey = Passkey(
        id=0,
        user_id=session.user_id,
        credential_id=credential.credential_id,
        public_key=cbor.encode(dict(credential.public_key)),
        sign_count=made.counter,
        name=name,
        created_at=now,
        last_used_at=None,
    )
    number = rows.insert_passkey(tx, passkey)
    if number is None:
        raise Conflict("This passkey is there already.")
    return replace(passkey, id=number)


def _sign_in(
    tx: Transaction, now: int, server: SignInServer, answer: AuthenticationResponse, caller: From
) -> SignedIn | Refused:
    """A refusal is returned, not raised: the challenge is used up whatever comes of it."""
    challenge = answer.response.client_data.challenge
    if not _take_challenge(tx, now, server.secret_box, challenge, _SIGN_IN, None):
        return _refused("challenge")
    passkey = rows.passkey_by_credential(tx, answer.raw_id)
    user = users.hold(tx, passkey.user_id) if passkey else None
    if passkey is None or user is None:
        return _refused("unknown or disabled")
    try:
        _check_answer(server.issuer, challenge, passkey, user, answer)
    except Exception as error:  # likewise
        return _refused(repr(error))
    count = answer.response.authenticator_data.counter
    if not rows.use_passkey(tx, now, passkey.id, sign_count=count):
        return _refused(f"sign count {count} after {passkey.sign_count}")
    return browser_sessions.begin(
        tx, now, server.secret_box, server.entropy, user, method="passkey", caller=caller
    )


def _check_answer(
    issuer: str, challenge: bytes, passkey: Passkey, user: User, answer: AuthenticationResponse
) -> None:
    """Raises whatever the library does, and ValueError, unless everything is right."""
    # WebAuthn §7.2 step 6: nobody was named before, so the authenticator has to say who it is.
    if answer.response.user_handle != user.subject.encode():
        raise ValueError("another person's")
    if answer.response.client_data.cross_origin:
        raise ValueError("inside another site's page")
    key = cbor.decode(passkey.public_key)
    assert isinstance(key, Mapping)  # as it was stored
    known = AttestedCredentialData.create(Aaguid.NONE, passkey.credential_id, CoseKey.parse(key))
    _relying_party(issuer).authenticate_complete(_state(challenge), [known], answer)


def _credential(made: AuthenticatorData, answer: RegistrationResponse) -> AttestedCredentialData:
    """Raises ValueError for a credential that could not be checked later."""
    credential = made.credential_data
    if credential is None or credential.credential_id != answer.raw_id:
        raise ValueError("no credential, or another one")
    if answer.response.client_data.cross_origin:
        raise ValueError("inside another site's page")
    if credential.public_key.ALGORITHM not in CoseKey.supported_algorithms():
        raise ValueError("an algorithm that was not offered")
    if not 0 < len(credential.credential_id) <= 1023:  # WebAuthn §7.1 step 25
        raise ValueError("the credential's id is too long")
    with suppress(InvalidSignature):  # which it says once it could read the key
        credential.public_key.verify(b"", b"")
    return credential


def _keep_challenge(  # what a challenge is bound to
    tx: Transaction,
    now: int,
    box: SecretBox,
    challenge: bytes,
    purpose: str,
    session: BrowserSession | None,
) -> None:
    rows.insert_challenge(
        tx,
        now,
        _digest(box, challenge),
        purpose=purpose,
        user_id=session.user_id if session else None,
        state=session.id if session else "",
        expires_at=now + CHALLENGE_SECONDS * MICROSECONDS,
    )


def _take_challenge(  # likewise
    tx: Transaction,
    now: int,
    box: SecretBox,
    challenge: bytes,
    purpose: str,
    session: BrowserSession | None,
) -> bool:
    """Whether we gave this challenge for this, a moment ago; it is then used up."""
    state = session.id if session else ""
    expires_at = rows.take_challenge(tx, _digest(box, challenge), purpose=purpose, state=state)
    return expires_at is not None and now < expires_at


def _digest(box: SecretBox, challenge: bytes) -> bytes:
    return box.keyed_digest("passkey challenge", challenge.hex())


def _relying_party(issuer: str) -> Fido2Server:
    if not are_possible(issuer):
        raise Invalid(
            "Passkeys need this server to be reached by a name over https; it is not, so sign in"
            " with a password."
        )
    own_origin = origin(issuer)
    return Fido2Server(
        PublicKeyCredentialRpEntity(name="Leasehold", id=urlsplit(issuer).hostname or ""),
        attestation=AttestationConveyancePreference.NONE,
        verify_origin=lambda given: given == own_origin,
    )


def origin(issuer: str) -> str:
    """The issuer's origin as browsers write it.

    >>> origin("HTTPS://Queue.example.com:443/x")
    'https://queue.example.com'
    """
    parts = urlsplit(issuer)
    port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{parts.hostname}{port}"


def _state(challenge: bytes) -> Json:
    """What the library keeps between its two halves; we know the challenge as our own by then."""
    return {
        "challenge": websafe_encode(challenge),
        "user_verification": UserVerificationRequirement.REQUIRED,
    }


def _descriptor(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    return PublicKeyCredentialDescriptor(
        type=PublicKeyCredentialType.PUBLIC_KEY, id=passkey.credential_id
    )


def _check_room(there: list[Passkey]) -> None:
    if len(there) >= MAX_PASSKEYS:
        raise Conflict(f"You have {MAX_PASSKEYS} passkeys: delete one first.")


def _checked_name(text: str) -> str:
    name = users.normalize_name(text)
    if not 0 < len(name) <= MAX_NAME_CHARACTERS:
        raise Invalid(
            f"give the passkey a name of 1 to {MAX_NAME_CHARACTERS} characters", field="name"
        )
    return name


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _refused(detail: str) -> Refused:
    return Refused(
        "That passkey was not accepted. Try again, or sign in another way.", detail=detail
    )


def _unknown() -> NotFound:
    return NotFound("You have no such passkey.")
