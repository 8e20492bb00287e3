"""The end of a load run: its money is judged, its record and checks are made. It may import `load_run` and below."""
