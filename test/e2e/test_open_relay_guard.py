"""The open-relay guard: what the backend is asked at start and by `greygate check --probe`, and what follows from it."""

import json

import pytest

from fake_backend import KEYWORDS, XCLIENT, close, say
from greygate import run
from ports import free_port
from wait import wait_for

QUESTIONS = ["RCPT TO:<probe@greygate.invalid>", 'RCPT TO:<"probe@greygate.invalid"@example.org>',
             "RCPT TO:<probe%greygate.invalid@example.org>"]


def test_each_question_is_asked_at_start_and_then_reset(greygate, backend):
    def lines():
        return [line for connection in backend.connections for line in connection.lines()]
    wait_for("the last question and what follows", lambda: "RSET" in lines())
    assert [line for line in lines() if line.startswith("RCPT")] == QUESTIONS
    assert lines()[lines().index(QUESTIONS[-1]) + 1] == "RSET"
    assert greygate.status()["backends"][0]["last_error"] == ""


def test_an_open_relay_is_an_error_in_the_log_and_the_status(make_greygate, make_backend):
    greygate = make_greygate(make_backend(open_relay=True))
    (event,) = greygate.events("backend_open_relay", 1)
    assert event["level"] == "error"
    (backend,) = greygate.status()["backends"]
    assert backend["up"] and "greygate.invalid" in backend["last_error"]
    assert greygate.get("/readyz")[0] == 200  # only our own domains get there


def test_an_open_relay_for_all_domains_is_not_ready(make_greygate, make_backend):
    backend = make_backend(keywords=["PIPELINING", "XCLIENT NAME ADDR HELO PROTO PORT"], open_relay=True)
    greygate = make_greygate(backend, ready=False, domains=["*"], backend={"client_identity": "xclient"})
    greygate.events("backend_open_relay", 1)
    wait_for("/readyz to tell", lambda: greygate.get("/readyz")[0] == 503)


def probe(make_greygate, *backends, code, **settings):
    """What `check --probe` says of these backends on stderr; stdout must have the configuration all the same."""
    configured = make_greygate(*backends, start=False, **settings)
    configured.configure({})
    ended, out, errors = run("check", "--probe", "--config", configured.file)
    assert ended == code, errors
    assert json.loads(out)["domains"] == configured.settings["domains"]
    return errors


def said_of(errors):
    """Per backend: the questions, the answers, and what they come to."""
    parts = [part.splitlines()[1:] for part in errors.split("backend ")[1:]]
    return [(part[:-1:2], part[1:-1:2], part[-1].strip()) for part in parts]


@pytest.mark.parametrize("open_relay, code, answer, verdict", [
    (False, 0, "554 5.7.1 Relay access denied", "it doesn't relay for outsiders"),
    (True, 1, "250 2.1.5 Why not", "it would relay for outsiders"),
])
def test_check_probe_prints_questions_and_answers(make_greygate, make_backend, open_relay, code, answer, verdict):
    errors = probe(make_greygate, make_backend(open_relay=open_relay), code=code)
    ((questions, answers, come_to),) = said_of(errors)
    assert [question.strip() for question in questions] == ["MAIL FROM:<>", *QUESTIONS, "RSET"]
    assert [each.strip() for each in answers] == ["250 2.1.0 Sender ok", *[answer] * 3, "250 2.0.0 Reset"]
    assert come_to == verdict


@pytest.mark.parametrize("identity", ["xclient", "proxy-v1", "proxy-v2"])
def test_check_probe_asks_over_the_configured_identity(make_greygate, make_backend, identity):
    backend = make_backend(keywords=[*KEYWORDS, XCLIENT], proxy_protocol=identity != "xclient")
    probe(make_greygate, backend, code=0, backend={"client_identity": identity}, domains=["*"])
    (connection,) = backend.connections
    assert [line for line in connection.lines() if line.startswith("RCPT")] == QUESTIONS[:1]  # "*" names no domain
    if identity == "xclient":
        assert connection.identity["ADDR"] == "192.0.2.1"
    elif identity == "proxy-v1":
        assert connection.proxy.startswith(b"PROXY TCP4 192.0.2.1 ")
    else:
        assert connection.proxy[16:20] == bytes([192, 0, 2, 1])


def test_check_probe_of_a_backend_that_is_down(make_greygate):
    errors = probe(make_greygate, f"127.0.0.1:{free_port()}", code=1)
    ((_, answers, come_to),) = said_of(errors)
    assert not answers and come_to.startswith("can't be reached: connect: ")


def test_check_probe_where_xclient_is_not_for_us(make_greygate, backend):
    errors = probe(make_greygate, backend, code=1, backend={"client_identity": "xclient"})
    ((_, answers, come_to),) = said_of(errors)
    assert not answers and come_to == "can't be reached: XCLIENT: not offered with ADDR to this host"


def test_check_probe_where_we_are_over_a_limit(make_greygate, backend):
    backend.script("connect", close("421 4.7.0 Error: too many connections from 127.0.0.1"))
    errors = probe(make_greygate, backend, code=1)
    assert "can't be reached: greeting: 421 4.7.0 Error: too many connections from 127.0.0.1" in errors


@pytest.mark.parametrize("step, code, verdict", [
    (say("451 4.3.0 Temporary lookup failure"), 0, "neither yes nor no: ask again later"),
    (close(), 1, "it left a question without an answer: " + QUESTIONS[0] + ": connection closed"),
    (close("250 2.1.5 Why not"), 1, "it would relay for outsiders"),
])
def test_check_probe_without_a_plain_answer(make_greygate, backend, step, code, verdict):
    backend.to_outsiders = step
    ((_, _, come_to),) = said_of(probe(make_greygate, backend, code=code))
    assert come_to == verdict


def test_one_bad_backend_of_several_is_enough(make_greygate, make_backend):
    errors = probe(make_greygate, make_backend(), make_backend(open_relay=True), make_backend(), code=1)
    assert [come_to for _, _, come_to in said_of(errors)] == [
        "it doesn't relay for outsiders", "it would relay for outsiders", "it doesn't relay for outsiders"]


def test_a_relay_that_hangs_up_halfway_is_still_an_error_in_the_log(make_greygate, backend):
    backend.to_outsiders = close("250 2.1.5 Why not")
    greygate = make_greygate(backend)
    greygate.events("backend_open_relay", 1)
    assert "greygate.invalid" in greygate.status()["backends"][0]["last_error"]
