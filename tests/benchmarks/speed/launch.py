"""Run one command and measure it; a small process of its own, started by `measure`.

Linux carries the peak memory of a process over to what it starts (a new program begins with the peak of the
one that made it), so commands are started from here: no imports but of the standard library, a peak of some
15 MB. Time is from before the start to after the end. CPU is user and system time of the process and all of
its descendants that were waited for, the peak that of the largest of them (``wait4``). With ``--workers`` the
memory of all processes together is sampled as well: the sum of their proportional set sizes, which counts
shared pages once (``/proc/PID/smaps_rollup``; where there is none, nothing is sampled).
"""

import json
import os
import sys
import threading
import time

EVERY = 0.2  # seconds between two samples


def main():
    out, workers, command = sys.argv[1], sys.argv[2] == "--workers", sys.argv[3:]
    peak, ended = [0], threading.Event()
    began = time.perf_counter()
    pid = os.posix_spawnp(command[0], command, os.environ)
    watcher = threading.Thread(target=_watch, args=(pid, peak, ended), daemon=True)
    if workers:
        watcher.start()
    _, status, usage = os.wait4(pid, 0)
    wall = time.perf_counter() - began
    ended.set()
    if workers:
        watcher.join()
    found = {
        "code": os.waitstatus_to_exitcode(status),
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        "together": peak[0],
    }
    with open(out, "w") as file:
        json.dump(found, file)


def _watch(pid, peak, ended):
    while not ended.wait(EVERY):
        peak[0] = max(peak[0], sum(map(_proportional, _tree(pid))))


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


def _proportional(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return sum(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))
    except (OSError, ValueError):
        return 0


if __name__ == "__main__":
    main()
