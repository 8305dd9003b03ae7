"""The principal: a caller whose credential was verified."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is calling, and what the credential allows at most."""

    email: str  # lower case; what ACLs name
    project_id: str  # the project that the credential was issued for
    client_id: str
    scopes: int  # mask of `oauth2.scopes`
    expires_at: int  # microseconds
