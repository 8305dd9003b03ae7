"""What a grant type declares about itself."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from leasehold.oauth2.model import IdTokenResponse, TokenResponse
from leasehold.oauth2.server import AuthorizationServer

Answer = TokenResponse | IdTokenResponse
Run = Callable[[Mapping[str, str], AuthorizationServer], Awaitable[Answer]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One way to get a token: its name, the parameters that it cannot do without, its rule.

    `run` is given every parameter once and none empty, and raises OAuthError.
    """

    grant_type: str
    parameters: tuple[str, ...]
    run: Run
