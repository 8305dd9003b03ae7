"""The plain pages: what this server is, for who opens its address, and its health."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

_LANDING = """\
This is a Leasehold server: a task queue that speaks App Engine's Task Queue REST API.

  API description   {issuer}/discovery/v1/apis/taskqueue/v1beta2/rest
  list of APIs      {issuer}/discovery/v1/apis
  token endpoint    {issuer}/token
  health            {issuer}/healthz

Every call needs an access token. A project's owner makes a service account with
`leasehold service-account create`, and its key file is all that Google's client libraries need.
"""


def routes(issuer: str) -> list[Route]:
    """`/` and `/healthz`."""

    async def landing(_request: Request) -> Response:
        return PlainTextResponse(_LANDING.format(issuer=issuer))

    async def health(_request: Request) -> Response:
        return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})

    return [Route("/", landing), Route("/healthz", health)]
