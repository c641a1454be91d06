"""Tables of the golden tests from what run_plink.sh wrote: python collect.py WORK_DIR."""

import sys
from pathlib import Path

import pandas as pd

HERE = Path(__file__).resolve().parent
DATA = ("eur", "missing", "eas")
RULES = ("0.1_1000", "0.5_250", "0.8_100")
REACH_BP = 500_000
# Of many pairs every so many: the table stays small.
EVERY_PAIR = {"eur": 1, "missing": 1, "eas": 20}


def collect(folder):
    """Write clumps.tsv, r2.tsv and conditional.tsv.gz."""
    clumps, pairs, tests = [], [], []
    for name in DATA:
        for rule in RULES:
            clumps += read_clumps(folder, name, rule)
        ld = pd.read_csv(folder / f"{name}.ld", sep=r"\s+").iloc[:: EVERY_PAIR[name]]
        pairs.append(ld[["SNP_A", "SNP_B", "R2"]].assign(data=name))
        given = (folder / f"{name}.leads").read_text().split()
        for number, suffix in ((1, "one"), (len(given), "two")):
            if suffix == "one" or len(given) > 1:
                tests.append(
                    read_tests(folder / f"{name}_{suffix}.Y.glm.linear", name, given[:number])
                )
    pd.DataFrame(clumps).to_csv(HERE / "clumps.tsv", sep="\t", index=False)
    pd.concat(pairs).to_csv(HERE / "r2.tsv", sep="\t", index=False)
    pd.concat(tests).to_csv(HERE / "conditional.tsv.gz", sep="\t", index=False, na_rep="NA")


def read_clumps(folder, name, rule):
    """One row a clump: its lead and, comma-separated, its members of p below --clump-p2."""
    r2, kb = rule.split("_")
    table = pd.read_csv(folder / f"{name}_{rule}.clumped", sep=r"\s+", keep_default_na=False)
    return [
        {
            "data": name, "r2": r2, "kb": kb, "lead": row.SNP, "p": row.P,
            "members": "" if row.SP2 == "NONE" else row.SP2.replace("(1)", ""),
        }
        for row in table.itertuples()
    ]  # fmt: skip


def read_tests(path, name, given):
    """Tests near the first variant conditioned on."""
    table = pd.read_csv(path, sep="\t", dtype={"P": str})
    place = int(table.loc[table["ID"] == given[0], "POS"].iloc[0])
    near = table[(table["POS"] - place).abs() <= REACH_BP]
    return near[["ID", "OBS_CT", "BETA", "SE", "P"]].assign(data=name, given=",".join(given))


if __name__ == "__main__":
    collect(Path(sys.argv[1]))
