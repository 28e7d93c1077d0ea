"""Commands that prepare something: quiet unless they fail. They end when the
front end does."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Mapping

from tools.errors import STATUS_NO_BACKEND, Stop
from tools.patience import Exhausted, Patience, communicate
from tools.process import die_with


def call(argv: list[str | Path], directory: Path, environment:
         Mapping[str, str], patience: Patience = Patience()
         ) -> subprocess.CompletedProcess:
    """The command's end, in @directory. What keeps us from waiting for it,
    a signal say, ends it: by SIGTERM, so that make can clean up."""
    parent = os.getpid()
    with subprocess.Popen(
            argv, cwd=directory, env=environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=lambda: die_with(parent, signal.SIGTERM)) as process:
        try:
            out, err = communicate(process, patience)
        except BaseException:
            process.terminate()
            process.wait()
            raise
    return subprocess.CompletedProcess(argv, process.returncode, out, err)


def run(argv: list[str | Path], directory: Path, **variables: str) -> str:
    """Standard output of a command that runs in @directory with @variables in
    its environment, or Stop with the end of what it said."""
    try:
        done = call(argv, directory,
                    {**os.environ, "LC_ALL": "C", **variables})
    except Exhausted as exhausted:
        why = str(exhausted)
    except OSError as error:
        why = error.strerror
    else:
        if not done.returncode:
            return done.stdout
        said = (done.stderr or done.stdout).strip().splitlines()
        why = said[-1] if said else f"status {done.returncode}"
    raise Stop(STATUS_NO_BACKEND, f"{argv[0]} failed: {why}")
