"""queue.xml, the older form of the queue file: its elements with the lines they start on."""

from dataclasses import dataclass, field
from io import BytesIO
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl, InputSource, Locator

from defusedxml import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

MAX_DEPTH = 8  # queue-entries > queue > retry-parameters > task-retry-limit needs four


class XmlRefused(Exception):
    """The document is not XML, or uses a part of XML that a queue file has no use for."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(slots=True)
class Element:
    """One element; `text` is what stands directly in it. It grows while the file is read."""

    name: str
    line: int  # 1-based, where the element starts
    attributes: tuple[str, ...] = ()  # names only: no key of a queue file is an attribute
    text: str = ""
    children: list["Element"] = field(default_factory=list)


def read(document: bytes) -> Element:
    """The root element of `document`, which must be UTF-8.

    Raises XmlRefused at the first fault: after it no line can be trusted. A document type
    is refused whole, so no entity can be declared that would grow or fetch anything.
    """
    builder = _TreeBuilder()
    parser = DefusedExpatParser(forbid_dtd=True)
    parser.setContentHandler(builder)
    source = InputSource()
    source.setByteStream(BytesIO(document))
    source.setEncoding("utf-8")  # whatever the declaration says: no exotic codec is looked up
    try:
        parser.parse(source)
    except SAXParseException as error:
        line = error.getLineNumber() or 1
        hint = "close every element, and write & as &amp;"
        raise XmlRefused(line, f"this is not XML: {error.getMessage()}; {hint}") from error
    except DefusedXmlException as error:
        raise XmlRefused(
            builder.line, "a document type or entity is not read here: remove the <!DOCTYPE ...>"
        ) from error
    return builder.root


class _TreeBuilder(ContentHandler):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", 1)
        self._locator: Locator | None = None
        self._open: list[Element] = []
        self._text: list[list[str]] = []

    @property
    def line(self) -> int:
        number = self._locator.getLineNumber() if self._locator else None
        return number or 1

    def setDocumentLocator(self, locator: Locator) -> None:  # noqa: N802  (the SAX name)
        self._locator = locator

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802
        if len(self._open) == MAX_DEPTH:
            raise XmlRefused(self.line, f"<{name[:40]}> is nested deeper than any key of a queue")
        element = Element(name, self.line, tuple(attrs.getNames()))
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)
        self._text.append([])

    def characters(self, content: str) -> None:
        self._text[-1].append(content)

    def endElement(self, name: str) -> None:  # noqa: N802, ARG002  (SAX calls it so)
        self._open.pop().text = "".join(self._text.pop()).strip()
