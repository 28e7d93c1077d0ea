"""How a policy looks: one colour and one mark, the same in every picture of
every report. The colours are Okabe and Ito's, which colour-blind eyes tell
apart; the marks do where there is no colour."""

from __future__ import annotations

from typing import Iterable, NamedTuple


class Style(NamedTuple):
    """A colour, and a mark that stands for the policy where room is short."""

    colour: str
    mark: str


POLICIES = {
    "bracket": Style("#0072b2", "●"),
    "clear-flush-notify": Style("#e69f00", "■"),
    "change-2009": Style("#009e73", "▲"),
    "change-pte": Style("#d55e00", "▼"),
    "upgrade-noflush": Style("#cc79a7", "◆"),
    "batch": Style("#56b4e9", "★"),
    "defer": Style("#f0e442", "✚"),
}
# Policies of the user's own, by name; more of them share.
OTHERS = (Style("#000000", "○"), Style("#999999", "□"), Style("#555555", "△"),
          Style("#882255", "▽"), Style("#332288", "◇"), Style("#117733", "☆"),
          Style("#aa7744", "◉"), Style("#44aa99", "◧"))


def styles(names: Iterable[str]) -> dict[str, Style]:
    """The style of each policy in @names, in their order."""
    order = list(dict.fromkeys(names))
    others = sorted(set(order) - POLICIES.keys())
    return {name: POLICIES.get(name) or
            OTHERS[others.index(name) % len(OTHERS)] for name in order}
