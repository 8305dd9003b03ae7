"""queue.xml, the older form of the queue file: reads XML into positioned values."""

from dataclasses import dataclass, field
from io import BytesIO
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl, InputSource, Locator

from defusedxml import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from leasehold.queues.queue_file_nodes import Form, Mapping, Scalar, Sequence, Value
from leasehold.queues.queue_file_problems import SHOWN_CHARACTERS, Report, quoted

_MAX_DEPTH = 8  # queue-entries > queue > retry-parameters > task-retry-limit needs four
_SWAP_DASHES = str.maketrans("-_", "_-")


class _Refused(Exception):
    """The document is not XML, or uses a part of XML that a queue file has no use for."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message


@dataclass(slots=True)
class _Element:
    """One element; `text` is what stands directly in it. It grows while the file is read."""

    name: str
    line: int  # 1-based, where the element starts
    attributes: tuple[str, ...] = ()  # names only: no key of a queue file is an attribute
    text: str = ""
    children: list["_Element"] = field(default_factory=list)


def _name(name: str) -> str:
    """bucket_size for bucket-size and back; so that bucket_size is unknown in XML."""
    return name.translate(_SWAP_DASHES)


FORM = Form(spell=_name, member="<{key}>{value}</{key}>", entry="<{key}>{value}</{key}>")


def read(document: str, report: Report) -> Value:
    """The root of an XML document; QueueFileInvalid for what is not XML at all."""
    try:
        root = _parse(document.encode())
    except _Refused as refused:
        raise report.stop(refused.line, refused.message) from refused
    if root.name != "queue-entries":
        raise report.stop(
            root.line, f"the root is <{root.name[:SHOWN_CHARACTERS]}>: it must be <queue-entries>"
        )
    _check_element(root, report)
    queues = [child for child in root.children if child.name == "queue"]
    others = [child for child in root.children if child.name != "queue"]
    members = [_member(child, report) for child in others]
    if queues:
        items = tuple(_from_element(child, report) for child in queues)
        line = queues[0].line
        members.append((Scalar(line, "queue"), Sequence(line, items)))
    return Mapping(root.line, tuple(members))


def _check_element(element: _Element, report: Report) -> None:
    for name in element.attributes:
        if not name.startswith(("xmlns", "xsi:")):
            report.add(element.line, f"the attribute {quoted(name)} must be an element of its own")
    if element.text and element.children:
        report.add(element.line, f"the text {quoted(element.text)} must stand in an element")


def _member(element: _Element, report: Report) -> tuple[Scalar, Value]:
    key = Scalar(element.line, _name(element.name))
    return key, _from_element(element, report)


def _from_element(element: _Element, report: Report) -> Value:
    _check_element(element, report)
    if not element.children:
        return Scalar(element.line, element.text)
    members = tuple(_member(child, report) for child in element.children)
    if element.name == "acl":
        # <user-email> may be repeated; in YAML each is a map of its own.
        entries = tuple(Mapping(key.line, ((key, value),)) for key, value in members)
        return Sequence(element.line, entries)
    return Mapping(element.line, members)


def _parse(document: bytes) -> _Element:
    """The root element of `document`, which must be UTF-8.

    Raises _Refused at the first fault: after it no line can be trusted. A document type
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
        raise _Refused(line, f"this is not XML: {error.getMessage()}; {hint}") from error
    except DefusedXmlException as error:
        raise _Refused(
            builder.line, "a document type or entity is not read here: remove the <!DOCTYPE ...>"
        ) from error
    return builder.root


class _TreeBuilder(ContentHandler):
    def __init__(self) -> None:
        super().__init__()
        self.root = _Element("", 1)
        self._locator: Locator | None = None
        self._open: list[_Element] = []
        self._text: list[list[str]] = []

    @property
    def line(self) -> int:
        number = self._locator.getLineNumber() if self._locator else None
        return number or 1

    def setDocumentLocator(self, locator: Locator) -> None:  # noqa: N802  (the SAX name)
        self._locator = locator

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802
        if len(self._open) == _MAX_DEPTH:
            raise _Refused(self.line, f"<{name[:40]}> is nested deeper than any key of a queue")
        element = _Element(name, self.line, tuple(attrs.getNames()))
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
