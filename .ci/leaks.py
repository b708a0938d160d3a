#!/usr/bin/env python3
"""Makes log lines of public collections of fake leaks, for `cargo bench --bench leaks`.

Use: leaks.py cases DIRECTORY   clones the collections into DIRECTORY, where they are not there yet, and writes
                                DIRECTORY/cases.jsonl: an example in a log a line
     leaks.py logs FILE LOG...  writes these logs, unpacked, one after the other into FILE

Nothing of the collections is kept in this repository. DIRECTORY may hold clones, bare ones too, as DIRECTORY/NAME.
Kinds are split in two by a digest of their names: the rules are written with the misses of the kinds `seen` in view, and
the misses of those `held` out are never looked at. The whole of leaky-repo, which has few files, counts as seen.
"""

import gzip
import hashlib
import json
import random
import re
import subprocess
import sys
import tomllib
from pathlib import Path

COLLECTIONS = {
    "kingfisher": "https://github.com/mongodb/kingfisher",
    "fake-leaks": "https://github.com/leaktk/fake-leaks",
    "leaky-repo": "https://github.com/Plazmaz/leaky-repo",
    # Tells where in fake-leaks the secrets stand.
    "patterns": "https://github.com/leaktk/patterns",
}

# What these rules find identifies somebody and opens nothing.
PUBLIC = re.compile(
    r"\b(?:ids?|identifier|hostname|host|domain|subdomain|url|endpoint|email|username|account|organization|tenant|"
    r"instance|region|bucket|arn|resource|public|publishable|weak)\b",
    re.I,
)
SECRET = re.compile(r"secret|token|password|private|webhook|credential|access key|api key", re.I)

# Where the secrets of leaky-repo stand: a name before, and what follows it.
ASSIGNED = r"""["']?\s*(?:[:=]|=>)\s*["']?([^\s"',;<$]+)"""
LEAKY = [
    (r"\.bash_profile|credentials$", r"(?:SECRET_ACCESS_KEY|_PASSWORD|_API_KEY|_TOKEN|_PASS)" + ASSIGNED),
    (r"dockercfg|docker/config", r'"auth": "([^"]+)"'),
    (r"esmtprc", r'password "([^"]+)"'),
    (r"ftpconfig|sync\.json|sftp|deployment-config", r'"(?:pass|password|passphrase)": "([^"]+)"'),
    (r"git-credentials", r"https://[^:]+:(.+)@github"),
    (r"WebServers", r'password="([^"]+)"'),
    (r"netrc", r"password (\S+)"),
    (r"npmrc", r"_auth(?:Token)? ?= ?(\S+)"),
    (r"id_rsa$|cert-key", r"-----BEGIN [A-Z ]*PRIVATE KEY-----\n([^-]+)"),
    (r"\.ppk", r"Private-Lines: 14\n([^-]+?)\nPrivate-MAC"),
    (r"s3cfg", r"secret_key = (\S+)"),
    (r"tugboat", r"api_key: (\S+)"),
    (r"heroku", r'API_KEY": "(\w+)"'),
    (r"^config$", r"IRC_PASS=(\S+)"),
    (r"pgpass", r"root:(\S+)"),
    (r"dbeaver", r'" password="([^"]+)"'),
    (r"mongoid", r"testuser:([^@]+)@"),
    (r"robomongo", r'"(?:userPassword|sshPassphrase|sshUserPassword)" : "([^"]+)"'),
    (r"shadow|proftpdpasswd|htpasswd", r"^\w+:(\$\S+?)(?::|$)"),
    (r"filezilla", r"<Pass[^>]*>([^<]+)"),
    (r"^hub$", r'oauth_token: "(\w+)"'),
    (r"ventrilo", r"Password=(\S+)"),
    (r"django", r"SECRET_KEY = '(.+)'"),
    (r"salesforce", r"login\('[^']+', '([^']+)'"),
    (r"secrets\.yml", r"secret_key_base: (\w+)"),
    (r"/\.env", r"(?:_PASSWORD=|APP_KEY=base64:)(\S+)"),
    (r"public_html/config\.php", r"dbpasswd = '([^']+)'"),
    (r"wp-config", r"'(?:\w+_KEY|\w+_SALT|DB_PASSWORD)', +'([^']+)'"),
]


def git(clone, *words):
    return subprocess.run(["git", "-C", clone, *words], check=True, capture_output=True).stdout


def files(clone):
    """Each text file of a clone's newest commit."""
    for path in git(clone, "ls-tree", "-r", "-z", "--name-only", "HEAD").decode().split("\0")[:-1]:
        try:
            yield path, git(clone, "cat-file", "blob", f"HEAD:{path}").decode()
        except (UnicodeDecodeError, subprocess.CalledProcessError):
            continue


