"""Mail: plain text with one link of ours, handed to an SMTP server, or shown in the log."""

import asyncio
import logging
import smtplib
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import SplitResult, unquote, urlsplit

from leasehold.accounts.emails import normalize_email
from leasehold.errors import Invalid, Unavailable
from leasehold.settings import Settings

TIMEOUT_SECONDS = 20.0  # for each answer of the SMTP server
_MAX_LINE = 998  # RFC 5322 §2.1.1
_PORTS = {"smtp": 25, "smtps": 465}

_log = logging.getLogger("leasehold.mail")


@dataclass(frozen=True, slots=True)
class Message:
    """One mail. The link is a secret: who has it can act as the receiver."""

    to: str
    subject: str
    text: str = field(repr=False)  # holds the link
    link: str = field(repr=False)


class Mail(Protocol):
    """Whatever brings a message to its receiver."""

    async def send(self, message: Message) -> None:
        """Returns when it was handed over. Raises MailFailed."""


class MailFailed(Unavailable):
    """The message was not taken; `is_final` says that trying again is of no use."""

    def __init__(self, detail: str, *, is_final: bool) -> None:
        super().__init__("the mail could not be sent", detail=detail)
        self.is_final = is_final


class LoggedMail:
    """No mail at all: the operator reads the link in the server's log, and passes it on."""

    async def send(self, message: Message) -> None:
        """Writes one line."""
        _log.warning(
            'mail.shown to=%s subject="%s" link=%s (set LEASEHOLD_SMTP_URL to send mail)',
            message.to,
            message.subject,
            message.link,
        )


@dataclass(frozen=True, slots=True)
class SmtpMail:
    """Mail through an SMTP server (RFC 5321), encrypted wherever a secret could be read."""

    host: str
    port: int
    sender: str
    is_tls: bool  # from the first byte on (smtps)
    user: str = ""  # "": the server wants none
    password: str = field(default="", repr=False)
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context, repr=False)
    timeout: float = TIMEOUT_SECONDS

    async def send(self, message: Message) -> None:
        """Hands it over in a thread of its own."""
        await asyncio.to_thread(self._send, message)

    def _send(self, message: Message) -> None:
        try:
            with self._connect() as connection:
                self._secure(connection)
                if self.user:
                    connection.login(self.user, self.password)
                connection.send_message(_as_email(message, self.sender))
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise _failed(f"the receiver was refused: {codes}", min(codes, default=0)) from None
        except smtplib.SMTPResponseException as error:
            raise _failed(f"{type(error).__name__} {error.smtp_code}", error.smtp_code) from None
        except (OSError, smtplib.SMTPException) as error:  # also what TLS and names go wrong with
            raise _failed(f"{type(error).__name__}: {error}", 0) from None

    def _connect(self) -> smtplib.SMTP:
        if self.is_tls:
            return smtplib.SMTP_SSL(
                self.host, self.port, timeout=self.timeout, context=self.context
            )
        return smtplib.SMTP(self.host, self.port, timeout=self.timeout)

    def _secure(self, connection: smtplib.SMTP) -> None:
        if self.is_tls:
            return
        connection.ehlo_or_helo_if_needed()
        if connection.has_extn("starttls"):
            connection.starttls(context=self.context)
        elif self.user:
            raise smtplib.SMTPNotSupportedError(
                "the server offers no STARTTLS, so the password was not sent"
            )


def make_mail(settings: Settings, issuer: str) -> Mail:
    """Mail as the settings have it. Raises Invalid, which never shows the URL: it is a secret."""
    if not settings.smtp_url:
        return LoggedMail()
    parts, port = _parts(settings.smtp_url)
    sender = _sender(settings.mail_from, issuer)
    user = unquote(parts.username or "")
    host = parts.hostname or ""
    return SmtpMail(
        host=host,
        port=port,
        sender=sender,
        is_tls=parts.scheme == "smtps",
        user=user,
        password=unquote(parts.password or ""),
        context=_context(host, has_secret=bool(user) or parts.scheme == "smtps"),
    )


def _parts(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS[parts.scheme]
    except (ValueError, KeyError):
        raise _unreadable() from None
    if not parts.hostname or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise _unreadable()
    if bool(parts.username) != bool(parts.password):
        raise _unreadable()
    return parts, port


def _sender(mail_from: str, issuer: str) -> str:
    try:
        return normalize_email(mail_from or f"leasehold@{urlsplit(issuer).hostname}")
    except Invalid:
        raise Invalid(
            "mail needs a sender: set LEASEHOLD_MAIL_FROM to an address such as"
            " leasehold@example.com"
        ) from None


def _context(host: str, *, has_secret: bool) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if _is_loopback(host) and not has_secret:
        # Mail servers on the same machine offer STARTTLS with a certificate of no name.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _as_email(message: Message, sender: str) -> EmailMessage:
    email = EmailMessage()
    email["From"] = sender
    email["To"] = message.to
    email["Subject"] = message.subject
    email["Date"] = formatdate(localtime=False)
    email["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    email["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: nobody's absence note answers it
    # As it is, where that is allowed: a link that is cut into lines is read wrong by some.
    is_plain = message.text.isascii() and len(max(message.text.splitlines(), key=len)) < _MAX_LINE
    email.set_content(message.text, cte="7bit" if is_plain else None)
    return email


def _failed(detail: str, code: int) -> MailFailed:
    return MailFailed(detail, is_final=500 <= code < 600)


def _unreadable() -> Invalid:
    return Invalid(
        "LEASEHOLD_SMTP_URL cannot be read: write smtp://host:port,"
        " smtp://user:password@host:587 or smtps://user:password@host:465, with %40 for @, %2F"
        " for / and %25 for % in the password"
    )
