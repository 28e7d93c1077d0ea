"""Reads results.json, as it was written."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from tools.errors import STATUS_USAGE, Stop
from tools.report.results import SCHEMA, Phase, Results, Run


def load(path: Path) -> Results:
    """The results in @path, or Stop with one line."""
    head = read_object(path)
    if "runs" not in head:
        raise _refused(path, "it has no runs: results.json of tandem "
                       "compare is accepted")
    try:
        runs = [_run(number, run)
                for number, run in enumerate(head["runs"], 1)]
        return Results(
            head["backend"], head["machine"], head["tick_unit"],
            head["version"], head["secondary"], head["cpus"], runs,
            faults=head.get("faults", []), policies=head.get("policies", {}),
            names=head.get("names", {}),
            processor=head.get("processor", {}))
    except KeyError as error:
        raise _refused(path, f"it is damaged: {error} is missing") from None
    except (TypeError, AttributeError, ValueError) as error:
        raise _refused(path, f"it is damaged: {error}") from None


def read_object(path: Path) -> dict:
    """The object in the JSON file @path, of our schema, or Stop."""
    try:
        head = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _refused(path, error.strerror) from None
    except ValueError:
        raise _refused(path, "it is no JSON, or cut") from None
    if not isinstance(head, dict) or head.get("schema") != SCHEMA:
        raise _refused(path, f"it has no schema {SCHEMA}")
    return head


def _run(number: int, found: dict) -> Run:
    phases = [Phase(phase["name"], _numbers(phase["counters"]),
                    _numbers(phase["ideal"])) for phase in found["phases"]]
    run = Run(number, *(found[name] for name in (
        "workload", "policy", "mutant", "guest")), *(int(found[name])
        for name in ("pages", "vcpus", "cpus", "seed")),
        verdict=found["verdict"], stale_reads=int(found["stale_reads"]),
        violations=Counter(_numbers(found["violations"])), phases=phases,
        predicted=_numbers(found["predicted"]), ticks=found["ticks"],
        notes=found["notes"], last_output=found.get("last_output", []))
    if run.counters != _numbers(found["counters"]):
        raise ValueError(f"in run {number}: counters are not the sums over "
                         "its phases")
    return run


def _numbers(found: dict) -> dict[str, int]:
    return {name: int(n) for name, n in found.items()}


def _refused(path: Path, why: str | None) -> Stop:
    return Stop(STATUS_USAGE, f"'{path}' is not accepted: {why}")
