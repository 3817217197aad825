"""What all commands share: where the data is, the settings, and the container, each made when it is first wanted."""

from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from fileroom.entrypoints.cli.interrupts import Interrupts
from fileroom.entrypoints.cli.output import Output

if TYPE_CHECKING:
    from fileroom.entrypoints.container import Container
    from fileroom.entrypoints.settings import Settings

LOG_FILE = Path("logs", "app.log")


class State:
    """One run of the command line."""

    def __init__(
        self,
        *,
        data_dir: Path | None,
        config: Path | None,
        log_level: str | None,
        quiet: bool,
        interrupts: Interrupts | None = None,
    ) -> None:
        """Take the global options as they were given."""
        self.interrupts = interrupts or Interrupts()
        self._data_dir = data_dir
        self._config = config
        self.quiet = quiet
        self.output = Output(quiet=quiet)
        self.overrides: dict[str, object] = {"log.level": log_level}

    @cached_property
    def data_dir(self) -> Path:
        """The data directory; it may not exist yet."""
        if self._data_dir is not None:
            return self._data_dir.expanduser().absolute()
        from fileroom.entrypoints.container import default_data_dir

        return default_data_dir()

    @property
    def config_file(self) -> Path:
        """Where the configuration is, or would be."""
        return self._config.expanduser() if self._config is not None else self.data_dir / "config.toml"

    @cached_property
    def settings(self) -> "Settings":
        """The settings in force.

        Raises:
            ConfigurationError: file, environment or command line hold something unusable.
        """
        from fileroom.entrypoints.configuration import load_settings

        named = self._config is not None
        file = self.config_file if named or self.config_file.exists() else None
        return load_settings(file=file, overrides=self.overrides)

    @property
    def log_file(self) -> Path:
        """Where the log goes."""
        return self.data_dir / LOG_FILE

    @cached_property
    def container(self) -> "Container":
        """Everything behind the doors; making it creates the data directory and starts the log.

        Raises:
            ConfigurationError: the data directory cannot be made.
        """
        settings = self.settings
        from fileroom.entrypoints.configuration import write_template
        from fileroom.entrypoints.container import open_container

        made = open_container(settings, self.data_dir)
        # For people who look for them; a read-only directory is no reason to stop.
        with suppress(OSError):
            write_template(self.data_dir / "config.toml")
        if not settings.objects.root:
            with suppress(OSError):
                (self.data_dir / "store").mkdir(mode=0o700)
        return made

    def close(self) -> None:
        """Give back what was opened."""
        if "container" in self.__dict__:
            from fileroom.entrypoints.container import close_container

            close_container(self.container)
