"""What is asked of an administrator about a place of files. A password or key is only ever written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from wtforms import (
    Field,
    HiddenField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
)  # fmt: skip
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional, StopValidation, ValidationError

from portal.book.arrival import names, secrets
from portal.book.arrival.models import ArrivalSource
from portal.core.forms import Form, stripped
from portal.core.zones import ZONES

_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_.-]*[a-z0-9])?|[0-9a-f:]{2,45}", re.IGNORECASE)
_TIME = re.compile(r"([01]?[0-9]|2[0-3]):[0-5][0-9]")


def _choices(words: Mapping[str, str]) -> list[SelectChoice]:
    return [SelectChoice(key, text) for key, text in words.items()]


WHEN = _choices({"button": "Only by the button", "every": "Every so often", "daily": "Daily"})
UNITS = _choices({"minutes": "Minutes", "hours": "Hours"})
LEAST_MINUTES, MOST_MINUTES = 5, 7 * 24 * 60
AFTERWARDS = _choices(
    {"leave": "Leave it there", "move": "Move it to a folder of the server", "delete": "Delete it there"}
)
HOW = _choices({"password": "Password", "key": "Private key"})


def _plain(form: Any, field: Field) -> None:
    if field.data and any(names.strange(part) for part in field.data.split("/") if part not in ("", ".", "..")):
        raise ValidationError("Use letters, digits and plain signs only.")


class KeyField(TextAreaField):  # type: ignore[misc]  # wtforms ships no types
    """Several lines that are only ever sent to us: a form that is refused does not print them."""

    def _value(self) -> str:
        return ""


def _given(form: Any, field: Field) -> None:
    if form.when.data == "every" and not (field.raw_data and field.raw_data[0].strip()):
        raise StopValidation("Say how often to look.")


class _Scheduled(Form):
    """When to look."""

    pattern = StringField(
        "Which files",
        default="*",
        filters=[stripped],
        validators=[InputRequired("Say which files; * stands for all."), Length(max=100), _plain],
    )
    when = RadioField("When to look", choices=WHEN, default="every")
    every = IntegerField("Every", default=1, validators=[_given, Optional(), NumberRange(1, MOST_MINUTES)])
    unit = SelectField("Unit", choices=UNITS, default="hours")
    daily_at = StringField("Time of day", default="06:00", filters=[stripped])
    zone = SelectField("Time zone", choices=_choices({**ZONES, "UTC": "UTC"}), default="America/New_York")

    def validate_every(self, field: Field) -> None:
        """A server is not asked all the time, and nothing is forgotten for months."""
        if self.when.data != "every":
            return
        if not LEAST_MINUTES <= self._minutes() <= MOST_MINUTES:
            raise ValidationError("Look every 5 minutes at the most, and every 7 days (168 hours) at the least.")

    def validate_daily_at(self, field: Field) -> None:
        """A time as 06:30."""
        if self.when.data == "daily" and not _TIME.fullmatch(field.data or ""):
            raise ValidationError("Enter the time of day as 06:30.")

    def _minutes(self) -> int:
        return int(self.every.data) * (60 if self.unit.data == "hours" else 1)

    def wanted(self) -> dict[str, Any]:
        """What was decided, by the source's columns."""
        hour, _, minute = (self.daily_at.data or "").partition(":")
        return {
            "pattern": self.pattern.data,
            "every_minutes": self._minutes() if self.when.data == "every" else None,
            "daily_at": f"{int(hour):02}:{minute}" if self.when.data == "daily" else None,
            "zone": self.zone.data,
        }


class FolderForm(_Scheduled):
    """A watched folder."""

    folder = StringField("Folder", filters=[stripped], validators=[Optional(), Length(max=200)])

    def validate_folder(self, field: Field) -> None:
        """Below the FMO's inbox, whatever is typed."""
        if names.parts_below(field.data or "") is None:
            raise ValidationError(
                "Name a folder below the inbox, such as humana or aetna/active: without .., hidden folders, and folders"
                " called done or refused."
            )

    def wanted(self) -> dict[str, Any]:
        """The same with the folder as it is kept."""
        return {**super().wanted(), "folder": "/".join(names.parts_below(self.folder.data or "") or ())}


