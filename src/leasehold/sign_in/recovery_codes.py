"""Recovery codes: ten, each good once, for the day when the authenticator app is gone."""

import re

from leasehold.accounts import users
from leasehold.entropy import Entropy
from leasehold.errors import Conflict
from leasehold.sign_in import rows
from leasehold.sign_in.browser_sessions import require_recent
from leasehold.sign_in.model import BrowserSession
from leasehold.sign_in.server import SignInServer
from leasehold.storage.secret_box import SecretBox
from leasehold.storage.transaction import Transaction

COUNT = 10

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # none that looks like another
_CHARACTERS = 12  # 59 bits: with a few tries an hour beyond guessing
_NOISE = re.compile(r"[\s-]")


async def regenerate(server: SignInServer, session: BrowserSession) -> list[str]:
    """Ten new codes in place of all old ones, shown this once.

    Raises AuthenticationTooOld, and Conflict when the second factor is off.
    """
    require_recent(server, session)

    def run(tx: Transaction, now: int) -> list[str]:
        if users.hold(tx, session.user_id) is None or not rows.totp_secret(tx, session.user_id):
            raise Conflict("Recovery codes belong to a second factor: switch it on first.")
        return replace(tx, now, server.secret_box, server.entropy, session.user_id)

    return await server.committer.write(run)


def replace(tx: Transaction, now: int, box: SecretBox, entropy: Entropy, user_id: int) -> list[str]:
    """Ten new codes; the old ones are good no longer. The caller holds the user."""
    codes = [_new(entropy) for _ in range(COUNT)]
    rows.delete_recovery_codes(tx, user_id)
    rows.insert_recovery_codes(tx, now, user_id, [_digest(box, user_id, code) for code in codes])
    return codes


def left(tx: Transaction, user_id: int) -> int:
    """How many codes the person has not used yet."""
    return rows.recovery_codes_left(tx, user_id)


def use(tx: Transaction, now: int, box: SecretBox, user_id: int, code: str) -> bool:
    """Whether it is one of the person's codes; from then on it is none."""
    return rows.use_recovery_code(tx, now, user_id, _digest(box, user_id, code))


def _new(entropy: Entropy) -> str:
    """Three groups of four.

    The remainder of 128 random bits favours no character by more than 2**-60.
    """
    number = int.from_bytes(entropy.bytes(16))
    characters = ""
    for _ in range(_CHARACTERS):
        number, digit = divmod(number, len(_ALPHABET))
        characters += _ALPHABET[digit]
    return "-".join(characters[at : at + 4] for at in range(0, _CHARACTERS, 4))


def _digest(box: SecretBox, user_id: int, code: str) -> bytes:
    plain = _NOISE.sub("", code[:100]).lower()
    return box.keyed_digest("recovery code", f"{user_id}:{plain}")
