"""What signing in is made of: callers, browser sessions, second steps and passkeys."""

from dataclasses import dataclass, field

from leasehold.clock import MICROSECONDS
from leasehold.settings import Settings

RECENT_SECONDS = 15 * 60  # after this, changes to the ways of signing in want a new proof

_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """A browser in which a person is signed in. Instants are microseconds, as everywhere."""

    id: str  # may be shown; the cookie is another, secret text
    user_id: int
    email: str
    name: str  # "" when it is not known
    subject: str
    method: str  # password, password+totp, password+recovery or passkey
    user_agent: str
    address: str
    created_at: int
    authenticated_at: int  # the person proved last who they are
    seen_at: int  # to the minute

    def is_recent(self, now: int) -> bool:
        """Whether the last proof is fresh enough to change the ways of signing in."""
        return now - self.authenticated_at <= RECENT_SECONDS * MICROSECONDS


@dataclass(frozen=True, slots=True)
class From:
    """From where somebody tries to sign in."""

    address: str
    user_agent: str
    known_browser: str | None = field(repr=False)  # the cookie of a browser that was let in before
    session: BrowserSession | None = None  # the one that this browser has now


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """How long a browser session lasts."""

    idle_seconds: int  # without being seen
    cap_seconds: int  # since the person last proved who they are

    @staticmethod
    def of(settings: Settings) -> "SessionLimits":
        """As the operator chose."""
        return SessionLimits(
            settings.browser_session_idle_days * _DAY_SECONDS,
            settings.browser_session_days * _DAY_SECONDS,
        )


@dataclass(frozen=True, slots=True)
class SecondStep:
    """Somebody gave the right password; the second factor is still to come."""

    user_id: int
    email: str
    recovery_codes_left: int
    expires_at: int


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A browser session that has just begun, or was renewed, and the cookies for the browser."""

    session: BrowserSession
    cookie: str = field(repr=False)
    known_browser: str = field(repr=False)  # gives this browser tries of its own next time


@dataclass(frozen=True, slots=True)
class SecondFactorNeeded:
    """The password was right; the cookie admits to the second step."""

    cookie: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Passkey:
    """A public key whose private half an authenticator of the person keeps."""

    id: int
    user_id: int
    credential_id: bytes
    public_key: bytes  # COSE
    sign_count: int  # 0 where an authenticator does not count
    name: str
    created_at: int
    last_used_at: int | None
