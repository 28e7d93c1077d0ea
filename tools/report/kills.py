"""What litmus tests found, all in all: trials, and who caught which mutant."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Iterable

from tools.report.results import Results, Run
from tools.trials import ENDED, Trial


@dataclass
class Kill:
    """A mutant, and by what each observer caught it: workloads, rules,
    tests."""

    mutant: str
    rule: str               # that it breaks
    by: dict[str, list[str]]

    @property
    def caught(self) -> bool:
        return any(self.by.values())

    def as_json(self) -> dict:
        return {"mutant": self.mutant, "rule": self.rule,
                "caught": self.caught, **self.by}


def kill_matrix(mutants: list[tuple[str, str]], trials: list[Trial],
                runs: list[Run]) -> list[Kill]:
    """Who caught which of @mutants (with their rules): litmus trials, and runs
    of workloads."""
    kills = []
    for name, rule in mutants:
        tried = [t for t in trials if t.mutant == name]
        ran = [r for r in runs if r.mutant == name]
        rules = sum((x.violations for x in [*tried, *ran]), Counter())
        kills.append(Kill(name, rule, {
            "oracle": unique(r.workload for r in ran if r.stale_reads),
            "checker": sorted(rules, key=natural),
            "outcome": unique(t.test for t in tried
                              if "outcome" in t.caught_by),
            "explorer": unique(t.test for t in tried if t.explored)}))
    return kills


def natural(rule: str) -> tuple[str, int]:
    """Sorts O2 before O12."""
    letters = rule.rstrip("0123456789")
    return letters, int(rule[len(letters):] or 0)


def unique(names: Iterable[str]) -> list[str]:
    """Each name once, in order."""
    return list(dict.fromkeys(names))


@dataclass
class LitmusResults(Results):
    """Finished trials, with the head that every output carries. Its runs are
    those of workloads under mutants."""

    trials: list[Trial] = field(default_factory=list)
    kills: list[Kill] = field(default_factory=list)

    def as_json(self) -> str:
        """results.json: the same bytes for the same results."""
        out = {**self.head(), "tests": [t.as_json() for t in self.trials]}
        if self.kills:
            out["mutants"] = [kill.as_json() for kill in self.kills]
        return json.dumps(out, indent=1) + "\n"

    def as_csv(self) -> str:
        """results.csv: a row for each trial."""
        text = io.StringIO()
        out = csv.writer(text, lineterminator="\n")
        out.writerow(["backend", "machine", "secondary", "test", "policy",
                      "mutant", "seed", "rounds", "forbidden", "seen",
                      "violations", "caught_by", "verdict"])
        for t in self.trials:
            out.writerow([self.backend, self.machine, self.secondary, t.test,
                          t.policy, t.mutant or "", t.seed, t.rounds,
                          "yes" if t.forbidden else "no", t.seen,
                          sum(t.violations.values()), " ".join(t.caught_by),
                          t.judgement])
        return text.getvalue()


def litmus_status(results: LitmusResults) -> int:
    """The exit status that they deserve: 0, 1 or 4."""
    if any(x.verdict in ENDED for x in [*results.trials, *results.runs]):
        return 4
    bad = any(t.judgement not in ("ok", "skipped") for t in results.trials
              if not t.mutant)
    played = any(t.verdict != "skipped" for t in results.trials)
    caught = all(kill.caught for kill in results.kills)
    return 0 if played and caught and not bad else 1


def litmus_summary(results: LitmusResults) -> str:
    """The verdict of all of it, in a sentence or two."""
    plain = [t for t in results.trials if not t.mutant]
    text = ""
    if plain:
        bad = [f"{t.title}: {t.judgement}" for t in plain
               if t.judgement not in ("ok", "skipped")]
        rounds = sum(t.rounds for t in plain)
        skipped = sum(t.verdict == "skipped" for t in plain)
        text = f"{len(bad)} of {len(plain)} trials not good: " \
            f"{'; '.join(bad)}. " if bad else \
            f"No forbidden outcome and no violation in {rounds} rounds of " \
            f"{len(plain)} trial{'s' if len(plain) != 1 else ''}. "
        if skipped:
            text += f"{skipped} skipped, for want of CPUs. "
    elif not results.kills:
        text = " ".join(f"{t.title}: {t.judgement}, seen in {t.seen} of "
                        f"{t.rounds} rounds." for t in results.trials)
    if results.kills:
        missed = [kill.mutant for kill in results.kills if not kill.caught]
        text += f"{len(results.kills) - len(missed)} of " \
            f"{len(results.kills)} mutants caught" + \
            (f"; missed: {', '.join(missed)}." if missed else ".")
    return text.strip() or "No trial has ended."
