"""A worker of 2016 that works for itself, with a key file.

service_account.py KEY_FILE QUEUE_URL SCOPE

Prints the status of a lease, and that of one after a refresh.
"""

import json
import sys

import httplib2
from oauth2client.service_account import (  # type: ignore[import-not-found]  # of the old environment
    ServiceAccountCredentials,
)

key_file, queue_url, scope = sys.argv[1:]
credentials = ServiceAccountCredentials.from_json_keyfile_name(key_file, [scope])
http = credentials.authorize(httplib2.Http())


def lease() -> int:
    response, _ = http.request(queue_url + "/tasks/lease?numTasks=1&leaseSecs=60", "POST", body="")
    return int(response.status)


first = lease()
credentials.refresh(httplib2.Http())
json.dump([first, lease()], sys.stdout)
