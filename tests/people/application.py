"""An application that asks people for access: registered, and with a site of its own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

from playwright.sync_api import Page

from leasehold.oauth2.client_model import Client
from tests.running_server import RunningServer
from tests.web.consenting import PATH, Asking, redeem


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Takes an answer at /callback; at /passing it sends the browser on to another host."""
        path, _, query = self.path.partition("?")
        if path == "/passing":
            self.send_response(HTTPStatus.FOUND)
            _, _, port = self.headers["Host"].partition(":")
            self.send_header("Location", f"http://localhost:{port}/callback?{query}")
        else:
            self.send_response(HTTPStatus.OK if path == "/callback" else HTTPStatus.NOT_FOUND)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Shop</title><p>Back at the application.")

    def log_message(self, *_: object) -> None:
        """Nothing: tests look at the browser."""


@contextmanager
def application_site() -> Iterator[str]:
    """The URL of a site that is not ours; the block's end is its end."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Shop:
    """The application, as its developer sees it."""

    site: RunningServer
    client: Client
    redirect_uri: str

    def __post_init__(self) -> None:
        self._asking = Asking(self.site, self.client)

    def url(self, **changes: str | None) -> str:
        """Where the application sends people to ask them; None leaves a parameter out."""
        usual: dict[str, str | None] = {"redirect_uri": self.redirect_uri}
        parameters = self._asking.parameters(**usual | changes)
        return f"{self.site.url}{PATH}?{urlencode(parameters)}"

    def is_told(self, page: Page) -> dict[str, str]:
        """What the browser brings back, when it has come."""
        page.wait_for_url("http://*:*/callback?*", wait_until="load")
        assert not page.url.startswith(self.site.url)
        return dict(parse_qsl(urlsplit(page.url).query))

    def redeems(self, code: str) -> dict[str, str]:
        """What the token endpoint answers for a code."""
        return redeem(self._asking, code)

    def refreshes(self, refresh_token: str) -> dict[str, str]:
        """What the token endpoint answers for a refresh token."""
        return redeem(self._asking, refresh_token, grant="refresh_token")
