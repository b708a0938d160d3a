"""Follows every link within a built site: to its page, its place on it, its picture.

Usage: python3 .ci/site.py DIRECTORY
"""

import html.parser
import pathlib
import sys
import urllib.parse


class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__()
        self.links, self.places = [], set()
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.places.add(found.get("id"))
        self.links += [found[name] for name in ("href", "src") if found.get(name)]


def lost(pages, path, link):
    parts = urllib.parse.urlsplit(link)
    if parts.scheme or parts.netloc or link == "#":
        return False
    to = (path.parent / urllib.parse.unquote(parts.path)).resolve() if parts.path else path
    if to.is_dir():
        to /= "index.html"
    place = urllib.parse.unquote(parts.fragment)
    return not to.is_file() or bool(place and to in pages and place not in pages[to].places)


def main():
    # What is not found may be asked for from anywhere.
    site = pathlib.Path(sys.argv[1]).resolve()
    pages = {path: Page(path) for path in site.rglob("*.html") if path.name not in ("404.html", "toc.html")}
    wrong = [(path, link) for path, page in pages.items() for link in page.links if lost(pages, path, link)]
    for path, link in wrong:
        print(f"{path.relative_to(site)}: {link} leads nowhere")
    links = sum(len(page.links) for page in pages.values())
    print(f"site: {len(pages)} pages, {links} links, {len(wrong)} that lead nowhere")
    sys.exit(bool(wrong) or len(pages) < 30)


main()
