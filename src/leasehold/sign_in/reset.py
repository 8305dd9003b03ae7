"""A forgotten password: a link by mail lets the person set a new one."""

from collections.abc import Callable

from leasehold.accounts import users
from leasehold.accounts.emails import normalize_email
from leasehold.sign_in import browser_sessions, links, tries
from leasehold.sign_in.errors import LinkInvalid
from leasehold.sign_in.mail import Message
from leasehold.sign_in.model import From, SecondFactorNeeded, SignedIn
from leasehold.sign_in.password_change import end_access_if
from leasehold.sign_in.registration import mail_buckets
from leasehold.sign_in.server import SignInServer
from leasehold.sign_in.sign_in import pass_password
from leasehold.storage.transaction import Transaction

_PURPOSES = frozenset({links.RESET})


async def request(server: SignInServer, email: str, caller: From) -> None:
    """Sends the link, if there is such an account; whoever asks sees no difference.

    Raises Invalid for what is no address, Throttled, and Unavailable when too much mail waits.
    """
    address = normalize_email(email)
    server.outbox.check_room()

    def run(tx: Transaction, now: int) -> tuple[bool, str]:
        box, entropy = server.secret_box, server.entropy
        tries.take(tx, now, mail_buckets(box, links.RESET, address, caller))
        user = users.find(tx, address)
        # Also for nobody: the work is the same, and the token stays here.
        token = links.issue(tx, now, entropy, box, purpose=links.RESET, email=address)
        return bool(user and user.is_active), token

    is_known, token = await server.committer.write(run)
    if is_known:
        server.outbox.post(_message(server.issuer, address, token))


async def email_of(server: SignInServer, token: str) -> str | None:
    """Whom the link is for; None when it is no longer good. Uses nothing up."""
    return await server.committer.read(
        lambda tx, _: links.find(tx, server.clock.now(), server.secret_box, token, _PURPOSES)
    )


async def complete(
    server: SignInServer, *, token: str, password: str, caller: From, ends_access: bool
) -> SignedIn | SecondFactorNeeded:
    """Sets the new password, signs all browsers out and this one in.

    `ends_access`: clients to which the person has given access lose it too.
    Where there is a second factor it is still needed: a mailbox alone is not enough. Raises
    LinkInvalid, and Invalid for the password: the link is then still good.
    """
    if await email_of(server, token) is None:
        raise LinkInvalid  # before a stranger makes us hash anything
    password_hash = await server.passwords.hash(password)

    def run(tx: Transaction, now: int) -> tuple[SignedIn | SecondFactorNeeded, Callable[[], None]]:
        # The user is held before the links are, as a change of password does it.
        email = links.find(tx, now, server.secret_box, token, _PURPOSES)
        found = users.find(tx, email) if email else None
        user = users.hold(tx, found.id) if found else None
        if user is None:
            raise LinkInvalid
        email = links.use(tx, now, server.secret_box, token, _PURPOSES)
        users.set_password_hash(tx, email, password_hash)
        users.mark_email_verified(tx, now, user.id)
        browser_sessions.end_all(tx, now, user.id)
        afterwards = end_access_if(server, tx, now, user, wanted=ends_access)
        return pass_password(tx, now, server, user, caller), afterwards

    result, afterwards = await server.committer.write(run)
    afterwards()
    return result


def _message(issuer: str, email: str, token: str) -> Message:
    link = links.url(issuer, links.RESET_PATH, token)
    text = (
        "Hello,\n\n"
        f"somebody, we hope you, asked for a new password for your account at {issuer}.\n"
        "To set one, open this link within an hour; it is good once:\n\n"
        f"{link}\n\n"
        "If that was not you, do nothing: your password stays as it is.\n"
    )
    return Message(email, "Set a new password", text, link)
