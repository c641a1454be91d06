"""How photographs are made into images.h5."""

from dataclasses import dataclass

from igwas.images.crop import check_size
from igwas.images.fundus import DEFAULT_SIZE_PX
from igwas.images.views import check_views


@dataclass(frozen=True, kw_only=True)
class ImagesOptions:
    """Options of `process_photographs`.

    Parameters
    ----------
    size_px : int
        Side of a crop, pixels.
    views : tuple of str
        Further views to store: `green`, `vessels`.
    resume : bool
        Go on with an interrupted run.
    overwrite : bool
        Replace the output.

    Raises
    ------
    OptionError
        If the size is out of range, or a view is not known.
    """

    size_px: int = DEFAULT_SIZE_PX
    views: tuple[str, ...] = ()
    resume: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        check_size(self.size_px)
        check_views(self.views)
