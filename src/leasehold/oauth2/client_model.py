"""What registered clients are made of: the clients, their secrets, consent screens, delegations."""

from dataclasses import dataclass, field
from typing import Final, Literal

ClientType = Literal["web", "installed", "browser"]
Stage = Literal["testing", "production"]

TYPES: Final[tuple[ClientType, ...]] = ("web", "installed", "browser")
STAGES: Final[tuple[Stage, ...]] = ("testing", "production")


@dataclass(frozen=True, slots=True)
class Client:
    """An application as its developer registered it (RFC 6749 §2). Instants are microseconds.

    A `web` client runs on a server and keeps its secret. An `installed` one runs on its users'
    machines: its secret is known to all of them, and proves nothing. A `browser` client is a
    script in a page and has none.
    """

    id: str
    project_id: str
    type: ClientType
    name: str
    email: str  # what ACLs name when it acts for itself
    redirect_uris: tuple[str, ...]
    javascript_origins: tuple[str, ...]
    rotates: bool  # a refresh token is replaced whenever it is used
    client_credentials: bool  # it may get tokens for itself
    implicit: bool  # implicit grant, where the server's switch is on too
    created_at: int
    deleted_at: int | None = None

    @property
    def is_confidential(self) -> bool:
        """Whether its secret proves who it is (RFC 6749 §2.1)."""
        return self.type == "web"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClient:
    """What a developer says of a client that is to be registered."""

    project_id: str
    type: ClientType
    name: str
    redirect_uris: tuple[str, ...] = ()  # none: for an installed client the loopback ones
    javascript_origins: tuple[str, ...] = ()
    rotates: bool | None = None  # None: as is usual for the type
    client_credentials: bool = False
    implicit: bool = False


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """What is known of a secret; not the secret itself."""

    id: int
    ending: str  # its last four characters, by which people tell it
    created_at: int


@dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret at the one moment at which its text is known."""

    secret: ClientSecret
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Logo:
    """A picture that was checked: see logos.py."""

    type: str  # its media type
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ConsentScreen:
    """Who asks: what people are told about a project before they say yes."""

    project_id: str
    name: str
    support_email: str
    home_page: str = ""  # "" when there is none, as for each link
    privacy_link: str = ""
    terms_link: str = ""
    stage: Stage = "testing"  # testing: only listed testers and the project's members
    logo_type: str | None = None  # None: it has no logo
    verified_at: int | None = None  # when the server's operator vouched for it


@dataclass(frozen=True, slots=True)
class Delegation:
    """A service account's right to act for the users of a domain."""

    id: int
    domain: str  # lower case; what comes after the @ of a user's address, and no subdomain of it
    service_account_id: str
    email: str  # the service account's
    scopes: int  # a mask, see scopes.py
    created_at: int
