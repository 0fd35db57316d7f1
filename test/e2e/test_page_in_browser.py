"""The page for people in a real browser: it renders, keeps itself fresh, runs and fetches nothing of anybody else's."""

import json
import os
import pathlib
import shutil
import socket

import pytest

from browser import Browser
from wait import wait_for

pytestmark = pytest.mark.skipif(not shutil.which("chromedriver"), reason="no chromium-driver; test/browser installs it")

HOSTILE = '"\'><img src=x onerror=document.title=1><script>document.title=2</script>"@example.com'
WIDTHS = {"wide": 1280, "narrow": 360}


@pytest.fixture
def proxy(make_greygate, backend):
    return make_greygate(backend, greylist={"delay": "1h"}, block={"senders": ["evil@example.com"]})


def address_of(proxy):
    return f"http://127.0.0.1:{proxy.status_port}/"


def attempts(proxy, *senders, helo="client.example.com"):
    with proxy.session(helo) as client:
        for sender in senders:
            client.attempt(sender, "bob@example.org")
            client.attempt(sender, "pass@example.org")


def numbers(browser):
    return browser.run("return [...document.querySelectorAll('.number')].map(each => parseInt(each.textContent))")


def test_it_refreshes_itself(proxy):
    attempts(proxy, "alice@example.com")
    with Browser() as browser:
        browser.open(address_of(proxy))
        assert "running" in browser.text("#state")
        assert numbers(browser) == [1, 1, 1, 0]  # put off, passed, relayed, refused
        browser.run("document.querySelector('details').open = true; window.kept = document.getElementById('charts')")
        attempts(proxy, "carol@example.com", "evil@example.com")
        wait_for("the page to show it", lambda: numbers(browser) == [2, 2, 2, 2])
        assert "carol@example.com" in browser.text("#decisions")
        assert "block_sender" in browser.text("#decisions")
        assert browser.run("return window.kept.isConnected && document.querySelector('details').open")  # no reload
        assert "put off" in browser.text("#minutes")
        assert browser.complaints() == []
        assert set(browser.requests()) == {address_of(proxy)}
        fetched = browser.run("return performance.getEntriesByType('resource').map(each => each.name)")
        assert set(fetched) == {address_of(proxy)}


def test_it_says_when_nobody_answers_and_recovers(proxy):
    with Browser() as browser:
        browser.open(address_of(proxy))
        assert browser.run("return document.getElementById('lost').hidden")
        proxy.stop()
        wait_for("the page to notice", lambda: not browser.run("return document.getElementById('lost').hidden"))
        assert "running" in browser.text("#state")  # what was known last
        proxy.start()
        wait_for("the page to recover", lambda: browser.run("return document.getElementById('lost').hidden"))


def test_without_javascript_it_shows_the_same(proxy):
    attempts(proxy, "alice@example.com")
    with Browser(javascript=False) as browser:
        browser.open(address_of(proxy))
        shown = browser.text("body")
        for word in ("running", "first_seen", "alice@example.com", "Recipients put off", proxy.settings["backend"]["addresses"][0]):
            assert word in shown, word
        assert "UTC" in browser.text("#decisions")  # the script, which shows local times, didn't run
        assert browser.run("return document.querySelectorAll('svg path').length") == 8
        assert set(browser.requests()) == {address_of(proxy)}


def test_hostile_text_is_inert(proxy):
    with Browser() as browser:
        browser.open(address_of(proxy))
        title = browser.run("return document.title")
        attempts(proxy, HOSTILE, helo="<script>document.title=3</script>")
        wait_for("the page to show it", lambda: HOSTILE in browser.text("#decisions"))
        assert HOSTILE in browser.text("#senders")
        assert browser.run("return document.querySelectorAll('img, #decisions script').length") == 0
        assert browser.run("return document.title") == title
        assert browser.complaints() == []


def test_the_policy_stops_what_gets_in_all_the_same(proxy):
    """Escaping is the first line; were it to fail, this is the second."""
    with socket.create_server(("127.0.0.1", 0)) as elsewhere, Browser() as browser:
        elsewhere.setblocking(False)
        browser.open(address_of(proxy))
        browser.run("window.elsewhere = " + json.dumps("http://127.0.0.1:%d/" % elsewhere.getsockname()[1]))
        browser.run("""
            const script = document.createElement('script');
            script.textContent = 'window.ran = true';
            document.body.append(script);
            const image = document.createElement('img');
            image.src = window.elsewhere;
            document.body.append(image);
            document.body.insertAdjacentHTML('beforeend', '<p onclick="window.ran = true" id=planted>x</p>');
            document.getElementById('planted').click();""")
        assert browser.run("return window.ran === undefined")
        seen = []
        wait_for("three violations", lambda: seen.extend(browser.complaints()) or len(seen) >= 3)
        assert all("Content Security Policy" in each for each in seen)
        with pytest.raises(BlockingIOError):
            elsewhere.accept()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_and_can_be_read(proxy, tmp_path, width, dark):
    attempts(proxy, "alice@example.com", "a-rather-long-sender-for-a-phone@with-a-long-subdomain-too.example.com", "evil@example.com",
             helo="x" * 180 + ".example")
    with Browser(width=WIDTHS[width], dark=dark) as browser:
        browser.open(address_of(proxy))
        assert browser.run("return document.documentElement.scrollWidth") == WIDTHS[width]  # nothing to scroll sideways
        assert browser.run(CONTRAST) >= 4.5  # WCAG 2.1, 1.4.3
        background = browser.run("return getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]")
        assert (int(background) < 64) == dark
        kept = os.environ.get("GREYGATE_SCREENSHOTS")
        file = (pathlib.Path(kept) if kept else tmp_path) / f"page-{width}-{'dark' if dark else 'light'}.png"
        browser.screenshot(file)
        assert file.read_bytes().startswith(b"\x89PNG")


# The lowest contrast of any text with what is behind it, as WCAG 2.1 defines relative luminance.
CONTRAST = """
const rgb = colour => colour.match(/[\\d.]+/g).map(Number);
const luminance = colour => rgb(colour).slice(0, 3).map(v => v / 255)
  .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const behind = element => {
  for (; element; element = element.parentElement) {
    const colour = getComputedStyle(element).backgroundColor;
    if (rgb(colour)[3] !== 0) return colour;
  }
};
let lowest = 21;
for (const element of document.body.querySelectorAll('*')) {
  const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
  if (!own || !element.checkVisibility()) continue;
  const [a, b] = [luminance(getComputedStyle(element).color), luminance(behind(element))].sort((x, y) => y - x);
  lowest = Math.min(lowest, (a + 0.05) / (b + 0.05));
}
return lowest;
"""
