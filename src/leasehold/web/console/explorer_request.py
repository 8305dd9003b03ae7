"""The request that the explorer's form describes: as the browser sends it, as curl, as Python.

Whatever is typed, the line for the shell is one command of a POSIX shell, and the program is one
call: nothing in a value is ever read as more. Neither holds a character that cannot be seen.
"""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import quote

from leasehold.errors import Invalid
from leasehold.web.console.explorer_methods import Method, Parameter
from leasehold.web.console.forms import Typed

MAX_VALUE = 4_000  # characters of a parameter: the longest is a page's token
MAX_BODY = 2 * 2**20  # characters: no method takes more
MAX_SHOWN_BODY = 64 * 1024  # a longer one goes into a file: shells take no such arguments

BODY, CREDENTIAL, WITH_KEY = "body", "credential", "with_key"  # names of fields
CREDENTIALS = ("token", "none")

_BODY_FILE = "body.json"
_JSON = "application/json"
_IN_PATH = re.compile(r"\{(\w+)\}")
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_ON_ONE_LINE = 60  # characters of arguments


@dataclass(frozen=True, slots=True)
class ShownRequest:
    """A request without its credentials, and how to send it from elsewhere."""

    verb: str
    path: str  # with the query, percent-encoded
    headers: Mapping[str, str]
    body: str | None
    curl: str
    python: str
    missing: tuple[str, ...]  # required parameters that are still to be filled in


@dataclass(frozen=True, slots=True)
class _Filled:
    """What was typed, read."""

    method: Method
    issuer: str
    values: Mapping[str, str]  # by parameter: what is sent, and capitals for what is missing
    body: str | None  # None: none
    value: object  # what the body says
    has_token: bool
    has_key: bool

    @property
    def path(self) -> str:
        path = _IN_PATH.sub(lambda found: _escaped(self.values[found[1]]), self.method.path)
        query = "&".join(
            f"{_escaped(one.name)}={_escaped(self.values[one.name])}" for one in self.in_query
        )
        return f"{path}?{query}" if query else path

    @property
    def in_query(self) -> list[Parameter]:
        return [p for p in self.method.parameters if p.where == "query" and p.name in self.values]

    @property
    def has_long_body(self) -> bool:
        return self.body is not None and len(self.body) > MAX_SHOWN_BODY


def shown(method: Method, typed: Typed, issuer: str) -> ShownRequest:
    """The request. Raises Invalid with the field that cannot be sent."""
    values = {one.name: _value(one, typed) for one in method.parameters}
    missing = [one.name for one in method.parameters if one.is_required and not values[one.name]]
    values |= {name: _capitals(name) for name in missing}
    body, value = _body(typed) if method.body else (None, None)
    filled = _Filled(
        method,
        issuer,
        {name: text for name, text in values.items() if text},
        body,
        value,
        has_token=typed.shown(CREDENTIAL, "token") != "none",
        has_key=typed.ticked(WITH_KEY),
    )
    return ShownRequest(
        verb=method.verb,
        path=filled.path,
        headers={} if body is None else {"Content-Type": _JSON},
        body=body,
        curl=_curl(filled),
        python=_google_client(filled) if method.api.startswith("taskqueue.") else _requests(filled),
        missing=tuple(missing),
    )


def in_shell(text: str) -> str:
    r"""The text as one word of a POSIX shell.

    >>> print(in_shell("it's $(here)"))
    'it'\''s $(here)'
    """
    return "'" + text.replace("'", "'\\''") + "'"


def in_python(value: object, indent: int = 0) -> str:
    r"""What JSON can say, as Python writes it.

    >>> print(in_python({"a": [True, None], "b": 'say "hi"'}))
    {
        "a": [
            True,
            None,
        ],
        "b": "say \"hi\"",
    }
    """
    if isinstance(value, str):
        return '"' + "".join(map(_python_character, value)) + '"'
    if isinstance(value, dict) and value:
        inside = [f"{in_python(k)}: {in_python(v, indent + 4)}," for k, v in value.items()]
        return _lines("{", inside, "}", indent)
    if isinstance(value, list) and value:
        return _lines("[", [f"{in_python(one, indent + 4)}," for one in value], "]", indent)
    return repr(value)  # numbers, True, None, {} and []


def _value(parameter: Parameter, typed: Typed) -> str:
    text = typed.exactly(parameter.field, max_length=MAX_VALUE)
    if parameter.where == "path" and text in (".", ".."):
        raise Invalid(  # programs would go up in the path instead (RFC 3986 §5.2.4)
            "no address can hold a single or double point between slashes", field=parameter.field
        )
    return text


