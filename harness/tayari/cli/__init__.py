"""The commands: what each takes, prints and ends with. It may import `tayari.run` and every package below."""
