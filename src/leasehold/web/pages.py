"""The plain pages: what this server is, for who opens its address, and its health."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from leasehold.web.account.page import Page, Pages, Visit

# For who has no browser; the page for the others is landing.html.
_LANDING = """\
This is a Leasehold server: a task queue that speaks App Engine's Task Queue REST API.

  reference         {issuer}/reference
  API description   {issuer}/discovery/v1/apis/taskqueue/v1beta2/rest
  list of APIs      {issuer}/discovery/v1/apis
  token endpoint    {issuer}/token
  about sign-in     {issuer}/.well-known/openid-configuration
  health            {issuer}/healthz

Every call needs an access token. A project's owner makes a service account with
`leasehold service-account create`, and its key file is all that Google's client libraries need.
"""


def routes(pages: Pages) -> list[Route]:
    """`/` and `/healthz`."""
    return [Route("/", Page(pages, show=_landing)), Route("/healthz", _health)]


async def _landing(visit: Visit) -> Response:
    issuer = visit.pages.sign_in.issuer
    if "text/html" not in visit.request.headers.get("accept", ""):
        return PlainTextResponse(_LANDING.format(issuer=issuer), headers={"Vary": "Accept"})
    page = visit.page("landing.html", issuer=issuer)
    page.headers["Vary"] = "Accept"
    return page


async def _health(_request: Request) -> Response:
    return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})
