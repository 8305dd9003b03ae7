"""The token endpoint: a form passes the steps, and the grant that it names answers it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.grants import jwt_bearer
from leasehold.oauth2.grants.grant import Answer, Grant
from leasehold.oauth2.server import AuthorizationServer

Form = Mapping[str, Sequence[str]]  # every value that was sent for a name
Step = Callable[[Form], None]  # returns, or raises OAuthError

GRANTS: Final[dict[str, Grant]] = {grant.grant_type: grant for grant in (jwt_bearer.GRANT,)}


async def exchange(form: Form, server: AuthorizationServer) -> Answer:
    """Gives a token for what the form holds. Raises OAuthError, or Unavailable to try again."""
    given = {name: kept for name, values in form.items() if (kept := list(filter(None, values)))}
    for step in STEPS:
        step(given)
    parameters = {name: values[0] for name, values in given.items()}
    return await GRANTS[parameters["grant_type"]].run(parameters, server)


def each_parameter_once(form: Form) -> None:
    # RFC 6749 §3.2: none twice; one without a value is as good as none.
    if any(len(values) > 1 for values in form.values()):
        raise OAuthError("invalid_request", "a parameter was given twice: give each of them once")


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


STEPS: Final[tuple[Step, ...]] = (each_parameter_once, grant_type_is_known, parameters_are_there)
