"""Processes that tests look after."""

import psutil

MARK = "PUSH_LAB_TEST"
"""In the environment of a process, and so of all that it starts."""


def marked(mark: str) -> list[psutil.Process]:
    """The processes alive whose environment has the mark."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def ended(processes: list[psutil.Process]) -> bool:
    """Whether none of them runs any more; a zombie does not."""
    return not any(map(runs, processes))


def runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it ended between the two
        return False


def tree(pid: int) -> list[psutil.Process]:
    """A process and all that it has started; none if it has ended."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []
