"""What accounts are made of: users, projects, members, service accounts and their keys."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class User:
    """A person, who signs in with an e-mail address and a password, or with a passkey."""

    id: int
    subject: str  # 21 digits, the first of them 2: what clients know the person by
    email: str  # lower case
    name: str  # "" when it is not known
    password_hash: str | None = field(repr=False)  # Argon2id, with its parameters; None: none set
    email_verified_at: int | None  # None: nobody has shown that mail reaches them there
    created_at: int  # microseconds since the Unix epoch, as every instant here
    disabled_at: int | None = None  # None: may sign in

    @property
    def is_active(self) -> bool:
        """Whether they may sign in, and clients act for them."""
        return self.disabled_at is None


@dataclass(frozen=True, slots=True)
class Project:
    """The owner of queues, clients, keys and quota."""

    id: str
    created_at: int
    legacy_scopes: bool  # taskqueue.consumer may insert too
    total_storage_limit: int | None  # bytes of all its tasks; None is no limit
    disabled_at: int | None = None  # switched off until somebody switches it on again
    disabled_by_operator: bool = False  # then its owners cannot switch it on
    deleted_at: int | None = None  # may be undeleted for `projects.UNDELETE_DAYS`

    @property
    def is_on(self) -> bool:
        """Whether its queues are served and its clients and accounts get tokens."""
        return self.disabled_at is None and self.deleted_at is None


@dataclass(frozen=True, slots=True)
class Member:
    """A user's part in a project."""

    project_id: str
    user_id: int
    email: str
    role: str  # one of projects.ROLES


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A program's account: it proves who it is with a key that was made here."""

    id: str  # 21 digits: its client id
    project_id: str
    email: str
    name: str
    created_at: int
    disabled_at: int | None = None
    deleted_at: int | None = None

    @property
    def is_active(self) -> bool:
        """Whether it may get and use tokens."""
        return self.disabled_at is None and self.deleted_at is None


@dataclass(frozen=True, slots=True)
class ServiceAccountKey:
    """The public half of a key; the private one is in the key file, and nowhere here."""

    id: str  # the key file's private_key_id
    service_account_id: str
    public_key: str  # PEM
    certificate: str  # PEM; of the public key, signed by the private one
    created_at: int
    deleted_at: int | None = None
