"""Buckets of tries: guessing is slow, and nobody can use up the tries of somebody else's browser.

A password is guessed against four kinds of buckets. Browsers in which the account was signed in
before have one each, and a larger one together: whoever was in the account once may have made
themselves as many of them as they liked. All other browsers share one for the account, so that
thousands of addresses guess no faster than one; while strangers keep that one empty, the account's
own browsers, its passkeys and a link by mail still work. And each address has a larger one, for
those who try one password on many accounts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from leasehold.clock import MICROSECONDS
from leasehold.sign_in import rows
from leasehold.sign_in.errors import Throttled
from leasehold.storage.secret_box import SecretBox
from leasehold.storage.transaction import Transaction

_MINUTE = 60  # seconds


@dataclass(frozen=True, slots=True)
class Kind:
    """Buckets of one kind: `size` tries at once, and one more every `pace_seconds`."""

    name: str
    size: int
    pace_seconds: int


PASSWORD_OF_ACCOUNT = Kind("password of account", 10, 3 * _MINUTE)
PASSWORD_OF_BROWSER = Kind("password of browser", 10, _MINUTE)
PASSWORD_OF_BROWSERS = Kind("password of browsers", 30, _MINUTE)
PASSWORD_OF_ADDRESS = Kind("password of address", 100, 6)
CODE_OF_ACCOUNT = Kind("code of account", 10, 5 * _MINUTE)
CODE_OF_BROWSER = Kind("code of browser", 10, 5 * _MINUTE)
CODE_OF_BROWSERS = Kind("code of browsers", 20, 5 * _MINUTE)
OLD_PASSWORD = Kind("old password", 10, 3 * _MINUTE)
CHALLENGES_OF_ADDRESS = Kind("challenges of address", 300, 1)
MAIL_TO_ADDRESS = Kind("mail to address", 3, 20 * _MINUTE)
MAIL_OF_CALLER = Kind("mail of caller", 20, 3 * _MINUTE)


@dataclass(frozen=True, slots=True)
class Bucket:
    """The tries of one account, browser or address."""

    kind: Kind
    digest: bytes


def bucket(box: SecretBox, kind: Kind, whose: str) -> Bucket:
    """The bucket of whoever the text names; the table shows no names."""
    return Bucket(kind, box.keyed_digest(f"tries: {kind.name}", whose))


def take(tx: Transaction, now: int, buckets: Sequence[Bucket]) -> None:
    """Takes a try from each, in one transaction and before anything is looked at.

    Raises Throttled, with nothing taken, when one of them is empty: parallel guesses cannot
    exceed a bucket, for each take is one conditional statement.
    """
    for each in sorted(buckets, key=lambda one: one.digest):  # one order: nobody waits in a ring
        pace = each.kind.pace_seconds * MICROSECONDS
        latest = now + (each.kind.size - 1) * pace
        if not rows.take_try(tx, now, each.digest, pace=pace, latest=latest):
            full_at = rows.full_at(tx, each.digest) or now
            raise _throttled(full_at - latest)


def give_back(tx: Transaction, buckets: Sequence[Bucket]) -> None:
    """Returns what one success took, and no more: else own successes would pay for guesses."""
    for each in sorted(buckets, key=lambda one: one.digest):
        rows.give_try_back(tx, each.digest, pace=each.kind.pace_seconds * MICROSECONDS)


def address_block(address: str) -> str:
    """What one subscriber has: an IPv4 address, or the /64 of an IPv6 one.

    >>> address_block("2001:db8:1:2:aaaa::1")
    '2001:db8:1:2::/64'
    >>> address_block("::ffff:203.0.113.9")
    '203.0.113.9'
    """
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return f"{IPv6Address(int(parsed) >> 64 << 64)}/64"


def _throttled(wait: int) -> Throttled:
    seconds = max(1, -(-wait // MICROSECONDS))
    return Throttled("There were too many tries.", retry_after=seconds)
