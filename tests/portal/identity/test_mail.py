"""Mails that land in the folder."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import Path

from portal.identity.mail import _file


def test_an_address_with_a_slash_names_a_file_and_no_folder(tmp_path: Path) -> None:
    message = EmailMessage()
    message["To"] = "a/../b@agents.example"
    _file(tmp_path, message)
    assert [path.name.partition("-")[2] for path in tmp_path.iterdir()] == ["a_.._b_at_agents.example.eml"]
