"""What one asks of each kind of file, answered in slabs so that size does not matter."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from igwas.association.ranking import OMNIBUS, top
from igwas.association.statistics_file import StatisticsFile
from igwas.genotypes.genotype_file import open_genotypes
from igwas.hdf5 import read_texts
from igwas.phenotypes.eye_names import stored_labels
from igwas.schema import REASONS, SEX_CODES

_SLAB = 2**18
_SHOWN = 10


def _slabs(dataset: Any) -> Iterator[Any]:
    for start in range(0, dataset.shape[0], _SLAB):
        yield dataset[start : start + _SLAB]


def _count(dataset: Any) -> dict[str, int]:
    """How often each text occurs, in order of first appearance."""
    counts: Counter[bytes] = Counter()
    for slab in _slabs(dataset):
        counts.update(slab.tolist())
    return {name.decode("utf-8", "replace"): number for name, number in counts.items()}


def _first(names: Any) -> list[str]:
    return [str(name) for name in names.asstr()[:_SHOWN]]


def summarise_phenotypes(file: Any, path: Path) -> dict[str, Any]:
    """Participants, phenotypes and how many values are missing."""
    values = file["/values"]
    labels = stored_labels(file, read_texts(file["/phenotypes/name"]).tolist())
    missing = np.zeros(values.shape[1], np.int64)
    step = max(1, _SLAB // max(1, values.shape[1]))
    for start in range(0, values.shape[0], step):
        missing += np.isnan(values[start : start + step]).sum(axis=0)
    return {
        "participants": int(values.shape[0]),
        "phenotypes": int(values.shape[1]),
        "first phenotypes": _first(file["/phenotypes/name"]),
        "phenotypes per eye": dict(Counter(eye for eye, _ in labels)),
        "missing values": int(missing.sum()),
        "phenotypes with missing values": int((missing > 0).sum()),
    }


def summarise_images(file: Any, path: Path) -> dict[str, Any]:
    """Images, people, eyes, grades, what the file has of each, and why others gave no image."""
    duplicates = _count(file["/duplicate_of"])
    return {
        "images": int(file["/rgb"].shape[0]),
        "participants": len(_count(file["/participant_id"])),
        "images per eye": _count(file["/eye"]),
        "images per visit": _count(file["/visit"]),
        "grades": _count(file["/grade"]),
        "pixels a side": int(file["/rgb"].shape[1]),
        "preprocessing version": str(file.attrs.get("preprocessing_version", "unknown")),
        "further views": [name for name in ("green", "vessels") if name in file],
        "measures": int(file["/measure/name"].shape[0]),
        "metadata columns": _first(file["/metadata/name"]),
        "duplicates": sum(number for name, number in duplicates.items() if name),
        "under the other eye's name": sum(
            number for name, number in _count(file["/same_eye_as"]).items() if name
        )
        if "/same_eye_as" in file
        else "not recorded",
        "files skipped": int(file["/skipped/path"].shape[0]),
        "reasons for skipping": _count(file["/skipped/reason"]),
    }


def summarise_embeddings(file: Any, path: Path) -> dict[str, Any]:
    """Images, people, eyes and dimensions."""
    people = _count(file["/participant_id"])
    images, dimensions = file["/embedding"].shape
    return {
        "images": int(images),
        "dimensions": int(dimensions),
        "participants": len(people),
        "images per eye": _count(file["/eye"]),
        "images per visit": _count(file["/visit"]),
    }


def summarise_basis(file: Any, path: Path) -> dict[str, Any]:
    """Dimensions, components, and how alike left and right eyes are in them."""
    dimensions, components = file["/weight"].shape
    summary = {
        "dimensions": int(dimensions),
        "components": int(components),
        "first dimensions": _first(file["/dimension_name"]),
        "first components": _first(file["/component_name"]),
    }
    if "/correlation" not in file:
        return summary | {
            "left-right correlation": "not recorded: components were not chosen by it"
        }
    correlation = file["/correlation"][:]
    return summary | {
        "left-right correlation of the first": [float(r) for r in correlation[:_SHOWN]],
        "smallest left-right correlation": float(correlation.min()) if components else None,
    }


def summarise_loco(file: Any, path: Path) -> dict[str, Any]:
    """Count samples, phenotypes and chromosomes left out."""
    chromosomes, phenotypes, samples = file["/prediction"].shape
    return {
        "samples": int(samples),
        "phenotypes": int(phenotypes),
        "first phenotypes": _first(file["/phenotypes/name"]),
        "chromosomes": [str(name) for name in read_texts(file["/chromosomes"])],
        "predictions": int(chromosomes * phenotypes * samples),
    }


def summarise_genotypes(path: Path) -> dict[str, Any]:
    """Count samples by sex, variants per chromosome, and how the calls are stored."""
    with open_genotypes(path, allow_unknown_chromosomes=True) as genotypes:
        names, codes = genotypes.chromosomes
        counts = np.bincount(codes, minlength=len(names)).tolist()
        sexes = np.bincount(genotypes.samples.sex, minlength=3)
        chunks = genotypes.chunks
        stored = int(chunks.size.sum())
        plain = genotypes.n_variants * chunks.row_bytes
        return {
            "samples": genotypes.n_samples,
            "samples by sex": {SEX_CODES[code]: int(sexes[code]) for code in SEX_CODES},
            "variants": genotypes.n_variants,
            "variants per chromosome": {
                name: int(count) for name, count in zip(names, counts, strict=True)
            },
            "imputation information": genotypes.has_info,
            "encoding": genotypes.encoding,
            "codec": chunks.codec,
            "chunks": len(chunks),
            "variants per chunk": chunks.rows_per_chunk,
            "stored bytes": stored,
            "compression ratio": round(plain / stored, 2) if stored else None,
            "digest": genotypes.digest,
        }


def summarise_statistics(file: Any, path: Path) -> dict[str, Any]:
    """Progress, sizes, why variants were not tested, and the strongest results."""
    statistics = StatisticsFile(file)
    done, total = statistics.blocks
    summary: dict[str, Any] = {
        "complete": statistics.is_complete,
        "blocks done": f"{done:,} of {total:,}",
        "variants": statistics.n_variants,
        "phenotypes": statistics.n_phenotypes,
        "first phenotypes": statistics.phenotype_names[:_SHOWN],
        "phenotypes per eye": dict(Counter(eye for eye, _ in statistics.labels)),
        "phenotypes per mask": np.bincount(statistics.masks, minlength=statistics.n_masks).tolist(),
        "samples per model and mask": file["/models/n_samples"][:].tolist(),
        "models": [str(name) for name in read_texts(file["/models/chromosomes"])],
        "variants per chromosome": _count(file["/variants/chromosome"]),
        "missing calls": str(statistics.attributes.get("missing", "unknown")),
    }
    if statistics.is_complete:
        summary["variants by reason, first mask"] = _reasons(file["/variant_statistics/reason"])
        summary["hits"] = statistics.n_hits
        summary["hits at least -log10 p"] = float(statistics.attributes.get("hit_threshold", "nan"))
        summary["omnibus of"] = statistics.describe_mask(statistics.omnibus_mask())
        summary["strongest omnibus"] = _strongest_omnibus(statistics)
    return summary


def _reasons(reason: Any) -> dict[str, int]:
    counts = np.zeros(256, np.int64)
    for start in range(0, reason.shape[0], _SLAB):
        counts += np.bincount(reason[start : start + _SLAB, 0], minlength=256)
    return {
        REASONS[code][0] if code in REASONS else str(code): int(counts[code])
        for code in np.flatnonzero(counts).tolist()
    }


def _strongest_omnibus(statistics: StatisticsFile) -> list[dict[str, Any]]:
    table = top(statistics, 3, OMNIBUS)
    wanted = ["chromosome", "position", "id", "effect_allele", "other_allele", "log10p"]
    return [
        {name: value for name, value in row.items() if name in wanted}
        for row in table.to_dict("records")
    ]
