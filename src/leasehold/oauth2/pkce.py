"""PKCE (RFC 7636): who exchanges a code proves that it is the one who asked for it."""

import base64
import hashlib
import hmac
import re

from leasehold.oauth2.errors import OAuthError

S256 = "S256"
PLAIN = "plain"

_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 §4.1
_SHA256 = re.compile(r"[A-Za-z0-9_-]{43}")  # 32 bytes of base64url without padding


def check_challenge(
    challenge: str | None, method: str | None, *, plain_allowed: bool
) -> str | None:
    """The method by which the verifier will be checked; None when no challenge was sent.

    Raises OAuthError `invalid_request`. RFC 7636 §4.3: a challenge without a method is plain.
    """
    if challenge is None:
        if method is not None:
            _refuse("code_challenge_method was sent without a code_challenge")
        return None
    method = method or PLAIN
    if method not in (S256, PLAIN):
        _refuse("code_challenge_method must be S256")
    if method == PLAIN and not plain_allowed:
        # RFC 9700 §2.1.1: whoever sees the request would know the verifier.
        _refuse("plain code challenges are not taken here: send code_challenge_method=S256")
    pattern = _SHA256 if method == S256 else _UNRESERVED
    if not pattern.fullmatch(challenge):
        _refuse("code_challenge must be the unpadded base64url of the verifier's SHA-256")
    return method


def check_verifier(verifier: str | None, challenge: str | None, method: str | None) -> None:
    """Raises OAuthError unless the verifier is the challenge's, or there is neither."""
    if challenge is None:
        if verifier is not None:
            # RFC 9700 §4.8.2: else an attacker could take the challenge out of the request.
            raise OAuthError(
                "invalid_grant", "the code was asked for without a code_challenge: begin anew"
            )
        return
    if verifier is None:
        raise OAuthError("invalid_grant", "code_verifier is missing")
    if not _UNRESERVED.fullmatch(verifier):
        raise OAuthError(
            "invalid_request",
            "code_verifier must have 43 to 128 letters, digits and characters of - . _ ~",
        )
    if not hmac.compare_digest(_challenge(verifier, method), challenge):
        raise OAuthError("invalid_grant", "code_verifier is not that of the code_challenge")


def _challenge(verifier: str, method: str | None) -> str:
    if method == PLAIN:
        return verifier
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _refuse(description: str) -> None:
    raise OAuthError("invalid_request", description)
