"""Image-based genome-wide association studies.

The public names are imported when first used, so that `import igwas` is quick.
"""

import importlib
from typing import TYPE_CHECKING, Any

from igwas._version import __version__

if TYPE_CHECKING:
    from igwas.association.associate import Association, associate
    from igwas.association.options import ScanOptions
    from igwas.association.project import project
    from igwas.association.scan import ScanSummary, run_scan
    from igwas.association.shards import merge_shards
    from igwas.association.statistics_file import StatisticsFile, open_statistics
    from igwas.association.weights import Weights
    from igwas.context import Context
    from igwas.embeddings.audit import run_audit
    from igwas.embeddings.embed import embed, embed_images
    from igwas.encoder.export_onnx import export_encoder
    from igwas.encoder.export_options import ExportOptions, ExportSummary
    from igwas.encoder.options import TrainOptions
    from igwas.encoder.summary import TrainSummary
    from igwas.encoder.train import train_encoder
    from igwas.genotypes.genotype_file import GenotypeFile, open_genotypes
    from igwas.images.disc import Disc, find_disc
    from igwas.images.images_file import ImagesFile, read_images
    from igwas.images.options import ImagesOptions
    from igwas.images.process import process_photographs
    from igwas.loci.find import find_loci
    from igwas.loci.options import LociOptions
    from igwas.phenotypes.from_embeddings import make_phenotypes
    from igwas.phenotypes.options import PhenotypeOptions
    from igwas.phenotypes.table import read_covariates, read_phenotypes

_HOME = {
    "Association": "igwas.association.associate",
    "Context": "igwas.context",
    "Disc": "igwas.images.disc",
    "ExportOptions": "igwas.encoder.export_options",
    "ExportSummary": "igwas.encoder.export_options",
    "GenotypeFile": "igwas.genotypes.genotype_file",
    "ImagesFile": "igwas.images.images_file",
    "ImagesOptions": "igwas.images.options",
    "LociOptions": "igwas.loci.options",
    "PhenotypeOptions": "igwas.phenotypes.options",
    "ScanOptions": "igwas.association.options",
    "ScanSummary": "igwas.association.scan",
    "StatisticsFile": "igwas.association.statistics_file",
    "TrainOptions": "igwas.encoder.options",
    "TrainSummary": "igwas.encoder.summary",
    "Weights": "igwas.association.weights",
    "associate": "igwas.association.associate",
    "embed": "igwas.embeddings.embed",
    "embed_images": "igwas.embeddings.embed",
    "export_encoder": "igwas.encoder.export_onnx",
    "find_disc": "igwas.images.disc",
    "find_loci": "igwas.loci.find",
    "make_phenotypes": "igwas.phenotypes.from_embeddings",
    "merge_shards": "igwas.association.shards",
    "open_genotypes": "igwas.genotypes.genotype_file",
    "open_statistics": "igwas.association.statistics_file",
    "process_photographs": "igwas.images.process",
    "project": "igwas.association.project",
    "read_covariates": "igwas.phenotypes.table",
    "read_images": "igwas.images.images_file",
    "read_phenotypes": "igwas.phenotypes.table",
    "run_audit": "igwas.embeddings.audit",
    "run_scan": "igwas.association.scan",
    "train_encoder": "igwas.encoder.train",
}

__all__ = [
    "Association",
    "Context",
    "Disc",
    "ExportOptions",
    "ExportSummary",
    "GenotypeFile",
    "ImagesFile",
    "ImagesOptions",
    "LociOptions",
    "PhenotypeOptions",
    "ScanOptions",
    "ScanSummary",
    "StatisticsFile",
    "TrainOptions",
    "TrainSummary",
    "Weights",
    "__version__",
    "associate",
    "embed",
    "embed_images",
    "export_encoder",
    "find_disc",
    "find_loci",
    "make_phenotypes",
    "merge_shards",
    "open_genotypes",
    "open_statistics",
    "process_photographs",
    "project",
    "read_covariates",
    "read_images",
    "read_phenotypes",
    "run_audit",
    "run_scan",
    "train_encoder",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(_HOME[name]), name)
    raise AttributeError(f"module 'igwas' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
