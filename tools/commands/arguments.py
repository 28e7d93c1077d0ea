"""The command line of ./tandem. Whatever is wrong with it is answered by one
line that lists what is accepted."""

from __future__ import annotations

import argparse
import difflib
import os
import re
from typing import Callable, NoReturn

from tools import image
from tools.errors import STATUS_USAGE, Answer, Stop

COMMANDS = ("compare", "run", "litmus", "bench", "diff", "report", "list")
LISTS = ("policies", "axes", "exclusions", "workloads", "tests", "mutants",
         "verbs", "scenarios", "operations", "backends")
POLICY = "P,..|all|NAME=BASE,axis=choice,.."
GUESTS = ("idle", "running", "both")
MAX_CPUS = 16
MAX_JOBS = 256
MAX_REPEAT = 1000
MAX_SEED = 2 ** 32 - 1
LITMUS_CPUS = 4
BENCH_PAGES = 1024
PROFILE_PAGES = 64      # more only take longer
MAX_HOSTS = 14
VERSION = image.ROOT / "boot" / "version.h"
FORMATS = ("table", "csv", "json")


class _Once(argparse.Action):
    """Stores a value; a second one would make the first one vanish."""

    def __call__(self, parser: argparse.ArgumentParser,
                 namespace: argparse.Namespace, values: object,
                 option_string: str | None = None) -> None:
        seen = vars(namespace).setdefault("seen", set())
        if self.dest in seen:
            parser.error(f"{option_string} is given twice")
        seen.add(self.dest)
        setattr(namespace, self.dest, values)


class _Parser(argparse.ArgumentParser):
    """Errors are one line, and say what is accepted."""

    def __init__(self, **settings: object) -> None:
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        if message.startswith("unrecognized arguments: "):
            word = message.partition(": ")[2].split()[0]
            accepted = self._accepted()
            message = f"'{word}' is unknown: accepted are " + \
                " ".join(accepted) if accepted else \
                f"'{word}' is one word too many"
        message = message.removeprefix("argument ")
        place, _, wrong = message.partition(": ")
        # Of a word that is no option the place lists what is accepted, too.
        if "|" in place and not place.startswith(("-", "'")):
            message = wrong
        raise Stop(STATUS_USAGE, message)

    def print_help(self, file: object = None) -> None:
        raise Answer(self.format_help())

    def _accepted(self) -> list[str]:
        return [action.option_strings[-1] for action in self._actions
                if action.option_strings and action.dest != "help"]


class _Version(argparse.Action):
    """Answers with the version that is built here."""

    def __call__(self, *_: object) -> NoReturn:
        raise Answer(f"tandem {version()}\n")


def version() -> str:
    """The version that is built here."""
    return re.search(r'TANDEM_VERSION\s+"(.*)"', VERSION.read_text())[1]


def one_of(*accepted: str) -> Callable[[str], str]:
    """A word that must be one of @accepted."""
    def check(text: str) -> str:
        if text not in accepted:
            raise argparse.ArgumentTypeError(
                f"'{text}' is unknown: accepted are " + " ".join(accepted))
        return text
    return check


def between(low: int, high: int) -> Callable[[str], int]:
    """A whole number from @low to @high."""
    def check(text: str) -> int:
        if not text.isascii() or not text.isdigit() \
                or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(
                f"'{text}' is not accepted: a number from {low} to {high}")
        return int(text)
    return check


def names(text: str) -> list[str]:
    """Names separated by commas; what they may be is checked later."""
    found = text.split(",")
    if "" in found:
        raise argparse.ArgumentTypeError(
            f"'{text}' is not accepted: names separated by commas, or all")
    return found


def directory(text: str) -> str:
    """The name of a directory, which must be one."""
    if not text:
        raise argparse.ArgumentTypeError("'' is not accepted: a directory")
    return text


