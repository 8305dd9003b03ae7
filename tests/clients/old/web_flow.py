"""A web application of 2016: sends a person to sign in, and keeps what it gets in a Storage file.

    web_flow.py HOW CLIENT_SECRETS STORAGE REDIRECT_URI TOKENINFO SCOPE

Prints the authorization URL, reads the address to which the person was sent back, and prints what
it then knows. HOW is `file` for a flow that the library makes of the file, or `constructor`.
"""

import json
import sys
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from oauth2client.client import (  # type: ignore[import-not-found]  # of the old environment
    FlowExchangeError,
    OAuth2WebServerFlow,
    flow_from_clientsecrets,
)
from oauth2client.file import Storage  # type: ignore[import-not-found]  # of the old environment

how, secrets, storage_path, redirect_uri, tokeninfo, scope = sys.argv[1:]


def flow_of_file() -> OAuth2WebServerFlow:
    flow = flow_from_clientsecrets(secrets, scope, redirect_uri=redirect_uri, prompt="consent")
    flow.token_info_uri = tokeninfo  # no file can say it, and Google's is the default
    return flow


def flow_of_constructor() -> OAuth2WebServerFlow:
    known = json.loads(Path(secrets).read_text())["web"]
    return OAuth2WebServerFlow(
        known["client_id"],
        known["client_secret"],
        scope,
        redirect_uri=redirect_uri,
        auth_uri=known["auth_uri"],
        token_uri=known["token_uri"],
        revoke_uri=known["revoke_uri"],
        token_info_uri=tokeninfo,
        prompt="consent",
    )


flow = flow_of_file() if how == "file" else flow_of_constructor()
sys.stdout.write(flow.step1_get_authorize_url(state="xyz") + "\n")
sys.stdout.flush()

answer = dict(parse_qsl(urlsplit(sys.stdin.readline().strip()).query))
try:
    credentials = flow.step2_exchange(answer)
except FlowExchangeError as error:
    json.dump({"refused": str(error)}, sys.stdout)
    sys.exit()
Storage(storage_path).put(credentials)
known = {
    "state": answer["state"],
    "access_token": credentials.access_token,
    "email": credentials.id_token["email"],
    "has_refresh_token": bool(credentials.refresh_token),
}
json.dump(known, sys.stdout)
