"""What signing in works with: database, time, randomness, secret key, passwords and mail."""

from collections.abc import Callable
from dataclasses import dataclass

from leasehold.clock import Clock
from leasehold.entropy import Entropy
from leasehold.settings import Settings
from leasehold.sign_in.mail import make_mail
from leasehold.sign_in.model import SessionLimits
from leasehold.sign_in.outbox import Outbox
from leasehold.sign_in.password_pool import PasswordPool
from leasehold.storage.committer import Committer
from leasehold.storage.secret_box import SecretBox
from leasehold.storage.transaction import Transaction

# Ends what a user has given to clients, in the transaction; to be called after the commit is what
# it returns.
EndAccess = Callable[[Transaction, int, int], Callable[[], None]]


@dataclass(frozen=True, slots=True)
class SignInServer:
    """What every entry point works with."""

    committer: Committer
    clock: Clock
    entropy: Entropy
    settings: Settings
    secret_box: SecretBox
    issuer: str  # our own URL, without a slash at its end
    passwords: PasswordPool
    outbox: Outbox
    end_access: EndAccess  # of the user with this id, as of this instant

    @property
    def limits(self) -> SessionLimits:
        """How long browser sessions last."""
        return SessionLimits.of(self.settings)

    async def close(self) -> None:
        """Gives mail that is under way a moment, and ends the threads that hash passwords."""
        await self.outbox.close()
        self.passwords.close()


def open_sign_in_server(
    *,
    committer: Committer,
    clock: Clock,
    entropy: Entropy,
    settings: Settings,
    secret_box: SecretBox,
    issuer: str,
    end_access: EndAccess,
) -> SignInServer:
    """Everything ready to let people in. Raises Invalid when the mail settings cannot be read."""
    issuer = issuer.rstrip("/")
    return SignInServer(
        committer=committer,
        clock=clock,
        entropy=entropy,
        settings=settings,
        secret_box=secret_box,
        issuer=issuer,
        passwords=PasswordPool(entropy),
        outbox=Outbox(make_mail(settings, issuer)),
        end_access=end_access,
    )
