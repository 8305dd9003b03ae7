"""What the documents say is complete and true: an undocumented thing fails here."""

import re
from dataclasses import fields
from pathlib import Path

from leasehold.settings import Settings

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#]+)(#[^)]*)?\)")
_SOURCE_FILE = re.compile(r"`((?:src/leasehold/|tests/|[a-z0-9_]+/)[a-z0-9_/]+\.(?:py|sql))\b")


def test_every_setting_is_documented_with_its_sentence() -> None:
    page = (ROOT / "docs/settings.md").read_text()

    for setting in fields(Settings):
        assert f"`LEASEHOLD_{setting.name.upper()}`" in page
        assert setting.metadata["says"] in page


def test_every_link_between_documents_leads_somewhere() -> None:
    broken = [
        f"{document.relative_to(ROOT)}: {link}"
        for document in DOCUMENTS
        for link, _ in _LINK.findall(document.read_text())
        if not (document.parent / link).exists()
    ]

    assert broken == []


def test_every_file_that_the_architecture_names_is_there() -> None:
    named = {match[0] for match in _SOURCE_FILE.finditer((ROOT / "ARCHITECTURE.md").read_text())}
    paths = {name.strip("`") for name in named}

    missing = [
        p for p in paths if not ((ROOT / "src/leasehold" / p).exists() or (ROOT / p).exists())
    ]

    assert len(paths) > 10
    assert missing == []


def test_every_decision_is_numbered_and_none_is_missing() -> None:
    numbers = sorted(int(p.name[:4]) for p in (ROOT / "docs/decisions").glob("0*.md"))

    assert numbers == list(range(1, len(numbers) + 1))
