"""How the portal is started and tested: `python3 -m portal help` says what there is.

Only the standard library is imported here, so that any Python from 3.11 on can begin with nothing installed.
The commands then go on inside `.venv`, whatever environment they were called from.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
RUNTIME = ROOT / "requirements.txt"
TESTS = ROOT / "tests" / "requirements.txt"
OLDEST = (3, 11)

# What a caller may tell pip: where packages come from. All else could change what or where we install.
_PIP_KEPT = (
    *("INDEX_URL", "EXTRA_INDEX_URL", "FIND_LINKS", "NO_INDEX", "TRUSTED_HOST", "CERT", "CLIENT_CERT", "PROXY"),
    *("TIMEOUT", "DEFAULT_TIMEOUT", "RETRIES", "CONFIG_FILE", "CACHE_DIR", "NO_CACHE_DIR", "KEYRING_PROVIDER"),
)
_DROPPED = ("PYTHON", "PIP_", "VIRTUAL_ENV", "__PYVENV", "FLASK_", "GUNICORN_", "COV_", "PYTEST_")


def main(arguments: list[str]) -> int:
    """Run one command; returns its exit status (2: no such command)."""
    name, *rest = arguments or ["help"]
    if name in {"help", "-h", "--help"}:
        print(_help())
        return 0
    if name not in COMMANDS and name not in _OUTSIDE_VENV:
        print(f"There is no command {name!r}.\n\n{_help()}", file=sys.stderr)
        return 2
    if sys.version_info < OLDEST:
        return _with_newer_python(arguments)
    _leave_the_callers_environment()
    try:
        return _OUTSIDE_VENV[name]() if name in _OUTSIDE_VENV else _run_command(name, rest)
    except KeyboardInterrupt:
        return 130
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1


class SetupError(Exception):
    """`.venv` cannot be made; the text says what to do."""


def _run_command(name: str, rest: list[str]) -> int:
    needs_tests, steps = COMMANDS[name][1:]
    prepare([RUNTIME, TESTS] if needs_tests else [RUNTIME])
    for step in steps[:-1]:
        status = subprocess.run([str(VENV_PYTHON), *step], check=False).returncode
        if status:
            return status
    if steps:
        # Replaces this process, so that signals reach the command itself.
        sys.stdout.flush()
        os.execv(VENV_PYTHON, [str(VENV_PYTHON), *steps[-1], *rest])
    return 0


# name: (what it does, does it need the test requirements, the modules to run in .venv one after another)
COMMANDS: dict[str, tuple[str, bool, list[list[str]]]] = {
    "run": ("start everything; Ctrl-C stops it", False, [["-m", "portal.runtime", "run"]]),
    "test": (
        "run the tests; pytest's own arguments may follow",
        True,
        [["-m", "portal.runtime", "assets"], ["-m", "pytest", "-n", "auto", "-m", "not deep"]],
    ),
    "test-deep": (
        "run the long tests",
        True,
        [["-m", "portal.runtime", "assets"], ["-m", "pytest", "-n", "auto", "-m", "deep"]],
    ),
    "bench": (
        "run every benchmark, or the one that is named",
        True,
        [["-m", "portal.runtime", "assets"], ["-m", "bench"]],
    ),
    "setup": ("make .venv and fetch the browser files", False, [["-m", "portal.runtime", "assets"]]),
    "setup-tests": ("the same with what the tests need", True, [["-m", "portal.runtime", "assets"]]),
    "upgrade": ("bring the database to this version", False, [["-m", "portal.runtime", "upgrade"]]),
    "assets": ("fetch and compress the browser files", False, [["-m", "portal.runtime", "assets"]]),
    "permissions": (
        "write docs/permissions.md from the permission table",
        False,
        [["-m", "portal.core.permission_table"]],
    ),
    "lint": (
        "check style, imports between rooms, templates and known dangers",
        True,
        [
            ["-m", "ruff", "check"],
            ["-m", "ruff", "format", "--check"],
            ["-c", "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports())"],
            ["-m", "djlint", "--lint", "--quiet", "templates"],
            # Low confidence finds every SQL text that is put together, here always of names we wrote ourselves.
            [
                *(
                    "-m",
                    "bandit",
                    "--configfile",
                    "pyproject.toml",
                    "--quiet",
                    "--recursive",
                    "--severity-level",
                    "medium",
                    "--confidence-level",
                    "medium",
                ),
                *("portal", "tasks"),
            ],
        ],
    ),
    "sbom": (
        "list what the portal is made of, as CycloneDX JSON",
        False,
        [["-m", "portal.runtime", "sbom"]],
    ),
    "type": ("check the types", True, [["-m", "mypy"]]),
}


def _help() -> str:
    lines = [f"  {name:<12} {text}" for name, (text, _, _) in COMMANDS.items()]
    lines += [f"  {name:<12} {command.__doc__}" for name, command in _OUTSIDE_VENV.items()]
    return "python3 -m portal COMMAND\n\n" + "\n".join([*lines, "  help         this list"])


def _with_newer_python(arguments: list[str]) -> int:
    for minor in range(20, OLDEST[1] - 1, -1):
        found = shutil.which("python3.%d" % minor)  # noqa: UP031  # must be readable by an old Python
        if found:
            os.execv(found, [found, "-m", "portal", *arguments])
    print("The portal needs Python 3.11 or newer; this is %d.%d." % sys.version_info[:2], file=sys.stderr)  # noqa: UP031
    return 1


def _leave_the_callers_environment() -> None:
    """Make this process independent of what was active in the caller's shell, and stand in the project."""
    if os.environ.get("PORTAL_DATA"):
        os.environ["PORTAL_DATA"] = str(Path(os.environ["PORTAL_DATA"]).expanduser().absolute())
    kept = {f"PIP_{name}" for name in _PIP_KEPT}
    dropped = _DROPPED if os.environ.get("DATABASE_URL") else (*_DROPPED, "PG")
    for name in list(os.environ):
        if name.startswith(dropped) and name not in kept:
            del os.environ[name]
    os.environ |= {"PIP_USER": "0", "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONUNBUFFERED": "1"}
    os.chdir(ROOT)


