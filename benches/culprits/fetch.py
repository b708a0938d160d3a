#!/usr/bin/env python3
"""Prepares the data of `cargo bench --bench culprits`: real failures, each with the commit that brought it.

    benches/culprits/fetch.py DATA [--mirrors DIRECTORY] [--fonte DIRECTORY]

Reads Defects4J (failing tests with their traces), Fonte (which commit induced which bug, and Bug2Commit's ranking) and the
projects' histories from GitHub, and writes DATA/bugs.jsonl. `--mirrors` holds clones that are there already, as OWNER+NAME
or OWNER+NAME/repo; `--fonte` holds Fonte's files. What Fonte's copy lacks is left out.

A window is N consecutive commits along first parents, as the bot would see them between a green run and a red one. The
culprit stands at a place drawn from a seeded generator; the window never reaches past the revision at which Defects4J
reproduced the bug. A culprit that came in by a merge is looked for as that merge. Where a project's history was converted
twice, the culprit is the commit of the same time and subject in the history that Defects4J uses. Nothing is taken from the
fix but the failing test itself, which came with it.
"""

import argparse
import csv
import json
import math
import pathlib
import random
import re
import subprocess
import sys
from collections import Counter

SIZES = (10, 20, 50)
DRAWS = 5
FILES_MAX = 300
DIFF_MAX = 200_000
REPOSITORIES = {
    "Cli": "apache/commons-cli",
    "Closure": "google/closure-compiler",
    "Codec": "apache/commons-codec",
    "Collections": "apache/commons-collections",
    "Compress": "apache/commons-compress",
    "Csv": "apache/commons-csv",
    "Gson": "google/gson",
    "JacksonCore": "FasterXML/jackson-core",
    "JacksonDatabind": "FasterXML/jackson-databind",
    "JacksonXml": "FasterXML/jackson-dataformat-xml",
    "Jsoup": "jhy/jsoup",
    "JxPath": "apache/commons-jxpath",
    "Lang": "apache/commons-lang",
    "Math": "apache/commons-math",
    "Mockito": "mockito/mockito",
    "Time": "JodaOrg/joda-time",
}
CULPRITS = ("combined.csv", "manual-defects4j-bug-inducing-commits.csv")


class Repository:
    def __init__(self, path):
        self.path = path

    def git(self, *args, stdin=None, check=True):
        done = subprocess.run(
            ["git", "-C", self.path, *args], input=stdin, capture_output=True, text=True, errors="replace", check=False
        )
        if check and done.returncode:
            raise SystemExit(f"git {' '.join(args)} in {self.path}: {done.stderr.strip()}")
        return done.stdout if done.returncode == 0 else None

    def commit(self, name):
        found = self.git("rev-parse", "--verify", "--quiet", name + "^{commit}", check=False)
        return found.strip() if found else None


def repository(name, mirrors, data):
    for place in (mirrors and mirrors / name.replace("/", "+"), data / "repositories" / name.replace("/", "+")):
        for path in (place / "repo", place) if place else ():
            if (path / "HEAD").is_file() or (path / ".git").exists():
                return Repository(path)
    place = data / "repositories" / name.replace("/", "+")
    subprocess.run(["git", "clone", "--quiet", "--bare", f"https://github.com/{name}", place], check=True)
    return Repository(place)


def fonte(given, data):
    if given:
        return given
    place = data / "repositories" / "fonte"
    if not place.exists():
        clone = ["git", "clone", "--quiet", "--depth=1", "--filter=blob:none", "--sparse"]
        subprocess.run([*clone, "https://github.com/coinse/fonte", place], check=True)
        wanted = ["/data/Defects4J/BIC_dataset/", "/data/Defects4J/baseline/*/ranking_Bug2Commit.csv"]
        subprocess.run(["git", "-C", place, "sparse-checkout", "set", "--no-cone", *wanted], check=True)
    return place


