"""The lessons as they are handed out: with exercises, solved, and as one site."""
