"""The `daraja` fixture for a team's own tests."""
