"""
What the peers share: `python PEER.py PROGRAM FOLDER OPTIONS` times one step of PROGRAM on the arrays FOLDER/*.npy and
prints one line of JSON. Imported before a framework, which counts its cores while it loads.

Both sides are timed by one rule: runtime/bench/time-steps.ts, repeated here.
"""

import json
import os
import statistics
import sys
import time
from pathlib import Path

OPTIONS = json.loads(sys.argv[3])
THREADS = OPTIONS["threads"]
# XLA starts a thread for each core that it may use. The rest of the count is in OMP_NUM_THREADS and MKL_NUM_THREADS.
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])

import numpy as np  # noqa: E402


def resident(key):
    """VmRSS or VmHWM in bytes; None where there is no /proc."""
    try:
        line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(key + ":"))
        return int(line.split()[1]) * 1024
    except (OSError, StopIteration):
        return None


def forget_peak():
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


def run_phase(step, phase):
    times = []
    begun = last = time.perf_counter()
    while goes_on(phase, len(times), last - begun):
        before = time.perf_counter()
        step()
        last = time.perf_counter()
        times.append((last - before) * 1000)
    return times


def goes_on(phase, done, seconds):
    if done < phase["fewest"]:
        return True
    if seconds >= phase["most"]:
        return False
    return done < phase["steps"] or seconds < phase["least"]


def main(version, programs):
    """
    programs: name -> (load, program). load: name -> numpy array to what the framework computes on. program: those values to
    (step, results): step() computes everything and returns when it is there, results() is name -> array of a step: of the
    last, or of the first where a step changes what the next one is given.
    """
    load, program = programs[sys.argv[1]]
    arrays = {path.stem: np.load(path) for path in Path(sys.argv[2]).glob("*.npy")}
    values = load(arrays)
    del arrays
    forget_peak()
    start = resident("VmRSS")
    step, results = program(values)
    warm = run_phase(step, OPTIONS["warmup"])
    times = run_phase(step, OPTIONS["timed"])
    peak = resident("VmHWM")
    report = {
        "version": version,
        "warmup": len(warm),
        "timed": len(times),
        "medianMs": statistics.median(times),
        "minMs": min(times),
        "maxMs": max(times),
        "growthBytes": None if start is None or peak is None else max(0, peak - start),
        "norms": {name: float(np.linalg.norm(np.asarray(value, dtype=np.float64).ravel())) for name, value in results().items()},
    }
    print(json.dumps(report), flush=True)
