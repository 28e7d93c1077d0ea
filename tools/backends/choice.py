"""The backends that there are, and the choice among them."""

from __future__ import annotations

from tools.backends.backend import Backend
from tools.backends.bochs import BochsSvm, BochsVmx
from tools.host import Host
from tools.backends.nested import KvmOnBochs, KvmOnTcg
from tools.backends.qemu import QemuSvm, QemuSvmKvm, QemuVmx

# In the order in which `auto` tries them; then those by name only.
CLASSES: tuple[type[Backend], ...] = (QemuVmx, QemuSvmKvm, BochsVmx, QemuSvm,
                                      BochsSvm, KvmOnBochs, KvmOnTcg)


def all_backends(host: Host | None = None) -> list[Backend]:
    """Every backend, best first."""
    host = host or Host()
    return [cls(host) for cls in CLASSES]


def choose(backends: list[Backend], name: str) -> tuple[Backend | None, str]:
    """The backend called @name, or for `auto` the first that works; None and
    the reason if there is none. The text says why it was chosen."""
    passed = []
    for backend in backends:
        if not (backend.automatic if name == "auto" else backend.name == name):
            continue
        missing = backend.missing()
        if not missing:
            return backend, _reason(backend, name, passed)
        passed.append(f"{backend.name}: {missing.why} (needs: "
                      f"{missing.remedy})")
    return None, "; ".join(passed)


def _reason(backend: Backend, name: str, passed: list[str]) -> str:
    if name != "auto":
        return f"backend {backend.name} ({backend.machine_text}), as asked"
    short = [text.partition(" (needs")[0] for text in passed]
    because = "; not " + ", not ".join(short) if short else ""
    return f"backend {backend.name} ({backend.machine_text}): {backend.text}" \
        + because
