"""Requests byte for byte as Google's Python client sends them, but on connections that stay open.

Taken from google-api-python-client 2.202: the same headers in the same order, replies compressed.
"""

from dataclasses import dataclass, field

PROJECT = "bench"
QUEUE = "q"
CONSTANT = "constant"  # the task that the floor's method is asked for
TASKS = f"/taskqueue/v1beta2/projects/{PROJECT}/taskqueues/{QUEUE}/tasks"

_CLIENT = "gdcl/2.202.0 gl-python/3.11.7 cred-type/u"


@dataclass(frozen=True, slots=True)
class Requests:
    """The requests of one caller to one server."""

    host: str  # with its port
    token: str = field(repr=False)
    encoding: str = "gzip, deflate"  # "identity" asks for replies that are not compressed
    key: str = field(default="", repr=False)  # what the client calls developerKey; "": none

    def insert(self, payload: str) -> bytes:
        """`payload` is base64 already, as the client's caller has to make it."""
        body = f'{{"queueName": "{QUEUE}", "payloadBase64": "{payload}"}}'
        return self._request("POST", f"{TASKS}?{self._key}alt=json", body=body)

    def lease(self, num_tasks: int, seconds: int) -> bytes:
        """A lease of up to `num_tasks` tasks."""
        query = f"numTasks={num_tasks}&leaseSecs={seconds}&{self._key}alt=json"
        return self._request("POST", f"{TASKS}/lease?{query}")

    def delete(self, task_id: str) -> bytes:
        """A deletion; its reply has no body, so the client takes any type."""
        query = f"?{self._key.rstrip('&')}" if self.key else ""
        return self._request("DELETE", f"{TASKS}/{task_id}{query}", accept="*/*")

    def get(self, task_id: str) -> bytes:
        """A look at one task."""
        return self._request("GET", f"{TASKS}/{task_id}?alt=json")

    def constant(self) -> bytes:
        """What the floor's own method answers; shaped like any get."""
        return self._request("GET", f"{TASKS}/{CONSTANT}?alt=json")

    @property
    def _key(self) -> str:
        """The key as a part of a query that goes on."""
        return f"key={self.key}&" if self.key else ""

    def _request(
        self, verb: str, target: str, *, accept: str = "application/json", body: str = ""
    ) -> bytes:
        head = [
            f"{verb} {target} HTTP/1.1",
            f"Host: {self.host}",
            f"accept: {accept}",
            f"accept-encoding: {self.encoding}",
            "user-agent: (gzip)",
            f"x-goog-api-client: {_CLIENT}",
            *(["content-type: application/json"] if body else []),
            f"content-length: {len(body)}",
            f"authorization: Bearer {self.token}",
        ]
        return ("\r\n".join(head) + "\r\n\r\n" + body).encode()
