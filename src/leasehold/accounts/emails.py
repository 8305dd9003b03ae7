"""E-mail addresses: one spelling for each, so that equal addresses are equal text."""

import re

from leasehold.errors import Invalid

MAX_LENGTH = 254  # RFC 5321 §4.5.3.1.3: a path of 256 characters, less its angle brackets

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_EMAIL = re.compile(rf"[a-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}@{_LABEL}(?:\.{_LABEL})*")


def normalize_email(text: str) -> str:
    """The address in lower case, without spaces around it.

    Raises Invalid for what no address looks like. Only ASCII: letters of other alphabets can look
    the same and would let one person pass for another.

    >>> normalize_email(" Ada@Example.com ")
    'ada@example.com'
    """
    given = text.strip()
    email = given.lower()  # which makes a k of the kelvin sign
    if len(email) > MAX_LENGTH or not given.isascii() or not _EMAIL.fullmatch(email):
        raise Invalid(
            "that is not an e-mail address: write it like ada@example.com, in ASCII",
            field="email",
        )
    return email