def pattern(text):
    """A pattern of Rust's or Go's in Python's dialect: flags at the beginning, for all of it."""
    flags = set("".join(re.findall(r"\(\?([imsxU]+)\)", text)))
    text = re.sub(r"\(\?[imsxU]+\)", "", text).replace(r"\z", r"\Z").replace("(?<", "(?P<").replace("(?P<!", "(?<!")
    text = text.replace("(?P<=", "(?<=")
    for name, letters in (("alnum", "0-9A-Za-z"), ("alpha", "A-Za-z"), ("digit", "0-9"), ("xdigit", "0-9A-Fa-f")):
        text = text.replace(f"[:{name}:]", letters)
    text = re.sub(r"\\x\{([0-9A-Fa-f]{2})\}", r"\\x\1", text)
    value = 0
    for flag in flags - {"U"}:
        value |= {"i": re.I, "m": re.M, "s": re.S, "x": re.X}[flag]
    return re.compile(text, value)


# --- Kingfisher's rules: YAML of one plain shape


def rules(text):
    """The members of each rule that are scalars or lists of scalars."""
    lines, at, all_rules = text.split("\n"), 0, []
    while at < len(lines):
        member = re.match(r"^(  - |    )([\w-]+):(?: +(.*))?$", lines[at])
        if member and member[1] == "  - ":
            all_rules.append({})
        if not member or not all_rules:
            at += 1
            continue
        value, at = scalar(member[3] or "", lines, at + 1, 4)
        if value == "" and member[2] == "examples":
            value = []
            while at < len(lines) and (not lines[at].strip() or re.match(r"^ {4,}(?:- | )", lines[at])):
                item = re.match(r"^( {4,})- (.*)$", lines[at])
                at += 1
                if item:
                    one, at = scalar(item[2], lines, at, len(item[1]))
                    value.append(one)
        all_rules[-1][member[2]] = value
    return all_rules


def scalar(first, lines, at, indent):
    """A scalar that begins with `first` on the line before `at`, and where it ends."""
    first = first.strip()
    if re.match(r"^[|>][+-]?$", first):
        block = []
        while at < len(lines) and (not lines[at].strip() or len(lines[at]) - len(lines[at].lstrip()) > indent):
            block.append(lines[at])
            at += 1
        width = min((len(one) - len(one.lstrip()) for one in block if one.strip()), default=0)
        return "\n".join(one[width:] for one in block).rstrip("\n"), at
    if first.startswith("'") and first.endswith("'") and len(first) > 1:
        return first[1:-1].replace("''", "'"), at
    if first.startswith('"') and first.endswith('"') and len(first) > 1:
        try:
            return json.loads(first), at
        except ValueError:
            return first[1:-1], at
    return first, at


def secret_of(found, group=0):
    """What a rule captures last: names of accounts stand before keys. Of an address, what is secret in it."""
    groups = [found.group(group)] if group else [found.groupdict().get("TOKEN"), *reversed(found.groups())]
    told = next((one for one in groups if one), found.group(0))
    # The marks of a key are none, and neither are line breaks in it.
    told = re.sub(r"-----(?:BEGIN|END)[^-]*-----", "", told).replace("\\n", "\n").strip()
    address = re.match(r"[\w+]+://(?:[^/\s:@]*:([^/\s]+)@)?\S*?([^/]*)$", told)
    return (address[1] or address[2]) if address else told


def begins_of_its_own(finds, secret):
    """Whether the rule finds the secret alone, and not if its first letters are others."""
    other = "".join(following(letter) for letter in secret[:4]) + secret[4:]
    return bool(finds.search(f" {secret} ")) and not finds.search(f" {other} ")


def following(letter):
    """Another letter of the same class: a digit, a hexadecimal letter, or another one."""
    for group in ("0123456789", "abcdef", "ABCDEF", "ghijklmnopqrstuvwxyz", "GHIJKLMNOPQRSTUVWXYZ"):
        if letter in group:
            return group[(group.index(letter) + 3) % len(group)]
    return letter


def kingfisher(clone):
    for path, text in files(clone):
        if not re.fullmatch(r"(?:crates/[\w-]+/)?data/rules/.*\.ya?ml", path):
            continue
        for rule in rules(text):
            name = rule.get("name", "")
            if rule.get("visible") == "false" or (PUBLIC.search(name) and not SECRET.search(name)):
                continue
            try:
                finds = pattern(rule["pattern"])
            except (KeyError, re.error):
                yield Path(path).stem, None, None, False
                continue
            for example in rule.get("examples") or []:
                found = finds.search(example)
                secret = secret_of(found) if found else None
                yield Path(path).stem, example, secret, bool(secret) and begins_of_its_own(finds, secret)


# --- the others: files


def is_told(secret):
    """Whether this is a secret: the patterns find addresses, markings and placeholders too, and names with values."""
    loose = re.match(r"//|CUI|CONTROLLED|[*•]|.*[{}<>\\]|[\w:]+=[\"']?\w", secret) and "PRIVATE KEY" not in secret
    return len(secret) >= 6 and not loose


