"""PLINK 1 .bed into batches: bytes are copied as they are, only padding is cleared."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from igwas.genotypes.encoding import clear_padding
from igwas.genotypes.plink_bed import BedGenotypes
from igwas.genotypes.source import GenotypeSource, VariantBatch


class BedSource(GenotypeSource):
    """A .bed with .bim and .fam. The effect allele is allele 1, column 5 of the .bim.

    Parameters
    ----------
    path : Path
        The .bed.
    allow_unknown_chromosomes : bool
        Keep chromosome names that are not known.
    """

    row_word = "line"
    is_dosage = False

    def __init__(self, path: Path, *, allow_unknown_chromosomes: bool = False) -> None:
        super().__init__()
        self.path = path
        self._bed = BedGenotypes(path, allow_unknown_chromosomes=allow_unknown_chromosomes)
        self.inputs = {"bed": path, "bim": self._bed.bim_path, "fam": self._bed.fam_path}
        self.samples = self._bed.samples
        self.n_variants = self._bed.n_variants

    @property
    def remedy(self) -> str:
        """The command that sorts this source."""
        prefix = self.path.with_suffix("")
        return f"plink2 --bfile {prefix} --sort-vars --make-pgen --out {prefix.name}.sorted"

    def batches(self) -> Iterator[VariantBatch]:
        """Read the chunks one by one."""
        for chunk in range(len(self._bed.chunks)):
            start, stop = self._bed.chunks.variant_range(chunk)
            rows = self._bed.read_chunk(chunk).copy()
            names = self._bed.variants(start, stop)
            yield VariantBatch(
                chromosomes=np.array(names["chromosome"].tolist()),
                positions=self._bed.positions[start:stop],
                ids=names["id"].tolist(),
                effect_alleles=names["effect_allele"].tolist(),
                other_alleles=names["other_allele"].tolist(),
                hardcalls=clear_padding(rows, len(self.samples)),
            )

    def close(self) -> None:
        """Close the .bed."""
        self._bed.close()
