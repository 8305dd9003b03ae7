"""What the authorization endpoint works with: a request, its refusals, and what is answered."""

from dataclasses import dataclass, field
from typing import Final, Literal

from leasehold.errors import Invalid
from leasehold.oauth2.model import SigningKey
from leasehold.oauth2.server import AuthorizationServer

ResponseType = Literal["code", "token", "id_token", "id_token token"]
ResponseMode = Literal["query", "fragment"]
Prompt = Literal["none", "login", "consent", "select_account"]

RESPONSE_TYPES: Final[tuple[ResponseType, ...]] = ("code", "token", "id_token", "id_token token")
RESPONSE_MODES: Final[tuple[ResponseMode, ...]] = ("query", "fragment")
PROMPTS: Final[tuple[Prompt, ...]] = ("none", "login", "consent", "select_account")

# RFC 6749 §4.1.2.1 and §4.2.2.1, OpenID Connect Core 1.0 §3.1.2.6. No server_error and no
# temporarily_unavailable: a person is there, and is told on a page of ours.
Code = Literal[
    "invalid_request",
    "unauthorized_client",
    "access_denied",
    "unsupported_response_type",
    "invalid_scope",
    "login_required",
    "consent_required",
    "interaction_required",
    "account_selection_required",
    "request_not_supported",
    "request_uri_not_supported",
    "registration_not_supported",
]


class AuthorizeError(Invalid):
    """A refusal that the client is told of, at its redirect URI."""

    def __init__(self, code: Code, description: str) -> None:
        super().__init__(description)
        self.code: Code = code
        self.description = description


class NotRedirectable(Invalid):
    """A refusal that only the person may see: who asks, or where to answer, is not certain.

    `sent` is what the request said, a stranger's text; `fix` is what the application's developer
    must do.
    """

    def __init__(self, code: str, message: str, *, sent: str = "", fix: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.sent = sent
        self.fix = fix


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """What a client asks of a person, after validation (RFC 6749 §4.1.1)."""

    client_id: str
    redirect_uri: str
    response_type: ResponseType
    response_mode: ResponseMode
    scopes: int  # a mask, see scopes.py
    state: str | None = None
    is_offline: bool = False  # a refresh token is asked for, too
    prompts: tuple[Prompt, ...] = ()
    includes_granted: bool = False  # what was granted before is asked for again
    login_hint: str = ""  # an e-mail address or a subject; "" for none
    domain_hint: str = ""  # "" for none, "*" for any
    max_age: int | None = None  # seconds since the person proved who they are; None for any
    nonce: str | None = None
    code_challenge: str | None = None
    challenge_method: str | None = None


@dataclass(frozen=True, slots=True)
class ReplyTo:
    """Where answers go: known as soon as client and redirect URI are certain."""

    redirect_uri: str
    mode: ResponseMode
    state: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInUser:
    """Who is signed in, and since when."""

    user_id: int
    session_id: str  # of the browser session
    email: str
    subject: str
    authenticated_at: int  # microseconds; when they last proved who they are


@dataclass(frozen=True, slots=True)
class Offer:
    """What a consent screen offers: masks that have no scope in common.

    A yes is to some of these scopes, and to no others.
    """

    tickable: int  # new: the person chooses
    fixed: int  # new, and part of a yes to anything: who the person is, and for how long
    granted: int  # granted before; all of it is asked for again, or comes along


@dataclass(frozen=True, slots=True)
class PendingConsent:
    """An authorization request that waits for its user's answer."""

    request: AuthorizationRequest
    offer: Offer


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the client, by the names of the parameters."""

    reply_to: ReplyTo
    parameters: dict[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Issuing:
    """With what answers are made; `key` is needed for ID tokens only."""

    server: AuthorizationServer
    person: SignedInUser
    key: SigningKey | None = None
