"""A browser without a window: sends what it is told over one connection, and reads pages strictly.

No attack needs a window to be tried, and this one sends a thousand requests in a second or two.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from http.client import HTTPConnection, HTTPException, HTTPMessage
from typing import Self
from urllib.parse import urlencode, urlsplit

from tests.people.visitor import Visitor

OWN = {"Sec-Fetch-Site": "same-origin"}
URLENCODED = "application/x-www-form-urlencoded"
SECONDS = 60  # for an answer
FILLED_IN = "T49T"  # what T{{7*7}}T would become

Fields = Sequence[tuple[str, str]]

_VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
_LEADS = ("href", "src", "action", "formaction", "hx-get", "hx-post", "data", "xlink:href")
# All that could be a danger, and more: the same text is harmless where it is escaped.
_SUSPICIOUS = re.compile(
    rf"""<(?!script[^>]+src="/static/)(?:script|iframe|object|embed|base|style|x-hurt|img)\b
    | [\s"'/]on\w+\s*=
    | (?:{"|".join(_LEADS)})\s*=\s*["']?[^"'>]*(?:script|data:text)
    | (?:{"|".join(_LEADS)})\s*=\s*["']?x\b
    | {FILLED_IN}""",
    re.IGNORECASE | re.VERBOSE,
)
_TO_TYPE = re.compile(r"Type (.+) to go on")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; a redirect is not followed."""

    status: int
    headers: HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def location(self) -> str:
        """Where a redirect leads; "" for anything else."""
        return self.headers.get("Location", "")

    @property
    def page(self) -> "Markup":
        """What the browser makes of it."""
        return markup(self.text)

    def dangers(self) -> list[str]:
        """See Markup; most pages hold nothing that even looks so, and are not read for it."""
        return self.page.dangers() if _SUSPICIOUS.search(self.text) else []


@dataclass
class PlainBrowser:
    """Somebody's browser, with a session cookie of theirs; "" for nobody's."""

    url: str
    session: str
    _connection: HTTPConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            self._connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        """Opens an address; a header's name is written with underscores."""
        return self.send("GET", path, headers=_named(headers))

    def post(
        self, path: str, fields: Fields | Mapping[str, str] = (), headers: Mapping[str, str] = OWN
    ) -> Answer:
        """Sends a form; by itself from a page of ours."""
        body = urlencode(fields).encode()
        return self.send("POST", path, headers={"Content-Type": URLENCODED, **headers}, body=body)

    def send(
        self, verb: str, path: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """One request, word for word as it is given."""
        sent = {"Accept": "text/html", **(headers or {})}
        if self.session:
            sent["Cookie"] = f"leasehold-session={self.session}"
        for _ in range(2):
            connection = self._connected()
            try:
                connection.request(verb, path, body=body or None, headers=sent)
                response = connection.getresponse()
                return Answer(response.status, response.headers, response.read())
            except (ConnectionError, HTTPException):  # the server has closed it meanwhile
                connection.close()
                self._connection = None
        raise ConnectionError(f"no answer to {verb} {path[:200]}")

    def _connected(self) -> HTTPConnection:
        if self._connection is None:
            address = urlsplit(self.url)
            assert address.hostname is not None
            self._connection = HTTPConnection(address.hostname, address.port, timeout=SECONDS)
        return self._connection


def _named(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def unseen(visitor: Visitor) -> PlainBrowser:
    """A browser with the visitor's session and without their window."""
    cookies = visitor.page.context.cookies()
    (session,) = [c["value"] for c in cookies if c["name"] == "leasehold-session"]
    return PlainBrowser(visitor.site.url, session)


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a page, without what is in it."""

    tag: str
    attributes: Mapping[str, str]  # those without a value have ""


@dataclass(frozen=True, slots=True)
class Form:
    """A form as a person sends it who fills in what is empty."""

    action: str  # as it is written; "": the page's own address
    fields: Fields
    empty: Sequence[str] = ()  # fields of text in which nothing stands

    def filled(self, samples: Mapping[str, str]) -> Fields:
        """With something in the empty fields of these names."""
        kept = [pair for pair in self.fields if pair[0] not in self.empty]
        return kept + [(name, samples.get(name, "")) for name in self.empty]


@dataclass
class Markup(HTMLParser):
    """What a page is made of."""

    elements: list[Element] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._open: Form | None = None
        self._area: str | None = None  # the name of the textarea that is open
        self._select: str | None = None
        self._words = ""
        self._label = ""  # what must be typed into the next field

    def dangers(self) -> list[str]:
        """All that no template of ours has: what somebody has put into the page."""
        found = [f"{one.tag} {dict(one.attributes)}" for one in self.elements if _is_danger(one)]
        return found + (["a template in a name was filled in"] if FILLED_IN in self.text else [])

    def addresses(self) -> Iterator[str]:
        """Whereto the page leads, and what it fetches."""
        for element in self.elements:
            yield from (element.attributes[name] for name in _LEADS if name in element.attributes)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append(Element(tag, attributes))
        if tag == "form":
            is_post = attributes.get("method", "").lower() == "post"
            self._open = Form(attributes.get("action", ""), ()) if is_post else None
            if self._open:
                self.forms.append(self._open)
        elif tag == "textarea":
            self._area, self._words = attributes.get("name", ""), ""
        elif tag == "select":
            self._select = attributes.get("name", "")
        elif tag == "label":
            self._words = ""
        elif self._open:
            self._control(tag, attributes)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "textarea" and self._area is not None:
            # HTML drops the line end right after the opening tag.
            self._add(self._area, self._words.removeprefix("\n"))
            self._area = None
        elif tag == "select":
            self._select = None
        elif tag == "label" and (asked := _TO_TYPE.search(self._words)):
            self._label = asked[1].strip()

    def handle_data(self, data: str) -> None:
        self._words += data

    def _control(self, tag: str, attributes: Mapping[str, str]) -> None:
        name, value = attributes.get("name", ""), attributes.get("value", "")
        names = {known for known, _ in self._open.fields} if self._open else set()
        kind = attributes.get("type", "text")
        if (
            tag == "option"
            and self._select
            and ("selected" in attributes or self._select not in names)
        ):
            self._put(self._select, value)
        elif tag == "button" and name and name not in names:
            self._add(name, value)
        elif tag != "input" or not name or kind == "file":
            pass
        elif kind == "radio":
            if "checked" in attributes or name not in names:
                self._put(name, value)
        elif kind == "checkbox":
            if "checked" in attributes:
                self._add(name, value)
        elif name == "typed":
            self._add(name, self._label)
        else:
            self._add(name, value)

    def _put(self, name: str, value: str) -> None:
        """In place of what was chosen before."""
        assert self._open
        self._renew([pair for pair in self._open.fields if pair[0] != name] + [(name, value)])

    def _add(self, name: str, value: str) -> None:
        if self._open:
            empty = [*self._open.empty, name] if not value else self._open.empty
            self._renew([*self._open.fields, (name, value)], empty)

    def _renew(self, fields: Fields, empty: Sequence[str] | None = None) -> None:
        assert self._open
        empty = self._open.empty if empty is None else empty
        self._open = self.forms[-1] = replace(self._open, fields=fields, empty=empty)


def _is_danger(element: Element) -> bool:
    attributes = element.attributes
    if element.tag in ("script", "iframe", "object", "embed", "base", "x-hurt", "style"):
        return element.tag != "script" or not attributes.get("src", "").startswith("/static/")
    if any(name.startswith("on") for name in attributes):
        return True
    return any(_is_dangerous(attributes[name]) for name in _LEADS if name in attributes)


def _is_dangerous(address: str) -> bool:
    """What runs, or is fetched from elsewhere; `data:` is for the files that pages hand out."""
    plain = "".join(c for c in address if c.isprintable() and c != " ").lower()
    return plain.startswith(("javascript:", "vbscript:", "data:text/html")) or plain == "x"


def markup(text: str) -> Markup:
    """The page, read as browsers read it."""
    page = Markup(text=text)
    page.feed(text)
    page.close()
    return page
