"""The Authorization header of a client's request: there is one at most."""

from starlette.requests import Request

from leasehold.oauth2.errors import OAuthError


def read(request: Request) -> str | None:
    """What it holds; None when there is none. Raises OAuthError `invalid_request` for several.

    RFC 9110 §5.3 allows only lists to be sent so. A proxy may have looked at another than we would.
    """
    values = request.headers.getlist("authorization")
    if len(values) > 1:
        raise OAuthError("invalid_request", "send one Authorization header")
    return values[0] if values else None
