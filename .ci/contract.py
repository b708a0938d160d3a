"""Checks what the bot and its doubles said to each other against the descriptions that GitHub and Slack keep.

Usage: contract.py RECORDS GITHUB_OPENAPI

Discord's description is checked by contract.mjs.

RECORDS is the directory that the tests wrote to (CI_RESCUE_CONTRACT). Requests are checked as they are. The doubles
answer with a part of what the platforms do, so of an answer each field that is there has to have the right shape, and
what is missing does not count.
"""

import collections
import copy
import inspect
import json
import pathlib
import re
import sys
import urllib.parse

import jsonschema
from slack_sdk import WebClient
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

# Answers that a test plants to see what the bot makes of them.
PLANTED = {"a planted fault"}


def nullable(schema):
    """OpenAPI 3.0 says `nullable` where JSON Schema says a type."""
    if isinstance(schema, dict):
        out = {key: nullable(value) for key, value in schema.items() if key not in ("nullable", "discriminator", "example")}
        if schema.get("nullable") is True:
            return {"anyOf": [out, {"type": "null"}]}
        return out
    if isinstance(schema, list):
        return [nullable(one) for one in schema]
    return schema


def partial(schema):
    """The same shape with nothing required, and with any of several shapes where one is asked for."""
    if isinstance(schema, dict):
        out = {key: partial(value) for key, value in schema.items() if not (key == "required" and isinstance(value, list))}
        if "oneOf" in out:
            out["anyOf"] = out.pop("oneOf")
        return out
    if isinstance(schema, list):
        return [partial(one) for one in schema]
    return schema


class OpenApi:
    """An OpenAPI document: finds an operation by method and path, and checks both sides of it."""

    def __init__(self, file):
        document = json.loads(pathlib.Path(file).read_text())
        self.paths = document["paths"]
        self.whole = {"components": nullable(document["components"])}
        self.part = {"components": partial(copy.deepcopy(self.whole["components"]))}
        self.templates = [(re.compile("^" + re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(path).replace(r"\{path\}", ".+")) + "$"), path) for path in self.paths]

    def operation(self, method, path):
        found = [template for pattern, template in self.templates if pattern.match(path)]
        # The one with the fewest parameters is meant.
        for template in sorted(found, key=lambda one: one.count("{")):
            if method.lower() in self.paths[template]:
                return template, self.paths[template][method.lower()]
        return None, None

    def check(self, schema, value, whole):
        root = self.whole if whole else self.part
        schema = nullable(schema) if whole else partial(nullable(schema))
        validator = jsonschema.Draft202012Validator({**schema, **root})
        error = jsonschema.exceptions.best_match(validator.iter_errors(value))
        return None if error is None else f"{'/'.join(map(str, error.absolute_path)) or 'body'}: {error.message[:300]}"

    def exchange(self, record):
        path = record["path"]
        if re.match(r"^/[^/]+/[^/]+\.git/", path):
            return  # git's own protocol, spoken by git itself on both sides
        template, operation = self.operation(record["method"], path)
        if operation is None:
            yield f"{record['method']} {path}: there is no such operation"
            return
        name = f"{record['method']} {template}"
        body = operation.get("requestBody")
        if record["request"] is not None and body is None:
            yield f"{name}: takes no body"
        elif body is not None and (record["request"] is not None or body.get("required")):
            schema = json_of(body)
            why = schema and self.check(schema, record["request"], whole=True)
            if why:
                yield f"{name}: request: {why}"
        answer = operation["responses"].get(str(record["status"]))
        if answer is not None and "$ref" not in answer and record["response"] is not None:
            schema = json_of(answer)
            why = schema and self.check(schema, record["response"], whole=False)
            if why:
                yield f"{name}: answer {record['status']}: {why}"


def planted(answer):
    return isinstance(answer, dict) and isinstance(answer.get("message"), str) and answer["message"] in PLANTED


def json_of(part):
    return part.get("content", {}).get("application/json", {}).get("schema")


def slack_method(record):
    """A method that Slack's own library has, with parameters that it takes there."""
    # Whether anything answers at the address is no call of a method.
    if (record["method"], record["path"]) == ("GET", "/api"):
        return
    name = record["path"].removeprefix("/api/")
    method = getattr(WebClient, name.replace(".", "_"), None)
    if method is None:
        yield f"{record['path']}: there is no such method"
        return
    # The library sends what it does not name, too: these are Slack's own for all that list.
    known = set(inspect.signature(method).parameters) | {"cursor", "limit", "include_all_metadata"}
    for parameter in urllib.parse.parse_qs(record["query"] or ""):
        if parameter not in known:
            yield f"{record['path']}: takes no {parameter}"


def slack(record):
    """Blocks and views by Slack's own models, which know the limits of each element."""
    yield from slack_method(record)
    request = record["request"] or {}
    for source in (request, request.get("view") or {}, *(request.get("unfurls") or {}).values()):
        for block in source.get("blocks") or []:
            parsed = Block.parse(block)
            if parsed is None or type(parsed) is Block:
                yield f"{record['path']}: an unknown block {json.dumps(block)[:200]}"
                continue
            try:
                parsed.validate_json()
                for element in getattr(parsed, "elements", None) or []:
                    if hasattr(element, "validate_json"):
                        element.validate_json()
            except Exception as why:
                yield f"{record['path']}: {why}: {json.dumps(block)[:200]}"
    if request.get("view"):
        try:
            View(**request["view"]).validate_json()
        except Exception as why:
            yield f"{record['path']}: {why}"


# Not of the platforms' descriptions: the sandbox's own addresses, and calls that the platforms describe elsewhere.
BESIDE = re.compile(r"^/(_logs/|_artifacts/|git/|response/|login/|graphql$)")


def main():
    records, github = sys.argv[1:3]
    described = OpenApi(github)
    seen, breaches = collections.Counter(), collections.Counter()
    for file in sorted(pathlib.Path(records).glob("*.jsonl")):
        for line in file.read_text().splitlines():
            record = json.loads(line)
            if BESIDE.match(record["path"]) or planted(record["response"]):
                continue
            if record["neighbour"] == "discord":
                continue
            seen[record["neighbour"]] += 1
            breaches.update(slack(record) if record["neighbour"] == "slack" else described.exchange(record))
    for neighbour in ("github", "slack"):
        print(f"{neighbour}: {seen[neighbour]} exchanges")
        if not seen[neighbour]:
            breaches[f"{neighbour}: nothing was recorded"] += 1
    for breach, count in breaches.most_common():
        print(f"BREACH ({count}): {breach}")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
