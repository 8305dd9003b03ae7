"""The token endpoint: a form passes the steps, and the grant that it names answers it."""

from collections.abc import Callable
from typing import Final

from leasehold.oauth2 import parameters
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.grants import (
    authorization_code,
    client_credentials,
    jwt_bearer,
    refresh_token,
)
from leasehold.oauth2.grants.grant import Answer, Grant, TokenRequest
from leasehold.oauth2.parameters import Form
from leasehold.oauth2.server import AuthorizationServer

Step = Callable[[Form], None]  # returns, or raises OAuthError

GRANTS: Final[dict[str, Grant]] = {
    grant.grant_type: grant
    for grant in (
        authorization_code.GRANT,
        refresh_token.GRANT,
        client_credentials.GRANT,
        jwt_bearer.GRANT,
    )
}


async def exchange(
    form: Form,
    server: AuthorizationServer,
    authorization_header: str | None = None,
    origin: str | None = None,
) -> Answer:
    """Gives a token for what the form holds. Raises OAuthError, or Unavailable to try again.

    The headers are None when they were not sent: a client may say in the first who it is, and
    browsers in the second which page asks.
    """
    given = parameters.present(form)
    for step in STEPS:
        step(given)
    request = TokenRequest(parameters.once(given), authorization_header, origin)
    return await GRANTS[request.parameters["grant_type"]].run(request, server)


def grant_type_is_known(form: Form) -> None:
    if "grant_type" not in form:
        raise OAuthError("invalid_request", f"grant_type is missing: send {' or '.join(GRANTS)}")
    if form["grant_type"][0] not in GRANTS:
        raise OAuthError(
            "unsupported_grant_type", f"that grant_type is not known: send {' or '.join(GRANTS)}"
        )


def parameters_are_there(form: Form) -> None:
    grant = GRANTS[form["grant_type"][0]]
    missing = [name for name in grant.parameters if name not in form]
    if missing:
        raise OAuthError("invalid_request", f"{', '.join(missing)} is missing")


STEPS: Final[tuple[Step, ...]] = (
    parameters.check_once,
    grant_type_is_known,
    parameters_are_there,
)
