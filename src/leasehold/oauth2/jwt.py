"""Signed JWTs (RFC 7519, RFC 7515), read strictly: one algorithm, and each thing said once.

Before any look-up: no repeated or unknown critical members, and numbers that are numbers. Nothing
in a JWT can bring a key along.
"""

import functools
import json
import re
from collections.abc import Mapping
from typing import NoReturn

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from joserfc.util import urlsafe_b64decode

from leasehold.oauth2.errors import OAuthError

MAX_LENGTH = 16 * 1024
LAST_INSTANT = 1 << 40  # seconds; no real instant is later, and sums of smaller ones stay small

_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_PADDING, _HASH = PKCS1v15(), SHA256()  # RFC 7518 §3.3: what RS256 is

Json = Mapping[str, object]


def parts(text: str) -> tuple[Json, Json]:
    """Header and claims of a JWT that says it is signed with RS256.

    Raises OAuthError `invalid_grant` for anything unusual.
    """
    if len(text) > MAX_LENGTH or not _COMPACT.fullmatch(text):
        refuse("it must be three parts of base64url, 16 KiB at most")
    header_part, claims_part, _ = text.split(".")
    header, claims = _json(header_part), _json(claims_part)
    if header.get("alg") != "RS256":
        refuse("alg must be RS256")
    if "crit" in header or "b64" in header:
        refuse("critical header parameters are not known here")
    return header, claims


def is_signed(text: str, public_pem: str) -> bool:
    """Whether the private half of this key has signed the JWT, of which `parts` was asked.

    With RS256 and nothing else, whatever the header says. A library for JOSE reads header and
    claims once more, which takes longer than the verification.
    """
    signed, _, signature = text.rpartition(".")
    try:
        _public_key(public_pem).verify(
            urlsafe_b64decode(signature.encode()), signed.encode(), _PADDING, _HASH
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def instant(claims: Json, name: str) -> int:
    """Seconds since the Unix epoch. Raises OAuthError `invalid_grant` for anything else."""
    value = claims.get(name)
    # type, not isinstance: true is an int to Python.
    if type(value) is not int or not 0 <= value < LAST_INSTANT:
        refuse(f"{name} must be a whole number of seconds since 1970")
    return value


def refuse(why: str) -> NoReturn:
    """Raises OAuthError `invalid_grant`."""
    raise OAuthError("invalid_grant", f"Invalid JWT: {why}")


@functools.lru_cache(maxsize=1024)
def _public_key(pem: str) -> RSAPublicKey:
    """Raises ValueError for a key of another kind."""
    try:
        key = load_pem_public_key(pem.encode())
    except UnsupportedAlgorithm as error:
        raise ValueError("no key that is known here") from error
    if not isinstance(key, RSAPublicKey):
        raise ValueError("not an RSA key")  # noqa: TRY004  # the value is wrong, not its type
    return key


def _json(part: str) -> Json:
    """The JSON object of a part. joserfc's own reading would take repeated members and NaN."""
    try:
        value = json.loads(
            urlsafe_b64decode(part.encode()).decode(),
            object_pairs_hook=_members,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError):
        refuse("its parts must be JSON without repeated members")
    if not isinstance(value, dict):
        refuse("its parts must be JSON objects")
    return value


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a member is repeated")
    return members


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
