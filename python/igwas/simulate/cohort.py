"""A simulated cohort on disk: genotypes, phenotypes, covariates and the truth."""

import dataclasses
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from igwas._version import __version__
from igwas.errors import OutputError
from igwas.phenotypes.phenotypes_file import write_phenotypes
from igwas.simulate.cohort_folder import DESCRIPTION, sole_cohort_writer
from igwas.simulate.effects import Architecture, GeneticEffects, ManyPhenotypes
from igwas.simulate.eye_options import EyeOptions
from igwas.simulate.eyes import (
    EyeArchitecture,
    make_eyes,
    make_scores,
    share_of_mean,
    true_phenotypes,
)
from igwas.simulate.genome import Region, draw_variants, plan_regions
from igwas.simulate.haplotypes import region_dosages
from igwas.simulate.options import CohortOptions
from igwas.simulate.people import People, make_people
from igwas.simulate.phenotypes import (
    N_PRINCIPAL_COMPONENTS,
    choose_planted,
    make_covariates,
    make_values,
)
from igwas.simulate.plink_files import MISSING, BedWriter, write_fam
from igwas.simulate.power import omnibus_power, power
from igwas.whole_file import named_in_errors

__all__ = ["CohortFiles", "CohortOptions", "simulate_cohort"]

Progress = Callable[[int, int], None]
_TRUTH_COLUMNS = ["variant_id", "chromosome", "position", "effect_allele", "other_allele",
                  "phenotype", "effect", "variance_explained", "power"]  # fmt: skip
# Of truth.tsv where phenotypes are drawn; an encoder's phenotypes are not known beforehand.
OMNIBUS_POWER = "omnibus_power"
# Intercept, age, sex, two of three centres, principal components: what a scan of a cohort removes.
_N_COVARIATES = 5 + N_PRINCIPAL_COMPONENTS
# Independent random streams, so that one part does not shift with the size of another.
_PEOPLE, _PLAN, _PHENOTYPES, _EFFECTS, _REGIONS = range(5)


@dataclass(frozen=True)
class CohortFiles:
    """Where the files of a simulated cohort are."""

    bed: Path
    bim: Path
    fam: Path
    phenotypes: Path
    covariates: Path
    truth: Path
    relatives: Path
    remove: Path
    description: Path
    eyes: Path | None = None

    @classmethod
    def within(cls, folder: Path, *, has_eyes: bool = False) -> "CohortFiles":
        """Names of the files in a folder; `has_eyes` where phenotypes are parameters of eyes."""
        return cls(
            bed=folder / "genotypes.bed",
            bim=folder / "genotypes.bim",
            fam=folder / "genotypes.fam",
            phenotypes=folder / "phenotypes.h5",
            covariates=folder / "covariates.tsv",
            truth=folder / "truth.tsv",
            relatives=folder / "relatives.tsv",
            remove=folder / "relatives-to-remove.txt",
            description=folder / DESCRIPTION,
            eyes=folder / "eyes.tsv" if has_eyes else None,
        )

    def all(self) -> list[Path]:
        """Every file."""
        paths = (getattr(self, field.name) for field in dataclasses.fields(self))
        return [path for path in paths if path is not None]


