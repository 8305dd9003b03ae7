"""Bearer tokens of a request (RFC 6750 §2): all that it brings, for there must be one."""

from starlette.requests import Request


def in_header(request: Request) -> list[str]:
    """The tokens of its Authorization headers; none of those of another scheme."""
    tokens = []
    for value in request.headers.getlist("authorization"):
        scheme, _, token = value.strip().partition(" ")
        if scheme.lower() == "bearer":
            tokens.append(token.strip())
    return tokens
