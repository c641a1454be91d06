"""Signals that conditional analysis leaves are the variants that were planted, and no others."""

import numpy as np
import pandas as pd
import pytest

from igwas.association.options import ScanOptions
from igwas.association.scan import run_scan
from igwas.association.statistics_file import open_statistics
from igwas.context import Context
from igwas.genotypes.genotype_file import open_genotypes
from igwas.loci.find import find_loci
from igwas.loci.ld import Linkage
from igwas.loci.options import LociOptions
from igwas.simulate import CohortOptions, simulate_cohort

# A planted variant this strong leaves no doubt which of its neighbours it is.
CLEAR_LOG10P = 30
CLOSE_R2 = 0.5


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_signals_are_the_planted_variants(tmp_path, seed):
    files = simulate_cohort(
        tmp_path / "cohort",
        CohortOptions(n_samples=6000, n_variants=8000, n_phenotypes=32, seed=seed),
    )
    statistics = tmp_path / "statistics.h5"
    options = ScanOptions(covariates=files.covariates, categorical_columns=("centre",))
    run_scan(files.bed, files.phenotypes, statistics, options=options, context=Context(threads=2))
    loci = find_loci(
        statistics,
        options=LociOptions(genotypes=files.bed, phenotypes=files.phenotypes),
        context=Context(threads=2),
    )
    truth = pd.read_csv(files.truth, sep="\t", dtype={"chromosome": str})
    truth = truth.drop_duplicates("variant_id").set_index("variant_id")
    with open_statistics(statistics) as file, open_genotypes(files.bed) as genotypes:
        ids = file.variants()["id"]
        row = {
            name: at for at, name in enumerate(genotypes.variants(0, genotypes.n_variants)["id"])
        }
        strength = {name: float(file.omnibus_log10p[int(np.flatnonzero(ids == name)[0]), 0])
                    for name in truth.index if (ids == name).any()}  # fmt: skip
        omnibus = [one for one in loci.loci if one.test.name == "omnibus"]
        signals = [ids[signal.variant] for one in omnibus for signal in one.signals]
        linkage = Linkage(genotypes)
        planted = np.array([row[name] for name in truth.index])
        r2 = np.array([np.nan_to_num(linkage.r2(row[name], planted)) for name in signals])
    assert len(signals) <= len(truth)
    for number, name in enumerate(truth.index):
        if strength.get(name, 0) > CLEAR_LOG10P:
            assert r2[:, number].max() > CLOSE_R2, name
    # Every signal is a planted variant or its close neighbour: no false one.
    assert (r2.max(axis=1) > 0.1).all()
