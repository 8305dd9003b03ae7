"""client_secrets.json: the file from which Google's client libraries learn of a client."""

import json
from collections.abc import Mapping

from leasehold.oauth2.client_model import Client

ClientFile = Mapping[str, Mapping[str, str | list[str]]]


def client_file(client: Client, secret: str | None, issuer: str) -> ClientFile:
    """What to write, as JSON, into the file that the client's developer is given.

    Members and their order are those of Google's own files, with two more: where tokens are
    revoked, which oauth2client reads, and the issuer, which others need. `secret` is None for a
    browser client: no secret goes into a page.
    """
    issuer = issuer.rstrip("/")
    content: dict[str, str | list[str]] = {
        "client_id": client.id,
        "project_id": client.project_id,
        "auth_uri": f"{issuer}/o/oauth2/auth",
        "token_uri": f"{issuer}/token",
        "auth_provider_x509_cert_url": f"{issuer}/oauth2/v1/certs",
    }
    if secret is not None:
        content["client_secret"] = secret
    content["redirect_uris"] = list(client.redirect_uris)
    if client.type != "installed":
        content["javascript_origins"] = list(client.javascript_origins)
    content |= {"revoke_uri": f"{issuer}/revoke", "issuer": issuer}
    return {"installed" if client.type == "installed" else "web": content}


def client_file_text(client: Client, secret: str | None, issuer: str) -> str:
    """The whole file, as it is written."""
    return json.dumps(client_file(client, secret, issuer), indent=2) + "\n"


def file_name(client: Client) -> str:
    """What the file is called when a browser keeps it, as Google's are."""
    return f"client_secret_{client.id}.json"
