"""The credential in a request: what real clients send, and one at a time."""

from dataclasses import dataclass

from leasehold.errors import Unauthenticated
from leasehold.web.api.message import Headers

_QUERY_NAMES = ("access_token", "oauth_token")


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
