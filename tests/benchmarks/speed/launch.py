"""Run one command and measure it; a small process of its own, started by `measure`.

Linux carries the peak memory of a process over to what it starts (a new program begins with the peak of
the one that made it), so commands are started from here: no imports but of the standard library, a peak of
some 15 MB. Time is from before the start to after the end. CPU is user and system time of the process and
all of its descendants that were waited for, the peak that of the largest of them (``wait4``). With
``--workers`` the memory of all processes together is sampled as well: the sum of their proportional set
sizes, which counts shared pages once (``/proc/PID/smaps_rollup``; where there is none, nothing is sampled).

A command that runs too long, or takes too much memory, is stopped with all that it started.
"""

import json
import os
import signal
import sys
import threading
import time

EVERY = 0.2  # seconds between two looks


def main():
    out, how, seconds, most = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
    seen = {"together": 0, "stopped": ""}
    ended = threading.Event()
    size = _proportional if how == "--workers" else _resident
    began = time.perf_counter()
    pid = os.posix_spawnp(sys.argv[5], sys.argv[5:], os.environ, setpgroup=0)
    watcher = threading.Thread(
        target=_watch, args=(pid, size, began + seconds, most, seen, ended), daemon=True
    )
    watcher.start()
    try:
        _, status, usage = os.wait4(pid, 0)
    except KeyboardInterrupt:
        os.killpg(pid, signal.SIGKILL)
        raise
    wall = time.perf_counter() - began
    ended.set()
    watcher.join()
    found = {
        "code": os.waitstatus_to_exitcode(status),
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        "together": seen["together"] if how == "--workers" else 0,
        "stopped": seen["stopped"],
    }
    with open(out, "w") as file:
        json.dump(found, file)


def _watch(pid, size, until, most, seen, ended):
    while not ended.wait(EVERY):
        now = sum(map(size, _tree(pid)))
        seen["together"] = max(seen["together"], now)
        if now > most:
            seen["stopped"] = f"stopped at {now / 1e9:.1f} GB"
        elif time.perf_counter() > until:
            seen["stopped"] = "stopped: too slow"
        if seen["stopped"]:
            os.killpg(pid, signal.SIGKILL)
            return


def _tree(pid):
    found = [pid]
    for one in found:
        try:
            for task in os.listdir(f"/proc/{one}/task"):
                with open(f"/proc/{one}/task/{task}/children") as file:
                    found += map(int, file.read().split())
        except OSError:  # it has ended
            pass
    return found


def _resident(pid):
    try:
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def _proportional(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return sum(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))
    except (OSError, ValueError):
        return 0


if __name__ == "__main__":
    main()
