"""The target file: `tayari.yaml`, the one file that says how to reach and drive a merchant."""

from tayari.target.lines import Problem, TargetError
from tayari.target.model import PaymentState, Target
from tayari.target.read import load_target

__all__ = ["PaymentState", "Problem", "Target", "TargetError", "load_target"]
