"""A consumer and producer of one queue, who speaks plain HTTP with a token of its own."""

from dataclasses import dataclass

import requests

from tests.running_server import PROJECT, RunningServer

EMAIL = "worker@demo.iam.leasehold.internal"


@dataclass(frozen=True, slots=True)
class Worker:
    """Calls methods on one queue; every method returns the reply as it came."""

    server: RunningServer
    token: str
    queue: str

    @property
    def tasks(self) -> str:
        """The path of the queue's tasks, below `/taskqueue/v1beta2/projects/`."""
        return f"{PROJECT}/taskqueues/{self.queue}/tasks"

    def call(self, verb: str, path: str, **more: object) -> requests.Response:
        """A call below `/taskqueue/v1beta2/projects/` with the worker's token."""
        return self.server.call(verb, path, token=self.token, **more)

    def call_root(self, verb: str, path: str, **more: object) -> requests.Response:
        """A call of any path from the server's root, with the worker's token."""
        headers = {"Authorization": f"Bearer {self.token}"}
        headers |= more.pop("headers", {})  # type: ignore[call-overload]  # a test's own words
        url = f"{self.server.url}{path}"
        return requests.request(verb, url, headers=headers, timeout=30, **more)  # type: ignore[arg-type]  # as above

    def insert(self, **task: object) -> requests.Response:
        """Inserts a task with the payload `job`, unless told otherwise."""
        return self.call("POST", self.tasks, json={"payloadBase64": "am9i", **task})

    def lease(self, **parameters: object) -> requests.Response:
        """Leases one task for 30 seconds, unless told otherwise."""
        parameters = {"numTasks": 1, "leaseSecs": 30, **parameters}
        return self.call("POST", f"{self.tasks}/lease", params=parameters)

    def update(
        self, task_id: str, seconds: object, *, verb: str = "POST", **body: object
    ) -> requests.Response:
        """Renews the lease; verb PATCH is the other spelling."""
        parameters = {"newLeaseSeconds": seconds}
        return self.call(verb, f"{self.tasks}/{task_id}", params=parameters, json=body)

    def get(self, task_id: str, **more: object) -> requests.Response:
        """Shows a task."""
        return self.call("GET", f"{self.tasks}/{task_id}", **more)

    def delete(self, task_id: str, **more: object) -> requests.Response:
        """Deletes a task."""
        return self.call("DELETE", f"{self.tasks}/{task_id}", **more)

    def listed_ids(self) -> list[str]:
        """The ids of the queue's first hundred tasks."""
        return [task["id"] for task in self.call("GET", self.tasks).json().get("items", [])]
