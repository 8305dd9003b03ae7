"""The programs of `leasehold demo`: a producer and a worker, as anybody would write them.

Each is run in a process of its own: `python -m leasehold.cli.demo_workers`. What it does it tells
on standard output, a line of JSON each; it begins when it is sent a line, and ends when nobody
could send it one any more.
"""

import json
import select
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import msgspec

PROJECT = "demo"
QUEUE = "resize"
MAIL = "mail"
PHOTOS = ("cat.jpg", "dog.jpg", "elk.jpg", "fox.jpg", "gnu.jpg")
FOR_READER = 2  # tasks: one for each of the two programs in `demo_programs`
HERE = {"project": PROJECT, "taskqueue": QUEUE}
POLL_SECONDS = 0.2
SCOPE = "https://www.googleapis.com/auth/taskqueue"

Api = Any  # Google's library makes the methods from the discovery document: no type knows them


class Telling(msgspec.Struct, frozen=True):
    """What a program did; `task` and the rest are empty where it is not about a task."""

    says: str
    task: str = ""  # id
    about: str = ""  # from the payload
    retry_count: int = 0  # leases so far


def main() -> None:
    """Runs the part that the arguments name."""
    part, key_file, discovery_url, *seconds = sys.argv[1:]
    if part == "produce":
        api = _connect(key_file, discovery_url, SCOPE)
        _await_start()
        _produce(api)
    else:
        api = _connect(key_file, discovery_url, f"{SCOPE}.consumer")
        _await_start()
        _work(api, lease_seconds=int(seconds[0]), work_seconds=float(seconds[1]))


def _connect(key_file: str, discovery_url: str, scope: str) -> Api:
    # No dependency of the server, which must be able to show what is here without them.
    from google.oauth2.service_account import Credentials  # noqa: PLC0415
    from googleapiclient.discovery import build  # noqa: PLC0415

    credentials = Credentials.from_service_account_file(  # type: ignore[no-untyped-call]  # google-auth has no types there
        key_file, scopes=[scope]
    )
    # Without a subject google-auth sends our access token to Google's IAM in the background.
    credentials = credentials.with_subject(credentials.service_account_email)
    return build("taskqueue", "v1beta2", credentials=credentials, discoveryServiceUrl=discovery_url)


def _await_start() -> None:
    if not sys.stdin.readline():
        sys.exit("the demo is gone")


def _produce(api: Api) -> None:
    for photo in PHOTOS:
        task = _insert(api, QUEUE, photo)
        _tell(f"inserted {photo} into queue {QUEUE}", task, photo)
    for _ in range(FOR_READER):
        task = _insert(api, MAIL, "Hello from the producer")
        _tell(f"inserted a task into queue {MAIL}, which is for you", task)


def _insert(api: Api, queue: str, payload: str) -> dict[str, Any]:
    body = {"queueName": queue, "payloadBase64": urlsafe_b64encode(payload.encode()).decode()}
    return api.tasks().insert(project=PROJECT, taskqueue=queue, body=body).execute()  # type: ignore[no-any-return]  # see Api


def _work(api: Api, *, lease_seconds: int, work_seconds: float) -> None:
    """Leases and deletes one task after the other until the queue is empty."""
    is_waiting = False
    while True:
        reply = api.tasks().lease(**HERE, numTasks=1, leaseSecs=lease_seconds).execute()
        if "items" in reply:
            _work_on(api, reply["items"][0], lease_seconds, work_seconds)
            continue
        stats = api.taskqueues().get(**HERE, getStats=True).execute()["stats"]
        if stats["totalTasks"] == 0:
            leases = stats["leasedLastMinute"]
            _tell(f"queue {QUEUE} is empty: 0 tasks, {leases} leases in the last minute")
            return
        if not is_waiting:
            _tell(f"waits: nothing to lease; tasks that others hold: {stats['totalTasks']}")
        is_waiting = True
        _pause(POLL_SECONDS)


def _work_on(api: Api, task: dict[str, Any], lease_seconds: int, work_seconds: float) -> None:
    photo = urlsafe_b64decode(task["payloadBase64"]).decode()
    leases = f"retry_count {task['retry_count']}"
    _tell(f"leased   {photo} for {lease_seconds} s, {leases}", task, photo)
    _pause(work_seconds)  # here a real worker works
    api.tasks().delete(**HERE, task=task["id"]).execute()
    _tell(f"deleted  {photo}: it is done")


def _pause(seconds: float) -> None:
    """Waits, or ends the program as soon as the demo that started it has gone."""
    if select.select([sys.stdin], [], [], seconds)[0]:
        sys.exit("the demo is gone")


def _tell(says: str, task: dict[str, Any] | None = None, about: str = "") -> None:
    telling = {"says": says, "about": about}
    if task:
        telling |= {"task": task["id"], "retry_count": task.get("retry_count", 0)}
    sys.stdout.write(json.dumps(telling) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
