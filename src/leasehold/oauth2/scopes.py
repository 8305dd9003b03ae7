"""Scopes: what a token allows, as URLs on the wire and as bits of a mask inside."""

from dataclasses import dataclass

from leasehold.oauth2.errors import OAuthError

PREFIX = "https://www.googleapis.com/auth/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """One scope and what a person is told about it."""

    url: str
    bit: int
    sentence: str
    service_accounts_only: bool = False


TASKQUEUE = 1
CONSUMER = 2
CLOUD_TASKQUEUE = 4
CLOUD_CONSUMER = 8
OPENID = 16
EMAIL = 32
PROFILE = 64
USERINFO_EMAIL = 128  # Google's other spellings of the two: each is answered as it was asked
USERINFO_PROFILE = 256
OFFLINE_ACCESS = 512
LEASEHOLD_ADMIN = 1024
LEASEHOLD_ADMIN_READ = 2048

# What the masks of methods are made of: the cloud twins mean the same.
READ_WRITE = TASKQUEUE | CLOUD_TASKQUEUE
CONSUME = CONSUMER | CLOUD_CONSUMER
ADMINISTER = LEASEHOLD_ADMIN
INSPECT = LEASEHOLD_ADMIN | LEASEHOLD_ADMIN_READ

# By the APIs that a project can switch on or off; administration cannot be switched off.
OF_API = {"taskqueue": READ_WRITE | CONSUME}

# What userinfo and ID tokens tell.
ANY_EMAIL = EMAIL | USERINFO_EMAIL
ANY_PROFILE = PROFILE | USERINFO_PROFILE
IDENTITY = OPENID | ANY_EMAIL | ANY_PROFILE

_TASK_QUEUE_API = (
    Scope(
        url=f"{PREFIX}taskqueue",
        bit=TASKQUEUE,
        sentence="Add, lease, change and delete tasks, and manage queues",
    ),
    Scope(
        url=f"{PREFIX}taskqueue.consumer",
        bit=CONSUMER,
        sentence="Lease tasks, and change and delete those in your queues",
    ),
    Scope(
        url=f"{PREFIX}cloud-taskqueue",
        bit=CLOUD_TASKQUEUE,
        sentence="Add, lease, change and delete tasks, and manage queues",
        service_accounts_only=True,
    ),
    Scope(
        url=f"{PREFIX}cloud-taskqueue.consumer",
        bit=CLOUD_CONSUMER,
        sentence="Lease tasks, and change and delete those in your queues",
        service_accounts_only=True,
    ),
)

_ADMINISTRATION_API = (
    Scope(
        url="leasehold.admin",
        bit=LEASEHOLD_ADMIN,
        sentence="Manage all your projects: their members, queues, tasks, applications, keys,"
        " service accounts and quota",
    ),
    Scope(
        url="leasehold.admin.readonly",
        bit=LEASEHOLD_ADMIN_READ,
        sentence="See everything in your projects but secrets, and change nothing",
    ),
)

_IDENTITY = (
    Scope(
        url="openid", bit=OPENID, sentence="Know that it is you, by a number that stays the same"
    ),
    Scope(url="email", bit=EMAIL, sentence="See your e-mail address"),
    Scope(url="profile", bit=PROFILE, sentence="See your name"),
    Scope(url=f"{PREFIX}userinfo.email", bit=USERINFO_EMAIL, sentence="See your e-mail address"),
    Scope(url=f"{PREFIX}userinfo.profile", bit=USERINFO_PROFILE, sentence="See your name"),
    Scope(
        url="offline_access",  # OpenID Connect Core 1.0 §11
        bit=OFFLINE_ACCESS,
        sentence="Do all this also while you are away, until you take it back",
    ),
)

# The registry: each API declares its own.
SCOPES = (*_TASK_QUEUE_API, *_ADMINISTRATION_API, *_IDENTITY)

_BITS = {scope.url: scope.bit for scope in SCOPES}


def mask(text: str) -> int:
    """The bits of a space-separated list of scope URLs, in any order (RFC 6749 §3.3).

    Raises OAuthError `invalid_scope` for an unknown one, and for none at all.
    """
    names = text.split()
    if not names:
        raise OAuthError("invalid_scope", f"name at least one scope: {_known()}")
    bits = 0
    for name in names:
        if name not in _BITS:  # the name is a stranger's text, so it is not repeated
            raise OAuthError("invalid_scope", f"a scope is not known here; known: {_known()}")
        bits |= _BITS[name]
    return bits


def text(mask: int) -> str:
    """The scope URLs of the mask, separated by spaces, in the order of `SCOPES`.

    >>> text(CONSUMER)
    'https://www.googleapis.com/auth/taskqueue.consumer'
    """
    return " ".join(scope.url for scope in of(mask))


def of(mask: int) -> list[Scope]:
    """The scopes of the mask, in the order of `SCOPES`."""
    return [scope for scope in SCOPES if scope.bit & mask]


def _known() -> str:
    return text(sum(scope.bit for scope in SCOPES))
