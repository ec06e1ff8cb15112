"""Runs: answers as recorded streams, each read by any number of viewers."""
