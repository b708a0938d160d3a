"""Small Python projects."""

from pip._internal.models.index import PyPI

from .judge import Set

PLAIN = f"""# What we need.
--index-url {PyPI.simple_url}
requests[socks]>=2.25 ; python_version >= '3.8'  # the web
six~=1.15
-c constraints.txt
"""
CONSTRAINTS = {"constraints.txt": "# Not yet.\nurllib3<3\n"}
INPUT = "# Compiled.\npython-dateutil>=2.8,<3\nclick\n"
SETUP_CFG = """[metadata]
name = demo
version = 1

[options]
py_modules =
install_requires =
    six>=1.10
    idna (>=2)
"""
BUILD = '[build-system]\nrequires = ["setuptools>=61"]\nbuild-backend = "setuptools.build_meta"\n'
PROJECT = """[project]
name = "demo"
version = "0.1.0"
requires-python = ">=3.9"
# The least.
dependencies = [
    "six>=1.10",  # old
    'idna<4',
]

[tool.setuptools]
py-modules = []

""" + BUILD


def pip_sets() -> list[Set]:
    def plain(name: str, package: str, version: str, text: str = PLAIN, more: dict | None = None, **how) -> Set:
        return Set(name, package, version, {"requirements.txt": text, **CONSTRAINTS, **(more or {})}, **how)

    def compiled(name: str, package: str, version: str, tool: str) -> Set:
        held = INPUT.replace("click\n", f"click\n{package}=={version}\n") if package == "six" else INPUT
        before = held.replace("click\n", f"click=={version}\n") if package == "click" else held
        return Set(name, package, version, {"requirements.in": INPUT}, {"requirements.in": before}, tool=tool)

    included = "click >= 8 # commands\n"
    return [
        compiled("hashes", "click", "8.1.6", "hashes"),
        compiled("hashes-transitive", "six", "1.15.0", "hashes"),
        compiled("compiled", "click", "8.1.6", ""),
        plain("direct", "six", "1.15.0"),
        plain("extras", "requests", "2.31.0"),
        plain("transitive", "idna", "3.4"),
        plain("constraint", "urllib3", "1.26.15"),
        plain("included", "click", "8.1.6", "-r requirements/base.txt\nsix\n", {"requirements/base.txt": included}),
        # By its name alone it is no requirements file.
        plain("odd-name", "click", "8.1.6", "-r base.list\nsix\n", {"base.list": included}),
        Set("project", "six", "1.15.0", {"pyproject.toml": PROJECT}, tool="project"),
        Set("setup-cfg", "idna", "3.4", {"setup.cfg": SETUP_CFG, "pyproject.toml": BUILD}, tool="project"),
    ]


UV = """[project]
name = "demo"
version = "0.1.0"
requires-python = ">=3.10"
dependencies = [
    # The web.
    "requests[socks]>=2.28,<3 ; python_version < '3.15'",
    "click>=8",
    "packaging",
]

[project.optional-dependencies]
cli = ["rich>=13"]

[dependency-groups]
dev = ["idna<4", "six"]
"""
UV_WORKSPACE = {
    "pyproject.toml": '[project]\nname = "root"\nversion = "0.1.0"\nrequires-python = ">=3.10"\ndependencies = ["member"]\n\n'
    '[tool.uv.workspace]\nmembers = ["member"]\n\n[tool.uv.sources]\nmember = { workspace = true }\n',
    "member/pyproject.toml": '[project]\nname = "member"\nversion = "0.1.0"\nrequires-python = ">=3.10"\n'
    'dependencies = [ "packaging>=20", "six" ] # both\n',
}


def uv_sets() -> list[Set]:
    def one(name: str, package: str, version: str, files: dict[str, str] | None = None, **more) -> Set:
        command = ("uv", "lock", "--quiet", "--upgrade-package", f"{package}=={version}")
        return Set(name, package, version, files or {"pyproject.toml": UV}, commands=(command,), **more)

    return [
        one("extras", "requests", "2.31.0"),
        one("direct", "packaging", "23.0"),
        one("transitive", "urllib3", "2.0.7"),
        one("transitive-of-extra", "mdurl", "0.1.1"),
        one("optional", "rich", "13.7.0"),
        one("group", "six", "1.16.0"),
        one("group-range", "idna", "3.4"),
        one("workspace", "packaging", "23.0", UV_WORKSPACE),
        # It asks for colorama, which the newer one did not bring.
        one("dropped", "click", "8.1.6", refresh=True),
        Set("unknown", "click", "8.1.3", {"pyproject.toml": UV}, refresh=True),
    ]


# Not every mirror has the other way to ask PyPI.
SOURCE = f'\n[[tool.poetry.source]]\nname = "simple"\nurl = "{PyPI.simple_url}/"\npriority = "primary"\n'
POETRY_CLASSIC = """[tool.poetry]
name = "demo"
version = "0.1.0"
description = "Käse ü"
authors = []
package-mode = false

[tool.poetry.dependencies]
python = "^3.10"
python-dateutil = "^2.8" # times
rich = {version = ">=13", optional = true}

[tool.poetry.group.dev.dependencies]
packaging = "*"

[tool.poetry.extras]
cli = ["rich"]
""" + SOURCE
POETRY = """[project]
name = "demo"
version = "0.1.0"
requires-python = ">=3.10,<4"
dependencies = [
    # Times.
    "python-dateutil (>=2.8,<3.0)",
    "click",
    "packaging",
]

[dependency-groups]
dev = ["idna>=3"]

[tool.poetry]
package-mode = false
""" + SOURCE


def poetry_sets() -> list[Set]:
    def one(name: str, package: str, version: str, text: str, old: str, new: str, **more) -> Set:
        return Set(name, package, version, {"pyproject.toml": text}, {"pyproject.toml": text.replace(old, new)}, **more)

    classic, held = POETRY_CLASSIC, 'python = "^3.10"\n'
    return [
        one("classic", "python-dateutil", "2.8.1", classic, '"^2.8"', '"2.8.1"'),
        one("classic-group", "packaging", "23.0", classic, '"*"', '"23.0"'),
        one("classic-extra", "rich", "13.7.0", classic, '">=13"', '"13.7.0"'),
        one("classic-transitive", "six", "1.15.0", classic, held, held + 'six = "1.15.0"\n'),
        one("project", "python-dateutil", "2.8.1", POETRY, "(>=2.8,<3.0)", "(==2.8.1)"),
        one("project-bare", "packaging", "23.0", POETRY, '"packaging"', '"packaging==23.0"'),
        # It asks for colorama, which the newer one did not bring.
        one("dropped", "click", "8.1.6", POETRY, '"click"', '"click==8.1.6"', refresh=True),
        one("project-group", "idna", "3.4", POETRY, "idna>=3", "idna==3.4"),
        Set("unknown", "click", "8.1.3", {"pyproject.toml": POETRY}, refresh=True),
    ]
