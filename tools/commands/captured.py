"""`tandem report`: what `compare` writes, from a console that was captured on
a machine elsewhere."""

from __future__ import annotations

import argparse
import io
import platform
import re
import shutil
import tarfile
import tempfile
from pathlib import Path

from tools import capture, command, image
from tools.backends.captured import Captured
from tools.commands import compare
from tools.commands.arguments import version
from tools.commands.front import (Front, need_directory, need_file,
                                  need_rich)
from tools.errors import STATUS_NO_BACKEND, STATUS_USAGE, Stop
from tools.report.results import ENDED, Reading, Run
from tools.report.tables import several

SUFFIX = ".tar.zst"
FILES = ("results.json", "results.csv", "index.html")


def run(front: Front, args: argparse.Namespace) -> int:
    """`tandem report`: results and report of a captured console."""
    front.quiet = args.quiet
    need_tools(args)
    args.out = args.out or str(image.build_directory() / "report")
    data = _read(args.console)
    outcome = capture.outcome_of(capture.lines_of(data))
    reading = outcome.reading
    if not is_console(reading):
        raise Stop(STATUS_USAGE, f"'{args.console}' is not accepted: it has no "
                   "record of the kernel (docs/console.md)")
    if not all(isinstance(run, Run) for run in reading.runs):
        raise Stop(STATUS_USAGE, f"'{args.console}' is not accepted: it is of "
                   "litmus tests, and report takes workloads")
    need_directory(args.out)
    status = compare.report(front, args, Captured(reading.machine), outcome,
                            {})
    if args.format == "table":
        print(coverage(reading), file=front.out, flush=True)
    if args.bundle:
        _bundle(Path(args.bundle), data, reading, Path(args.out))
        front.say(f"wrote {args.bundle}")
    return status


def is_console(reading: Reading) -> bool:
    """Did a kernel print what was read? Other files, an image of the kernel
    for one, may have a line that looks like a record."""
    return bool(re.match(r"\d", reading.version) or reading.runs)


def coverage(reading: Reading) -> str:
    """On how many of the planned runs the results rest."""
    found = len(reading.runs)
    if not reading.total:
        return f"This rests on {several(found, 'run')}: the console does " \
            "not say how many were planned."
    text = f"This rests on {found} of {several(reading.total, 'run')}"
    ended = sum(run.verdict in ENDED for run in reading.runs)
    if ended:
        text += f", {ended} of which died"
    missing = reading.total - found
    return text + (f"; {missing} {'is' if missing == 1 else 'are'} missing."
                   if missing > 0 else ".")


def need_tools(args: argparse.Namespace) -> None:
    """Stop if a tool is missing, or --bundle has another name."""
    if args.format == "table":
        need_rich()
    compare.need_gnuplot()
    if args.bundle and not args.bundle.endswith(SUFFIX):
        raise Stop(STATUS_USAGE, f"--bundle '{args.bundle}' is not accepted: "
                   f"a name that ends in {SUFFIX}")
    if args.bundle and not shutil.which("zstd"):
        raise Stop(STATUS_NO_BACKEND, "zstd is missing for --bundle: apt-get "
                   "install zstd")
    if args.bundle:
        need_file("--bundle", args.bundle)


def _read(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise Stop(STATUS_USAGE, f"'{name}' is not accepted: it cannot be read "
                   f"({error.strerror})") from None


def versions(reading: Reading) -> str:
    """What made the results, a line each."""
    machine = " ".join(f"{name}={value}"
                       for name, value in reading.machine.items())
    return (f"kernel {reading.version}\nfront end {version()}\n"
            f"python {platform.python_version()}\nmachine {machine}\n")


def _bundle(path: Path, data: bytes, reading: Reading,
            directory: Path) -> None:
    """One file for a mail: the console as it came, results, versions."""
    parts = {"console.log": data, "versions.txt": versions(reading).encode()}
    if reading.runs:
        parts.update((name, (directory / name).read_bytes())
                     for name in FILES)
    top = path.name.removesuffix(SUFFIX) or "tandem"
    with tempfile.TemporaryDirectory(prefix="tandem-") as name:
        packed = Path(name) / "bundle.tar"
        with tarfile.open(packed, "w") as tar:
            for part, content in parts.items():
                member = tarfile.TarInfo(f"{top}/{part}")
                member.size, member.mode = len(content), 0o644
                tar.addfile(member, io.BytesIO(content))
        path.write_bytes(_compressed(packed))


def _compressed(packed: Path) -> bytes:
    out = packed.with_suffix(SUFFIX)
    command.run(["zstd", "-q", "-o", out, packed], packed.parent)
    return out.read_bytes()