def _common(parser: _Parser, backends: tuple[str, ...], guest: str) -> None:
    add = parser.add_argument
    add("--guest", type=one_of(*GUESTS), default=guest,
        metavar="idle|running|both", help=f"what the guest does while the "
        f"host works (default {guest})")
    add("--pages", type=between(1, 262144), default=1024, metavar="N",
        help="pages of guest memory (default 1024)")
    add("--vcpus", type=between(1, 8), default=1, metavar="N",
        help="virtual CPUs (default 1)")
    add("--cpus", type=between(1, MAX_CPUS), metavar="N",
        help="CPUs of the machine (default 1 more than vCPUs; more still "
        "are more host threads; on 1 all take turns)")
    add("--operations", type=between(1, 1000000000), metavar="N",
        help="operations of churn, or of another mix (default 1 for each "
        "page)")
    _jobs(parser)
    add("--mutants", nargs="?", const=["all"], type=names, metavar="M,..",
        help="also run policies that are broken on purpose: these under "
        "each workload, or under each workload those that it shows, with "
        "that guest and so many pages")
    _everywhere(parser, backends, "results.json, results.csv and index.html")


def _jobs(parser: _Parser) -> None:
    add = parser.add_argument
    add("--jobs", type=between(1, MAX_JOBS), default=os.cpu_count() or 1,
        metavar="N", help="emulators at a time, where they start quickly "
        "(default %(default)s, one for each CPU of this host); results do "
        "not depend on it but for the clock of real CPUs")


def _everywhere(parser: _Parser, backends: tuple[str, ...],
                files: str) -> None:
    """Options of all commands that run something."""
    add = parser.add_argument
    add("--seed", type=between(0, MAX_SEED), default=1, metavar="N",
        help="seed of whatever is random (default 1)")
    add("--check", type=one_of("on", "off"), default="on", metavar="on|off",
        help="watch the rules of docs/contract.md while it runs (default "
        "on); off for exact instruction counts")
    _output(parser, backends, files)


def _output(parser: _Parser, backends: tuple[str, ...], files: str) -> None:
    """Where it runs, and where the results go."""
    add = parser.add_argument
    add("--backend", type=one_of("auto", *backends), default="auto",
        metavar="B", help="auto (default) or one of " + " ".join(backends))
    _written(parser, f"write {files} there")


def _written(parser: _Parser, out: str) -> None:
    """Where the results go."""
    add = parser.add_argument
    add("--format", type=one_of(*FORMATS), default="table",
        metavar="table|csv|json", help="what is printed (default table)")
    add("--out", type=directory, metavar="DIR", help=out)
    add("--quiet", action="store_true", help="print the results only")


def _parsers(backends: tuple[str, ...]) -> dict[str, _Parser]:
    """The parser of each command, and under "" that of the whole."""
    parser = _Parser(
        prog="tandem", description="Two MMUs, one memory: what each policy "
        "for the second one costs, and whether a guest ever sees a wrong "
        "byte.", epilog="Status: 0 all coherent; 1 something was incoherent; "
        "2 wrong arguments; 3 no backend or a tool is missing; 4 the machine "
        "hung or died.")
    parser.add_argument("--version", action=_Version, nargs=0,
                        help="print the version, and end")
    commands = parser.add_subparsers(parser_class=_Parser,
                                     metavar="|".join(COMMANDS))

    compare = commands.add_parser(
        "compare", help="run workloads under policies and compare the costs")
    compare.add_argument("--policy", action=_Once, type=names, default=["all"],
                         metavar=POLICY, help="default all; up to 8 policies "
                         "of your own, each BASE but for the axes that follow "
                         "(tandem list axes)")
    compare.add_argument("--workload", action=_Once, type=names,
                         default=["all"], metavar="W,..|all|FILE.scn",
                         help="default all")
    compare.add_argument("--repeat", type=between(1, MAX_REPEAT), default=1,
                         metavar="N", help="run with N seeds, from --seed on; "
                         "the tables have medians (default 1)")
    compare.add_argument("--costs", metavar="FILE", help="what tandem bench "
                         "wrote, results.json or results.csv: the report of "
                         "--out shows it beside the counts")
    _common(compare, backends, "both")

    run = commands.add_parser("run", help="one workload under one policy")
    run.add_argument("--policy", action=_Once, required=True, type=names,
                     metavar="P|NAME=BASE,axis=choice,..")
    run.add_argument("--workload", action=_Once, required=True,
                     metavar="W|FILE.scn")
    run.add_argument("--trace", action=_Once, nargs="?", const=[], type=names,
                     metavar="PHASE,..",
                     help="write the event trace for ui.perfetto.dev "
                     "(docs/trace.md); of these phases only")
    run.add_argument("--gdb", action="store_true",
                     help="stop at the first instruction and wait for gdb "
                     "(QEMU backends)")
    _common(run, backends, "running")

    litmus = commands.add_parser(
        "litmus", help="small tests of the contract, each step held in turn")
    _litmus(litmus, backends)

    bench = commands.add_parser(
        "bench", help="what each operation costs, in instructions")
    _bench(bench, backends)

    diff = commands.add_parser(
        "diff", help="what changed between two results.json",
        epilog="Status: 0 nothing changed; 1 something did; 2 wrong "
        "arguments, or a file is not accepted; 3 a tool is missing.")
    diff.add_argument("a", metavar="A.json", help="results.json that tandem "
                      "compare --out DIR wrote, the one before")
    diff.add_argument("b", metavar="B.json", help="the one after")
    diff.add_argument("--out", type=directory, metavar="DIR", help="write "
                      "the report of B.json there, with what changed")

    report = commands.add_parser(
        "report", help="the results of a console captured on a real machine")
    _report(report)

    listing = commands.add_parser("list", help="what there is, a line each")
    listing.add_argument("what", nargs="?", type=one_of(*LISTS),
                         metavar="|".join(LISTS))
    return {"": parser, "compare": compare, "run": run, "litmus": litmus,
            "bench": bench, "diff": diff, "report": report,
            "list": listing}