class SftpForm(_Scheduled):
    """A folder on an SFTP server."""

    host = StringField("Server", filters=[stripped], validators=[InputRequired("Enter the server’s name.")])
    port = IntegerField(
        "Port", default=22, validators=[InputRequired("Enter the port, usually 22."), NumberRange(1, 65535)]
    )
    username = StringField(
        "User name", filters=[stripped], validators=[InputRequired("Enter the user name."), Length(max=100), _plain]
    )
    how = RadioField("Sign in with", choices=HOW, default="password")
    password = PasswordField("Password", validators=[Length(max=500)])
    private_key = KeyField("Private key", validators=[Length(max=16_000)], render_kw={"rows": 4})
    passphrase = PasswordField("Passphrase of the key", validators=[Optional(), Length(max=500)])
    folder = StringField("Folder on the server", filters=[stripped], validators=[Optional(), Length(max=300), _plain])
    afterwards = RadioField("After a file was taken", choices=AFTERWARDS, default="leave")
    move_to = StringField("Move to", filters=[stripped], validators=[Length(max=300), _plain])
    may_keep = False  # whether the login that is kept may stay

    def validate_host(self, field: Field) -> None:
        """A name or an address, nothing else."""
        if not _HOST.fullmatch(field.data):
            raise ValidationError("Enter a server’s name such as files.carrier.example, without sftp:// and folders.")

    def validate_move_to(self, field: Field) -> None:
        """Another folder than the one from which files are taken."""
        if self.afterwards.data == "move" and not field.data:
            raise ValidationError("Say to which folder of the server files are moved.")
        if self.afterwards.data == "move" and field.data.strip("/") == (self.folder.data or "").strip("/"):
            raise ValidationError("Files must be moved to another folder than the one they are taken from.")

    def validate_password(self, field: Field) -> None:
        """Wanted where nothing is kept."""
        if self.how.data == "password" and not field.data and not self.may_keep:
            raise ValidationError("Enter the password: a new login, or another server or user, has none yet.")

    def validate_private_key(self, field: Field) -> None:
        """Wanted where nothing is kept, and it must be one."""
        if self.how.data != "key":
            return
        if not field.data and not self.may_keep:
            raise ValidationError("Paste the private key: a new login, or another server or user, has none yet.")
        if field.data and (wrong := secrets.wrong_with(field.data, self.passphrase.data)):
            raise ValidationError(wrong)

    def secret(self) -> Mapping[str, str] | None:
        """What was typed to sign in with; None: what is kept stays."""
        if self.how.data == "key" and self.private_key.data:
            return {"private_key": self.private_key.data, "passphrase": self.passphrase.data or ""}
        return {"password": self.password.data} if self.how.data == "password" and self.password.data else None

    def wanted(self) -> dict[str, Any]:
        """The same with the server."""
        moves = self.move_to.data if self.afterwards.data == "move" else None
        named = {"host": self.host.data.lower(), "port": self.port.data, "username": self.username.data}
        return {
            **super().wanted(), **named, "folder": self.folder.data or "", "afterwards": self.afterwards.data,
            "move_to": moves,
        }  # fmt: skip


class TrustForm(Form):
    """A yes to exactly the key that the page showed."""

    shown = HiddenField()


class ExpectForm(Form):
    """How often a file is expected."""

    days = IntegerField(
        "Expect a file at least every so many days",
        validators=[Optional(), NumberRange(1, 366, "Enter a number of days from 1 to 366, or leave it empty.")],
    )


def form_for(kind: str, source: ArrivalSource | None = None) -> FolderForm | SftpForm:
    """The form of a kind of source, filled with what holds now; never with a password or key."""
    made = FolderForm if kind == "folder" else SftpForm
    if source is None:
        return made()
    held = {name: getattr(source, name) for name in ("pattern", "folder", "host", "port", "username", "zone")}
    held |= {"afterwards": source.afterwards, "move_to": source.move_to, "how": source.secret_kind or "password"}
    held["when"] = "every" if source.every_minutes else "daily" if source.daily_at else "button"
    if source.every_minutes:
        whole = source.every_minutes % 60 == 0
        held |= {"every": source.every_minutes // (60 if whole else 1), "unit": "hours" if whole else "minutes"}
    if source.daily_at:
        held["daily_at"] = source.daily_at
    return made(data=held)
