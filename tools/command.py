"""Commands that prepare something: quiet unless they fail."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tools.errors import STATUS_NO_BACKEND, Stop

SECONDS = 600


def run(argv: list[str | Path], directory: Path, **variables: str) -> str:
    """Standard output of a command that runs in @directory with @variables in
    its environment, or Stop with the end of what it said."""
    try:
        done = subprocess.run(argv, cwd=directory, capture_output=True,
                              text=True, check=True, timeout=SECONDS,
                              stdin=subprocess.DEVNULL,
                              env={**os.environ, "LC_ALL": "C", **variables})
    except subprocess.TimeoutExpired:
        why = f"no end after {SECONDS} s"
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout).strip().splitlines()
        why = said[-1] if said else f"status {error.returncode}"
    except OSError as error:
        why = error.strerror
    else:
        return done.stdout
    raise Stop(STATUS_NO_BACKEND, f"{argv[0]} failed: {why}")
