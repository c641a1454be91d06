"""What `igwas-fast report` is asked to do; checked when made."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from igwas.errors import OptionError


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """Options of `igwas-fast report`; names and defaults are those of the command line.

    Parameters
    ----------
    embeddings_audit : Path, optional
        Report card of the embedding, JSON.
    phenotypes : Path, optional
        Phenotypes of the scan, for the flow from photographs to people.
    genotypes : Path, optional
        For the colours of linkage disequilibrium; without them only members of a locus have one.
    keep : Path, optional
        Samples whose genotypes are used for it; all by default.
    genes : Path, optional
        Genes to draw below each locus.
    regional : int
        Most regional plots: independent signals first, then the strongest.
    title : str, optional
        Heading of the page; by default the name of the statistics file.
    """

    embeddings_audit: Path | None = None
    phenotypes: Path | None = None
    genotypes: Path | None = None
    keep: Path | None = None
    genes: Path | None = None
    regional: int = 40
    title: str | None = None

    def __post_init__(self) -> None:
        if self.regional < 0:
            raise OptionError(f"--regional is {self.regional}; expected 0 or more.")
        if self.keep is not None and self.genotypes is None:
            raise OptionError(
                f"--keep is {self.keep} without --genotypes; expected both: it chooses the samples "
                "whose genotypes are used. Add --genotypes FILE."
            )

    def input_paths(self) -> dict[str, Path]:
        """Files that are read, by role."""
        roles = ("embeddings_audit", "phenotypes", "genotypes", "keep", "genes")
        return {role: path for role in roles if (path := getattr(self, role)) is not None}

    def as_dict(self) -> dict[str, Any]:
        """Values that serialise to JSON."""
        return {
            name: str(value) if isinstance(value, Path) else value
            for name, value in vars(self).items()
        }
