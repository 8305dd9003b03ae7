"""The authorization server's refusals, by the codes of RFC 6749 §5.2.

`invalid_token` and `insufficient_scope` are those of RFC 6750 §3.1, for a token that is shown to
us; Google's tokeninfo uses the first, too.
"""

from typing import Literal

from leasehold.errors import Invalid

# No server_error and no temporarily_unavailable: Google's libraries repeat the request on those,
# and what is refused here will be refused again.
Code = Literal[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_token",
    "insufficient_scope",
]


class OAuthError(Invalid):
    """A refusal that the client is told of; `description` never holds a secret."""

    def __init__(self, code: Code, description: str) -> None:
        super().__init__(description)
        self.code: Code = code
        self.description = description
