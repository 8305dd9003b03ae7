"""Logos of projects: strangers' pictures, sent so that browsers take them for nothing else."""

from starlette.responses import PlainTextResponse, Response

from leasehold.oauth2 import consent_screens
from leasehold.web.account.page import Visit

PATH = "/logos/{project}"
MAX_AGE = 300  # seconds


async def show(visit: Visit) -> Response:
    """The picture, with the media type that was found out when it was stored."""
    project_id = visit.request.path_params["project"]
    logo = await visit.read(lambda tx, _: consent_screens.logo(tx, project_id))
    if logo is None:
        return PlainTextResponse("There is no such picture.\n", 404)
    headers = {
        "Cache-Control": f"public, max-age={MAX_AGE}",
        # Opened by itself it is still no document of ours: no scripts, no origin.
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
        "Content-Disposition": "inline",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    return Response(logo.content, media_type=logo.type, headers=headers)
