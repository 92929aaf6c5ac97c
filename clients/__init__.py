"""The three ways of following the feed, and the ledger that books every byte of it."""
