"""Where results are: the last run, and the one that comes with the lab."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "results" / "reference"
PLACES = (ROOT / "results" / "latest", REFERENCE)


def default() -> Path | None:
    """The last run, else the one that comes with the lab; None if there is neither."""
    return next((place for place in PLACES if (place / "runs.csv").is_file()), None)


def shown(path: Path) -> Path:
    """The path as a user reads it best: from where they are, if it is below."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
