"""The Python side of a benchmark: opens one workload, then computes one timed block whenever it is told to.

Reads a JSON message per line on stdin and answers with one line on stdout; the same protocol as audits/bench/side.ts.
"""

import json
import sys
import time
import traceback
from importlib import import_module

from versions import versions

try:
    import resource
except ImportError:  # Windows has none
    resource = None

ANSWER = "@bench "
WORKLOADS = {
    "training": "training",
    "inference": "inference",
    "linear-algebra": "linear_algebra",
}


def peak_memory_bytes():
    if resource is None:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def block(workload, seconds):
    """Runs the workload until the time is up, once at least."""
    runs = 0
    units = 0
    processor = time.process_time()
    started = time.perf_counter()
    while runs == 0 or time.perf_counter() - started < seconds:
        units += workload.run()
        runs += 1
    return {
        "runs": runs,
        "units": units,
        "seconds": time.perf_counter() - started,
        "processorSeconds": time.process_time() - processor,
        "peakMemoryBytes": peak_memory_bytes(),
    }


def answer_to(message, state):
    if message["do"] == "open":
        module = import_module(WORKLOADS[message["workload"]["kind"]])
        state["workload"] = module.open_workload(message)
        return {"check": state["workload"].check(), "versions": versions()}
    return block(state["workload"], message["seconds"])


def main():
    state = {}
    for line in sys.stdin:
        message = json.loads(line)
        if message["do"] == "end":
            return
        try:
            answer = answer_to(message, state)
        except Exception as error:  # the parent decides what a failure means
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(ANSWER + json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
