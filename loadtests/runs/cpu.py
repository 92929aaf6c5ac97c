"""What a process takes of the processor, read from outside: the process itself does nothing for it."""

import sys
import time

import psutil

CPU_CLOCK = 2  # CPUCLOCK_SCHED, the last three bits of a process's clock (Linux, include/linux/posix-timers.h)


def cpu_seconds(pid: int) -> float:
    """Seconds of CPU that a process has taken: by its clock (clock_getcpuclockid(3)) on Linux, elsewhere by psutil."""
    if sys.platform == "linux":
        return time.clock_gettime(~pid << 3 | CPU_CLOCK)
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system
