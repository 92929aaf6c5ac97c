"""What can be said without a run: the classic figures and their audit, HPACK, a client's hour."""
