"""Header profiles: the field lines that a kind of client sends."""
