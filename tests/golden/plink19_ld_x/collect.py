"""Tables of the golden tests from what run_plink.sh wrote: python collect.py WORK_DIR."""

import sys
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
LEAD = 20


def collect(folder: Path) -> None:
    """Write r2.tsv and clumps.tsv."""
    columns = {}
    for name in ("genotype", "default"):
        rows = (folder / f"{name}.ld").read_text().splitlines()
        columns[name] = rows[LEAD].split()
    table = pd.read_csv(folder / "haplotype.ld", sep=r"\s+", dtype=str).set_index("SNP_B")
    ids = [f"v{j}" for j in range(len(columns["genotype"]))]
    columns["haplotype"] = table["R2"][ids].tolist()
    pd.DataFrame({"id": ids, **columns}).to_csv(HERE / "r2.tsv", sep="\t", index=False)
    clumped = pd.read_csv(folder / "clumps.clumped", sep=r"\s+", keep_default_na=False)
    members = clumped["SP2"].str.replace("(1)", "").replace("NONE", "")
    frame = pd.DataFrame({"lead": clumped["SNP"], "members": members})
    frame.to_csv(HERE / "clumps.tsv", sep="\t", index=False)


if __name__ == "__main__":
    collect(Path(sys.argv[1]))
