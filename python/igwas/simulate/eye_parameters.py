"""What differs between the eyes of a simulated population."""

from dataclasses import dataclass

from igwas.simulate.cameras import CAMERAS, Camera

__all__ = ["CAMERAS", "EYE_PARAMETERS", "Camera", "EyeParameter", "parameter_names"]


@dataclass(frozen=True)
class EyeParameter:
    """One way in which eyes differ.

    An eye has a score for it, standard normal in the population; `igwas.simulate.anatomy` says
    which size or density a score stands for.

    Parameters
    ----------
    name : str
        As in the truth of a cohort.
    meaning : str
        What a higher score shows, in a phrase.
    between_eyes : float
        Correlation of the scores of the left and the right eye of a person.
    """

    name: str
    meaning: str
    between_eyes: float


EYE_PARAMETERS: tuple[EyeParameter, ...] = (
    EyeParameter("pigment", "darker, browner fundus", 0.95),
    EyeParameter("disc_size", "larger optic disc", 0.85),
    EyeParameter("cup_ratio", "larger cup in the disc", 0.80),
    EyeParameter("vessel_calibre", "wider vessels", 0.75),
    EyeParameter("arteriole_venule_ratio", "arterioles wider beside venules", 0.85),
    EyeParameter("vessel_tortuosity", "more winding vessels", 0.90),
    EyeParameter("vessel_branching", "more branches", 0.80),
    EyeParameter("macula", "darker, wider macula", 0.85),
    EyeParameter("fundus_texture", "choroidal vessels show more", 0.90),
)


def parameter_names() -> list[str]:
    """Names of EYE_PARAMETERS, in order.

    Examples
    --------
    >>> parameter_names()[:3]
    ['pigment', 'disc_size', 'cup_ratio']
    """
    return [parameter.name for parameter in EYE_PARAMETERS]
