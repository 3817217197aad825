"""The listener: starting and stopping it, and knowing of those in other processes."""

from typing import Any, Final

from fileroom.entrypoints.tui.doing.tasks import TaskActions
from fileroom.entrypoints.tui.listening import ListenerState
from fileroom.entrypoints.wording import counted

_LOOK_SECONDS: Final = 2.0
"""Between looks for a listener in another process."""


class ListeningActions(TaskActions):
    """The actions of the listener."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - those of the app
        """Nothing was seen yet."""
        super().__init__(*arguments, **named)
        self._listener_was = ListenerState.OFF
        self._is_looking_for_listeners = False

    def on_mount(self) -> None:
        """Look for other listeners now and then."""
        self._look_for_listeners()
        self.set_interval(_LOOK_SECONDS, self._look_for_listeners)

    def action_toggle_listener(self) -> None:
        """Start the listener, or stop it."""
        listener = self.listener
        if listener.state is ListenerState.OFF:
            listener.start()
        elif listener.state is ListenerState.STOPPING:
            self.notify("The listener is about to stop: objects in flight are finished first.")
        elif listener.associations:
            calls = [f"{one.caller}, {counted(one.objects, 'object')}" for one in listener.associations]
            self.ask_whether("Stop the listener? Peers are connected.", calls, listener.stop, yes="Stop")
        else:
            listener.stop()
        self.look_around()

    def look_around(self) -> None:
        """Tell when the listener has started, stopped or failed."""
        super().look_around()
        if not self.screen_stack:
            return
        self.listener_pane.look_again()
        state, before = self.listener.state, self._listener_was
        self._listener_was = state
        if state is before:
            return
        info = self.listener.info
        if state is ListenerState.ON and info is not None:
            self.notify(f"{info.ae_title} listens at {info.bind} port {info.port}.", markup=False)
        elif state is ListenerState.OFF and self.listener.error is not None:
            self.tell_error(self.listener.error)
        elif state is ListenerState.OFF:
            self.notify("The listener has stopped.")

    def _look_for_listeners(self) -> None:
        if self._is_looking_for_listeners:
            return
        self._is_looking_for_listeners = True

        def look() -> None:
            found: object = None
            try:
                found = None if self.listener.is_on else self.room.container.presence().current()
            finally:
                self.post(take, found)

        def take(found: object) -> None:
            self._is_looking_for_listeners = False
            self.listener_pane.elsewhere = found  # type: ignore[assignment]

        self.room.background(look)
