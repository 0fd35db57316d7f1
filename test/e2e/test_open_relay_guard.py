"""The open-relay guard: what the backend is asked at start and by `greygate check --probe`, and what follows from it."""

import json

import pytest

from greygate import run
from ports import free_port
from wait import wait_for

QUESTIONS = ["RCPT TO:<probe@greygate.invalid>", 'RCPT TO:<"probe@greygate.invalid"@example.org>',
             "RCPT TO:<probe%greygate.invalid@example.org>"]


def test_each_question_is_asked_at_start_and_then_reset(greygate, backend):
    lines = [line for connection in backend.connections for line in connection.lines()]
    assert [line for line in lines if line.startswith("RCPT")] == QUESTIONS
    assert lines[lines.index(QUESTIONS[-1]) + 1] == "RSET"
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


@pytest.mark.parametrize("open_relay, code", [(False, 0), (True, 1)])
def test_check_probe_prints_questions_and_answers(make_greygate, make_backend, open_relay, code):
    configured = make_greygate(make_backend(open_relay=open_relay), start=False)
    configured.configure({})
    ended, out, errors = run("check", "--probe", "--config", configured.file)
    assert ended == code
    assert json.loads(out)["domains"] == ["example.org"]
    for question in QUESTIONS:
        assert question in errors
    assert ("would relay" in errors) == open_relay


def test_check_probe_of_a_backend_that_is_down(make_greygate):
    configured = make_greygate(f"127.0.0.1:{free_port()}", start=False)
    configured.configure({})
    ended, _, errors = run("check", "--probe", "--config", configured.file)
    assert ended == 1
    assert "can't be reached" in errors
