"""The page for people at /, as a reader without scripts gets it, and /status/recent."""

import html.parser
import http.client
import json

import pytest

from wait import PATIENCE, wait_for

HOSTILE = '"\'><script>alert(1)</script>"@example.com'


class Elements(html.parser.HTMLParser):
    """Every element's name and attributes; every text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.texts = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    def count(self, tag):
        return sum(name == tag for name, _ in self.elements)


@pytest.fixture
def proxy(make_greygate, backend):
    return make_greygate(backend, greylist={"delay": "0s", "auto_allow_after": 0}, block={"senders": ["evil@example.com"]})


def every_kind(proxy):
    """One recipient put off, two passed, two refused; two messages relayed. Their verdicts, the latest first."""
    with proxy.session() as client:
        client.attempt("alice@example.com", "bob@example.org")
        client.attempt("alice@example.com", "bob@example.org")
        client.attempt("alice@example.com", "pass@example.org")
        client.attempt("evil@example.com", "bob@example.org")
        client.attempt("alice@example.com", "bob@elsewhere.example")
    proxy.events("message", 2)
    return ["relay_denied", "block_sender", "allow_recipient", "retried", "first_seen"]


def head(proxy, path, method="GET"):
    connection = http.client.HTTPConnection("127.0.0.1", proxy.status_port, timeout=PATIENCE)
    try:
        connection.request(method, path)
        return connection.getresponse().headers
    finally:
        connection.close()


def recent(proxy):
    code, text = proxy.get("/status/recent")
    assert code == 200
    return json.loads(text)


def test_recent_decisions_and_counts(proxy):
    verdicts = every_kind(proxy)
    told = recent(proxy)
    assert [each["verdict"] for each in told["decisions"]] == verdicts
    first = told["decisions"][-1]
    assert (first["client"], first["helo"], first["sender"], first["recipient"]) == (
        "127.0.0.1", "client.example.com", "alice@example.com", "bob@example.org")
    assert first["reply"].startswith("450 4.2.0 ")
    for span, steps in ("minutes", 60), ("hours", 48):
        assert {event: (len(told[span][event]), sum(told[span][event])) for event in
                ("put_off", "passed", "refused", "relayed")} == {
                    "put_off": (steps, 1), "passed": (steps, 2), "refused": (steps, 2), "relayed": (steps, 2)}
    assert told["put_off"]["clients"] == [{"client": "127.0.0.1", "times": 1}]
    assert told["put_off"]["senders"] == [{"sender": "alice@example.com", "times": 1}]


def test_a_recipient_that_cannot_be_sent_on_has_not_passed(proxy, backend):
    backend.clean_up()
    with proxy.session() as client:
        assert client.attempt("alice@example.com", "pass@example.org").code == 451
    (decision,) = recent(proxy)["decisions"]
    assert (decision["verdict"], decision["reply"][:9]) == ("allow_recipient", "451 4.3.0")
    assert sum(recent(proxy)["minutes"]["passed"]) == 0


def test_recipients_refused_for_their_form_are_told_too(proxy):
    with proxy.session() as client:
        client.mail()
        client.rcpt("bob%elsewhere.example@example.org")
        client.rcpt("bøb@example.org")
    assert [each["verdict"] for each in recent(proxy)["decisions"]] == ["needs_smtputf8", "unsafe_recipient"]
    assert sum(recent(proxy)["minutes"]["refused"]) == 2


def test_a_bounce_is_put_off_when_it_is_judged(make_greygate, backend):
    proxy = make_greygate(backend, greylist={"delay": "1h", "null_sender": "data"})
    with proxy.session() as client:
        client.mail("")
        assert client.rcpt("bob@example.org").code == 250
        assert recent(proxy)["decisions"] == []
        assert client.cmd("DATA").code == 450
    assert [each["verdict"] for each in recent(proxy)["decisions"]] == ["first_seen"]
    assert recent(proxy)["put_off"]["senders"] == [{"sender": "", "times": 1}]


def test_the_page_shows_it_all_without_any_script(proxy):
    verdicts = every_kind(proxy)
    code, text = proxy.get("/")
    assert code == 200
    page = Elements(text)
    shown = " ".join(" ".join(page.texts).split())
    for word in ("mx.example.org", "running", *verdicts, "alice@example.com", "bob@example.org", "client.example.com",
                 "450 4.2.0", proxy.settings["backend"]["addresses"][0], "rocksdb", "enforce", "Certificate"):
        assert word in shown, word
    assert page.count("svg") == 8
    assert page.count("noscript") == 0
    events = [attributes["class"].split()[1] for tag, attributes in page.elements
              if attributes.get("class", "").startswith("badge ")]
    assert events == ["passed", "passed", "refused", "refused", "passed", "passed", "put_off"]  # running, up, the five


def test_the_page_needs_nothing_else(proxy):
    page = Elements(proxy.get("/")[1])
    links = [value for _, attributes in page.elements for name, value in attributes.items() if name in ("src", "href")]
    assert all(link.startswith("data:") for link in links), links
    headers = head(proxy, "/")
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert head(proxy, "/", "HEAD")["Content-Security-Policy"] == headers["Content-Security-Policy"]
    assert head(proxy, "/status")["Content-Security-Policy"] is None


def test_what_peers_say_stays_text(proxy, backend):
    with proxy.session('"><script>alert(2)</script>') as client:
        client.attempt(HOSTILE, "bob@example.org")
        client.attempt(HOSTILE, "bob@example.org")
        client.cmd(b"MAIL FROM:<\"\xff\xfe\"@example.com> SMTPUTF8")
        client.rcpt("bob@example.org")
    text = proxy.get("/")[1]
    page = Elements(text)
    assert page.count("script") == 1  # its own
    shown = "".join(page.texts)
    assert HOSTILE in shown and '"><script>alert(2)</script>' in shown
    assert HOSTILE in [each["sender"] for each in recent(proxy)["decisions"]]


def test_trouble_is_on_top(make_greygate, make_backend):
    backend = make_backend()
    backend.clean_up()
    proxy = make_greygate(backend, ready=False)
    wait_for("the trouble", lambda: "Connection refused" in proxy.get("/")[1])
    shown = " ".join(Elements(proxy.get("/")[1]).texts)
    assert "not ready" in shown
    assert f"Not ready: backend {backend.address}" in shown
    assert shown.index("Not ready") < shown.index("Recipients put off")