def culprits(root):
    """Each bug's culprit, by project and number; the combined list wins."""
    all_of = {}
    for name in CULPRITS:
        path = root / "data/Defects4J/BIC_dataset" / name
        for row in csv.DictReader(path.open()) if path.is_file() else ():
            all_of.setdefault((row["pid"], int(row["vid"])), row["commit"])
    if not all_of:
        raise SystemExit(f"no culprits are listed in {root}/data/Defects4J/BIC_dataset")
    return dict(sorted(all_of.items()))


def revision(defects4j, project, bug):
    for name in ("active-bugs.csv", "deprecated-bugs.csv"):
        rows = defects4j.git("show", f"HEAD:framework/projects/{project}/{name}", check=False) or ""
        for row in csv.DictReader(rows.splitlines()):
            if row["bug.id"] == str(bug):
                return row["revision.id.buggy"]
    return None


def landed(repo, chain, culprit):
    """Where on the chain the culprit, its twin of another conversion, or the merge that brought it stands."""
    full = repo.commit(culprit)
    if full is None:
        return None
    if full in chain:
        return chain.index(full)
    merges = repo.git("rev-list", "--first-parent", "--ancestry-path", f"{full}..{chain[0]}").split()
    inside = [sha for sha in merges if sha in set(chain)]
    if inside:
        return chain.index(inside[-1])
    sign = repo.git("show", "-s", "--format=%at %s", full)
    lines = repo.git("log", "--first-parent", "--format=%H %at %s", chain[0]).splitlines()
    same = [line.split(" ", 1)[0] for line in lines if line.split(" ", 1)[1].strip() == sign.strip()]
    return chain.index(same[0]) if len(same) == 1 else None


def window(chain, at, size, draw):
    """The commits of a window, newest first, or none where the history is too short."""
    least, most = max(0, at + size - len(chain)), min(size - 1, at)
    if least > most:
        return None
    newer = draw.randint(least, most)
    return chain[at - newer : at - newer + size]


def commits(repo, shas):
    """Commits as the bot lists them, with the words of their changes for the search by text."""
    listed = {}
    form = "--format=%x01%H%x02%P%x02%an%x02%s%x02%b%x02"
    common = ["log", "--no-walk=unsorted", "--stdin", "--first-parent", "-m", "--no-renames", form]
    asked = "\n".join(shas)
    for part in repo.git(*common, "--name-only", "-z", stdin=asked).split("\x01")[1:]:
        sha, parents, author, subject, body, files = part.split("\x02", 5)
        paths = [path.strip("\n") for path in files.split("\0") if path.strip("\n")]
        merge = " " in parents
        listed[sha] = {"sha": sha, "author": author, "subject": subject, "files": paths[:FILES_MAX], "merge": merge}
        listed[sha]["said"] = Counter(words(subject + " " + body + " " + " ".join(paths)))
        listed[sha]["words"] = Counter(listed[sha]["said"])
    for part in repo.git(*common, "-p", "-U0", "--", "*.java", stdin=asked).split("\x01")[1:]:
        sha, rest = part.split("\x02", 1)
        diff = rest[-DIFF_MAX:].splitlines()
        listed[sha]["words"].update(words("\n".join(line[1:] for line in diff if line[:1] in "+-")))
    return listed


def words(text):
    """Words, and the parts of names in camel case."""
    found = re.findall(r"[A-Za-z][A-Za-z0-9]{2,}", text)
    parts = [part for name in found for part in re.findall(r"[A-Z]?[a-z0-9]{2,}|[A-Z]{3,}", name)]
    return [word.lower() for word in found + parts]