def fake_leaks(clone, patterns):
    table = tomllib.loads(git(patterns, "cat-file", "blob", "HEAD:target/patterns/gitleaks/8.27.0").decode())
    finders = []
    for rule in table["rules"]:
        try:
            finders.append((pattern(rule["regex"]), rule.get("secretGroup", 0)))
        except (KeyError, re.error):
            continue
    for path, text in files(clone):
        named = re.match(r"^(?:([\w-]+)/valid/|semgrep-rules-examples/detected-([\w-]+))", path)
        if not named or len(text) > 20_000:
            continue
        kind, secrets = named[1] or named[2], []
        for finds, group in finders:
            for found in finds.finditer(text):
                secrets.append(secret_of(found, group).strip("'\"`,"))
        told = [secret for secret in secrets if is_told(secret)]
        for secret in told or [None]:
            yield kind, text, secret, False


def leaky_repo(clone):
    for path, text in files(clone):
        for where, what in LEAKY:
            if re.search(where, path) and not path.startswith(".leaky-meta"):
                for found in re.finditer(what, text, re.M):
                    yield path.strip(".").replace("/", "-"), text, found.group(1), False


# --- log-shaped lines


def around(example, secret):
    """The lines of an example with the secret in them, and some before and after."""
    start = example.find(secret)
    lines = example.split("\n")
    first, last = example[:start].count("\n"), example[: start + len(secret)].count("\n")
    return lines[max(0, first - 8) : last + 3]


def shapes(kind, example, secret, draw):
    """Logs that hold the secret: what was printed, and how."""
    name = re.sub(r"\W+", "_", kind).strip("_")
    upper = name.upper()
    stamp = f"2026-03-{draw.randrange(1, 29):02}T{draw.randrange(24):02}:{draw.randrange(60):02}:07.1234567Z "
    if "\n" in secret:
        yield "as it is", example
        yield "JSON", json.dumps({"id": draw.randrange(9_999), "key": example})
        return
    yield "as it is", "\n".join(around(example, secret))
    named = draw.choice(["TOKEN", "API_KEY", "SECRET"])
    yield "env dump", f"PATH=/usr/bin:/bin\n{upper}_{named}={secret}\nHOME=/root"
    yield "set -x", f"+ export {upper}_{named}={secret}\n+ make deploy"
    yield "JSON", json.dumps({"service": name, f"{name}_{named.lower()}": secret, "retries": 3})
    yield "YAML", f"{stamp}deploy:\n{stamp}  {name}_{named.lower()}: {secret}"
    yield "curl header", f"{stamp}> GET /v1/me HTTP/2\n{stamp}> Authorization: Bearer {secret}\n{stamp}> Accept: */*"
    yield "URL", f"{stamp}GET https://api.example.org/v1/{name}?page=2&access_token={secret} 401"
    yield "error message", f"{stamp}##[error]{name}: the server refused {secret}: unauthorized"


def half(kind):
    return "seen" if hashlib.sha256(kind.encode()).digest()[0] % 2 else "held"


def cases(directory):
    clones = {}
    for name, address in COLLECTIONS.items():
        clones[name] = directory / name
        if not clones[name].exists():
            subprocess.run(["git", "clone", "--quiet", "--depth", "1", address, clones[name]], check=True)
    sources = {
        "kingfisher": kingfisher(clones["kingfisher"]),
        "fake-leaks": fake_leaks(clones["fake-leaks"], clones["patterns"]),
        "leaky-repo": leaky_repo(clones["leaky-repo"]),
    }
    with open(directory / "cases.jsonl", "w") as out:
        for source, examples in sources.items():
            known, skipped, written = set(), 0, 0
            for kind, example, secret, own in examples:
                # A word that names what it is stands in other places of the log too.
                if secret and secret.lower() in ("admin", "pass", "password", "secret", "test", "token"):
                    skipped += 1
                    continue
                # A name of a host is all that is left of an address without a path.
                if not secret or len(secret) < 4 or re.fullmatch(r"[\w-]+(?:\.[\w-]+)*\.(?:com|io|org|net)", secret):
                    skipped += 1
                    continue
                if (kind, secret) in known:
                    continue
                known.add((kind, secret))
                draw = random.Random(f"{kind} {secret}")
                for shape, log in shapes(kind, example, secret, draw):
                    if source != "kingfisher" and shape not in ("as it is", "JSON" if "\n" in secret else ""):
                        continue
                    row = {
                        "source": source,
                        "kind": kind,
                        "half": "seen" if source == "leaky-repo" else half(kind),
                        "form": "own" if own else "named",
                        "shape": shape,
                        "secret": secret,
                        "log": log + "\n",
                    }
                    out.write(json.dumps(row) + "\n")
                    written += 1
            print(f"{source}: {len(known)} examples in {written} logs; {skipped} skipped, where no secret was told")


def logs(out, paths):
    with open(out, "wb") as whole:
        for path in paths:
            data = Path(path).read_bytes()
            whole.write(gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data)
            whole.write(b"\n")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["cases", directory]:
            Path(directory).mkdir(parents=True, exist_ok=True)
            cases(Path(directory))
        case ["logs", out, *paths] if paths:
            logs(out, paths)
        case _:
            sys.exit(__doc__)
