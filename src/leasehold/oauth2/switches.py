"""What a project has switched on, for who asks for a token of one of its clients or accounts."""

from collections.abc import Container

from leasehold.accounts import projects
from leasehold.oauth2 import scopes
from leasehold.oauth2.errors import OAuthError
from leasehold.storage.transaction import Transaction


def check(tx: Transaction, project_id: str, granted: int) -> None:
    """Refuses tokens of a project that is off, and scopes of an API that is off for it.

    Both are states that pass, so nothing is spent and nothing is revoked: what the client holds is
    good again once the project or the API is on. Raises OAuthError `unauthorized_client` or
    `invalid_scope`.
    """
    switched_on = projects.switched_on(tx, project_id)
    if switched_on is None:
        raise OAuthError("unauthorized_client", "the client's project is switched off or deleted")
    check_apis(switched_on, granted)


def check_apis(switched_on: Container[str], granted: int) -> None:
    """Raises OAuthError `invalid_scope` for a scope of an API that is not among those."""
    for api, mask in scopes.OF_API.items():
        if granted & mask and api not in switched_on:
            raise OAuthError(
                "invalid_scope",
                f"the API {api} is switched off for the client's project: somebody who"
                " administers it can switch it on",
            )
