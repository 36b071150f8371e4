"""What the log says of how files arrive; never a password, a key or a file's content."""

from portal.core.events import changes

PLACE = ("place", "host", "folder")

SOURCE_ADD = changes("source.add", "added a place from which files are taken", PLACE)
SOURCE_CHANGE = changes("source.change", "changed a place from which files are taken", PLACE)
SOURCE_REMOVE = changes("source.remove", "removed a place from which files were taken", PLACE)
SOURCE_TRUST = changes("source.trust", "confirmed the key of an SFTP server", ("host", "fingerprint", "earlier"))
SOURCE_LOOK = changes("source.look", "asked for a look at a place of files", ("look",))
SOURCE_TAKE = changes("source.take", "took files from their place", ("found", "taken", "left"))
SOURCE_FAIL = changes("source.fail", "could not take files from their place", ("look", "stopped"))
EXPECT = changes("connector.expect", "changed how often a carrier's file is expected", ("days",))
