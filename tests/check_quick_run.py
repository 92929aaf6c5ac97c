"""`python tests/check_quick_run.py FOLDER`: whether a finished quick run is what the README promises."""

import sys
from pathlib import Path

from results.check import check
from results.table import invalid, read_runs
from results.transports import WITH_GUESTS as TRANSPORTS

SHARE_VALID = 0.95


def complaints(folder: Path) -> list[str]:
    """What is wrong with a run; empty if nothing is."""
    runs = read_runs(folder)
    bad = invalid(runs)
    found = check(runs)
    if set(runs.transport) != set(TRANSPORTS):
        found.append(f"only {sorted(set(runs.transport))} were measured")
    if len(bad) > (1 - SHARE_VALID) * len(runs):
        found += [f"{run.run_id} is invalid: {run.invalid_reason}" for run in bad.itertuples()]
    if not (folder / "report.html").exists() or len(list((folder / "charts").glob("*.png"))) < 3:
        found.append("the report or a chart is missing")
    return found


if __name__ == "__main__":
    where = Path(sys.argv[1])
    said = complaints(where)
    print(*said or [f"{where}: {len(read_runs(where))} runs, in order"], sep="\n")
    sys.exit(bool(said))