def by_text(query, candidates, of):
    """Okapi BM25 (k1 1.2, b 0.75) of the trace against the words of each commit."""
    sizes = {one["sha"]: sum(one[of].values()) for one in candidates}
    mean = sum(sizes.values()) / len(sizes) or 1
    asked = set(words(query))
    seen = Counter(word for one in candidates for word in asked & one[of].keys())

    def score(one):
        total = 0.0
        for word in sorted(asked & one[of].keys()):
            rarity = math.log(1 + (len(sizes) - seen[word] + 0.5) / (seen[word] + 0.5))
            count = one[of][word]
            total += rarity * count * 2.2 / (count + 1.2 * (0.25 + 0.75 * sizes[one["sha"]] / mean))
        return total

    return [one["sha"] for one in sorted(candidates, key=score, reverse=True)]


def by_bug2commit(root, bug, shas, culprit):
    """Bug2Commit's published order, where it is of the same history."""
    path = root / f"data/Defects4J/baseline/{bug}b/ranking_Bug2Commit.csv"
    if not path.is_file():
        return None
    ranked = [row[0] for row in csv.reader(path.open())]
    place = {short: at for at, short in enumerate(ranked)}
    if culprit[:7] not in place:
        return None
    return sorted(shas, key=lambda sha: place.get(sha[:7], len(place)))


def own(trace):
    """The trace without the lines of the runner, which every trace has."""
    foreign = ("sun.", "java.", "junit.", "org.junit.", "org.apache.tools.ant.")
    lines = trace.splitlines()
    return "\n".join(line for line in lines if not line.strip().removeprefix("at ").startswith(foreign))


def bug(project, number, culprit, repo, defects4j, root):
    name = f"{project}-{number}"
    trace = defects4j.git("show", f"HEAD:framework/projects/{project}/trigger_tests/{number}", check=False)
    red = revision(defects4j, project, number)
    if trace is None or red is None or repo.commit(red) is None:
        return f"{name}: Defects4J or the project's history lacks its revision"
    chain = repo.git("rev-list", "--first-parent", red).split()
    at = landed(repo, chain, culprit)
    if at is None:
        return f"{name}: {culprit} is not in the project's history"
    drawn = []
    for size in SIZES:
        for seed in range(DRAWS):
            shas = window(chain, at, size, random.Random(f"{name} {size} {seed}"))
            drawn += [(size, seed, shas)] if shas else []
    listed = commits(repo, sorted({sha for _, _, shas in drawn for sha in shas})) if drawn else {}
    windows = []
    for size, seed, shas in drawn:
        candidates = [listed[sha] for sha in shas]
        orders = {
            "text search, message and paths": by_text(own(trace), candidates, "said"),
            "text search, changed lines too": by_text(own(trace), candidates, "words"),
        }
        if published := by_bug2commit(root, name, shas, chain[at]):
            orders["Bug2Commit"] = published
        windows.append({"size": size, "draw": seed, "commits": shas, "orders": orders})
    for one in listed.values():
        del one["words"], one["said"]
    return {
        "project": project,
        "bug": number,
        "learn": sorted(REPOSITORIES).index(project) % 2 == 0,
        "trace": trace,
        "culprit": chain[at],
        "commits": listed,
        "windows": windows,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--mirrors", type=pathlib.Path)
    parser.add_argument("--fonte", type=pathlib.Path)
    given = parser.parse_args()
    given.data.mkdir(parents=True, exist_ok=True)
    root = fonte(given.fonte, given.data)
    defects4j = repository("rjust/defects4j", given.mirrors, given.data)
    kept = 0
    with (given.data / "bugs.jsonl").open("w") as out:
        for (project, number), culprit in culprits(root).items():
            if project not in REPOSITORIES:
                continue
            repo = repository(REPOSITORIES[project], given.mirrors, given.data)
            one = bug(project, number, culprit, repo, defects4j, root)
            if isinstance(one, str):
                print("skipped", one, file=sys.stderr)
                continue
            out.write(json.dumps(one) + "\n")
            kept += 1
    print(f"{kept} bugs in {given.data / 'bugs.jsonl'}")


if __name__ == "__main__":
    main()
