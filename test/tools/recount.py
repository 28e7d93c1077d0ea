"""Who wins, computed again from results.json by another way than the front
end's: by hand, from the counters, with a sentence taken apart."""

from __future__ import annotations

import re
from fractions import Fraction

FLUSHED = ("invept_single", "invept_global", "tlb_control_single",
           "tlb_control_all")


def _median(numbers):
    return sorted(numbers)[(len(numbers) - 1) // 2]


def figures(found, workload):
    """Policy to its faults and flushes, of those that were coherent."""
    runs = [run for run in found["runs"]
            if run["workload"] == workload and not run["mutant"]]
    guests = {run["guest"] for run in runs}
    faults, flushes = ({"idle", "running"} - {other} for other in
                       ("running", "idle")) if len(guests) > 1 \
        else (guests, guests)
    of = {}
    for policy in dict.fromkeys(run["policy"] for run in runs):
        mine = [run for run in runs if run["policy"] == policy]
        if {run["verdict"] for run in mine} == {"coherent"} and \
                {run["guest"] for run in mine} == guests:
            of[policy] = (
                _median([run["counters"].get("pf_taken", 0) for run in mine
                         if run["guest"] in faults]),
                _median([sum(run["counters"].get(n, 0) for n in FLUSHED)
                         for run in mine if run["guest"] in flushes]))
    return of


def as_good(of, figure):
    """The policies whose figure is within 2 % of the least, or whose flushes
    are within 2 of it."""
    least = min(numbers[figure] for numbers in of.values())
    return {policy for policy, numbers in of.items()
            if numbers[figure] <= least * Fraction(51, 50) or
            figure == 1 and numbers[figure] - least < 3}


def _names(text):
    return set(re.split(r", | and ", text))


def _paid(test, of, who, text):
    """@text gives the figures of @who: a number, or the range."""
    for figure, unit in enumerate(("fault", "flush")):
        low, high = re.search(rf"(\d+)(?: to (\d+))? {unit}", text).groups()
        numbers = [of[name][figure] for name in who]
        test.assertEqual((int(low), int(high or low)),
                         (min(numbers), max(numbers)), text)


def _others(test, of, text):
    """@text names the dearest of each figure, where it is dearer."""
    for figure, unit in enumerate(("faults", "flushes")):
        said = re.search(rf"(\d+) {unit} \(([^)]*)\)", text)
        dearest = max(numbers[figure] for numbers in of.values())
        test.assertEqual(bool(said), len(as_good(of, figure)) < len(of), text)
        if said:
            test.assertEqual(int(said[1]), dearest, text)
            test.assertEqual(of[said[2]][figure], dearest, text)


def check(test, found, workload, text):
    """The @text about @workload says what its runs in @found do."""
    of = figures(found, workload)
    race, _, verdicts = text.partition(". ")
    bad = {run["policy"] for run in found["runs"] if not run["mutant"] and
           run["workload"] == workload and run["verdict"] != "coherent"}
    test.assertEqual("All coherent." in verdicts, not bad, text)
    test.assertEqual(set(re.findall(r"([\w-]+) \((?:idle|running): ",
                                    verdicts)), bad)
    if not of:
        test.assertEqual(race, "nobody wins")
        return "nobody"
    few, cheap = as_good(of, 0), as_good(of, 1)
    first, _, second = race.partition("; ")
    if race.startswith(("only ", "both ", "all ")):
        test.assertEqual(few & cheap, {*of}, text)
        _paid(test, of, of, race)
        return "all" if len(of) > 1 else "only"
    if few & cheap:
        who = _names(re.fullmatch(r"(.*?) wins?: .*", first)[1])
        test.assertEqual(who, few & cheap, text)
        _paid(test, of, who, first)
        _others(test, of, second)
        return "win"
    for part, group, other in ((first, few, 1), (second, cheap, 0)):
        who = _names(re.match(r"(.*?) (?:take|need)s? the fewest", part)[1])
        test.assertEqual(who, as_good({name: of[name] for name in group},
                                      other), text)
        _paid(test, of, who, part.partition("fewest")[2].partition(": ")[2])
    return "trade"