def _report(parser: _Parser) -> None:
    add = parser.add_argument
    add("console", metavar="CONSOLE.log", help="what the serial line said, "
        "with whatever noise there is in it")
    _written(parser, "write results.json, results.csv and index.html there "
             "(default report/ where make builds)")
    add("--bundle", metavar="FILE.tar.zst", help="write console, results and "
        "versions to one file that can be attached to a mail")


def _bench(parser: _Parser, backends: tuple[str, ...]) -> None:
    add = parser.add_argument
    add("--op", action=_Once, type=names, default=["all"], metavar="O,..|all",
        help="default all (tandem list operations)")
    add("--policy", action=_Once, type=names, default=["all"], metavar=POLICY,
        help="default all")
    add("--pages", type=between(1, 262144), metavar="N",
        help="pages of guest memory, and of each operation (default "
        f"{BENCH_PAGES}, with --profile {PROFILE_PAGES}, which is the most)")
    add("--hosts", type=between(1, MAX_HOSTS), default=1, metavar="N",
        help=f"host threads, 1 to {MAX_HOSTS}, that share the pages, each on "
        "a CPU of its own; what is printed is thread 0's (default 1, and one "
        "CPU; more on Bochs only, whose CPUs take turns by the instruction, "
        "and for operations that the host performs page by page)")
    add("--profile", action="store_true", help="print where the instructions "
        "of one operation under one policy go, by step and function, as text "
        "(QEMU, one host thread)")
    _jobs(parser)
    _output(parser, backends, "results.json and results.csv")


def _litmus(parser: _Parser, backends: tuple[str, ...]) -> None:
    add = parser.add_argument
    add("--test", action=_Once, type=names, default=["all"],
        metavar="T,..|all|FILE.litmus", help="default all")
    add("--policy", action=_Once, type=names, metavar=POLICY,
        help="default all; with --mutants none, but for FILE.litmus")
    add("--mutants", action="store_true", help="the kill matrix: who catches "
        "which of the deliberately broken policies")
    add("--rounds", type=between(1, 10 ** 9), metavar="N",
        help="rounds of each test (default: one for each step of each actor, "
        "held there)")
    add("--replay", metavar="FILE", help="follow the schedule of a trace that "
        "the explorer wrote")
    add("--cpus", type=between(1, MAX_CPUS), default=LITMUS_CPUS,
        metavar="N", help="CPUs of the machine (default %(default)s; a test "
        "that needs more is skipped)")
    _everywhere(parser, backends, "results.json and results.csv")


