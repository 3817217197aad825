"""The pages, and what can be checked of them: links, headings, blocks of code, command lines."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = tuple(
    sorted(
        [*ROOT.glob("*.md"), *(page for page in (ROOT / "docs").rglob("*.md") if page.parent.name != "adr")]
    )
)

_BLOCK = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_INLINE = re.compile(r"(?<!`)`(?P<text>[^`]+)`(?!`)")
_HEADING = re.compile(r"^#+ (?P<text>.+)$", re.MULTILINE)
_PLACEHOLDER = re.compile(r"\b[A-Z][A-Z_]*\b|…|\.\.\.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """A fenced block."""

    language: str
    text: str


def name_of(page: Path) -> str:
    """A page's name for people."""
    return page.relative_to(ROOT).as_posix()


def prose(page: Path) -> str:
    """The text without the fenced blocks."""
    return _BLOCK.sub("", page.read_text(encoding="utf-8"))


def blocks(page: Path) -> Iterator[Block]:
    """Every fenced block."""
    for found in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        yield Block(language=found["language"], text=found["text"])


def links(page: Path) -> Iterator[str]:
    """Every target of a link or a picture."""
    yield from (found["target"] for found in _LINK.finditer(prose(page)))


def anchors(page: Path) -> set[str]:
    """What a link to a heading of the page may say, as GitHub makes it."""
    return {
        re.sub(r"[^\w\- ]", "", found["text"].lower()).replace(" ", "-")
        for found in _HEADING.finditer(prose(page))
    }


def commands(page: Path) -> Iterator[list[str]]:
    """Every command line of fileroom in a block, as its arguments."""
    for block in blocks(page):
        if block.language in {"", "sh", "console"}:
            for line in block.text.replace("\\\n", " ").splitlines():
                text = line.removeprefix("$ ") if block.language == "console" else line
                if found := _arguments(text):
                    yield found


def mentioned_commands(page: Path) -> Iterator[list[str]]:
    """Every command line in running text that holds no placeholder."""
    for found in _INLINE.finditer(prose(page)):
        text = " ".join(found["text"].split())
        if not _PLACEHOLDER.search(
            re.sub(r"FILEROOM\w*=\S+ |(?<=-destination )\S+|(?<=-title )\S+", "", text)
        ):
            arguments = _arguments(text)
            if arguments:
                yield arguments


def _arguments(text: str) -> list[str]:
    words = shlex.split(text, comments=True) if "fileroom" in text else []
    while words and re.match(r"[A-Z_]+=", words[0]):
        words.pop(0)
    if words[:3] == ["sudo", "-u", "fileroom"]:
        words = words[3:]
    return words[1:] if words[:1] == ["fileroom"] else []
