"""A trial: a litmus test under one policy or one mutant, round after round."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tools.console import Record

ENDED = ("hang", "died")            # verdicts of a machine that gave no result
FINE = ("allowed", "forbidden-not-seen", "skipped")
OBSERVERS = ("oracle", "checker", "outcome", "explorer")


@dataclass
class Trial:
    """One test under one policy, or under one mutant of it."""

    number: int
    test: str
    policy: str
    mutant: str | None
    seed: int
    verdict: str = ""           # the kernel's, or hang or died
    rounds: int = 0
    seen: int = 0
    forbidden: bool = True
    violations: Counter = field(default_factory=Counter)
    explored: bool = False      # the explorer caught this mutant by this test
    notes: list[str] = field(default_factory=list)
    last_output: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        """Names the trial in one line."""
        mutant = f" mutant {self.mutant}" if self.mutant else ""
        return f"{self.test} under {self.policy}{mutant}"

    @property
    def caught_by(self) -> list[str]:
        """Which of OBSERVERS have seen something forbidden here."""
        found = {"outcome": self.verdict == "forbidden-seen",
                 "checker": bool(self.violations), "explorer": self.explored}
        return [name for name in OBSERVERS if found.get(name)]

    @property
    def judgement(self) -> str:
        """The verdict as it counts: a mutant is there to be caught."""
        if self.verdict in (*ENDED, "skipped"):
            return self.verdict
        if self.mutant:
            return "caught" if self.caught_by else "missed"
        return "ok" if self.verdict in FINE else self.verdict

    def close(self, record: Record) -> None:
        """Take over what a `result` record says."""
        self.verdict = record.fields["verdict"]
        self.rounds = record.int("rounds")
        self.seen = record.int("seen")
        self.forbidden = record.fields.get("forbidden") != "no"

    def as_json(self) -> dict:
        out = {"test": self.test, "policy": self.policy,
               "mutant": self.mutant, "seed": self.seed,
               "rounds": self.rounds,
               "forbidden": "yes" if self.forbidden else "no",
               "seen": self.seen,
               "violations": dict(sorted(self.violations.items())),
               "caught_by": self.caught_by, "verdict": self.judgement,
               "notes": self.notes}
        if self.verdict in ENDED:
            out["last_output"] = self.last_output
        return out


def new_trial(record: Record) -> Trial:
    """The trial that a `run` record announces."""
    mutant = record.fields.get("mutant", "none")
    return Trial(record.number, record.fields["test"],
                 record.fields["policy"],
                 None if mutant == "none" else mutant, record.int("seed"))
