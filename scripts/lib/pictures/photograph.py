"""A picture of a page in headless Chromium, by its remote-debugging pipe.

photograph.py URL FILE.png WIDTH HEIGHT [--dark] [--scale N] [--until JAVASCRIPT]

HEIGHT 0 is all of the page. Fails when the page puts an error on its console, or asks for anything
outside of this machine.
"""

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
import time

LIMIT = 30


class Browser:
    def __init__(self, folder):
        commands, self.commands = os.pipe()
        self.answers, answers = os.pipe()
        script = (
            "exec chromium --headless=new --no-sandbox --disable-gpu --no-first-run --hide-scrollbars "
            "--disable-background-networking --disable-component-update "
            "--host-resolver-rules='MAP * ~NOTFOUND, EXCLUDE 127.0.0.1' "
            f"--user-data-dir={folder} --remote-debugging-pipe about:blank 3<&{commands} 4>&{answers}"
        )
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(
            ["bash", "-c", script], pass_fds=(commands, answers), stdout=quiet, stderr=quiet
        )
        os.close(commands)
        os.close(answers)
        self.number, self.session, self.rest = 0, None, b""
        self.problems = []

    def message(self):
        while b"\0" not in self.rest:
            chunk = os.read(self.answers, 1 << 20)
            if not chunk:
                raise SystemExit("photograph: Chromium ended")
            self.rest += chunk
        text, self.rest = self.rest.split(b"\0", 1)
        message = json.loads(text)
        parameters = message.get("params", {})
        if message.get("method") == "Network.requestWillBeSent":
            url = parameters["request"]["url"]
            if not url.startswith(("http://127.0.0.1:", "file:", "data:", "about:", "blob:")):
                self.problems.append(f"asks for {url}")
        elif message.get("method") == "Runtime.exceptionThrown":
            self.problems.append(json.dumps(parameters["exceptionDetails"]))
        elif message.get("method") == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            self.problems.append(parameters["entry"]["text"])
        return message

    def do(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.commands, json.dumps(request).encode() + b"\0")
        while True:
            message = self.message()
            if message.get("id") == self.number:
                if "error" in message:
                    raise SystemExit(f"photograph: {method}: {message['error']['message']}")
                return message["result"]

    def evaluate(self, expression):
        return self.do("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("file")
    parser.add_argument("width", type=int)
    parser.add_argument("height", type=int)
    parser.add_argument("--dark", action="store_true")
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--until", default="document.readyState == 'complete'")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        browser = Browser(folder)
        try:
            take(browser, asked)
        finally:
            browser.process.terminate()
            browser.process.wait()
    if browser.problems:
        sys.exit("photograph: " + "; ".join(browser.problems))


def take(browser, asked):
    target = browser.do("Target.createTarget", url="about:blank")["targetId"]
    browser.session = browser.do("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Page", "Runtime", "Network", "Log"):
        browser.do(domain + ".enable")
    size = {"width": asked.width, "deviceScaleFactor": asked.scale, "mobile": asked.width < 600}
    scheme = {"name": "prefers-color-scheme", "value": "dark" if asked.dark else "light"}
    browser.do("Emulation.setEmulatedMedia", features=[scheme])
    browser.do("Emulation.setDeviceMetricsOverride", height=asked.height or 1000, **size)
    browser.do("Page.navigate", url=asked.url)
    deadline = time.monotonic() + LIMIT
    while not browser.evaluate(asked.until):
        if time.monotonic() > deadline:
            raise SystemExit(f"photograph: never {asked.until}")
        time.sleep(0.1)
    # What is drawn on the next frames.
    time.sleep(1)
    if not asked.height:
        height = browser.evaluate("Math.ceil(document.documentElement.getBoundingClientRect().height)")
        browser.do("Emulation.setDeviceMetricsOverride", height=height, **size)
        time.sleep(0.5)
    picture = browser.do("Page.captureScreenshot", format="png")["data"]
    with open(asked.file, "wb") as file:
        file.write(base64.b64decode(picture))


main()
