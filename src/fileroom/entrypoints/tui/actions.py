# ruff: noqa: E501 - a table, a line an action
"""The one table of what can be done: keys, help, command palette and footer are made from it.

An action's name is that of a method of the app, `action_NAME`. Where a command of the command line does the same, it is
named, so that the help shows both.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Group(StrEnum):
    """Under which heading the help shows an action."""

    PANES = "Panes"
    LISTS = "In lists"
    NODES = "Nodes"
    OBJECTS = "Studies, series and instances"
    TASKS = "Tasks"
    ELSE = "Everything else"


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can be done."""

    name: str
    """As the app's method has it; with arguments in brackets."""
    keys: tuple[str, ...]
    """As Textual names them."""
    title: str
    """A few words for the last line and the palette."""
    says: str
    """A sentence for the help."""
    group: Group
    command: str = ""
    """The command of the command line that does the same."""
    everywhere: bool = False
    """It works while something is typed, too."""


_P, _L, _N, _O, _T, _E = Group.PANES, Group.LISTS, Group.NODES, Group.OBJECTS, Group.TASKS, Group.ELSE

ACTIONS: Final = (
    Action("focus_pane('nodes')", ("1",), "Nodes", "Go to the nodes.", _P, "node-list"),
    Action("focus_pane('query')", ("2",), "Query", "Go to what a node has told.", _P),
    Action("focus_pane('local')", ("3",), "Local", "Go to what is here.", _P, "local"),
    Action("focus_pane('details')", ("4",), "Details", "Go to the details of what the cursor is on.", _P),
    Action("focus_pane('tasks')", ("5",), "Tasks", "Go to the tasks.", _P),
    Action("focus_pane('listener')", ("6",), "Listener", "Go to the listener.", _P),
    Action("focus_pane('logs')", ("7",), "Logs", "Go to the log.", _P),
    Action("next_pane", ("tab",), "Next pane", "Go to the next pane.", _P),
    Action("previous_pane", ("shift+tab",), "Previous pane", "Go to the pane before.", _P),
    Action("zoom", ("z",), "Zoom", "Give the whole screen to this pane, and back.", _P),
    Action("enter", ("enter",), "Open", "Open what the cursor is on: a study, a series, a task; of all else, the details.", _L),
    Action("leave", ("escape",), "Back", "Go back one level, from details to their list, or take the filter away.", _L),
    Action("toggle_selected", ("space",), "Select", "Select a row, or let it go; actions take all that are selected, or else the one that the cursor is on.", _L),
    Action("select_all", ("ctrl+a",), "Select all", "Select all rows, or let all go.", _L),
    Action("filter", ("slash",), "Filter", "Show only what fits, as one types.", _L, "filter"),
    Action("copy_uid", ("y",), "Copy UID", "Copy the UID, or the name, of what the cursor is on.", _L),
    Action("export", ("x",), "Export", "Write what is listed to a file, as CSV or JSON.", _L, "export"),
    Action("refresh", ("r",), "Refresh", "Read the list again; of matches, ask the node again.", _L),
    Action("add_node", ("a",), "Add", "Register a node.", _N, "node-add"),
    Action("edit_node", ("e",), "Edit", "Change the node that the cursor is on.", _N, "node-edit"),
    Action("delete_node", ("d",), "Delete", "Forget the nodes that are selected, after a question.", _N, "node-delete"),
    Action("echo_node", ("p",), "Echo", "Verify that the nodes that are selected answer (C-ECHO).", _N, "echo"),
    Action("query_node", ("f",), "Query", "Ask a node what it has (C-FIND).", _N, "query"),
    Action("retrieve", ("m",), "Retrieve", "Fetch what is selected from its node (C-MOVE or C-GET).", _O, "retrieve"),
    Action("import_files", ("i",), "Import", "File what is in files, folders and ZIP archives.", _O, "import"),
    Action("send", ("s",), "Send", "Give what is selected to a node (C-STORE).", _O, "send-study"),
    Action("work_on_files", ("w",), "Work on files", "Dump, validate, convert or de-identify what is selected here, or files.", _O, "transcode"),
    Action("toggle_history", ("t",), "History", "Show the tasks that ended in the place of those that run, and back.", _T),
    Action("cancel_task", ("c",), "Cancel", "Ask the task that the cursor is on to stop, or those that are selected.", _T, "cancel"),
    Action("toggle_listener", ("l",), "Listen", "Start the listener, or stop it.", _T, "listen"),
    Action("command_line", ("colon",), "Command", "Type a command.", _E),
    Action("help", ("question_mark",), "Help", "Show this.", _E, "help"),
    Action("command_palette", ("ctrl+p",), "Palette", "Look for an action by its name.", _E, everywhere=True),
    Action("toggle_theme", ("f2",), "Light and dark", "Change between light and dark.", _E, "theme", everywhere=True),
    Action("suspend_process", ("ctrl+z",), "Suspend", "Go back to the shell; fg returns. Tasks and listener stand still.", _E, everywhere=True),
    Action("quit", ("q",), "Quit", "Leave; asks while tasks run.", _E, "quit"),
    Action("quit", ("ctrl+q",), "Quit", "Leave, from anywhere.", _E, everywhere=True),
)  # fmt: skip

PANE_KEYS: Final = {
    "nodes": ("query_node", "echo_node", "add_node", "edit_node", "delete_node", "filter"),
    "query": (
        "retrieve",
        "query_node",
        "toggle_selected",
        "filter",
        "enter",
        "refresh",
        "export",
        "copy_uid",
    ),
    "local": (
        "send",
        "import_files",
        "toggle_selected",
        "filter",
        "enter",
        "work_on_files",
        "export",
        "retrieve",
        "copy_uid",
    ),
    "details": ("filter", "leave", "zoom"),
    "tasks": ("enter", "cancel_task", "toggle_history", "filter", "copy_uid"),
    "listener": ("toggle_listener", "zoom"),
    "logs": ("filter", "zoom", "copy_uid"),
}
"""What the last line offers in each pane, by the names of actions, as far as there is room."""
ALWAYS: Final = ("command_line", "help", "quit")
"""What it offers everywhere."""

_KEY_TEXTS: Final = {
    "slash": "/", "colon": ":", "question_mark": "?", "space": "Space", "escape": "Esc", "enter": "Enter", "tab": "Tab",
}  # fmt: skip


def key_text(key: str) -> str:
    """Write a key as keyboards have it: `Shift+Tab`, `?`."""
    *held, last = key.split("+")
    shown = _KEY_TEXTS.get(last, last)
    if held or (len(shown) > 1 and shown[0] == "f" and shown[1:].isdigit()):
        shown = shown.upper() if len(shown) < 3 else shown
    return "+".join([*(each.capitalize() for each in held), shown])
