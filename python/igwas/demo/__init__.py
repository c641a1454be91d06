"""The whole pipeline on a simulated cohort with known answers."""

from igwas.demo.options import DemoOptions
from igwas.demo.run import DemoResult, run_demo

__all__ = ["DemoOptions", "DemoResult", "run_demo"]
