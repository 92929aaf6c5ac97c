"""The proof that the made-up results keep the contract's promises."""

from results import table
from results.check import check


def test_the_made_up_runs_keep_the_contract(folder):
    assert check(table.read_runs(folder)) == []


def test_it_holds_runs_that_do_not_count(folder):
    runs = table.read_runs(folder)
    assert len(table.invalid(runs)) == 3 and len(table.valid(runs)) == len(runs) - 3
