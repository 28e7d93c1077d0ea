"""The machine of a captured console. It is elsewhere: nothing is run on it."""

from __future__ import annotations

from tools.backends.backend import Backend

UNKNOWN = "unknown"
EMULATORS = ("TCGTCGTCGTCG",)


class Captured(Backend):
    """What the machine record says of the machine."""

    def __init__(self, record: dict[str, str]) -> None:
        super().__init__()
        self.record = record
        self.name = record.get("backend") or UNKNOWN

    @property
    def called(self) -> str:
        return "the machine" if self.name == UNKNOWN else self.name

    @property
    def machine(self) -> str:
        """real, nested or emulated. No processor runs without microcode."""
        hypervisor = self.record.get("hypervisor", "none")
        if hypervisor in EMULATORS or self.record.get("microcode") == "0x0":
            return "emulated"
        return "real" if hypervisor == "none" else "nested"

    @property
    def machine_text(self) -> str:
        """The same for people, and which processor it is."""
        if "cpu" not in self.record:
            return f"{self.machine} machine"
        name = self.record["cpu"].replace("_", " ")
        numbers = ", ".join(f"{word} {self.record.get(word, 'unknown')}" for
                            word in ("family", "model", "stepping",
                                     "microcode"))
        return f"{self.machine} machine: {name}, {numbers}"
