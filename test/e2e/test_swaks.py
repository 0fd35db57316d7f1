"""swaks, the SMTP tester administrators use."""

import shutil
import subprocess
import time

import pytest

pytestmark = pytest.mark.skipif(not shutil.which("swaks"), reason="needs swaks")


def swaks(greygate, *options):
    """(exit code, transcript) of one attempt."""
    done = subprocess.run(
        ["swaks", "--server", f"127.0.0.1:{greygate.port}", "--from", "alice@example.com", "--to", "bob@example.org",
         "--helo", "client.example.com", *options], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout + done.stderr


def test_put_off_then_delivered(greygate, backend):
    code, transcript = swaks(greygate)
    assert code == 24 and "450 4.2.0" in transcript, transcript  # 24: no recipient was taken
    time.sleep(1.1)
    code, transcript = swaks(greygate, "--body", "hello from swaks")
    assert code == 0, transcript
    assert b"hello from swaks" in backend.messages[0].message


def test_pipelining(make_greygate, backend):
    greygate = make_greygate(backend, greylist={"mode": "off"})
    code, transcript = swaks(greygate, "--pipeline")
    assert code == 0, transcript
    assert len(backend.messages) == 1
