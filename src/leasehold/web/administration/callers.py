"""Who calls the administration API: the principal of the request's credential, as an actor."""

from leasehold.access.principal import Principal
from leasehold.accounts import service_accounts
from leasehold.administration.actor import Actor
from leasehold.errors import Unauthenticated
from leasehold.oauth2 import clients

# What programs are called. Nobody can get mail there, so nobody can register such an address.
_PROGRAMS = (f".{service_accounts.EMAIL_SUFFIX}", f".{clients.EMAIL_SUFFIX}")


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