def simulate_cohort(
    output_dir: Path | str,
    options: CohortOptions,
    *,
    eyes: EyeOptions | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> CohortFiles:
    """Simulate a cohort with known answers and write it to a folder.

    Genotypes have linkage disequilibrium, several ancestries, relatives, missing calls and an X
    chromosome; they are made and written in blocks, so that memory grows with samples and
    phenotypes only. Phenotypes are correlated, shifted by the covariates and by planted variants;
    or they are parameters of eyes, of which photographs can be drawn (`write_cohort_photographs`).

    Parameters
    ----------
    output_dir : Path or str
        Folder; made if its parent exists.
    options : CohortOptions
        Shape, truth and seed.
    eyes : EyeOptions, optional
        Make the phenotypes parameters of eyes; `n_phenotypes`, `n_planted`, `planted_phenotypes`
        and `variance_explained` of `options` are then not used.
    overwrite : bool
        Replace files of an earlier cohort in the folder.
    progress : callable (done, total), optional
        Called with the number of variants written.

    Returns
    -------
    CohortFiles
        genotypes.bed/.bim/.fam, phenotypes.h5, covariates.tsv (FID IID age sex centre PC1-PC10),
        truth.tsv (one row a planted variant and phenotype, with the power of its test and, without
        `eyes`, of the omnibus test of all phenotypes),
        relatives.tsv (related pairs), relatives-to-remove.txt (one of each pair) and cohort.json;
        with `eyes` also eyes.tsv, one row an eye that is photographed, and phenotypes.h5 holds the
        parameters themselves: what a perfect encoder would measure.

    Raises
    ------
    OutputError
        If a file exists and `overwrite` is false, the folder cannot be made, or another process
        writes it.
    OptionError
        If more of the eyes' parameters would be explained than both eyes share.
    """
    folder = Path(output_dir)
    if eyes is not None:
        eyes.check_shares(options.heritability)
    with sole_cohort_writer(folder):
        return write_cohort(folder, options, eyes, overwrite=overwrite, progress=progress)


def write_cohort(
    folder: Path,
    options: CohortOptions,
    eyes: EyeOptions | None,
    *,
    overwrite: bool,
    progress: Progress | None,
) -> CohortFiles:
    """As `simulate_cohort`, for a caller that holds the folder's lock and has checked `eyes`."""
    files = CohortFiles.within(folder, has_eyes=eyes is not None)
    _refuse_existing(files, overwrite)
    people = make_people(options, _generator(options, _PEOPLE))
    effects = _generator(options, _EFFECTS)
    architecture: Architecture = (
        EyeArchitecture(eyes, effects) if eyes else ManyPhenotypes(options, effects)
    )
    with _partial_files(files) as partial:
        write_fam(partial.fam, people)
        _write_relatives(partial, people)
        genetic = _write_genotypes(partial, people, options, architecture, effects, progress)
        if eyes is None:
            _write_tables(partial, people, genetic, options)
        else:
            _write_eyes(partial, people, genetic, options, eyes)
        _write_description(partial.description, options, eyes)
    return files


def _generator(options: CohortOptions, *stream: int) -> np.random.Generator:
    return np.random.default_rng([options.seed, *stream])


def _refuse_existing(files: CohortFiles, overwrite: bool) -> None:
    existing = [path for path in files.all() if path.exists()]
    if existing and not overwrite:
        raise OutputError(
            f"{existing[0]} exists; expected a new folder. Choose another or give --overwrite."
        )


@contextmanager
def _partial_files(files: CohortFiles) -> Iterator[CohortFiles]:
    """Let the block write to `*.partial`; give the files their names only if it succeeds."""
    partial = dataclasses.replace(
        files,
        **{
            field.name: path.with_name(path.name + ".partial")
            for field in dataclasses.fields(files)
            if (path := getattr(files, field.name)) is not None
        },
    )
    folder = files.description.parent
    try:
        with named_in_errors(folder, can_resume=False):
            yield partial
            for written, path in zip(partial.all(), files.all(), strict=True):
                written.replace(path)
    finally:
        for path in partial.all():
            path.unlink(missing_ok=True)


def _write_genotypes(
    files: CohortFiles,
    people: People,
    options: CohortOptions,
    architecture: Architecture,
    effects: np.random.Generator,
    progress: Progress | None,
) -> GeneticEffects:
    regions = plan_regions(options)
    plan = _generator(options, _PLAN)
    planted = choose_planted(regions, architecture.n_planted, plan)
    is_polygenic = _choose_polygenic(options, plan)
    genetic = GeneticEffects.none(architecture.names, options.n_samples, options.heritability)
    first = 0
    with BedWriter(files.bed, files.bim, people.n_samples) as writer:
        for region in regions:
            chosen = is_polygenic[first : first + region.n_variants]
            rows = planted.get(region.index, np.empty(0, dtype=np.int64))
            _write_region(
                writer, people, region, rows, chosen, genetic, options, architecture, effects
            )
            first += region.n_variants
            if progress:
                progress(first, options.n_variants)
    return genetic


def _choose_polygenic(
    options: CohortOptions, generator: np.random.Generator
) -> npt.NDArray[np.bool_]:
    chosen = np.zeros(options.n_variants, dtype=bool)
    if options.heritability:
        count = min(options.n_polygenic, options.n_variants)
        chosen[generator.choice(options.n_variants, size=count, replace=False)] = True
    return chosen


def _write_region(
    writer: BedWriter,
    people: People,
    region: Region,
    planted: npt.NDArray[np.int64],
    is_polygenic: npt.NDArray[np.bool_],
    genetic: GeneticEffects,
    options: CohortOptions,
    architecture: Architecture,
    effects: np.random.Generator,
) -> None:
    generator = _generator(options, _REGIONS, region.index)
    variants = draw_variants(region, planted, generator)
    ids = variants.ids(region.chromosome)
    for rows, dosage in region_dosages(people, region, variants, options, generator):
        for row in planted[(planted >= rows.start) & (planted < rows.stop)]:
            genetic.plant(
                architecture.next_effects(),
                dosage[row - rows.start],
                variants,
                int(row),
                region.chromosome,
            )
        if is_polygenic[rows].any():
            n_polygenic = min(options.n_polygenic, options.n_variants)
            chosen = dosage[is_polygenic[rows]]
            genetic.add_polygenic(chosen, n_polygenic, options.heritability, effects)
        _lose_calls(dosage, options, generator)
        writer.append(
            dosage,
            region.chromosome,
            ids[rows],
            variants.position[rows],
            variants.effect_allele[rows],
            variants.other_allele[rows],
        )


def _lose_calls(
    dosage: npt.NDArray[np.uint8], options: CohortOptions, generator: np.random.Generator
) -> None:
    """Make calls missing in place, at a rate of each variant's own."""
    low, high = options.missing_rate
    n_variants, n_samples = dosage.shape
    if not high:
        return
    # A rate of 0 has no logarithm; below one call in a billion it is as good as 0.
    least = max(low, min(high, 1e-9))
    rate = np.exp(generator.uniform(math.log(least), math.log(high), size=n_variants))
    count = generator.binomial(n_samples, rate)
    rows = np.repeat(np.arange(n_variants), count)
    dosage[rows, generator.integers(n_samples, size=len(rows))] = MISSING


def _write_relatives(files: CohortFiles, people: People) -> None:
    names, families = people.sample_id, people.family_id
    pairs = [(names[pair.first], names[pair.second], pair.relation) for pair in people.relatives]
    relatives = pd.DataFrame(pairs, columns=["first_id", "second_id", "relation"])
    relatives.to_csv(files.relatives, sep="\t", index=False)
    seconds = sorted(pair.second for pair in people.relatives)
    files.remove.write_text("".join(f"{families[row]}\t{names[row]}\n" for row in seconds))


def _write_truth(
    path: Path,
    genetic: GeneticEffects,
    powers: Iterable[float],
    of_all: Mapping[str, float] | None = None,
) -> None:
    truth = pd.DataFrame(genetic.truth, columns=_TRUTH_COLUMNS)
    truth["power"] = list(powers)
    if of_all is not None:
        truth[OMNIBUS_POWER] = truth["variant_id"].map(of_all).astype(np.float64)
    truth.to_csv(path, sep="\t", index=False, float_format="%.6g")


def _omnibus_powers(
    genetic: GeneticEffects,
    values: npt.NDArray[np.float32],
    covariates: pd.DataFrame,
    n_scanned: int,
) -> dict[str, float]:
    """Power of the omnibus test by variant; values are float32 (samples, phenotypes)."""
    n_samples, n_phenotypes = values.shape
    numbers = pd.get_dummies(covariates.drop(columns=["FID", "IID"]), dtype=float).to_numpy(float)
    design = np.column_stack([np.ones(n_samples), numbers])
    residual = values - design @ np.linalg.lstsq(design, values.astype(float), rcond=None)[0]
    # The inverse of a covariance of few people is too large on average by what is taken off here.
    dof = max(1, n_samples - _N_COVARIATES - n_phenotypes - 1)
    covariance = residual.T @ residual / dof
    column = {name: at for at, name in enumerate(genetic.names)}
    correlation: dict[str, npt.NDArray[np.float64]] = {}
    for row in genetic.truth:
        own = correlation.setdefault(str(row["variant_id"]), np.zeros(n_phenotypes))
        size = np.sqrt(float(str(row["variance_explained"])))
        own[column[str(row["phenotype"])]] = np.copysign(size, float(str(row["effect"])))
    return {
        variant: omnibus_power(own, covariance, n_scanned, _N_COVARIATES)
        for variant, own in correlation.items()
    }


def _choose_phenotyped(
    people: People, options: CohortOptions, generator: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Rows of the people with phenotypes, in another order than the genotypes', as in real life."""
    n_phenotyped = people.n_samples - int(options.unphenotyped_fraction * people.n_samples)
    return generator.permutation(people.n_samples)[:n_phenotyped]


def _count_unrelated(rows: npt.NDArray[np.int64], people: People) -> int:
    """People left of these when one of each related pair is removed."""
    return len(set(rows.tolist()) - {pair.second for pair in people.relatives})


def _write_tables(
    files: CohortFiles, people: People, genetic: GeneticEffects, options: CohortOptions
) -> None:
    generator = _generator(options, _PHENOTYPES)
    covariates = make_covariates(people, generator)
    values = make_values(covariates, genetic, options, generator)
    covariates.to_csv(files.covariates, sep="\t", index=False)
    order = _choose_phenotyped(people, options, generator)
    shares = (float(str(row["variance_explained"])) for row in genetic.truth)
    n_scanned = _count_unrelated(order, people)
    powers = (power(share, n_scanned, _N_COVARIATES) for share in shares)
    of_all = _omnibus_powers(genetic, values, covariates, n_scanned)
    _write_truth(files.truth, genetic, powers, of_all)
    write_phenotypes(
        files.phenotypes,
        [people.sample_id[row] for row in order],
        genetic.names,
        values[order],
        family_id=[people.family_id[row] for row in order],
        options=dataclasses.asdict(options),
        overwrite=True,
    )


def _write_eyes(
    files: CohortFiles,
    people: People,
    genetic: GeneticEffects,
    options: CohortOptions,
    eyes: EyeOptions,
) -> None:
    assert files.eyes is not None
    generator = _generator(options, _PHENOTYPES)
    covariates = make_covariates(people, generator)
    covariates.to_csv(files.covariates, sep="\t", index=False)
    scores = make_scores(people, covariates, genetic, generator)
    order = _choose_phenotyped(people, options, generator)
    table = make_eyes(people, covariates, scores, order.tolist(), eyes, generator)
    table.to_csv(files.eyes, sep="\t", index=False)
    n_scanned = _count_unrelated(order, people)
    shares = (
        share_of_mean(float(str(row["variance_explained"])), str(row["phenotype"]))
        for row in genetic.truth
    )
    powers = (power(share, n_scanned, _N_COVARIATES) for share in shares)
    _write_truth(files.truth, genetic, powers)
    names, labels, values = true_phenotypes(table)
    write_phenotypes(
        files.phenotypes, names, labels, values,
        options=dataclasses.asdict(options) | {"eyes": dataclasses.asdict(eyes)}, overwrite=True,
    )  # fmt: skip


def describe_options(options: CohortOptions, eyes: EyeOptions | None) -> dict[str, object]:
    """What cohort.json holds; as JSON types, so that it may be compared with what was read."""
    content: dict[str, object] = {
        "igwas_version": __version__, "options": dataclasses.asdict(options),
    }  # fmt: skip
    if eyes is not None:
        content["eyes"] = dataclasses.asdict(eyes)
    plain: dict[str, object] = json.loads(json.dumps(content))
    return plain


def _write_description(path: Path, options: CohortOptions, eyes: EyeOptions | None) -> None:
    path.write_text(json.dumps(describe_options(options, eyes), indent=2) + "\n")