def parse(argv: list[str], backends: tuple[str, ...]) -> argparse.Namespace:
    """The arguments, or Stop with one line."""
    parsers = _parsers(backends)
    if not argv:
        raise Stop(STATUS_USAGE, "a command is missing: accepted are "
                   + " ".join(COMMANDS) + "; --help tells more")
    command, *rest = argv
    if command == "help":
        for word in rest[:1]:
            check_names("help", [word], list(COMMANDS), ())
        if len(rest) > 1:
            raise Stop(STATUS_USAGE, f"'{rest[1]}' is one word too many")
        raise Answer(parsers["".join(rest)].format_help())
    if command in ("-h", "--help", "--version"):
        parsers[""].parse_args([command])
    if command not in COMMANDS:
        raise Stop(STATUS_USAGE, f"'{command}' is unknown: accepted are "
                   + " ".join(COMMANDS))
    args = parsers[command].parse_args(rest)
    args.command = command
    if command in ("compare", "run") and args.cpus and \
            1 < args.cpus <= args.vcpus:
        raise Stop(STATUS_USAGE, f"--cpus {args.cpus} is not accepted with "
                   f"--vcpus {args.vcpus}: 1, on which all take turns, or "
                   f"a number from {args.vcpus + 1} to {MAX_CPUS}")
    if command == "compare" and args.costs and not args.out:
        raise Stop(STATUS_USAGE, "--costs is not accepted without --out: the "
                   "report has them")
    if command == "compare" and args.seed + args.repeat - 1 > MAX_SEED:
        raise Stop(STATUS_USAGE, f"--repeat {args.repeat} is not accepted "
                   f"with --seed {args.seed}: the last seed is {MAX_SEED}")
    return args


def check_names(option: str, given: list[str], accepted: list[str],
                extra: tuple[str, ...] = ("all",)) -> None:
    """Stop unless each name in @given is accepted."""
    for name in given:
        if name not in accepted and name not in extra:
            raise Stop(STATUS_USAGE, f"{option} '{name}' is unknown: "
                       "accepted are " + " ".join([*accepted, *extra]))


def check_policies(given: list[str], known: dict[str, list[tuple[str, str]]],
                   extra: tuple[str, ...]) -> None:
    """Stop unless the parts of --policy can be a list of policies: names, and
    of the user's own NAME=BASE, axis=choice, ... What excludes what is the
    kernel's to say."""
    policies = [name for name, _ in known.get("policies", [])]
    choices = [name for name, _ in known.get("axes", [])]
    names_of_axes = list(dict.fromkeys(choice.partition("=")[0]
                                       for choice in choices))
    own = False             # the part before belongs to one of the user's own
    for part in given:
        name, equals, value = part.partition("=")
        if not equals:
            check_names("--policy", [name], policies,
                        (*extra, "NAME=BASE,axis=choice"))
            own = False
        elif name in names_of_axes:
            check_names("--policy", [part], [c for c in choices if
                                             c.startswith(name + "=")], ())
        else:
            near = difflib.get_close_matches(name, names_of_axes, 1)
            if own and (near or value not in policies):
                raise Stop(STATUS_USAGE, f"--policy '{part}' is not accepted: "
                           f"'{name}' is no axis, accepted are "
                           + " ".join(names_of_axes) + (
                               f" (did you mean {near[0]}?)" if near else
                               f"; and '{value}' is no policy to begin a new "
                               "one with"))
            if not re.fullmatch(r"[a-z0-9-]{1,23}", name):
                raise Stop(STATUS_USAGE, f"--policy {part!a} is not accepted: "
                           "a NAME has 1 to 23 of a-z 0-9 -")
            check_names(f"--policy {name}=", [value], policies, ())
            own = True


def policy_names(given: list[str], axes: list[tuple[str, str]]) -> list[str]:
    """How the policies of a list that was checked are called."""
    settings = {name.partition("=")[0] for name, _ in axes}
    heads = [part.partition("=")[0] for part in given]
    return [head for head in heads if head not in settings]
