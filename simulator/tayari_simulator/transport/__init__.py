"""HTTP both ways: calls are read, replies written, callbacks sent. May import core, faults, scenario and journal."""
