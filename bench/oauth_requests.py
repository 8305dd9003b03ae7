"""Requests to the authorization server's endpoints, the same bytes for ours and for the peer."""

import base64
from dataclasses import dataclass, field
from urllib.parse import urlencode

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthRequests:
    """The requests of one client to one server."""

    host: str  # with its port
    client_id: str
    secret: str = field(repr=False)
    scope: str
    token_path: str = "/token"  # noqa: S105  # a path
    introspection_path: str

    def client_credentials(self) -> bytes:
        """A token for the client itself (RFC 6749 §4.4)."""
        form = {"grant_type": "client_credentials", "scope": self.scope}
        return self._post(self.token_path, form, authorized=True)

    def introspection(self, token: str) -> bytes:
        """What the server knows of a token (RFC 7662)."""
        return self._post(self.introspection_path, {"token": token}, authorized=True)

    def jwt_bearer(self, assertion: str) -> bytes:
        """A token for the service account that signed the assertion (RFC 7523)."""
        form = {"grant_type": JWT_BEARER, "assertion": assertion}
        return self._post(self.token_path, form, authorized=False)

    def _post(self, path: str, form: dict[str, str], *, authorized: bool) -> bytes:
        body = urlencode(form)
        # RFC 6749 §2.3.1: both are form-encoded first; ids and secrets here need no escapes.
        credentials = base64.b64encode(f"{self.client_id}:{self.secret}".encode()).decode()
        head = [
            f"POST {path} HTTP/1.1",
            f"Host: {self.host}",
            "Accept: */*",
            *([f"Authorization: Basic {credentials}"] if authorized else []),
            "Content-Type: application/x-www-form-urlencoded",
            f"Content-Length: {len(body)}",
        ]
        return ("\r\n".join(head) + "\r\n\r\n" + body).encode()
