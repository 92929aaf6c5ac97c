"""The exact wording of everything that is computed from one made-up folder of results, in one file: wording.txt.

After a change of words, run this test and copy the file that it names over wording.txt; read the difference.
"""

from pathlib import Path

from results import claims, figures, table
from results.report.answer import answer

WORDING = Path(__file__).with_name("wording.txt")


def test_the_wording_is_as_it_was_read(folder, tmp_path):
    results = table.read(folder)
    lines = ["# answer", *answer(results.runs), "", "# verdicts"]
    for verdict in claims.verdicts(results.runs, results.observations):
        lines += [f"{verdict.claim.id} {verdict.claim.words}", f"  {verdict.sentence}"]
        lines += [f"    {what} | {found}" for what, found in verdict.evidence]
    drawn, skipped = figures.draw_all(results)
    lines += ["", "# charts", *(f"{chart.name}: {chart.title}" for chart in drawn)]
    lines += [f"{skip.name} is skipped: {skip.reason}" for skip in skipped]
    now = tmp_path / "wording.txt"
    now.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert now.read_text(encoding="utf-8") == WORDING.read_text(encoding="utf-8"), f"see {now}"
