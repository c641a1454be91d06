"""What to export: the choices of `igwas-fast sumstats`, checked against each other."""

from dataclasses import dataclass
from pathlib import Path

from igwas.association.reserved_names import ALL as ALL
from igwas.errors import OptionError

FORMATS = ("gwas-ssf", "regenie", "plink2", "parquet")


@dataclass(frozen=True, kw_only=True)
class ExportOptions:
    """Choices of an export.

    Parameters
    ----------
    phenotype : str
        A phenotype's name, `omnibus`, or `all` (Parquet, or with a threshold or a number).
    format : str or None
        One of FORMATS; None chooses by the output's name: `.parquet`, else GWAS-SSF.
    min_log10p : float, optional
        Least -log10 p of a row.
    top : int, optional
        Only so many rows, those with the largest -log10 p; they stay in genome order.
    include_untested : bool
        Also variants that could not be tested, with missing values.
    p_value : bool
        GWAS-SSF with `p_value` in place of `neg_log_10_p_value`.
    mask : int, optional
        For the omnibus: which group of phenotypes that share their missing samples; by default as
        `StatisticsFile.omnibus_mask` chooses.
    genome_assembly : str, optional
        For the metadata of GWAS-SSF, such as GRCh38.
    overwrite : bool
        Replace the output if it exists.
    """

    phenotype: str
    format: str | None = None
    min_log10p: float | None = None
    top: int | None = None
    include_untested: bool = False
    p_value: bool = False
    mask: int | None = None
    genome_assembly: str | None = None
    overwrite: bool = False

    def format_for(self, output: Path) -> str:
        """Name of the format, checked against the output's name and the other choices.

        Raises
        ------
        OptionError
            If choices contradict each other.
        """
        is_parquet_name = output.suffix == ".parquet"
        name = self.format or ("parquet" if is_parquet_name else "gwas-ssf")
        if name not in FORMATS:
            raise OptionError(f"format is {name!r}; expected one of: {', '.join(FORMATS)}.")
        if ".csv" in output.suffixes[-2:]:
            raise OptionError(
                f"output {output} is named for commas but {name} has none; expected another name. "
                "Name it .tsv, .txt or .parquet."
            )
        if name != "parquet" and is_parquet_name:
            raise OptionError(
                f"output {output} is named Parquet but the format is {name}; expected a text "
                "file. Use --format parquet, or name it .tsv or .tsv.gz."
            )
        if name == "parquet" and output.suffix == ".gz":
            raise OptionError(
                f"output {output} is named .gz but the format is Parquet, which compresses "
                "itself; expected another name. Name it .parquet."
            )
        self._check_choices(name)
        return name

    @property
    def is_limited(self) -> bool:
        """Whether rows are chosen by their p."""
        return self.top is not None or self.min_log10p is not None

    def _check_choices(self, name: str) -> None:
        if self.phenotype == ALL and name != "parquet" and not self.is_limited:
            raise OptionError(
                f"phenotype is 'all' with format {name}; expected a limit on the rows. "
                "Give --min-log10p or --top, use --format parquet, or name one phenotype."
            )
        if self.include_untested and self.is_limited:
            raise OptionError(
                "--include-untested contradicts --min-log10p and --top; expected one of them, as "
                "untested variants have no p. Drop one."
            )
        if self.p_value and name != "gwas-ssf":
            raise OptionError(
                f"--p-value was given with format {name}; expected gwas-ssf. Drop it: regenie "
                "always gives LOG10P, plink2 P."
            )
        if self.genome_assembly is not None and name != "gwas-ssf":
            raise OptionError(
                f"--genome-assembly was given with format {name}, which has no place for it; "
                "expected gwas-ssf. Drop it."
            )
        if self.mask is not None and self.phenotype != "omnibus":
            raise OptionError(
                f"--mask was given with phenotype {self.phenotype!r}; expected omnibus. Drop it."
            )
        if self.top is not None and self.top < 1:
            raise OptionError(f"--top is {self.top}; expected 1 or more.")
        if self.min_log10p is not None and not self.min_log10p >= 0:
            raise OptionError(f"--min-log10p is {self.min_log10p}; expected 0 or more.")
