"""Runs commands that are told to stop at a named moment; a script, so that the imports are paid once for all.

Each command runs in a child of its own, in a process group of its own. The moment is one of

- ``stage NAME``: progress says that this stage is under way;
- ``fault NAME``: a fault point of `dedup.index.atomic` is passed;
- ``call MODULE NAME``: a function is called;
- ``stuck MODULE NAME``: a function is called that stays in C for minutes; ``twice`` sends a second signal.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import dedup.cli.facade
import dedup.cli.progress
from dedup.cli import main


def arm(moment: str, number: int) -> None:
    """Have the process send itself the signal at the moment."""
    kind, *where = moment.split()
    fired: list[bool] = []

    def fire() -> None:
        if not fired:
            fired.append(True)
            os.kill(os.getpid(), number)

    if kind == "stage":
        stage = dedup.cli.progress.Progress.stage

        def told(self: Any, name: str, done: int, total: int) -> None:
            if name.startswith(where[0]):
                fire()
            stage(self, name, done, total)

        dedup.cli.progress.Progress.stage = told  # type: ignore[method-assign]
    elif kind == "fault":
        for module in [m for name, m in sys.modules.items() if name.startswith("dedup.index.")]:
            if hasattr(module, "fault"):
                module.fault = lambda name: fire() if name == where[0] else None
    else:
        module = importlib.import_module(where[0])
        original = getattr(module, where[1])

        def called(*args: Any, **options: Any) -> Any:
            if kind == "call":
                fire()
                return original(*args, **options)

            def from_outside() -> None:
                fire()
                if "twice" in where:
                    time.sleep(0.5)
                    os.kill(os.getpid(), number)

            threading.Timer(0.3, from_outside).start()
            hashlib.pbkdf2_hmac("sha256", b"", b"", 1 << 30)

        setattr(module, where[1], called)


def run(case: dict[str, Any]) -> dict[str, Any]:
    """Run one command to its end; return its exit code, and how long it went on after the signal at most."""
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        os.setsid()
        for stream, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(case[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666), stream)
        os.environ["TMPDIR"] = case["tmp"]
        arm(case["moment"], case["signal"])
        sys.argv = ["dedup", *case["command"]]
        main()
        os._exit(99)
    status = os.waitpid(child, 0)[1]
    try:
        os.killpg(child, 0)
    except ProcessLookupError:
        left = False
    else:
        left = True
    return {
        "code": os.waitstatus_to_exitcode(status),
        "left": left,
        "seconds": round(time.monotonic() - began, 2),
    }


if __name__ == "__main__":
    cases = json.loads(Path(sys.argv[1]).read_text())
    # Kernels are loaded once, too.
    with dedup.cli.facade.temporary_index() as index:
        index.add(sys.argv[2])
        index.report()
    print(json.dumps([run(case) for case in cases]))
