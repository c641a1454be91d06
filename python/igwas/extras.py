"""How to install what an optional part needs: this package is on no index, only in a checkout."""


def install_command(*names: str, again: bool = False) -> str:
    """The command that installs the extras a message speaks of, and where to run it.

    Parameters
    ----------
    *names : str
        Extras of pyproject.toml.
    again : bool
        Put new copies in place of what is there.

    Examples
    --------
    >>> install_command("encoder")
    'pip install ".[encoder]" (in the checkout of igwas-fast)'
    """
    force = "--force-reinstall " if again else ""
    return f'pip install {force}".[{",".join(names)}]" (in the checkout of igwas-fast)'
