"""Experiments: what is loaded, over which network, and how a run is conducted."""
