"""Authorization codes: what a client carries from the consent page to the token endpoint, once."""

from leasehold import token_text
from leasehold.clock import MICROSECONDS
from leasehold.entropy import Entropy
from leasehold.oauth2 import grant_rows as rows
from leasehold.oauth2.model import AuthorizationCode
from leasehold.storage.secret_box import SecretBox
from leasehold.storage.transaction import Transaction

PREFIX = "lhc_"
LIFE_SECONDS = 60
KEPT_AFTER_EXPIRY = 86_400 * MICROSECONDS  # so that a second use is known for what it is

_DIGEST_PURPOSE = "authorization code"


def issue(  # noqa: PLR0913  # what a code is bound to
    tx: Transaction,
    now: int,
    box: SecretBox,
    entropy: Entropy,
    *,
    consent_id: int,
    client_id: str,
    redirect_uri: str,
    scopes: int,
    code_challenge: str | None,
    challenge_method: str | None,
    nonce: str | None,
    authenticated_at: int,
    offline: bool,
) -> str:
    """A new code, good for a minute and for one exchange by this client.

    `redirect_uri` is "" when the authorization request named none, and `code_challenge` None when
    it held none; `authenticated_at` (microseconds) is when the user last proved who they are.
    """
    text = token_text.mint(PREFIX, entropy)
    code = AuthorizationCode(
        consent_id,
        client_id,
        0,  # the consent's
        redirect_uri,
        scopes,
        code_challenge,
        challenge_method,
        nonce,
        authenticated_at,
        offline,
    )
    rows.insert_code(
        tx, now, digest=_digest(box, text), code=code, expires_at=now + LIFE_SECONDS * MICROSECONDS
    )
    return text


def find(tx: Transaction, box: SecretBox, text: str) -> AuthorizationCode | None:
    """What the code was given for, used or not; None for no code of ours."""
    if not token_text.is_well_formed(PREFIX, text):
        return None
    return rows.code_by_digest(tx, _digest(box, text))


def use(tx: Transaction, now: int, box: SecretBox, text: str) -> bool:
    """Whether this is the code's first use, and within its minute: of two, one is."""
    return rows.use_code(tx, now, _digest(box, text))


def note_family(tx: Transaction, box: SecretBox, text: str, family_id: int) -> None:
    """Remembers what the use of the code has given, should it be used again."""
    rows.set_family_of_code(tx, _digest(box, text), family_id)


def family_given(tx: Transaction, box: SecretBox, text: str) -> int | None:
    """The id of the family that its first use has given; None when there was none."""
    return rows.family_of_used_code(tx, _digest(box, text))


def sweep(tx: Transaction, now: int, limit: int) -> int:
    """Removes up to `limit` that expired more than a day ago; how many there were."""
    return rows.sweep_codes(tx, before=now - KEPT_AFTER_EXPIRY, limit=limit)


def _digest(box: SecretBox, text: str) -> bytes:
    return box.keyed_digest(_DIGEST_PURPOSE, text)
