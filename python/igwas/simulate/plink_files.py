"""Writing PLINK 1 .bed, .bim and .fam, a block of variants at a time."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from igwas.closing import Closing
from igwas.errors import ShapeError
from igwas.simulate.people import People

MISSING = 3
_MAGIC = bytes([0x6C, 0x1B, 0x01])
# Two bits a call, by copies of allele 1 (0, 1, 2, missing): column 5 of the .bim is allele 1.
_CODES = np.array([3, 2, 0, 1], dtype=np.uint8)


def pack_calls(dosage: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Pack dosages 0, 1, 2 or MISSING, uint8 (variants, samples), to .bed rows, 4 calls a byte.

    Examples
    --------
    >>> pack_calls(np.array([[2, 1, 0, 3, 0]], dtype=np.uint8))
    array([[120,   3]], dtype=uint8)
    """
    n_variants, n_samples = dosage.shape
    codes = np.zeros((n_variants, -(-n_samples // 4) * 4), dtype=np.uint8)
    codes[:, :n_samples] = _CODES[dosage]
    packed: npt.NDArray[np.uint8] = (
        codes[:, 0::4] | codes[:, 1::4] << 2 | codes[:, 2::4] << 4 | codes[:, 3::4] << 6
    )
    return packed


def write_fam(path: Path, people: People) -> None:
    """Write the .fam; parents are named only where they are genotyped."""
    ids = people.sample_id
    with path.open("w") as stream:
        for row in range(people.n_samples):
            father, mother = (
                ids[parent] if 0 <= parent < people.n_samples else "0"
                for parent in (people.father[row], people.mother[row])
            )
            family, sex = people.family_id[row], people.sex[row]
            stream.write(f"{family}\t{ids[row]}\t{father}\t{mother}\t{sex}\t-9\n")


class BedWriter(Closing):
    """Appends blocks of variants to a .bed and its .bim.

    Parameters
    ----------
    bed_path, bim_path : Path
        Files to write.
    n_samples : int
        Columns of every block.
    """

    def __init__(self, bed_path: Path, bim_path: Path, n_samples: int) -> None:
        self._n_samples = n_samples
        self._bed = bed_path.open("wb")
        self._bim = bim_path.open("w")
        self._bed.write(_MAGIC)

    def append(
        self,
        dosage: npt.NDArray[np.uint8],
        chromosome: str,
        ids: list[str],
        positions: npt.NDArray[np.int64],
        effect_alleles: list[str],
        other_alleles: list[str],
    ) -> None:
        """Append variants; dosage is uint8 (variants, samples), copies of the effect allele."""
        if dosage.shape != (len(ids), self._n_samples):
            raise ShapeError(
                f"dosage is {dosage.shape}; expected {(len(ids), self._n_samples)} "
                "(variants, samples). Give one id a variant."
            )
        self._bed.write(pack_calls(dosage).tobytes())
        columns = zip(ids, positions, effect_alleles, other_alleles, strict=True)
        self._bim.writelines(
            f"{chromosome}\t{name}\t0\t{position}\t{effect}\t{other}\n"
            for name, position, effect, other in columns
        )

    def close(self) -> None:
        """Close both files."""
        self._bed.close()
        self._bim.close()
