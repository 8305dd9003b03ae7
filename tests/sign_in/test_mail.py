"""Mail: handed to a real SMTP server, encrypted where there is a password, or shown in the log."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import Message as Received
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword
from aiosmtpd.smtp import Session as SmtpSession
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from leasehold.errors import Invalid, Unavailable
from leasehold.settings import Settings
from leasehold.sign_in import outbox
from leasehold.sign_in.mail import LoggedMail, Mail, MailFailed, Message, SmtpMail, make_mail
from leasehold.sign_in.outbox import Outbox

ISSUER = "https://queue.example.com"
LINK = f"{ISSUER}/password/reset/complete?token=abc"
MESSAGE = Message("ada@example.com", "Set a new password", f"Hello,\n\n{LINK}\n", LINK)


class PostOffice:
    """What arrived, as aiosmtpd's handler."""

    def __init__(self, answer: str = "250 OK") -> None:
        self.answer = answer
        self.received: list[Received] = []
        self.tls: list[bool] = []
        self.logins: list[tuple[bytes, bytes]] = []

    async def handle_RCPT(  # noqa: N802  # aiosmtpd's names
        self,
        _server: SMTP,
        _session: SmtpSession,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if self.answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(  # noqa: N802  # likewise
        self, _server: SMTP, session: SmtpSession, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        self.received.append(message_from_bytes(envelope.content, policy=default))
        self.tls.append(session.ssl is not None)
        return "250 OK"

    def check(self, *arguments: object) -> AuthResult:
        login = arguments[-1]
        assert isinstance(login, LoginPassword)
        self.logins.append((login.login, login.password))
        return AuthResult(success=login.password == b"p@ss/word")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for localhost that it signed itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@asynccontextmanager
async def smtp_server(
    make: Callable[[], SMTP], *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """A real server; its port."""
    server = await asyncio.get_running_loop().create_server(make, "localhost", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def test_a_message_arrives_as_plain_text_with_its_link_whole() -> None:
    office = PostOffice()
    link = f"{ISSUER}/password/reset/complete?token={'x' * 90}"
    message = Message("ada@example.com", "Set a new password", f"Hello,\n\n{link}\n", link)

    async def run() -> None:
        async with smtp_server(lambda: SMTP(office, hostname="mail")) as port:
            settings = Settings(smtp_url=f"smtp://localhost:{port}")
            await make_mail(settings, ISSUER).send(message)

    asyncio.run(run())

    (received,) = office.received
    assert "leasehold@queue.example.com" == received["From"]
    assert "ada@example.com" == received["To"]
    assert "Set a new password" == received["Subject"]
    assert "auto-generated" == received["Auto-Submitted"]
    assert received["Date"]
    assert received["Message-ID"].endswith("@queue.example.com>")
    assert "text/plain" == received.get_content_type()
    assert link in received.get_payload(decode=True).decode()  # type: ignore[union-attr]  # one part
    assert link.encode() in received.as_bytes()  # neither cut nor encoded


def test_a_password_is_sent_over_tls_only(certificate: Path) -> None:
    office = PostOffice()
    trusting = ssl.create_default_context(cafile=str(certificate))

    async def run() -> None:
        def make() -> SMTP:
            return SMTP(
                office,
                hostname="mail",
                tls_context=server_context(certificate),
                authenticator=office.check,
                auth_required=True,
            )

        async with smtp_server(make) as port:
            mail = SmtpMail(
                "localhost",
                port,
                "leasehold@example.com",
                is_tls=False,
                user="me@example.com",
                password="p@ss/word",
                context=trusting,
            )
            await mail.send(MESSAGE)

    asyncio.run(run())

    assert [True] == office.tls
    assert [(b"me@example.com", b"p@ss/word")] == office.logins


def test_without_starttls_the_password_stays_here() -> None:
    office = PostOffice()

    async def run() -> None:
        def make() -> SMTP:
            return SMTP(office, hostname="mail", authenticator=office.check, auth_require_tls=False)

        async with smtp_server(make) as port:
            settings = Settings(smtp_url=f"smtp://me:secret@localhost:{port}")
            await make_mail(settings, ISSUER).send(MESSAGE)

    with pytest.raises(MailFailed) as refusal:
        asyncio.run(run())

    assert [] == office.logins
    assert [] == office.received
    assert "STARTTLS" in refusal.value.detail


def test_a_certificate_that_nobody_vouches_for_gets_no_password(certificate: Path) -> None:
    office = PostOffice()

    async def run() -> None:
        def make() -> SMTP:
            return SMTP(
                office,
                hostname="mail",
                tls_context=server_context(certificate),
                authenticator=office.check,
            )

        async with smtp_server(make) as port:
            settings = Settings(smtp_url=f"smtp://me:secret@localhost:{port}")
            await make_mail(settings, ISSUER).send(MESSAGE)

    with pytest.raises(MailFailed, match="could not be sent") as refusal:
        asyncio.run(run())

    assert [] == office.logins
    assert "secret" not in refusal.value.detail


def test_mail_on_this_machine_is_encrypted_without_a_name(certificate: Path) -> None:
    office = PostOffice()

    async def run() -> None:
        def make() -> SMTP:
            return SMTP(office, hostname="mail", tls_context=server_context(certificate))

        async with smtp_server(make) as port:
            settings = Settings(smtp_url=f"smtp://localhost:{port}")
            await make_mail(settings, ISSUER).send(MESSAGE)

    asyncio.run(run())

    assert [True] == office.tls


def test_smtps_is_encrypted_from_the_first_byte_on(certificate: Path) -> None:
    office = PostOffice()
    trusting = ssl.create_default_context(cafile=str(certificate))

    async def run() -> None:
        make = lambda: SMTP(office, hostname="mail")  # noqa: E731  # a factory
        async with smtp_server(make, tls=server_context(certificate)) as port:
            mail = SmtpMail("localhost", port, "l@example.com", is_tls=True, context=trusting)
            await mail.send(MESSAGE)

    asyncio.run(run())

    assert 1 == len(office.received)


@pytest.mark.parametrize(
    ("answer", "is_final"), [("550 no such user", True), ("451 try later", False)]
)
def test_a_refusal_says_whether_trying_again_is_of_use(answer: str, *, is_final: bool) -> None:
    async def run() -> None:
        office = PostOffice(answer)
        async with smtp_server(lambda: SMTP(office, hostname="mail")) as port:
            await make_mail(Settings(smtp_url=f"smtp://localhost:{port}"), ISSUER).send(MESSAGE)

    with pytest.raises(MailFailed) as refusal:
        asyncio.run(run())

    assert is_final == refusal.value.is_final
    assert answer[:3] in refusal.value.detail


def test_a_server_that_says_nothing_is_given_up() -> None:
    async def run() -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        mail = SmtpMail("127.0.0.1", port, "l@example.com", is_tls=False, timeout=0.2)
        try:
            await mail.send(MESSAGE)
        finally:
            server.close()

    with pytest.raises(MailFailed, match="could not be sent"):
        asyncio.run(run())


def test_without_smtp_the_link_is_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "leasehold.mail"):
        asyncio.run(make_mail(Settings(), ISSUER).send(MESSAGE))

    (record,) = caplog.records
    assert LINK in record.getMessage()
    assert "ada@example.com" in record.getMessage()
    assert "\n" not in record.getMessage()
    assert "LEASEHOLD_SMTP_URL" in record.getMessage()


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.com",
        "http://me:secret@mail.example.com",
        "smtp://",
        "smtp://me:secret@mail.example.com:port",
        "smtp://me:secret@mail.example.com:99999",
        "smtp://me:sec/ret@mail.example.com",
        "smtp://me@mail.example.com",
        "smtp://:secret@mail.example.com",
        "smtp://me:secret@mail.example.com/?tls=no",
        "smtp://[me:secret",
    ],
)
def test_an_address_that_cannot_be_read_is_not_shown(url: str) -> None:
    with pytest.raises(Invalid, match="LEASEHOLD_SMTP_URL cannot be read") as refusal:
        make_mail(Settings(smtp_url=url), ISSUER)

    assert "secret" not in refusal.value.message
    assert url not in repr(Settings(smtp_url=url))


def test_an_address_is_read_with_its_usual_port_and_encoded_password() -> None:
    mail = make_mail(
        Settings(
            smtp_url="smtps://me%40example.com:p%40ss%2F@mail.example.com", mail_from="q@x.io"
        ),
        ISSUER,
    )

    assert isinstance(mail, SmtpMail)
    assert ("mail.example.com", 465, True) == (mail.host, mail.port, mail.is_tls)
    assert ("me@example.com", "p@ss/", "q@x.io") == (mail.user, mail.password, mail.sender)
    assert mail.context.verify_mode == ssl.CERT_REQUIRED
    assert "p@ss" not in repr(mail)


@pytest.mark.parametrize("mail_from", ["x", "a@b\r\nBcc: eve@example.com"])
def test_a_sender_that_is_no_address_is_refused(mail_from: str) -> None:
    with pytest.raises(Invalid, match="LEASEHOLD_MAIL_FROM"):
        make_mail(Settings(smtp_url="smtp://localhost", mail_from=mail_from), ISSUER)


class Faulty:
    """Mail that fails some times before it works."""

    def __init__(self, failures: int, *, is_final: bool = False) -> None:
        self.failures = failures
        self.is_final = is_final
        self.sent: list[Message] = []
        self.attempts = 0

    async def send(self, message: Message) -> None:
        self.attempts += 1
        if self.attempts <= self.failures:
            raise MailFailed("451", is_final=self.is_final)
        self.sent.append(message)


def deliver(mail: Mail) -> None:
    async def run() -> None:
        box = Outbox(mail, pauses=(0.0, 0.0))
        box.post(MESSAGE)
        await box.flush()
        await box.close()

    asyncio.run(run())


def test_what_fails_is_tried_again() -> None:
    mail = Faulty(2)

    deliver(mail)

    assert [MESSAGE] == mail.sent


def test_what_keeps_failing_is_given_up_and_said_without_the_link(
    caplog: pytest.LogCaptureFixture,
) -> None:
    mail = Faulty(9)

    deliver(mail)

    assert 3 == mail.attempts
    assert "mail.given_up to=ada@example.com" in caplog.text
    assert LINK not in caplog.text


def test_what_is_refused_for_good_is_not_tried_again() -> None:
    mail = Faulty(9, is_final=True)

    deliver(mail)

    assert 1 == mail.attempts


def test_a_full_outbox_takes_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "MAX_WAITING", 1)

    async def run() -> None:
        box = Outbox(LoggedMail())
        box.check_room()
        box.post(MESSAGE)
        with pytest.raises(Unavailable, match="too much mail"):
            box.check_room()
        await box.close()

    asyncio.run(run())
