"""How carrier files come in by themselves: watched folders, SFTP servers, when they are looked at, and what is late."""
