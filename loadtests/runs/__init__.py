"""One run, its row, its validity and its floor; a comparison of many."""
