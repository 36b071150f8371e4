"""Rules of the house, checked on the source, the database's catalog and the running application."""
