"""Processes that tests look after."""

import psutil


def ended(processes: list[psutil.Process]) -> bool:
    """Whether none of them runs any more; a zombie does not."""
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)
