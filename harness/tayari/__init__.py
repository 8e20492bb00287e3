"""The top: command line, run, doctor and pytest fixture. It may import every other package of the project."""

__all__ = ["__version__"]

__version__: str


def __getattr__(name: str) -> str:
    """The version, looked up when somebody asks: `importlib.metadata` takes half as long as a whole `--help`."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version  # noqa: PLC0415 - see above

    return version("tayari")
