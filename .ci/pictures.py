"""Takes the pictures of docs/pictures from the demo, in a real browser.

Usage: python3 .ci/pictures.py [PROGRAM]     (target/debug/ci-rescue unless named)

Needs chromedriver, pngquant and a font with emoji (apt-get install chromium-driver pngquant fonts-noto-color-emoji), and
markdown-it-py for the comment on a pull request (pip install --target target/pictures markdown-it-py==4.*). Look at each
picture before you commit it.
"""

import base64
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "docs" / "pictures"
BYTES_MAX = 150_000
sys.path.insert(0, str(ROOT / "target" / "pictures"))
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"

# How GitHub sets the text of a comment, more or less.
COMMENT = """<!doctype html><meta charset=utf-8><style>
body {{ background: #fff; margin: 0; padding: 16px; width: 700px; font: 14px/1.5 -apple-system, "Segoe UI", sans-serif }}
#comment {{ border: 1px solid #d0d7de; border-radius: 6px; color: #1f2328 }}
#comment > header {{ background: #f6f8fa; border-bottom: 1px solid #d0d7de; padding: 8px 16px; color: #59636e }}
#comment > div {{ padding: 4px 16px }}
code {{ background: #eff1f3; border-radius: 6px; padding: .2em .4em; font-size: 85% }}
a {{ color: #0969da }}
</style><div id=comment><header><b>ci-rescue</b> bot commented</header><div>{}</div></div>"""


def ask(url, body=None, method=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"}, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


class Browser:
    def __init__(self, driver):
        args = ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--lang=en"]
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": args}}}}
        self.at = f"{driver}/session/" + ask(f"{driver}/session", wanted)["value"]["sessionId"]

    def call(self, what, body=None):
        return ask(f"{self.at}/{what}", body)["value"]

    def open(self, url, wide, high=1400):
        self.call("window/rect", {"width": wide, "height": high})
        self.call("url", {"url": url})

    def run(self, script):
        return self.call("execute/sync", {"script": script, "args": []})

    def find(self, css, patience=60):
        for _ in range(patience * 4):
            found = self.call("elements", {"using": "css selector", "value": css})
            if found:
                return found[0][ELEMENT]
            time.sleep(0.25)
        raise SystemExit(f"nothing is {css}")

    def click(self, css):
        self.call(f"element/{self.find(css)}/click", {})

    def say(self, words):
        self.call(f"element/{self.find('#text')}/value", {"text": words})
        self.click(".command button")

    def take(self, css, name):
        png = OUT / f"{name}.png"
        png.write_bytes(base64.b64decode(self.call(f"element/{self.find(css)}/screenshot")))
        subprocess.run(["pngquant", "--force", "--strip", "--ext", ".png", "128", png], check=True)
        size = png.stat().st_size
        assert size <= BYTES_MAX, f"{png}: {size} bytes"
        print(f"{png.relative_to(ROOT)}: {size} bytes")


def comment(forge):
    from markdown_it import MarkdownIt

    body = ask(f"{forge}/repos/acme/shop/issues/12/comments")[0]["body"]
    return COMMENT.format(MarkdownIt("gfm-like", {"linkify": False}).render(body))


def pictures(browser, console, forge):
    for no in range(1, 5):
        browser.open(console, 1100)
        browser.find(f"#incident-{no}", patience=120)
    for platform in ("slack", "discord"):
        browser.open(f"{console}incidents/2/as/{platform}", 760)
        browser.take(".preview", platform)
    page = ROOT / "target" / "comment.html"
    page.write_text(comment(forge))
    browser.open(page.as_uri(), 760)
    browser.take("body", "pull-request")
    browser.open(console, 1100)
    browser.take("#incident-2", "console-card")
    # Ben proposes a quarantine; Ada sees what it changes before she approves it.
    browser.say("quarantine 2")
    browser.find('#incident-2 button[data-verb="approve"]')
    browser.open(f"{console}incidents/2/as/slack", 760)
    browser.take(".preview", "slack-approval")
    browser.open(console, 1100)
    browser.run("document.querySelector('#person').value = 'ada'; document.querySelector('form.who').submit()")
    browser.open(console, 1100)
    browser.click('#incident-2 button[data-verb="approve"]')
    browser.find('#incident-2 button[data-verb="undo"]')
    browser.open(f"{console}incidents/2", 1500)
    browser.take("section.excerpt[aria-labelledby^=patch]", "patch")
    browser.open(f"{console}quarantines", 1100)
    browser.take("#board li", "quarantines")


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else ROOT / "target" / "debug" / "ci-rescue"
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile("w+") as said:
        demo = subprocess.Popen([program, "demo", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=said, text=True)
        driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True)
        try:
            greeting = ""
            while "Ctrl-C" not in greeting:
                greeting += demo.stdout.readline()
            console = re.search(r"Open  (\S+)", greeting)[1]
            forge = re.search(r"git clone (http://[^/]+)", greeting)[1]
            port = next(found[1] for found in (re.search(r"successfully on port (\d+)", line) for line in driver.stdout) if found)
            browser = Browser(f"http://127.0.0.1:{port}")
            pictures(browser, console, forge)
            ask(browser.at, method="DELETE")
        finally:
            driver.terminate()
            demo.terminate()


main()
