"""Every page: links, command lines, and words that do not belong there."""

import re
from pathlib import Path

import pytest

from tests.docs.command_line import parse
from tests.docs.pages import PAGES, ROOT, anchors, commands, links, mentioned_commands, name_of
from tests.fileroom_cli import FileroomCli

HARMLESS = (["config", "path"], ["config", "show"], ["node", "list"], ["local", "studies"])

every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


@every_page
def test_relative_links_lead_to_a_file_and_a_heading(page: Path) -> None:
    for target in links(page):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.is_relative_to(ROOT), target
        assert found.exists(), target
        if anchor:
            assert anchor in anchors(found), target


@every_page
def test_command_lines_can_be_parsed(page: Path) -> None:
    for arguments in commands(page):
        try:
            parse(arguments)
        except Exception as error:  # noqa: BLE001 - the library's classes differ from version to version
            pytest.fail(f"fileroom {' '.join(arguments)}: {error}")


@every_page
def test_commands_in_running_text_exist(page: Path) -> None:
    for arguments in mentioned_commands(page):
        try:
            parse(arguments)
        except Exception as error:  # noqa: BLE001 - the library's classes differ from version to version
            if type(error).__name__ not in {"MissingParameter", "NoArgsIsHelpError", "Exit"}:
                pytest.fail(f"fileroom {' '.join(arguments)}: {error}")


def test_harmless_command_lines_run(data_dir: Path) -> None:
    cli = FileroomCli(data_dir)
    told = {
        tuple(arguments)
        for page in PAGES
        for arguments in commands(page)
        if arguments[:2] in HARMLESS and "--out" not in arguments
    }
    assert {arguments[:2] for arguments in told} >= {
        ("config", "show"),
        ("node", "list"),
        ("local", "studies"),
    }
    for arguments in sorted(told):
        ran = cli.run(*arguments)
        assert ran.code == 0, f"fileroom {' '.join(arguments)}\n{ran.stderr}"


@every_page
def test_page_names_nothing_of_one_machine(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for found in re.finditer(r"/(?:work|root|Users)/\S*|/home/(?!me\b)\S*|/tmp/(?!my-demo)\S*", text):
        pytest.fail(found[0])


def test_picture_brings_no_fonts_and_no_paths_of_one_machine() -> None:
    picture = (ROOT / "docs" / "pictures" / "demo.svg").read_text(encoding="utf-8")
    assert "@font-face" not in picture
    assert "url(http" not in picture
    assert not re.search(r"/(?:work|root|home|tmp)/", picture)
