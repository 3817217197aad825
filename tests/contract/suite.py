"""What all contract suites share."""

from typing import ClassVar


class ContractSuite:
    """Base of the suites: a subclass says which of the shared tests it replaces, so that none is lost unnoticed."""

    overrides: ClassVar[frozenset[str]] = frozenset()
    """Names of shared tests that this subclass replaces; a comment beside it says why."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        own = {name for name in vars(cls) if name.startswith("test_")}
        inherited = {name for base in cls.__mro__[1:] for name in vars(base) if name.startswith("test_")}
        undeclared = (own & inherited) - cls.overrides
        if undeclared:
            raise TypeError(
                f"{cls.__name__} replaces shared tests without declaring it: {sorted(undeclared)}"
            )
