"""Where a person goes on after signing in: a path on this server, and nothing else."""

from urllib.parse import urlsplit

from leasehold.errors import Invalid

HOME = "/account"
MAX_CHARACTERS = 8192  # an authorization request with a long state, percent-encoded


def continue_to(text: str) -> str:
    """The path as it was given; `/account` for an empty one.

    Raises Invalid for what a browser could understand as another site: a link to our sign-in page
    must not send people anywhere else.

    >>> continue_to("/account/security?x=1")
    '/account/security?x=1'
    """
    if not text:
        return HOME
    if not _is_local_path(text):
        raise Invalid(
            "This link wants to send you to another site after you sign in, which is not allowed."
            " Go back to where you came from, or sign in from the start page."
        )
    return text


def _is_local_path(text: str) -> bool:
    # Browsers read a backslash as a slash, drop tabs and line ends, and take //host for a site.
    if len(text) > MAX_CHARACTERS or not text.isascii() or not text.isprintable():
        return False
    if not text.startswith("/") or text.startswith("//") or "\\" in text or " " in text:
        return False
    parts = urlsplit(text)
    return not (parts.scheme or parts.netloc) and not parts.path.startswith("//")
