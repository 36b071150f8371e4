"""What uploads leave in the log: counts and ids, never a value."""

from __future__ import annotations

from portal.core.events import changes, reads

UPLOAD_READ = reads("upload.read", "looked at an upload of contacts")
UPLOAD_START = changes("upload.start", "brought a file of contacts", ("rows",))
UPLOAD_PREVIEW = changes("upload.preview", "let a file be compared with the contacts", ("rows", "matched"))
UPLOAD_CHOOSE = changes("upload.choose", "said whom rows of an upload mean", ("rows",))
UPLOAD_REPLACE = changes("upload.replace", "said whether the values of a file replace others", ("replaces",))
UPLOAD_APPLY = changes(
    "upload.apply", "took contacts from a file", ("created", "matched", "fields", "notes", "replaced")
)
UPLOAD_UNDO = changes("upload.undo", "took an upload back", ("upload", "removed", "blanked", "kept"))
UPLOAD_ROW_UNDO = changes("upload.row_undo", "took a row of an upload back", ("upload", "removed", "blanked"))
UPLOAD_EXPORT = reads("upload.export", "downloaded what was left out of an upload", ("rows",))
