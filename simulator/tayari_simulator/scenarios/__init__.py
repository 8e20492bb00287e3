"""Scenario files: read, linted, compiled into behaviours, and chosen for each call."""
