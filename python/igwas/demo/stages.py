"""The commands of the demo, as a user would give them in its folder."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from igwas.demo.options import DemoOptions

# Canonical correlations are over the people of a batch: many, and few dimensions, so that chance
# has little part in them.
_BATCH_PEOPLE, _PROJECTIONS = 110, 48
# Axes that are left after quality, camera and exposure are regressed out: what is faint stands in
# later ones, and with so few people each costs the omnibus test power.
COMPONENTS = 48
# Folder of a run -> what it has beside the default recipe; several are exported as one encoder.
# The default recipe tells people apart by what shows most. Here all that genes moved is wanted,
# faint or not: structure more than colour, sizes as they are, each shared direction alike.
RECIPES: dict[str, tuple[str, ...]] = {
    "run": (
        "--objective", "cca", "--standardise", "--image-size", "128", "--window", "0.95,1",
        "--rotation", "5", "--shift", "0.03", "--learning-rate", "0.004", "--split", "0.9,0.05",
    )
}  # fmt: skip
# Small, so that minutes suffice: the encoder sees 128 pixels of a crop of 160.
WIDTH_PX, SIZE_PX = "256", "160"
_PEOPLE_A_COMPONENT = 10


@dataclass(frozen=True)
class Stage:
    """One command.

    Parameters
    ----------
    name : str
        Unique; mostly that of the command.
    arguments : tuple of str
        What follows `igwas-fast`, without --threads, --resume and --overwrite.
    made : str
        The file or folder that is there when it has finished.
    partial : str
        What an interrupted run leaves that `--resume` goes on with; empty where it starts again.
    has_threads : bool
        Whether it takes --threads.
    also : tuple of str
        Further files that are there then.
    """

    name: str
    arguments: tuple[str, ...]
    made: str
    partial: str = ""
    has_threads: bool = True
    also: tuple[str, ...] = ()

    @property
    def all_made(self) -> tuple[str, ...]:
        """Every file or folder that it makes."""
        return (self.made, *self.also)

    def command(self, *further: str) -> str:
        """The line that a user would type."""
        return shlex.join(["igwas-fast", *self.arguments, *further])


def make_stages(options: DemoOptions) -> list[Stage]:
    """All commands, in order; paths are relative to the demo's folder."""
    seed = str(options.seed)
    size = ("--samples", str(options.n_people), "--variants", str(options.variants))
    simulate = ("simulate", "-o", "cohort", *size, "--seed", seed)
    genotypes = Stage(
        "genotypes", ("genotypes", "cohort/genotypes.bed", "-o", "genotypes.h5"), "genotypes.h5"
    )
    if not options.photographs:
        drawn = ("--phenotypes", str(options.n_phenotypes))
        return [
            Stage("simulate", (*simulate, *drawn), "cohort"),
            genotypes,
            *scan_stages("cohort/phenotypes.h5"),
            _report(),
        ]
    return [
        Stage("simulate", (*simulate, "--photographs", "--width", WIDTH_PX),
              "cohort", "cohort"),
        Stage("images", ("images", "cohort/photographs/manifest.csv", "-o", "images.h5",
                         "--size", SIZE_PX),
              "images.h5", "images.h5.partial"),
        *encoder_stages(options),
        Stage("audit", ("audit", "embeddings.h5", "--images", "images.h5", "--json", "audit.json"),
              "audit.json"),
        phenotype_stage(options),
        genotypes,
        *scan_stages("phenotypes.h5"),
        _report("--phenotypes", "phenotypes.h5", "--embeddings-audit", "audit.json"),
    ]  # fmt: skip


def encoder_stages(
    options: DemoOptions, base: str = "", train: Sequence[str] = (), export: Sequence[str] = ()
) -> list[Stage]:
    """Train the networks of RECIPES, export them as one encoder, embed.

    Parameters
    ----------
    options : DemoOptions
    base : str
        Where the demo's files lie, such as `../`.
    train, export : sequence of str
        Further options of these commands.
    """
    images = f"{base}images.h5"
    batch = min(_BATCH_PEOPLE, options.n_people // 4)
    common = ("--steps", str(options.n_steps), "--batch-people", str(batch),
              "--projection-dimensions", str(min(_PROJECTIONS, batch * 2 // 5)),
              "--seed", str(options.seed))  # fmt: skip
    networks = [
        Stage(run.replace("run", "train"), ("train", images, "-o", run, *common, *recipe, *train),
              run, f"{run}/last.pt")
        for run, recipe in RECIPES.items()
    ]  # fmt: skip
    return [
        *networks,
        Stage("export", ("export", *RECIPES, "-o", "encoder.onnx", "--views", "1", *export),
              "encoder.onnx"),
        Stage("embed", ("embed", images, "--model", "encoder.onnx", "-o", "embeddings.h5"),
              "embeddings.h5", "embeddings.h5.partial"),
    ]  # fmt: skip


def phenotype_stage(options: DemoOptions, base: str = "") -> Stage:
    """Embeddings to phenotypes; parameters as `encoder_stages`."""
    components = min(COMPONENTS, options.n_people // _PEOPLE_A_COMPONENT)
    arguments = ("phenotypes", "embeddings.h5", "-o", "phenotypes.h5",
                 "--images", f"{base}images.h5", "--regress-out", "quality,camera,exposure",
                 "--components", str(components))  # fmt: skip
    return Stage("phenotypes", arguments, "phenotypes.h5", has_threads=False)


def scan_stages(phenotypes: str, base: str = "") -> list[Stage]:
    """Scan some phenotypes and find the loci; `base` as in `encoder_stages`."""
    genotypes = f"{base}genotypes.h5"
    return [
        Stage("assoc", ("assoc", genotypes, phenotypes, "-o", "statistics.h5",
                        "--covariates", f"{base}cohort/covariates.tsv",
                        "--categorical-columns", "centre",
                        "--remove", f"{base}cohort/relatives-to-remove.txt"),
              "statistics.h5", "statistics.h5"),
        Stage("loci", ("loci", "statistics.h5", "--genotypes", genotypes,
                       "--phenotypes", phenotypes, "-o", "loci.tsv", "--json", "loci.json"),
              "loci.json", also=("loci.tsv",)),
    ]  # fmt: skip


def _report(*further: str) -> Stage:
    arguments = ("report", "statistics.h5", "--loci", "loci.json", "--genotypes", "genotypes.h5",
                 *further, "--title", "igwas-fast demo", "-o", "report.html")  # fmt: skip
    return Stage("report", arguments, "report.html", has_threads=False)
