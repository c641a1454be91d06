"""The registry of every array in every file: axes, dtype, unit, meaning.

Readers, writers, `inspect` and docs/data-model.md are driven by it, so a file cannot drift from its
description. Files stand in the order of the flow.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from igwas.errors import SchemaError

SCHEMA_VERSION = 1
TEXT = "text"

HARDCALL_CODES = {0: "two effect alleles", 1: "missing", 2: "one of each", 3: "two other alleles"}
# The same two arrays in phenotypes.h5 and statistics.h5: eyes are never read out of names there.
_EYE_MEANING = "left, right, mean, difference (left minus right), or none"
_DIMENSION_MEANING = "dimension of the embedding, or the measure; the name where the eye is none"

SEX_CODES = {0: "unknown", 1: "male", 2: "female"}


@dataclass(frozen=True)
class Array:
    """One array of a file.

    Parameters
    ----------
    path : str
        Where it stands in the file.
    axes : tuple of str
        Names of the axes in order; `()` is a scalar.
    dtype : str
        NumPy dtype, or `text` for variable-length UTF-8.
    unit : str
        What one unit of the value is; empty for names and codes.
    meaning : str
        One line.
    required : bool
        False for arrays that only some files have.
    """

    path: str
    axes: tuple[str, ...]
    dtype: str
    unit: str
    meaning: str
    required: bool = True


@dataclass(frozen=True)
class FileKind:
    """One kind of file: its name (root attribute `format`), its meaning and its arrays."""

    name: str
    suffix: str
    meaning: str
    arrays: tuple[Array, ...]

    def __getitem__(self, path: str) -> Array:
        """The array at `path`; KeyError if the registry has none."""
        for array in self.arrays:
            if array.path == path:
                return array
        raise KeyError(path)


IMAGES = FileKind(
    "igwas images",
    "images.h5",
    "One row a photograph: the disc found, cropped and resized; right eyes mirrored once.",
    (
        Array("/rgb", ("image", "row", "column", "channel"), "uint8", "0 to 255",
              "the crop in its natural colours, black outside the disc; right eyes mirrored"),
        Array("/rgb_crc32c", ("image",), "uint32", "",
              "CRC-32C of the stored bytes of each crop", required=False),
        Array("/green", ("image", "row", "column"), "uint8", "0 to 255",
              "the green channel, contrast equalised", required=False),
        Array("/vessels", ("image", "row", "column"), "uint8", "0 to 255",
              "vessel-enriched map", required=False),
        Array("/image_id", ("image",), TEXT, "", "unique id of the photograph"),
        Array("/participant_id", ("image",), TEXT, "", "the person photographed"),
        Array("/eye", ("image",), TEXT, "", "left, right or unknown"),
        Array("/visit", ("image",), TEXT, "", "visit the photograph is from"),
        Array("/source_path", ("image",), TEXT, "", "file the photograph was read from"),
        Array("/source_digest", ("image",), TEXT, "", "SHA-256 of that file's bytes"),
        Array("/is_mirrored", ("image",), "uint8", "", "1 where the crop is mirrored"),
        Array("/disc", ("image", "disc_parameter"), "float32", "source pixels",
              "centre x, centre y and radius of the disc in the upright photograph"),
        Array("/quality", ("image",), "float32", "0 to 1", "image quality"),
        Array("/grade", ("image",), TEXT, "", "keep, usable or reject"),
        Array("/grade_reason", ("image",), TEXT, "", "why it is not keep; empty if it is"),
        Array("/measure/name", ("measure",), TEXT, "", "name of a quality or colour measure"),
        Array("/measure/value", ("image", "measure"), "float32", "see docs/images.md",
              "the measures; NaN where one cannot be taken"),
        Array("/duplicate_of", ("image",), TEXT, "",
              "image_id of an earlier photograph with the same content; empty if there is none"),
        Array("/same_eye_as", ("image",), TEXT, "",
              "image_id of the person's other photograph, whose eye this one seems to show under "
              "the other eye's name; empty if there is none", required=False),
        Array("/metadata/name", ("metadata_column",), TEXT, "", "further column of the manifest"),
        Array("/metadata/value", ("image", "metadata_column"), TEXT, "", "as given"),
        Array("/skipped/path", ("skipped",), TEXT, "", "file that gave no image"),
        Array("/skipped/reason", ("skipped",), TEXT, "", "why"),
    ),
)  # fmt: skip

EMBEDDINGS = FileKind(
    "igwas embeddings",
    "embeddings.h5",
    "One row a photograph: the encoder's description of it.",
    (
        Array("/embedding", ("image", "dimension"), "float32", "encoder units", "the vector"),
        Array("/image_id", ("image",), TEXT, "", "unique id of the photograph"),
        Array("/participant_id", ("image",), TEXT, "", "the person photographed"),
        Array("/eye", ("image",), TEXT, "", "left, right or unknown"),
        Array("/visit", ("image",), TEXT, "", "visit the photograph is from"),
        Array("/quality", ("image",), "float32", "0 to 1", "image quality"),
        Array("/dimension_name", ("dimension",), TEXT, "", "name; dim_000, dim_001... where absent",
              required=False),
        Array("/progress/done", ("batch",), "uint8", "",
              "1 once the batch's vectors are on disk; all 1 in a finished file", required=False),
    ),
)  # fmt: skip

PHENOTYPES = FileKind(
    "igwas phenotypes",
    "phenotypes.h5",
    "One row a participant, one column a phenotype: what the scan regresses on genotype.",
    (
        Array("/participants/participant_id", ("participant",), TEXT, "", "joins genotypes"),
        Array("/participants/family_id", ("participant",), TEXT, "", "family id", required=False),
        Array("/phenotypes/name", ("phenotype",), TEXT, "", "unique name"),
        Array("/values", ("participant", "phenotype"), "float32|float64", "as given",
              "phenotype values; NaN is missing"),
        Array("/phenotypes/eye", ("phenotype",), TEXT, "",
              _EYE_MEANING, required=False),
        Array("/phenotypes/dimension", ("phenotype",), TEXT, "",
              _DIMENSION_MEANING, required=False),
        Array("/participants/n_left_images", ("participant",), "int32", "images",
              "photographs of the left eye that were used", required=False),
        Array("/participants/n_right_images", ("participant",), "int32", "images",
              "photographs of the right eye that were used", required=False),
        Array("/left_out/image_id", ("left_out",), TEXT, "", "photograph that was not used",
              required=False),
        Array("/left_out/participant_id", ("left_out",), TEXT, "", "whose it is", required=False),
        Array("/left_out/reason", ("left_out",), TEXT, "", "why it was not used", required=False),
    ),
)  # fmt: skip

BASIS = FileKind(
    "igwas basis",
    "basis.h5",
    "A linear change of an embedding's dimensions: new values are (values - mean) weight.",
    (
        Array("/dimension_name", ("dimension",), TEXT, "", "dimension it applies to"),
        Array("/component_name", ("component",), TEXT, "", "new name"),
        Array("/mean", ("dimension",), "float64", "encoder units", "subtracted first"),
        Array("/weight", ("dimension", "component"), "float64", "",
              "of each dimension in each component"),
        Array("/variance", ("component",), "float64", "encoder units squared",
              "of the component where it was fitted, before whitening"),
        Array("/correlation", ("component",), "float64", "-1 to 1",
              "of left and right eyes where it was fitted, if components were chosen by it",
              required=False),
    ),
)  # fmt: skip

GENOTYPES = FileKind(
    "igwas genotypes",
    "genotypes.h5",
    "Hard calls (2 bits) or dosages of every sample at every variant, one row a variant.",
    (
        Array("/samples/family_id", ("sample",), TEXT, "", "family id; 0 where it has none"),
        Array("/samples/sample_id", ("sample",), TEXT, "", "individual id of the source, unique"),
        Array("/samples/sex", ("sample",), "uint8", "", "0 unknown, 1 male, 2 female"),
        Array("/variants/chromosome", ("variant",), TEXT, "",
              "1-22, X, PAR1, PAR2, Y, MT, or a name allowed by the user"),
        Array("/variants/position", ("variant",), "int64", "base pair", "1-based position"),
        Array("/variants/id", ("variant",), TEXT, "", "id of the source; . where it has none"),
        Array("/variants/effect_allele", ("variant",), TEXT, "", "allele that dosage counts"),
        Array("/variants/other_allele", ("variant",), TEXT, "", "the other allele"),
        Array("/variants/info", ("variant",), "float32", "0 to 1",
              "imputation information over all samples of the file", required=False),
        Array("/genotypes/hardcalls", ("variant", "byte"), "uint8", "",
              "4 calls a byte, lowest bits first: 0 two effect alleles, 1 missing, 2 one of each, "
              "3 two other alleles (PLINK 1 coding); unused high bits are 0", required=False),
        Array("/genotypes/dosages", ("variant", "sample"), "uint8|uint16", "2/254 or 2/65534",
              "copies of the effect allele; 255 or 65535 is missing", required=False),
        Array("/genotypes/chunk_crc32c", ("chunk",), "uint32", "",
              "CRC-32C of each stored (compressed) chunk, in variant order"),
    ),
)  # fmt: skip

LOCO = FileKind(
    "igwas loco",
    "loco.h5",
    "Whole-genome predictions of each phenotype, leaving one chromosome out.",
    (
        Array("/samples/family_id", ("sample",), TEXT, "", "family id"),
        Array("/samples/sample_id", ("sample",), TEXT, "", "individual id"),
        Array("/phenotypes/name", ("phenotype",), TEXT, "", "phenotype predicted"),
        Array("/chromosomes", ("chromosome",), TEXT, "", "the chromosome left out"),
        Array("/prediction", ("chromosome", "phenotype", "sample"), "float32",
              "phenotype units", "prediction subtracted from the phenotype; NaN is missing"),
    ),
)  # fmt: skip

STATISTICS = FileKind(
    "igwas statistics",
    "statistics.h5",
    "The scan's result. se, t, chi-square and -log10 p follow exactly from what is stored.",
    (
        Array("/variants/chromosome", ("variant",), TEXT, "", "as in the genotypes"),
        Array("/variants/position", ("variant",), "int64", "base pair", "1-based position"),
        Array("/variants/id", ("variant",), TEXT, "", "variant id"),
        Array("/variants/effect_allele", ("variant",), TEXT, "", "allele that beta is per copy of"),
        Array("/variants/other_allele", ("variant",), TEXT, "", "the other allele"),
        Array("/variants/model", ("variant",), "int16", "", "row of the model that tested it"),
        Array("/variants/info", ("variant",), "float32", "0 to 1", "imputation information",
              required=False),
        Array("/models/chromosomes", ("model",), TEXT, "",
              "comma-separated chromosomes that share phenotype residuals and covariates"),
        Array("/models/n_samples", ("model", "mask"), "int64", "samples", "samples analysed"),
        Array("/models/n_covariates", ("model", "mask"), "int64", "columns",
              "rank of the covariates, intercept included"),
        Array("/models/omnibus_dof", ("model", "mask"), "int64", "phenotypes",
              "numerator degrees of freedom of the omnibus F: rank of its phenotypes"),
        Array("/phenotypes/name", ("phenotype",), TEXT, "", "phenotype name"),
        Array("/phenotypes/mask", ("phenotype",), "int32", "", "missingness mask it belongs to"),
        Array("/phenotypes/eye", ("phenotype",), TEXT, "", _EYE_MEANING, required=False),
        Array("/phenotypes/dimension", ("phenotype",), TEXT, "", _DIMENSION_MEANING,
              required=False),
        Array("/phenotypes/residual_sum_of_squares", ("model", "phenotype"), "float64",
              "phenotype units squared", "of the phenotype, covariates removed"),
        Array("/phenotypes/degrees_of_freedom", ("model", "phenotype"), "int64", "",
              "samples - covariates - 1 where no call is missing"),
        Array("/phenotypes/covariance", ("model", "phenotype", "phenotype"), "float64",
              "phenotype units squared",
              "cross-products of the residuals; NaN between different masks"),
        Array("/variant_statistics/n", ("variant", "mask"), "int32", "samples",
              "samples in the test (with --missing drop, those with a call)"),
        Array("/variant_statistics/missing_count", ("variant", "mask"), "int32", "samples",
              "analysed samples without a call"),
        Array("/variant_statistics/effect_allele_frequency", ("variant", "mask"), "float64",
              "0 to 1", "of the effect allele among calls"),
        Array("/variant_statistics/minor_allele_count", ("variant", "mask"), "float64", "alleles",
              "of the rarer allele among calls"),
        Array("/variant_statistics/genotype_sum_of_squares", ("variant", "mask"), "float64",
              "allele copies squared", "S: residual sum of squares of the genotype"),
        Array("/variant_statistics/degrees_of_freedom", ("variant", "mask"), "int32", "",
              "of the t test of this variant"),
        Array("/variant_statistics/reason", ("variant", "mask"), "uint8", "",
              "0 tested; otherwise why not, see REASONS"),
        Array("/omnibus/f_statistic", ("variant", "mask"), "float64", "",
              "F of all phenotypes of the mask together"),
        Array("/omnibus/log10p", ("variant", "mask"), "float64", "", "-log10 p of that F"),
        Array("/beta", ("variant", "phenotype"), "float32", "phenotype units per allele copy",
              "effect of one more copy of the effect allele"),
        Array("/se", ("variant", "phenotype"), "float32", "phenotype units per allele copy",
              "standard error; stored only with --missing drop", required=False),
        Array("/projection/phenotype", ("projected_phenotype",), TEXT, "",
              "phenotype of the scan that this file's phenotypes are combinations of",
              required=False),
        Array("/projection/weight", ("projected_phenotype", "phenotype"), "float64", "",
              "its weight in each phenotype of this file", required=False),
        Array("/hits/count", ("one",), "int64", "rows",
              "rows of the table in use; -1 until the scan is finished"),
        Array("/hits/variant", ("hit",), "int64", "", "row of the variant in this file"),
        Array("/hits/phenotype", ("hit",), "int32", "", "column of the phenotype"),
        Array("/hits/beta", ("hit",), "float64", "phenotype units per allele copy", "effect"),
        Array("/hits/se", ("hit",), "float64", "phenotype units per allele copy",
              "standard error"),
        Array("/hits/log10p", ("hit",), "float64", "", "-log10 p"),
        Array("/progress/block_start", ("block",), "int64", "",
              "first variant of the block; it ends where the next one starts"),
        Array("/progress/done", ("block",), "uint8", "",
              "1 once the block's numbers and hits are on disk"),
    ),
)  # fmt: skip

FILE_KINDS: tuple[FileKind, ...] = (
    IMAGES,
    EMBEDDINGS,
    PHENOTYPES,
    BASIS,
    GENOTYPES,
    LOCO,
    STATISTICS,
)

REASONS: dict[int, tuple[str, str]] = {
    0: ("tested", "tested"),
    1: ("constant", "every called sample has the same genotype"),
    2: ("all_missing", "no analysed sample has a call"),
    3: ("mac", "minor allele count below --mac"),
    4: ("maf", "minor allele frequency below --maf"),
    5: ("geno", "missing rate above --geno"),
    6: ("hwe", "Hardy-Weinberg p below --hwe"),
    7: ("info", "imputation information below --info"),
    8: ("collinear", "genotype explained by the covariates, or nearly the same in everybody"),
    9: ("too_few_samples", "no degree of freedom left"),
    10: ("no_samples", "no sample of this mask can be tested on this chromosome"),
}


def kind_of(attributes: Any) -> FileKind:
    """Look up the kind a file says it is, from its root attributes.

    Raises
    ------
    SchemaError
        If there is no `format` attribute, it is unknown, or the schema is newer than this version.
    """
    found = attributes.get("format")
    for kind in FILE_KINDS:
        if found == kind.name:
            version = int(attributes.get("schema_version", 0))
            if version > SCHEMA_VERSION:
                raise SchemaError(
                    f"schema version is {version}; expected at most {SCHEMA_VERSION}. "
                    "The file was written by a newer igwas-fast: upgrade this one."
                )
            return kind
    expected = ", ".join(kind.name for kind in FILE_KINDS)
    raise SchemaError(f"root attribute 'format' is {found!r}; expected one of: {expected}.")


def _dtype_matches(dataset: Any, dtype: str) -> bool:
    if dtype == TEXT:
        return dataset.dtype.kind in "OSU"
    return any(dataset.dtype == option for option in dtype.split("|"))


def validate(file: Any, kind: FileKind) -> None:
    """Check an open HDF5 file against the registry: presence, dtype, and axes that must agree.

    Parameters
    ----------
    file : h5py.File
        Open for reading.
    kind : FileKind
        What it should be.

    Raises
    ------
    SchemaError
        Naming the first array that is absent, has another type, or another length than its axis.
    """
    found = kind_of(file.attrs)
    if found is not kind:
        raise SchemaError(f"{file.filename} is a {found.name} file; expected {kind.name}.")
    lengths: dict[str, tuple[int, str]] = {}
    for array in kind.arrays:
        if array.path not in file:
            if array.required:
                raise SchemaError(
                    f"{file.filename} has no {array.path}; expected {array.meaning}. "
                    "Write the file again."
                )
            continue
        _check_array(file, array, lengths)


def _check_array(file: Any, array: Array, lengths: dict[str, tuple[int, str]]) -> None:
    dataset = file[array.path]
    if not hasattr(dataset, "shape") or not _dtype_matches(dataset, array.dtype):
        raise SchemaError(
            f"{file.filename}: {array.path} has type {getattr(dataset, 'dtype', 'group')}; "
            f"expected {array.dtype}. Write the file again."
        )
    if len(dataset.shape) != len(array.axes):
        raise SchemaError(
            f"{file.filename}: {array.path} has shape {dataset.shape}; "
            f"expected axes {', '.join(array.axes)}. Write the file again."
        )
    for axis, length in zip(array.axes, dataset.shape, strict=True):
        seen, where = lengths.setdefault(axis, (length, array.path))
        if seen != length:
            raise SchemaError(
                f"{file.filename}: axis {axis} has length {length} in {array.path} but {seen} "
                f"in {where}; expected one length. Write the file again."
            )


def axes_of(kinds: Iterable[FileKind] = FILE_KINDS) -> list[str]:
    """Names of all axes, in the order they first appear."""
    return list(dict.fromkeys(axis for k in kinds for a in k.arrays for axis in a.axes))
