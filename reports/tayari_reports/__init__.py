"""The result of a run: model, verdict, redaction, and one writer for each format. It may import `tayari_formats`."""
