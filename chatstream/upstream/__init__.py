"""Towards the model servers: which one serves a model, and one open stream from it."""
