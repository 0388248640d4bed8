"""A simulated internet with a censor in it."""
