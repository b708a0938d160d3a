"""Runs programs, with all that they keep below one directory."""

import os
import shutil
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

PYTHON_PACKAGES = ["uv==0.*", "poetry==2.*", "pre-commit==4.*"]
NODE_PACKAGES = [
    "pnpm8@npm:pnpm@8", "pnpm9@npm:pnpm@9", "pnpm10@npm:pnpm@10",
    "yarn1@npm:yarn@1", "yarn4@npm:@yarnpkg/cli-dist@4",
]  # fmt: skip
SECONDS = 280


class Failed(Exception):
    """A program that had to succeed did not."""


@dataclass(frozen=True)
class Done:
    fine: bool
    output: str
    # What it was, and all that it said.
    said: str


class Tools:
    def __init__(self, place: Path) -> None:
        self.place = place
        self.lock = threading.Lock()
        place.mkdir(parents=True, exist_ok=True)
        kept = {
            "UV_CACHE_DIR": "cache/uv",
            "POETRY_CACHE_DIR": "cache/poetry",
            "PIP_CACHE_DIR": "cache/pip",
            "npm_config_cache": "cache/npm",
            "XDG_CACHE_HOME": "cache/xdg",
            "XDG_DATA_HOME": "cache/xdg-data",
            "YARN_CACHE_FOLDER": "cache/yarn",
            "YARN_GLOBAL_FOLDER": "cache/berry",
            "GOPATH": "cache/go",
            "GOCACHE": "cache/go-build",
            "BUNDLE_PATH": "cache/bundle",
            "BUNDLE_USER_HOME": "cache/bundle-home",
            "COMPOSER_HOME": "cache/composer",
        }
        self.environment = {
            **os.environ,
            **{name: str(place / path) for name, path in kept.items()},
            # Settings of this machine that would change what the tools write.
            "npm_config_omit_lockfile_registry_resolved": "false",
            "npm_config_audit": "false",
            "npm_config_fund": "false",
            "npm_config_update_notifier": "false",
            "YARN_ENABLE_TELEMETRY": "0",
            "CI": "",
            "PIP_ROOT_USER_ACTION": "ignore",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PATH": f"{os.environ['PATH']}:{place / 'python/bin'}",
            "POETRY_VIRTUALENVS_CREATE": "false",
            "POETRY_NO_INTERACTION": "1",
            "LC_ALL": "C.UTF-8",
            # Short runs are quicker so.
            "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
            "COMPOSER_ALLOW_SUPERUSER": "1",
        }

    def run(self, command: list, directory: Path, **extra: str) -> Done:
        done = subprocess.run(
            [str(word) for word in command],
            cwd=directory,
            env={**self.environment, **extra},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
        )
        said = f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
        said = said if len(said) < 3000 else f"{said[:2000]}\n…\n{said[-800:]}"
        return Done(done.returncode == 0, done.stdout, said)

    def must(self, command: list, directory: Path, **extra: str) -> str:
        """Answers the output of a program, which has to succeed."""
        done = self.run(command, directory, **extra)
        if not done.fine:
            raise Failed(done.said)
        return done.output

    def missing(self, *programs: str) -> str:
        """Why a tool cannot be tried; empty where all programs are there."""
        absent = [program for program in programs if not shutil.which(program)]
        return f"{', '.join(absent)} not installed" if absent else ""

    def python(self) -> str:
        """Installs the tools that are Python packages, once; answers why not."""
        return self._install(
            "python", [sys.executable, "-m", "pip", "install", "--quiet", "--target", self.place / "python"], PYTHON_PACKAGES
        )

    def node(self) -> str:
        """Installs the tools that are Node packages, once; answers why not."""
        return self.missing("node", "npm") or self._install(
            "node", ["npm", "install", "--silent", "--prefix", self.place / "node"], NODE_PACKAGES
        )

    def _install(self, name: str, command: list, packages: list[str]) -> str:
        done = self.place / f"{name}.installed"
        with self.lock:
            if done.is_file() and done.read_text().splitlines() == packages:
                return ""
            result = self.run([*command, *packages], self.place)
            if not result.fine:
                return f"cannot install {' '.join(packages)}: {result.said.strip().splitlines()[-1]}"
            done.write_text("\n".join(packages) + "\n")
            return ""
