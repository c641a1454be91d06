"""Cohorts with known answers, for the demo, the tests and the calibration."""

from igwas.simulate.cohort import CohortFiles, CohortOptions, simulate_cohort

__all__ = ["CohortFiles", "CohortOptions", "simulate_cohort"]
