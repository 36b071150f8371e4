"""What every account must show, in plain Python that knows nothing of the portal: no database, no batches, no ladder.

Policies and people go by names; a person is who they are, however the portal finds out.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Account:
    """One Business: what it was given by the last run, and what its agent did to it."""

    npns: set[str]
    held: set[str] = field(default_factory=set)  # policies that a run brought and nothing took away
    removed: dict[str, str] = field(default_factory=dict)  # policy → "alone", or the person it went with
    gone: set[str] = field(default_factory=set)  # people that the agent removed
    own: set[str] = field(default_factory=set)  # people whom the agent uploaded, typed in or edited
    merged: dict[str, str] = field(default_factory=dict)  # person → whose contact they became


@dataclass(slots=True)
class Truth:
    """The book as the files and the crosswalk last told it, and the accounts."""

    accounts: dict[str, Account]
    person: dict[str, str] = field(default_factory=dict)  # policy → who it insures
    writer: dict[str, str | None] = field(default_factory=dict)  # policy → NPN, None: unattributed

    def belongs(self, account: Account) -> set[str]:
        return {policy for policy, npn in self.writer.items() if npn in account.npns}

    def settle(self) -> None:
        """Taking away never waits."""
        for account in self.accounts.values():
            account.held &= self.belongs(account)

    def sync(self, account: Account) -> None:
        """A run brings everything that belongs there."""
        new = self.belongs(account) - account.held
        for policy in new:
            if self.person[policy] in account.gone:
                account.removed.setdefault(policy, self.person[policy])
        account.held = self.belongs(account)

    def shown(self, account: Account, npn: str | None = None) -> set[str]:
        """The policies on the pages of a whole-account user, or of one who is limited to `npn`."""
        return {p for p in account.held - set(account.removed) if npn is None or self.writer[p] == npn}

    def who(self, account: Account, person: str) -> str:
        while person in account.merged:
            person = account.merged[person]
        return person

    def contacts(self, account: Account) -> dict[str, set[str]]:
        """Who is in the account: contact → their policies that are shown."""
        found: dict[str, set[str]] = {self.who(account, person): set() for person in account.own - account.gone}
        for policy in self.shown(account):
            found.setdefault(self.who(account, self.person[policy]), set()).add(policy)
        return found
