"""JWTs that a service account signed for itself, used as bearer tokens without a token request.

Google's libraries do so for key files of another universe domain than Google's. One is verified
once, and then known by its digest until it expires or anything is configured anew: a key or an
account may have gone.
"""

import asyncio
from collections import OrderedDict
from functools import partial

from leasehold.access.principal import Principal
from leasehold.accounts.model import ServiceAccount
from leasehold.clock import MICROSECONDS, Clock
from leasehold.errors import Unauthenticated
from leasehold.oauth2 import access_tokens, jwt, scopes, service_account_jwt
from leasehold.oauth2.errors import OAuthError
from leasehold.oauth2.jwt import Json
from leasehold.oauth2.service_account_jwt import Assertion, Signer
from leasehold.storage.committer import Committer
from leasehold.storage.transaction import Transaction

MAX_REMEMBERED = 20_000  # the first ones learnt are forgotten first


class SelfSignedJwts:
    """Answers who has signed such a JWT."""

    def __init__(self, committer: Committer, clock: Clock, issuer: str) -> None:
        self._committer = committer
        self._clock = clock
        self._audiences = frozenset({issuer, f"{issuer}/"})
        self._principals: OrderedDict[bytes, Principal] = OrderedDict()
        self._version = 0  # counts changes: a look-up that ran meanwhile may be out of date

    async def principal(self, text: str) -> Principal:
        """Who has signed it; Unauthenticated when it is not good, whatever is wrong with it."""
        digest = access_tokens.digest(text)
        principal = self._principals.get(digest)
        if principal is None:
            try:
                principal = await self._verify(text)
            except OAuthError as error:
                raise Unauthenticated("Invalid Credentials", detail=error.description) from None
            self._principals[digest] = principal
            if len(self._principals) > MAX_REMEMBERED:
                self._principals.popitem(last=False)
        if principal.expires_at <= self._clock.now():
            self._principals.pop(digest, None)
            raise Unauthenticated("Invalid Credentials")
        return principal

    def forget(self) -> None:
        """Something was configured: each is verified anew."""
        self._version += 1
        self._principals.clear()

    async def _verify(self, text: str) -> Principal:
        assertion = service_account_jwt.read(text)
        _check_form(assertion)
        granted = granted_scopes(assertion.claims, self._audiences)
        account, _ = service_account_jwt.check_signature(assertion, await self._signer(assertion))
        ends = service_account_jwt.check_times(assertion.claims, self._clock.now() // MICROSECONDS)
        return _principal(account, granted, ends)

    async def _signer(self, assertion: Assertion) -> Signer:
        while True:
            version = self._version
            signer = await self._committer.read(partial(_find, assertion=assertion))
            if version == self._version:
                return signer
            await asyncio.sleep(0)


def granted_scopes(claims: Json, audiences: frozenset[str]) -> int:
    """The mask of what it may do: its `scope`, or all when it is for this API and says nothing.

    Raises OAuthError when it is for somebody else, or for anybody and says nothing.
    """
    if "aud" in claims and service_account_jwt.audience(claims) not in audiences:
        jwt.refuse("aud must be this server's URL")
    if "scope" not in claims and "aud" in claims:
        return scopes.READ_WRITE
    scope = claims.get("scope")
    if not isinstance(scope, str):
        jwt.refuse("it must have a scope, or this server's URL as aud")
    return scopes.mask(scope)


def _check_form(assertion: Assertion) -> None:
    if assertion.key_id is None:
        jwt.refuse("kid must name the key: the private_key_id of the key file")
    if assertion.claims.get("sub") != assertion.issuer:
        jwt.refuse("sub must be the account, as iss is")
    service_account_jwt.check_subject(assertion)
    if "target_audience" in assertion.claims:
        jwt.refuse("it is an assertion for the token endpoint")


def _find(tx: Transaction, now: int, *, assertion: Assertion) -> Signer:  # noqa: ARG001  # every operation is given the time
    return service_account_jwt.find_signer(tx, assertion)


def _principal(account: ServiceAccount, granted: int, ends: int) -> Principal:
    return Principal(
        email=account.email,
        project_id=account.project_id,
        client_id=account.id,
        scopes=granted,
        expires_at=ends * MICROSECONDS,
    )
