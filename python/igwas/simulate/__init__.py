"""Cohorts with known answers, for the demo, the tests and the calibration."""

from igwas.simulate.cohort import CohortFiles, CohortOptions, simulate_cohort
from igwas.simulate.eye_options import EyeOptions

__all__ = ["CohortFiles", "CohortOptions", "EyeOptions", "simulate_cohort"]
