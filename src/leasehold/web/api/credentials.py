"""The credentials in a request: what real clients send, one token and one key at a time."""

from dataclasses import dataclass

from leasehold.access.admission import User
from leasehold.access.key_table import KeyInvalid
from leasehold.errors import Invalid, Unauthenticated
from leasehold.usage.quotas import UserKind
from leasehold.web.api.message import Headers

MAX_QUOTA_USER = 40  # characters

_QUERY_NAMES = ("access_token", "oauth_token")
_USERS: tuple[UserKind, ...] = ("quotaUser", "userIp")


@dataclass(frozen=True, slots=True)
class BearerToken:
    """An OAuth 2.0 access token. Its text is never shown."""

    text: str

    def __repr__(self) -> str:
        return "BearerToken(…)"


def find_credential(
    headers: Headers, parameters: dict[str, str], *, query_tokens: bool
) -> BearerToken | None:
    """The credential, or None when there is none; Unauthenticated when it cannot be read.

    RFC 6750 section 2: `Bearer <token>`, any case of the scheme, and never two tokens. Old Google
    clients write `OAuth <token>` for the same; `OAuth key="value", …` is OAuth 1.0.
    """
    in_header = _from_header(headers.get(b"authorization"))
    in_query = [parameters[name] for name in _QUERY_NAMES if name in parameters]
    if not in_query:
        return in_header
    if in_header is not None or len(in_query) > 1:
        raise Unauthenticated("more than one access token was given: send one")
    if not query_tokens:
        raise Unauthenticated(
            "access tokens in the URL are switched off here: send an Authorization header"
        )
    return BearerToken(in_query[0])


def _from_header(value: bytes | None) -> BearerToken | None:
    if value is None:
        return None
    try:
        scheme, _, token = value.decode("ascii").strip().partition(" ")
    except UnicodeDecodeError:
        raise Unauthenticated("the Authorization header is not ASCII") from None
    token = token.strip()
    if scheme.lower() not in ("bearer", "oauth") or not token or " " in token or "=" in token:
        raise Unauthenticated("the Authorization header is not `Bearer <access token>`")
    return BearerToken(token)


def find_key(headers: Headers, parameters: dict[str, str]) -> str | None:
    """The API key, in the URL or in a header; None when there is none.

    KeyInvalid, as for any that is no key, when there are two that differ.
    """
    in_header = headers.get(b"x-goog-api-key")
    in_query = parameters.get("key")
    if in_header is None:
        return in_query
    text = in_header.decode("latin-1").strip()
    if in_query is not None and in_query != text:
        raise KeyInvalid
    return text


def find_referrer(headers: Headers) -> str | None:
    """The page whose script or link sends the request, as browsers tell it."""
    value = headers.get(b"referer") or headers.get(b"origin")
    return None if value is None else value.decode("latin-1")


def find_user(parameters: dict[str, str]) -> User | None:
    """Whose quota a call is to spend, if it says so: quotaUser goes before userIp.

    Invalid for what is too long to be remembered.
    """
    for name in _USERS:
        user = parameters.get(name)
        if user:
            if len(user) > MAX_QUOTA_USER:
                raise Invalid(f"{name} has at most {MAX_QUOTA_USER} characters", field=name)
            return name, user
    return None
