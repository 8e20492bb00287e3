"""The target file: `tayari.yaml`, the one file that says how to reach and drive a merchant."""

from tayari_formats.problems import Problem

from tayari_target.target_file.target_model import Target
from tayari_target.target_file.target_reader import TargetError, load_target

__all__ = ["Problem", "Target", "TargetError", "load_target"]
