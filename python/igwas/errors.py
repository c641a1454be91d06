"""Every error a user can meet; each message says what is wrong, what was expected, what to do."""


class IgwasError(Exception):
    """Base of all errors raised on purpose; the command line turns it into one line and exit 1."""


class InputError(IgwasError):
    """A user's file, or a value in it, cannot be used."""


class OptionError(IgwasError):
    """The options contradict each other or the data; the command line exits with 2."""


class ShapeError(IgwasError, ValueError):
    """Arrays disagree on an axis."""


class SchemaError(InputError):
    """A file of ours lacks an array, or an array has the wrong axes or type."""


class CorruptFile(InputError):
    """Stored bytes do not match their checksum, or the file is shorter than it says."""


class IncompleteFile(InputError):
    """A file was left unfinished by an interrupted run."""


class OutputError(IgwasError):
    """A result cannot be written: it exists, its folder does not, or the disk is full."""


class DeviceUnavailable(IgwasError):
    """A device was asked for by name and cannot be used."""


class TrainingFailed(IgwasError):
    """A training run cannot go on: its loss is no longer a number."""
