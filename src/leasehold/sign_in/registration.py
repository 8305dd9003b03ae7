"""Registration: by invitation, openly to whoever shows that mail reaches them, or as the first."""

from dataclasses import dataclass

from leasehold.accounts import users
from leasehold.accounts.emails import normalize_email
from leasehold.entropy import Entropy
from leasehold.errors import Conflict, Forbidden
from leasehold.sign_in import browser_sessions, links, tries
from leasehold.sign_in.errors import LinkInvalid
from leasehold.sign_in.mail import Message
from leasehold.sign_in.model import From, SignedIn
from leasehold.sign_in.server import SignInServer
from leasehold.storage.secret_box import SecretBox
from leasehold.storage.transaction import Transaction

OPEN = "open"  # the setting `registration`

_SIGN_IN_PATH = "/account"


@dataclass(frozen=True, slots=True)
class _Request:
    is_known: bool
    token: str


def invite(
    tx: Transaction, now: int, entropy: Entropy, box: SecretBox, *, email: str, issuer: str
) -> str:
    """A link with which the receiver adds their account, good once within a week.

    Raises Invalid for what is no address, Conflict when there is such a user.
    """
    email = normalize_email(email)
    if users.find(tx, email) is not None:
        raise Conflict(f"there is already a user {email}", field="email")
    token = links.issue(tx, now, entropy, box, purpose=links.INVITATION, email=email)
    return links.url(issuer, links.REGISTER_PATH, token)


def first_link(
    tx: Transaction, now: int, entropy: Entropy, box: SecretBox, *, issuer: str
) -> str | None:
    """A link with which whoever has it adds the first account; None when somebody has one.

    Good once within a day, and no longer than nobody has an account.
    """
    if users.is_anybody_there(tx):
        return None
    token = links.issue(tx, now, entropy, box, purpose=links.FIRST, email="")
    return links.url(issuer, links.REGISTER_PATH, token)


async def request(server: SignInServer, email: str, caller: From) -> None:
    """Sends mail with a link to finish; who has an account already is told so, by mail as well.

    Whoever asks sees no difference. Raises Forbidden unless registration is open, Invalid for what
    is no address, Throttled, and Unavailable when too much mail waits.
    """
    if server.settings.registration != OPEN:
        raise Forbidden("Accounts are by invitation here: ask the people who run this server.")
    address = normalize_email(email)
    server.outbox.check_room()

    def run(tx: Transaction, now: int) -> _Request:
        tries.take(tx, now, mail_buckets(server.secret_box, links.REGISTRATION, address, caller))
        token = links.issue(
            tx,
            now,
            server.entropy,
            server.secret_box,
            purpose=links.REGISTRATION,
            email=address,
        )
        return _Request(users.find(tx, address) is not None, token)

    found = await server.committer.write(run)
    make = _already_there if found.is_known else _welcome
    server.outbox.post(make(server.issuer, address, found.token))


async def invited_email(server: SignInServer, token: str) -> str | None:
    """Whom the link is for, "" for the first who comes; None when it is no longer good.

    Uses nothing up.
    """
    return await server.committer.read(lambda tx, _: _find(tx, server, token))


async def complete(
    server: SignInServer,
    *,
    token: str,
    name: str,
    password: str | None,
    caller: From,
    email: str = "",
) -> SignedIn:
    """Adds the account that the link is for, and signs it in.

    A password of None is for who will add a passkey; `email` counts only where the link names
    nobody. Raises LinkInvalid; Invalid for the address, the name or the password, and Conflict when
    there is an account already: the link is then still good.
    """
    typed = email
    await server.committer.read(lambda tx, _: _check(tx, server, token, typed))
    users.normalize_name(name)
    password_hash = None if password is None else await server.passwords.hash(password)

    def run(tx: Transaction, now: int) -> SignedIn:
        invited = links.use(tx, now, server.secret_box, token, _purposes(tx, server))
        email = invited or normalize_email(typed)
        _check_new(tx, email)
        user = users.create(
            tx,
            now,
            server.entropy,
            email=email,
            password_hash=password_hash,
            name=name,
            # The link was sent there, and nowhere else; or it was printed to the operator, who
            # vouches for an address by naming it, as by the command line.
            email_verified=True,
        )
        box, entropy = server.secret_box, server.entropy
        return browser_sessions.begin(tx, now, box, entropy, user, method="password", caller=caller)

    return await server.committer.write(run)


def mail_buckets(box: SecretBox, purpose: str, email: str, caller: From) -> list[tries.Bucket]:
    """What limits mail: nobody's mailbox can be flooded, and nobody floods many."""
    return [
        tries.bucket(box, tries.MAIL_TO_ADDRESS, f"{purpose} {email}"),
        tries.bucket(box, tries.MAIL_OF_CALLER, tries.address_block(caller.address)),
    ]


def _check(tx: Transaction, server: SignInServer, token: str, typed: str) -> None:
    """Before a stranger makes us hash anything."""
    invited = _find(tx, server, token)
    if invited is None:
        raise LinkInvalid
    _check_new(tx, invited or normalize_email(typed))


def _find(tx: Transaction, server: SignInServer, token: str) -> str | None:
    return links.find(tx, server.clock.now(), server.secret_box, token, _purposes(tx, server))


def _check_new(tx: Transaction, email: str) -> None:
    if users.find(tx, email) is not None:
        raise Conflict("There is already an account with this address: sign in with it.")


def _purposes(tx: Transaction, server: SignInServer) -> frozenset[str]:
    """Links of open registration end when registration is closed, the first with any account."""
    purposes = {links.INVITATION}
    if server.settings.registration == OPEN:
        purposes.add(links.REGISTRATION)
    if not users.is_anybody_there(tx):
        purposes.add(links.FIRST)
    return frozenset(purposes)


def _welcome(issuer: str, email: str, token: str) -> Message:
    link = links.url(issuer, links.REGISTER_PATH, token)
    text = (
        "Hello,\n\n"
        f"somebody, we hope you, wants to add an account with this address at {issuer}.\n"
        "To finish, open this link within a day; it is good once:\n\n"
        f"{link}\n\n"
        "If that was not you, do nothing: no account is added.\n"
    )
    return Message(email, "Finish your registration", text, link)


def _already_there(issuer: str, email: str, _token: str) -> Message:
    link = f"{issuer}{_SIGN_IN_PATH}"
    text = (
        "Hello,\n\n"
        f"somebody, we hope you, wants to add an account with this address at {issuer}.\n"
        "You have one already. Sign in here, or ask there for a new password:\n\n"
        f"{link}\n\n"
        "If that was not you, do nothing: nothing was changed.\n"
    )
    return Message(email, "You have an account already", text, link)