def prepare(requirements: list[Path]) -> None:
    """Have `.venv` with exactly these requirements; at once when its stamps say so. Raises SetupError."""
    lock = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _works():
            _make_venv()
        missing = [path for path in requirements if _stamp(path) != _fingerprint(path)]
        if missing:
            _install(requirements)
            for path in requirements:
                _stamp_file(path).write_text(_fingerprint(path))
    finally:
        os.close(lock)


def _works() -> bool:
    try:
        return subprocess.run([str(VENV_PYTHON), "-c", ""], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def _make_venv() -> None:
    print("Making .venv …", file=sys.stderr, flush=True)
    # The servers' own user must be able to read what is installed here, also when root installs it.
    before = os.umask(0o022)
    try:
        made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=False, capture_output=True)
        if made.returncode != 0:
            # Some systems ship Python without its own pip for new environments, but with one beside it.
            command = [sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)]
            made = subprocess.run(command, check=False, capture_output=True)
    finally:
        os.umask(before)
    if made.returncode != 0 or not _works():
        raise SetupError(f"{VENV} could not be made with {sys.executable}.\n{made.stderr.decode().strip()}")


def _install(requirements: list[Path]) -> None:
    print("Installing the requirements into .venv (this takes a minute the first time) …", file=sys.stderr, flush=True)
    pip = [str(VENV_PYTHON), "-m", "pip"]
    if subprocess.run([*pip, "--version"], check=False, capture_output=True).returncode != 0:
        pip = [sys.executable, "-m", "pip", "--python", str(VENV_PYTHON)]
        if subprocess.run([*pip, "--version"], check=False, capture_output=True).returncode != 0:
            raise SetupError("This Python has no pip. Install your system's python3-venv package, then try again.")
    files = [part for path in requirements for part in ("--requirement", str(path))]
    before = os.umask(0o022)
    try:
        # Standard output is kept for the command itself: a benchmark's lines are read by programs.
        command = [*pip, "install", "--quiet", "--quiet", "--require-hashes", *files]
        done = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    finally:
        os.umask(before)
    if done.returncode != 0:
        raise SetupError("The requirements could not be installed; pip's reason stands above. Nothing was started.")


def _fingerprint(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _stamp_file(path: Path) -> Path:
    return VENV / f".installed-{path.parent.name if path is TESTS else 'runtime'}"


def _stamp(path: Path) -> str:
    try:
        return _stamp_file(path).read_text()
    except OSError:
        return ""


def _lock() -> int:
    """write the requirements with their hashes anew; needs uv"""
    uv = shutil.which("uv")
    if uv is None:
        raise SetupError("Locking needs the program uv, which was not found. The requirements were left as they are.")
    command = [uv, "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
    command += ["--no-header", "--no-annotate", "pyproject.toml", "--output-file"]
    for rest in ([str(RUNTIME)], [str(TESTS), "--group", "dev", "--constraint", str(RUNTIME)]):
        status = subprocess.run([*command, *rest], check=False).returncode
        if status:
            return status
    return 0


def _clean() -> int:
    """remove .venv and what else can be made again, but no data"""
    caches = (".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache", "test-results")
    for path in (VENV, ROOT / "static" / "vendor", *(ROOT / name for name in caches)):
        shutil.rmtree(path, ignore_errors=True)
    for pattern in ("static/**/*.gz", "static/**/*.br", "portal/**/__pycache__", "tasks/**/__pycache__"):
        for path in ROOT.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return 0


_OUTSIDE_VENV = {"lock": _lock, "clean": _clean}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
