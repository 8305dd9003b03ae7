"""A web application of 2016: sends a person to sign in, and keeps what it gets in a Storage file.

    web_flow.py CLIENT_SECRETS STORAGE REDIRECT_URI TOKENINFO SCOPE

Prints the authorization URL, reads the address to which the person was sent back, and prints what
it then knows.
"""

import json
import sys
from urllib.parse import parse_qsl, urlsplit

from oauth2client.client import FlowExchangeError, flow_from_clientsecrets
from oauth2client.file import Storage

secrets, storage_path, redirect_uri, tokeninfo, scope = sys.argv[1:]
flow = flow_from_clientsecrets(secrets, scope, redirect_uri=redirect_uri, prompt="consent")
flow.token_info_uri = tokeninfo  # no client_secrets.json can say it, and Google's is the default
print(flow.step1_get_authorize_url(state="xyz"), flush=True)

answer = dict(parse_qsl(urlsplit(sys.stdin.readline().strip()).query))
try:
    credentials = flow.step2_exchange(answer)
except FlowExchangeError as error:
    print(json.dumps({"refused": str(error)}))
    sys.exit()
Storage(storage_path).put(credentials)
print(
    json.dumps(
        {
            "state": answer["state"],
            "access_token": credentials.access_token,
            "email": credentials.id_token["email"],
            "has_refresh_token": bool(credentials.refresh_token),
        }
    )
)
