"""Photographs that have not been made into images.h5 yet: made so first, exactly as `images` does.

The images are kept in a file beside the output until the vectors are whole, so that a run that was
killed goes on in either half; then they are removed.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from igwas.context import Context
from igwas.embeddings.embed_options import EmbedOptions, EmbedSummary
from igwas.embeddings.embedding_run import Progress
from igwas.embeddings.embeddings_file import read_embeddings, read_progress
from igwas.embeddings.encoder import Encoder
from igwas.errors import IncompleteFile, InputError, OptionError
from igwas.images.images_file import read_images
from igwas.images.options import ImagesOptions
from igwas.images.preprocessing_version import PREPROCESSING_VERSION
from igwas.images.process import process_photographs
from igwas.images.source_list import list_sources
from igwas.output_paths import OutputPaths
from igwas.wording import counted

_MANIFESTS = (".csv", ".tsv", ".txt")
_SHOWN = 5


@dataclass(frozen=True)
class MadeImages:
    """Images that were made of photographs for one run.

    Parameters
    ----------
    path : Path
        The images.h5.
    inputs : dict of str to Path
        For the provenance: the manifest, if there is one.
    attributes : dict of str to str
        Root attributes of the embeddings.
    notes : tuple of str
        Files that gave no image.
    """

    path: Path
    inputs: dict[str, Path]
    attributes: dict[str, str]
    notes: tuple[str, ...]


def is_photographs(path: Path) -> bool:
    """Whether it is a folder or a manifest of photographs, and no images.h5."""
    return path.is_dir() or path.suffix.lower() in _MANIFESTS


def images_paths(paths: OutputPaths) -> tuple[Path, Path]:
    """Where the images are made, and what an interrupted run may leave of them."""
    path = paths.output.with_name(paths.output.name + ".images.h5")
    return path, path.with_name(path.name + ".partial")


def is_finished(source: Path, encoder: Encoder, paths: OutputPaths, options: EmbedOptions) -> bool:
    """Whether the run to resume had come to its end.

    The images it was made from are gone: the folder's name, the model and the options are compared,
    not the photographs.

    Raises
    ------
    IncompleteFile
        If the output was made from something else.
    """
    if not paths.output.exists() or paths.partial.exists() or images_paths(paths)[0].exists():
        return False
    is_done, attributes = read_progress(paths.output)
    before = json.loads(attributes.get("options", "{}"))
    found = {
        "photographs": (attributes.get("photographs"), str(source)),
        "model_digest": (before.get("model_digest"), encoder.card.digest),
        "min_grade": (before.get("min_grade"), options.min_grade),
        "precision": (before.get("precision", "float32"), options.precision),
        "test_time": (set(before.get("test_time", ())), set(options.test_time)),
    }
    for name, (old, new) in found.items():
        if old != new:
            raise IncompleteFile(
                f"{paths.output} was made with {name} {old!r}, this run has {new!r}; expected the "
                "same inputs and options. Give --overwrite to start again."
            )
    return bool(is_done.all())


def finished_summary(encoder: Encoder, paths: OutputPaths) -> EmbedSummary:
    """Summary of a run that had nothing to do."""
    found = read_embeddings(paths.output)
    return EmbedSummary(
        output=paths.output,
        n_images=len(found.columns),
        n_dimensions=len(found.dimension_names),
        n_participants=len(set(found.columns.participant_id)),
        n_left_out=0,
        n_resumed=len(found.columns),
        provider=encoder.opened.provider,
        reason=encoder.opened.reason,
        batch_size=int(found.attributes["batch_size"]),
        seconds=0.0,
    )


@contextmanager
def made_images(
    source: Path,
    encoder: Encoder,
    paths: OutputPaths,
    options: EmbedOptions,
    context: Context,
    progress: Progress | None,
) -> Iterator[MadeImages]:
    """Make images of photographs, of the size the encoder takes; removed if all goes well.

    Parameters
    ----------
    source : Path
        Folder or manifest.
    encoder : Encoder
    paths : OutputPaths
        Of the embeddings.
    options : EmbedOptions
        `resume` goes on with images made before.
    context : Context
        Worker processes.
    progress : callable(done, total), optional
        Called for the photographs first, then for the vectors.

    Raises
    ------
    InputError
        If the encoder learnt from other preprocessing, or no photograph gives an image.
    OptionError
        If the output is one of the photographs.
    """
    version = encoder.card.preprocessing_version
    if version != PREPROCESSING_VERSION:
        raise InputError(
            f"{encoder.path} learnt from photographs prepared by version {version!r}, this "
            f"igwas-fast prepares by {PREPROCESSING_VERSION!r}; expected the same. Use the "
            "igwas-fast that trained the model, or train again."
        )
    _refuse_photograph(source, paths.output)
    path, partial = images_paths(paths)
    if not (options.resume and path.exists()):
        # The device and the bound on memory are the encoder's.
        process_photographs(
            source, path, context=Context(threads=context.threads), progress=progress,
            options=ImagesOptions(
                size_px=encoder.card.size_px, resume=options.resume, overwrite=options.overwrite
            ),
        )  # fmt: skip
    inputs = {"manifest": source} if source.is_file() else {}
    yield MadeImages(path, inputs, {"photographs": str(source)}, _notes(path))
    path.unlink(missing_ok=True)
    partial.unlink(missing_ok=True)


def _refuse_photograph(source: Path, output: Path) -> None:
    if not output.exists():
        return
    for one in list_sources(source).sources:
        if one.path.exists() and one.path.samefile(output):
            raise OptionError(
                f"--output is {output}, which would replace a photograph; expected another file. "
                "Choose another name."
            )


def _notes(path: Path) -> tuple[str, ...]:
    with read_images(path) as images:
        skipped = images.skipped
    if not len(skipped):
        return ()
    lines = [f"{counted(len(skipped), 'file', 'files')} gave no image:"]
    lines += [f"  {row.path}: {row.reason}" for row in skipped.head(_SHOWN).itertuples()]
    if len(skipped) > _SHOWN:
        lines.append(f'  and {len(skipped) - _SHOWN:,} more; "igwas-fast images" lists them all')
    return tuple(lines)
