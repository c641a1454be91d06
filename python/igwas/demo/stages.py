"""The commands of the demo, as a user would give them in its folder."""

import shlex
from dataclasses import dataclass

from igwas.demo.options import DemoOptions

# Two people in three are for training or validation, and both eyes of a batch's people are compared
# with each other: a batch of a few dozen is what the default recipe has.
_BATCH_PEOPLE = 55
# Axes that are left after quality, camera and exposure are regressed out: with so few people more of them
# would cost the omnibus test more power than they bring.
_COMPONENTS = 32
_PEOPLE_A_COMPONENT = 10

COVARIATES = ("--covariates", "cohort/covariates.tsv", "--categorical-columns", "centre")


@dataclass(frozen=True)
class Stage:
    """One command.

    Parameters
    ----------
    name : str
        Of the command.
    arguments : tuple of str
        What follows `igwas-fast`, without --threads, --resume and --overwrite.
    made : str
        The file or folder that is there when it has finished.
    partial : str
        What an interrupted run leaves that `--resume` goes on with; empty where it starts again.
    has_threads : bool
        Whether it takes --threads.
    """

    name: str
    arguments: tuple[str, ...]
    made: str
    partial: str = ""
    has_threads: bool = True

    def command(self, *further: str) -> str:
        """The line that a user would type."""
        return shlex.join(["igwas-fast", *self.arguments, *further])


def make_stages(options: DemoOptions) -> list[Stage]:
    """All commands, in order; paths are relative to the demo's folder."""
    seed = str(options.seed)
    size = ("--samples", str(options.n_people), "--variants", str(options.variants))
    simulate = ("simulate", "-o", "cohort", *size, "--seed", seed)
    if options.photographs:
        return [
            Stage("simulate", (*simulate, "--photographs"), "cohort", "cohort"),
            *_photograph_stages(options),
            *_genotype_stages("phenotypes.h5", "--embeddings-audit", "audit.json"),
        ]
    drawn = ("--phenotypes", str(options.n_phenotypes))
    return [
        Stage("simulate", (*simulate, *drawn), "cohort"),
        *_genotype_stages("cohort/phenotypes.h5"),
    ]


def _photograph_stages(options: DemoOptions) -> list[Stage]:
    batch = min(_BATCH_PEOPLE, options.n_people // 4)
    components = min(_COMPONENTS, options.n_people // _PEOPLE_A_COMPONENT)
    return [
        Stage("images", ("images", "cohort/photographs/manifest.csv", "-o", "images.h5",
                         "--size", "192"),
              "images.h5", "images.h5.partial"),
        Stage("train", ("train", "images.h5", "-o", "run", "--steps", str(options.n_steps),
                        "--batch-people", str(batch), "--seed", str(options.seed)),
              "run", "run/last.pt"),
        Stage("export", ("export", "run", "-o", "encoder.onnx", "--views", "1"), "encoder.onnx"),
        Stage("embed", ("embed", "images.h5", "--model", "encoder.onnx", "-o", "embeddings.h5"),
              "embeddings.h5", "embeddings.h5.partial"),
        Stage("audit", ("audit", "embeddings.h5", "--images", "images.h5", "--json", "audit.json"),
              "audit.json"),
        Stage("phenotypes", ("phenotypes", "embeddings.h5", "-o", "phenotypes.h5",
                             "--images", "images.h5", "--regress-out", "quality,camera,exposure",
                             "--components", str(components)),
              "phenotypes.h5", has_threads=False),
    ]  # fmt: skip


def _genotype_stages(phenotypes: str, *report: str) -> list[Stage]:
    return [
        Stage("genotypes", ("genotypes", "cohort/genotypes.bed", "-o", "genotypes.h5"),
              "genotypes.h5"),
        Stage("assoc", ("assoc", "genotypes.h5", phenotypes, "-o", "statistics.h5",
                        *COVARIATES, "--remove", "cohort/relatives-to-remove.txt"),
              "statistics.h5", "statistics.h5"),
        Stage("loci", ("loci", "statistics.h5", "--genotypes", "genotypes.h5",
                       "--phenotypes", phenotypes, "-o", "loci.tsv", "--json", "loci.json"),
              "loci.json"),
        Stage("report", ("report", "statistics.h5", "--loci", "loci.json", "--genotypes",
                         "genotypes.h5", *report, "--title", "igwas-fast demo",
                         "-o", "report.html"),
              "report.html", has_threads=False),
    ]  # fmt: skip
