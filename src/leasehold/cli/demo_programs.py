"""The programs that `leasehold demo` leaves for its reader, as anybody would write them."""

import json
from pathlib import Path

from leasehold.cli.demo_setup import DemoDirectory

_LEASE_ONE = """\
from google.oauth2.service_account import Credentials
from googleapiclient.discovery import build

url = {discovery_url}
key = Credentials.from_service_account_file({key_file})
key = key.with_scopes(["https://www.googleapis.com/auth/taskqueue.consumer"])
key = key.with_subject(key.service_account_email)  # or google-auth shows the token to Google
tasks = build("taskqueue", "v1beta2", credentials=key, discoveryServiceUrl=url).tasks()
leased = tasks.lease(project="demo", taskqueue="mail", numTasks=1, leaseSecs=60).execute()
for task in leased.get("items", []):
    print(task)
    tasks.delete(project="demo", taskqueue="mail", task=task["id"]).execute()
"""

# It opens no browser: there may be none, or one that takes the terminal and never comes back.
_ASK_ADA = """\
import os

from google.auth.exceptions import RefreshError
from google_auth_oauthlib.flow import InstalledAppFlow
from googleapiclient.discovery import build

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # plain http, but it stays on this machine
url = {discovery_url}
scopes = ["https://www.googleapis.com/auth/taskqueue.consumer"]
flow = InstalledAppFlow.from_client_secrets_file({client_file}, scopes)
ada = flow.run_local_server(port=0, open_browser=False)  # waits until she has said yes
tasks = build("taskqueue", "v1beta2", credentials=ada, discoveryServiceUrl=url).tasks()
lease = tasks.lease(project="demo", taskqueue="mail", numTasks=1, leaseSecs=10)
print(lease.execute().get("items", "no task is left"))
input({take_it_back})
try:
    print(lease.execute())
except RefreshError as refused:
    print("Refused:", refused.args[0])
"""


def discovery_url(url: str) -> str:
    """Where the server at this URL describes the API."""
    return f"{url}/discovery/v1/apis/taskqueue/v1beta2/rest"


def lease_one(directory: DemoDirectory, url: str) -> str:
    """Leases one task as the worker, with its key file."""
    return _LEASE_ONE.format(
        discovery_url=_quoted(discovery_url(url)), key_file=_quoted(directory.worker_key)
    )


def ask_ada(directory: DemoDirectory, url: str) -> str:
    """Asks Ada for access, leases one task in her name, and another when she took it back."""
    return _ASK_ADA.format(
        discovery_url=_quoted(discovery_url(url)),
        client_file=_quoted(directory.client_file),
        take_it_back=_quoted(f"Now take it back at {url}/account/access and press Enter: "),
    )


def _quoted(text: str | Path) -> str:
    return json.dumps(str(text))  # JSON's quotes are good in Python
