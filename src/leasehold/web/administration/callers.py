"""Who calls the administration API: the principal of the request's credential, as an actor."""

from leasehold.access.principal import Principal
from leasehold.accounts import service_accounts
from leasehold.administration.actor import Actor
from leasehold.errors import Unauthenticated
from leasehold.oauth2 import clients
from leasehold.settings import Settings
from leasehold.web.api.answer import Gate
from leasehold.web.api.credentials import find_credential
from leasehold.web.api.message import Request

# What programs are called. Nobody can get mail there, so nobody can register such an address.
_PROGRAMS = (f".{service_accounts.EMAIL_SUFFIX}", f".{clients.EMAIL_SUFFIX}")


class Callers:
    """Finds out who has sent a request."""

    def __init__(self, gate: Gate, settings: Settings) -> None:
        self._gate = gate
        self._settings = settings

    async def principal(self, request: Request, parameters: dict[str, str]) -> Principal | None:
        """The caller; None without a credential, Unauthenticated for one that is not good."""
        gate = self._gate
        credential = find_credential(
            request.headers, parameters, query_tokens=self._settings.query_tokens
        )
        if credential is None:
            return None
        gate.freshness.check()
        if "." in credential.text:  # a JWT has two dots, a token of ours none
            return await gate.self_signed_jwts.principal(credential.text)
        return await gate.tokens.principal(credential.text)


def actor(principal: Principal, address: str) -> Actor:
    """The caller as administration knows them. Programs have a part in no project."""
    if not principal.email:
        raise Unauthenticated("Invalid Credentials")
    is_program = principal.email.endswith(_PROGRAMS)
    return Actor(
        "service_account" if is_program else "person",
        principal.email,
        address,
        principal.client_id,
    )
