"""queue.yaml: reads YAML into positioned values, without objects, aliases or depth."""

import re
from itertools import islice

import yaml

from leasehold.queues.queue_file_nodes import Form, Mapping, Scalar, Sequence, Value
from leasehold.queues.queue_file_problems import MAX_PROBLEMS, QueueFileInvalid, Report, quoted

FORM = Form(spell=str, member="{key}: {value}", entry="- {key}: {value}")

_MAX_DEPTH = 8  # a queue file needs five
_MAX_NODES = 20_000  # some 700 queues with every key; PyYAML makes about 15,000 a second
_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{kind}"
    for kind in ("null", "bool", "int", "float", "str", "timestamp", "seq", "map", "merge", "value")
)
_TAB_INDENT = re.compile(r"^ *\t\s*[^\s#]", re.MULTILINE)


def read(document: str, report: Report) -> Value:
    """The root of a YAML document; QueueFileInvalid for what is not YAML at all."""
    node, alias_lines = _composed(document, report)
    for line in alias_lines:
        report.add(line, "an alias (*name) is not read here: write the value out")
    if node is None:
        raise report.stop(1, "the file is empty: write at least the line 'queue:'")
    return _from_node(node, report)


class _TooMuch(Exception):
    pass


class _Composer(yaml.SafeLoader):
    """Builds nodes only, never objects; remembers aliases instead of following them."""

    def __init__(self, document: str) -> None:
        super().__init__(document)
        self.alias_lines: list[int] = []
        self._depth = 0
        self._nodes = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.get_event()  # type: ignore[no-untyped-call]  # the stubs leave it bare
            self.alias_lines.append(event.start_mark.line + 1)
            return yaml.ScalarNode("tag:yaml.org,2002:null", "", event.start_mark, event.end_mark)
        if self._depth == _MAX_DEPTH:
            raise _TooMuch("this is nested deeper than any key of a queue file: write it flatter")
        if self._nodes == _MAX_NODES:
            raise _TooMuch(f"the file has more than {_MAX_NODES} keys and values: shorten it")
        self._depth += 1
        self._nodes += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _composed(document: str, report: Report) -> tuple[yaml.Node | None, list[int]]:
    try:
        composer = _Composer(document)
    except yaml.reader.ReaderError as error:
        line = document.count("\n", 0, error.position) + 1
        raise report.stop(line, "a control character is not text: remove it") from error
    try:
        return composer.get_single_node(), composer.alias_lines
    except _TooMuch as error:
        raise report.stop(composer.line + 1, str(error)) from error
    except yaml.MarkedYAMLError as error:
        raise _yaml_fault(document, error, report) from error
    except (ValueError, OverflowError) as error:
        # PyYAML lets these out for \U escapes past Unicode and endless %YAML version numbers.
        message = "a number in this escape or directive is too large: remove it"
        raise report.stop(composer.line + 1, message) from error


def _yaml_fault(document: str, error: yaml.MarkedYAMLError, report: Report) -> QueueFileInvalid:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    # Tabs are the usual cause, and PyYAML's finding may name the line after them.
    tabs = [document.count("\n", 0, tab.start()) + 1 for tab in _tab_indents(document)]
    for tab_line in tabs:
        report.add(tab_line, "a tab cannot indent YAML: use spaces")
    if line in tabs:
        report.raise_if_any()
    finding = ", ".join(filter(None, (error.context, error.problem)))
    return report.stop(line, f"this is not YAML: {finding}; check indents, colons and quotes above")


def _tab_indents(document: str) -> list[re.Match[str]]:
    return list(islice(_TAB_INDENT.finditer(document), MAX_PROBLEMS))


def _from_node(node: yaml.Node, report: Report) -> Value:
    line = node.start_mark.line + 1
    if node.tag not in _PLAIN_TAGS:
        report.add(line, f"the tag {quoted(node.tag)} is not read here: remove it")
    if isinstance(node, yaml.MappingNode):
        pairs = ((_key(key, report), _from_node(value, report)) for key, value in node.value)
        return Mapping(line, tuple(pairs))
    if isinstance(node, yaml.SequenceNode):
        return Sequence(line, tuple(_from_node(item, report) for item in node.value))
    return Scalar(line, "" if node.tag.endswith(":null") else node.value)


def _key(node: yaml.Node, report: Report) -> Scalar:
    key = _from_node(node, report)
    if isinstance(key, Scalar):
        return key
    report.add(key.line, "a key must be a word, not a list or a map")
    return Scalar(key.line, "")