def _body(typed: Typed) -> tuple[str | None, object]:
    text = typed.exactly(BODY, max_length=MAX_BODY).replace("\r", "\n")
    if not text.strip():
        return None, None
    try:
        value = json.loads(text, parse_float=_finite, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise Invalid(
            f"that is not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
            f" (line {error.lineno}, column {error.colno})",
            field=BODY,
        ) from None
    except ValueError as error:
        raise Invalid(f"that is not JSON for every reader: {error}", field=BODY) from None
    except RecursionError:
        raise Invalid("that is nested too deeply", field=BODY) from None
    if not isinstance(value, dict):
        raise Invalid("every method takes an object: {…}", field=BODY)
    return "".join(map(_json_character, text)), value


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number in it is too large")
    return number


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number there")


def _json_character(character: str) -> str:
    """Outside strings nothing is invisible but blanks and line ends, so an escape is right."""
    if character == "\n" or character.isprintable() or character == "\t":
        return character
    return json.dumps(character)[1:-1]


def _python_character(character: str) -> str:
    if character in ('"', "\\"):
        return "\\" + character
    if character.isprintable():
        return character
    code = ord(character)
    known = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character)
    return known or (f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")


def _lines(opening: str, inside: list[str], closing: str, indent: int) -> str:
    margin = " " * indent
    return "\n".join([opening, *(f"{margin}    {line}" for line in inside), margin + closing])


def _capitals(name: str) -> str:
    """What stands for a value that is still to come.

    >>> _capitals("numTasks")
    'NUM_TASKS'
    """
    return _WORD.sub("_", name).upper()


def _escaped(text: str) -> str:
    return quote(text, safe="")


def _curl(filled: _Filled) -> str:
    verb = "" if filled.method.verb == "GET" else f"-X {filled.method.verb} "
    words = [f"curl {verb}{in_shell(filled.issuer + filled.path)}"]
    if filled.has_token:
        words.append('-H "Authorization: Bearer $TOKEN"')
    if filled.has_key:
        words.append('-H "X-Goog-Api-Key: $KEY"')
    if filled.body is not None:
        words.append(f"-H 'Content-Type: {_JSON}'")
        text = f"@{_BODY_FILE}" if filled.has_long_body else in_shell(filled.body)
        words.append(f"--data-{'binary' if filled.has_long_body else 'raw'} {text}")
    return " \\\n  ".join(words)


def _google_client(filled: _Filled) -> str:
    """By Google's client library, as workers use it."""
    name, version = filled.method.api.split(".")
    resource, does = filled.method.name.split(".")
    url = in_python(f"{filled.issuer}/discovery/v1/apis/{name}/{version}/rest")
    if filled.has_token:
        first, used = "from google.oauth2.credentials import Credentials\n", "credentials=token"
        credential = 'token = Credentials(os.environ["TOKEN"])'
    else:
        first, used = "import httplib2\n", "http=http"
        credential = "http = httplib2.Http()"
    arguments = [f"{one}={_argument(filled, one)}" for one in filled.values]
    if filled.body is not None:
        arguments.append(f"body={_python_body(filled)}")
    lines = [
        *_imports(filled),
        f"{first}from googleapiclient.discovery import build\n",
        f"url = {url}",
        f"{credential}",
        f'api = build("{name}", "{version}", discoveryServiceUrl=url, {used})',
        f"call = api.{resource}().{does}({_listed(arguments)})",
        *(['call.headers["X-Goog-Api-Key"] = os.environ["KEY"]'] if filled.has_key else []),
        "print(call.execute())",
    ]
    return "\n".join(lines)


def _requests(filled: _Filled) -> str:
    path = filled.path.partition("?")[0]
    arguments = [in_python(filled.method.verb), in_python(filled.issuer + path)]
    if filled.in_query:
        query = {one.name: filled.values[one.name] for one in filled.in_query}
        arguments.append(f"params={in_python(query, 4)}")
    headers = [
        *(['"Authorization": "Bearer " + os.environ["TOKEN"],'] if filled.has_token else []),
        *(['"X-Goog-Api-Key": os.environ["KEY"],'] if filled.has_key else []),
    ]
    if headers:
        arguments.append(f"headers={_lines('{', headers, '}', 4)}")
    if filled.body is not None:
        arguments.append(f"json={_python_body(filled)}")
    lines = [
        *_imports(filled),
        "import requests\n",
        f"answer = requests.request({_listed(arguments, always=True)})",
        "print(answer.status_code, answer.text)",
    ]
    return "\n".join(lines)


def _imports(filled: _Filled) -> list[str]:
    needed = [
        *(["import json"] if filled.has_long_body else []),
        *(["import os"] if filled.has_token or filled.has_key else []),
    ]
    return ["\n".join(needed) + "\n"] if needed else []


def _argument(filled: _Filled, name: str) -> str:
    (parameter,) = [one for one in filled.method.parameters if one.name == name]
    text = filled.values[name]
    if parameter.kind == "number" and _NUMBER.fullmatch(text):
        return text
    if parameter.kind == "choice" and text in ("true", "false"):
        return text.capitalize()
    return in_python(text)


def _python_body(filled: _Filled) -> str:
    if filled.has_long_body:
        return f'json.load(open("{_BODY_FILE}"))'
    return in_python(filled.value, 4)


def _listed(arguments: list[str], *, always: bool = False) -> str:
    """Arguments of a call, on one line where they are short."""
    if not always and len(", ".join(arguments)) <= _ON_ONE_LINE:
        return ", ".join(arguments)
    return _lines("", [f"{one}," for one in arguments], "", 0)
