"""A worker of 2016: takes credentials out of a Storage file and does what it is told with them.

    stored.py STORAGE SERVER STEP ...

Prints a list with what came of each step.
"""

import json
import sys
from typing import Any

import httplib2
from googleapiclient.discovery import build
from oauth2client.client import HttpAccessTokenRefreshError  # type: ignore[import-not-found]  # of the old environment
from oauth2client.file import Storage  # type: ignore[import-not-found]  # of the old environment

storage_path, server = sys.argv[1:3]
storage = Storage(storage_path)
credentials = storage.get()  # knows its store, so that a new token gets into the file
http = credentials.authorize(httplib2.Http())


def call() -> list[str]:
    """Inserts a task, and leases it, with the API client of that time."""
    document = server + "/discovery/v1/apis/{api}/{apiVersion}/rest"
    service: Any = build("taskqueue", "v1beta2", http=http, discoveryServiceUrl=document)
    queue = {"project": "demo", "taskqueue": "jobs"}
    body = {"queueName": "jobs", "payloadBase64": "am9i"}
    service.tasks().insert(body=body, **queue).execute()
    leased = service.tasks().lease(numTasks=1, leaseSecs=60, **queue).execute()
    return [task["payloadBase64"] for task in leased["items"]]


def refresh() -> bool:
    before = credentials.access_token
    credentials.refresh(httplib2.Http())
    return bool(credentials.access_token != before)


def token() -> str:
    return str(credentials.access_token)


def scopes() -> list[str]:
    return sorted(credentials.retrieve_scopes(httplib2.Http()))


def revoke() -> bool:
    credentials.revoke(httplib2.Http())
    return bool(credentials.invalid)


def is_stored() -> bool:
    return storage.get() is not None


results = []
for step in sys.argv[3:]:
    try:
        results.append(globals()[step]())
    except HttpAccessTokenRefreshError as error:
        results.append(str(error))
json.dump(results, sys.stdout)
