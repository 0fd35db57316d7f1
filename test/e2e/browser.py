"""Headless Chromium, driven over the WebDriver protocol (https://www.w3.org/TR/webdriver2/) and Chromium's own commands.

    with Browser() as browser:
        browser.open("http://127.0.0.1:8025/")
        browser.run("return document.title")"""

import base64
import json
import os
import subprocess
import urllib.request

from ports import free_port
from wait import PATIENCE, wait_for


class Browser:
    def __init__(self, javascript=True, width=1280, height=900, dark=False):
        port = free_port()
        self._driver = subprocess.Popen(["chromedriver", f"--port={port}", "--allowed-ips=127.0.0.1"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self._at = f"http://127.0.0.1:{port}"
        try:
            wait_for("chromedriver", self._answers)
            options = {"args": ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions",
                                "--disable-background-networking", "--no-first-run", "--hide-scrollbars"],
                       "prefs": {"profile.managed_default_content_settings.javascript": 1 if javascript else 2}}
            if os.geteuid() == 0:
                options["args"].append("--no-sandbox")  # Chromium has none for root
            asked = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
            session = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": asked}})
            self._at += "/session/" + session["sessionId"]
            self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
            scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
            self.cdp("Emulation.setEmulatedMedia", features=[scheme])
        except BaseException:
            self._driver.kill()
            self._driver.wait()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self._ask("DELETE", "")
        finally:
            self._driver.terminate()
            self._driver.wait(PATIENCE)

    def _ask(self, method, path, body=None):
        request = urllib.request.Request(self._at + path, method=method, headers={"Content-Type": "application/json"},
                                         data=None if body is None else json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=4 * PATIENCE) as answer:
            return json.load(answer)["value"]

    def _answers(self):
        try:
            return self._ask("GET", "/status")["ready"]
        except OSError:
            return False

    def cdp(self, command, **parameters):
        """A command of the Chrome DevTools protocol."""
        return self._ask("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def open(self, url):
        self._ask("POST", "/url", {"url": url})

    def run(self, script):
        """What a function with this body returns; also where the page itself may run no script."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": []})

    def text(self, selector):
        """What the element shows, as it shows it."""
        (element,) = self._ask("POST", "/element", {"using": "css selector", "value": selector}).values()
        return self._ask("GET", f"/element/{element}/text")

    def screenshot(self, file):
        """The whole page as PNG."""
        shot = self.cdp("Page.captureScreenshot", captureBeyondViewport=True)
        file.write_bytes(base64.b64decode(shot["data"]))

    def complaints(self):
        """What the console was told since the last call: errors, violations of the content security policy."""
        return [entry["message"] for entry in self._ask("POST", "/se/log", {"type": "browser"})
                if entry["level"] in ("SEVERE", "WARNING")]

    def requests(self):
        """The URLs asked for since the last call."""
        events = [json.loads(entry["message"])["message"] for entry in self._ask("POST", "/se/log", {"type": "performance"})]
        return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
