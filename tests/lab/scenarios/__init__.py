"""Scenarios, by subject. Every module here registers its own; `tests.lab.scenario.load_scenarios` imports them all."""
