"""Coverage-guided fuzzing of readers, unpackers, markup, dates and the tokeniser's kernel (atheris).

    python -m tests.campaigns.fuzz --seconds 60                     a minute, all targets together
    python -m tests.campaigns.fuzz --minutes 20 words --log FILE    twenty minutes of one

Kernels run as plain Python (`pure_vectors`), so their branches guide the fuzzer and an index beyond the
end is an error. An exception is kept once for each place it comes from, as ``TARGET-HASH.bin`` in
``--findings``, and the target goes on; a crash or an endless loop ends its process, and a new one goes on.
Once mended, a finding is kept in tests/data/fuzz, where tests/test_fuzz.py runs it for ever.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import os
import pkgutil
import re
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from dataclasses import dataclass
from pathlib import Path

from tests.campaigns.stored_log import Budget, logged

NAMES = (
    "any",
    "jsonl",
    "json",
    "csv",
    "page",
    "xml",
    "html",
    "parquet",
    "arrow",
    "unpack",
    "markup",
    "dates",
    "words",
)
_LONGEST_INPUT = 4096
_MOST_RESTARTS = 20


@dataclass
class Told:
    """What a target's processes told."""

    executed: int = 0
    seconds: float = 0.0
    edges: int = 0
    findings: int = 0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(NAMES)}; all by default")
    parser.add_argument("--seconds", type=float, default=60.0, help="of all targets together (60)")
    parser.add_argument("--findings", type=Path, help="folder for inputs that fail (a new temporary one)")
    parser.add_argument(
        "--corpus", type=Path, help="folder to keep inputs of new coverage in, and begin with"
    )
    parser.add_argument("--minutes", type=float, help="the same in minutes")
    parser.add_argument("--log", type=Path, help="write what was found to this file")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.minutes is not None:
        options.seconds = 60 * options.minutes
    budget = Budget(None)
    if unknown := set(options.targets) - set(NAMES):
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    findings = options.findings or Path(tempfile.mkdtemp(prefix="dedup-findings-"))
    if options.child:
        _fuzz(options.child, options.seconds, findings, options.corpus)
    if importlib.util.find_spec("atheris") is None:
        print("skipped: atheris is not installed (pip install '.[fuzz]')")
        return 0
    findings.mkdir(parents=True, exist_ok=True)
    targets = options.targets or list(NAMES)
    lines = [f"{'target':8} {'seconds':>8} {'executions':>11} {'edges':>7} {'findings':>9}"]
    print(lines[0], flush=True)
    failed = executed = 0
    with tempfile.TemporaryDirectory(prefix="dedup-corpus-") as temporary:
        for name in targets:
            corpus = (options.corpus or Path(temporary)) / name
            corpus.mkdir(parents=True, exist_ok=True)
            told = run_target(name, options.seconds / len(targets), findings, corpus)
            failed, executed = failed + told.findings, executed + told.executed
            line = f"{name:8} {told.seconds:8.0f} {told.executed:11,} {told.edges:7,} {told.findings:9,}"
            lines.append(line)
            print(line, flush=True)
    lines.append(f"{executed:,} executions, {failed:,} findings")
    print(lines[-1])
    if failed:
        print(f"inputs that fail are in {findings}")
    kept = len(list((Path(__file__).parents[1] / "data" / "fuzz").iterdir()))
    lines.append(f"{kept} inputs kept in tests/data/fuzz: earlier findings, mended")
    if options.log:
        words = "".join(f" {name}" for name in options.targets)
        command = f"python -m tests.campaigns.fuzz{words} --seconds {options.seconds:g}"
        logged(command, lines, budget, options.log)
    return 1 if failed else 0


def run_target(name: str, seconds: float, findings: Path, corpus: Path) -> Told:
    """Fuzz one target in processes of its own, a new one after each crash."""
    told = Told()
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "OMP_NUM_THREADS": "1"}
    before = _inputs(findings)
    began = time.monotonic()
    for _ in range(_MOST_RESTARTS):
        left = seconds - told.seconds
        if left <= 1 and told.executed:
            break
        command = [
            sys.executable,
            "-m",
            "tests.campaigns.fuzz",
            "--child",
            name,
            "--seconds",
            f"{max(1, left):.0f}",
        ]
        command += ["--findings", str(findings), "--corpus", str(corpus)]
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said = done.stdout.decode("utf-8", "replace")
        counts = re.findall(r"stat::number_of_executed_units:\s+(\d+)", said) or re.findall(
            r"^#(\d+)\t", said, re.M
        )
        told.executed += int(counts[-1]) if counts else 0
        told.edges = max([told.edges, *map(int, re.findall(r"cov: (\d+)", said))])
        told.seconds = time.monotonic() - began
        if done.returncode:
            print(f"{name}: the process ended with {done.returncode}\n{said[-3000:]}", file=sys.stderr)
            if not counts:
                told.findings += 1  # it did not even begin
                break
    told.findings += len(_inputs(findings) - before)
    return told


def _inputs(findings: Path) -> set[Path]:
    return {path for path in findings.iterdir() if path.suffix != ".txt"}


def _fuzz(name: str, seconds: float, findings: Path, corpus: Path) -> None:
    """Fuzz in this process, which ends with it."""
    import atheris

    warnings.simplefilter("ignore")
    import numpy as np

    np.seterr(all="ignore")  # hashes overflow, as they should
    # What pulls in libraries, in advance: these are not instrumented, for that takes long.
    for library in ("numba", "pandas", "pyarrow.dataset", "ftfy", "feedparser", "trafilatura", "hypothesis"):
        importlib.import_module(library)
    from tests.campaigns import pure_vectors

    pure_vectors.put_in_place()

    for module in [one for one in sys.modules if one.startswith(("dedup.text", "dedup.feeds"))]:
        if not module.endswith("vectors"):
            del sys.modules[module]
    with atheris.instrument_imports(include=["dedup.feeds", "dedup.text"]):
        for package in ("dedup.feeds", "dedup.text"):
            for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
                if "build_" not in found.name:
                    importlib.import_module(found.name)
        targets = importlib.import_module("tests.campaigns.fuzz_targets")
    seen: set[str] = set()

    def one_input(data: bytes) -> None:
        try:
            targets.timed(name, data)
        except Exception as error:
            place = _place_of(error)
            if place not in seen:
                seen.add(place)
                path = findings / f"{name}-{hashlib.sha256(place.encode()).hexdigest()[:10]}.bin"
                if not path.exists():
                    path.write_bytes(data)
                    path.with_suffix(".txt").write_text(traceback.format_exc())

    begin = corpus / "seeds"
    begin.mkdir(exist_ok=True)
    for number, data in enumerate(targets.seeds(name)):
        (begin / f"{number:03d}").write_bytes(data)
    flags = [
        f"-max_total_time={seconds:.0f}",
        f"-max_len={_LONGEST_INPUT}",
        "-timeout=60",
        "-rss_limit_mb=3000",
    ]
    flags += ["-print_final_stats=1", "-len_control=10", f"-artifact_prefix={findings}/{name}-"]
    atheris.Setup([sys.argv[0], *flags, str(corpus), str(begin)], one_input)
    atheris.Fuzz()


def _place_of(error: BaseException) -> str:
    """Return what tells findings apart: the kind of error and the lines of ours that it went through."""
    frames = traceback.extract_tb(error.__traceback__)
    return "\n".join(
        [type(error).__name__, *(f"{Path(one.filename).name} {one.name} {one.line}" for one in frames[-3:])]
    )


if __name__ == "__main__":
    sys.exit(main())
