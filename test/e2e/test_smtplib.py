"""Python's smtplib, as a client that was not written for this proxy."""

import smtplib
import time
from email.message import EmailMessage

import pytest


@pytest.fixture
def message():
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "alice@example.com", "bob@example.org", "Grüße"
    message.set_content("Schöne Grüße\n.\n..\n")
    message.add_attachment(bytes(range(256)) * 400, maintype="application", subtype="octet-stream", filename="all.bin")
    message.set_boundary("=_0123456789")  # else each rendering has its own
    return message


def test_a_message_with_an_attachment(greygate, backend, message):
    with smtplib.SMTP("127.0.0.1", greygate.port, "client.example.com") as client:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            client.send_message(message)
        assert refused.value.recipients["bob@example.org"][0] == 450
    time.sleep(1.1)
    with smtplib.SMTP("127.0.0.1", greygate.port, "client.example.com") as client:
        assert client.send_message(message) == {}
    assert backend.messages[0].message == message.as_bytes().replace(b"\n", b"\r\n")


def test_some_recipients_refused(greygate, backend, message):
    with smtplib.SMTP("127.0.0.1", greygate.port, "client.example.com") as client:
        refused = client.send_message(message, to_addrs=["bob@example.org", "pass@example.org", "x@elsewhere.example"])
    assert {address: code for address, (code, _) in refused.items()} == {"bob@example.org": 450, "x@elsewhere.example": 550}
    assert backend.messages[0].recipients == ["pass@example.org"]


def test_smtputf8(greygate, backend, message):
    del message["From"]
    message["From"] = "käthe@example.com"
    with smtplib.SMTP("127.0.0.1", greygate.port, "client.example.com") as client:
        assert client.send_message(message, to_addrs=["pass@example.org"]) == {}
    assert "SMTPUTF8" in backend.messages[0].mail and "käthe@example.com" in backend.messages[0].mail
