"""The top: command line, run, doctor and pytest fixture. It may import every other package of the project."""

from importlib.metadata import version

__all__ = ["__version__"]

__version__ = version("tayari")
