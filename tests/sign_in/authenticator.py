"""An authenticator in software: makes passkeys and answers challenges, honestly or not."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
)

from leasehold.entropy import Entropy

Json = dict[str, Any]

UP, UV, AT = 0x01, 0x04, 0x40  # flags: user present, user verified, credential attached


@dataclass
class Authenticator:
    """One passkey; what it would say wrongly is set by the test."""

    origin: str
    rp_id: str
    flags: int = UP | UV
    cross_origin: bool = False
    count: int = 0
    counts: bool = True  # some authenticators always say 0
    user_handle: bytes = b""
    credential_id: bytes = field(default_factory=lambda: Entropy().bytes(16))
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def create(self, options: Mapping[str, Any]) -> Json:
        """What a browser sends after `navigator.credentials.create`."""
        self.user_handle = websafe_decode(options["user"]["id"])
        public_key = ES256.from_cryptography_key(self.key.public_key())  # type: ignore[no-untyped-call]  # the library's
        credential = AttestedCredentialData.create(Aaguid.NONE, self.credential_id, public_key)
        data = AuthenticatorData.create(
            self._rp_id_hash(),
            AuthenticatorData.FLAG(self.flags | AT),
            self._next_count(),
            credential,
        )
        attestation = AttestationObject.create("none", data, {})
        return self._response(
            {
                "clientDataJSON": self._client_data("webauthn.create", options["challenge"]),
                "attestationObject": bytes(attestation),
            }
        )

    def get(self, options: Mapping[str, Any]) -> Json:
        """What a browser sends after `navigator.credentials.get`."""
        client_data = self._client_data("webauthn.get", options["challenge"])
        data = AuthenticatorData.create(
            self._rp_id_hash(), AuthenticatorData.FLAG(self.flags), self._next_count()
        )
        signed = bytes(data) + hashlib.sha256(client_data).digest()
        return self._response(
            {
                "clientDataJSON": client_data,
                "authenticatorData": bytes(data),
                "signature": self.key.sign(signed, ec.ECDSA(hashes.SHA256())),
                "userHandle": self.user_handle,
            }
        )

    def _response(self, parts: Mapping[str, bytes]) -> Json:
        own_id = websafe_encode(self.credential_id)
        return {
            "id": own_id,
            "rawId": own_id,
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {name: websafe_encode(value) for name, value in parts.items()},
        }

    def _client_data(self, kind: str, challenge: str) -> bytes:
        return json.dumps(
            {
                "type": kind,
                "challenge": challenge,
                "origin": self.origin,
                "crossOrigin": self.cross_origin,
            }
        ).encode()

    def _rp_id_hash(self) -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest()

    def _next_count(self) -> int:
        self.count += 1 if self.counts else 0
        return self.count
