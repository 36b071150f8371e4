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
    removed: dict[str, str] = field(default_factory=dict)  # policy → "alone", or whose contact it went with
    gone: set[str] = field(default_factory=set)  # whose contacts the agent removed
    own: set[str] = field(default_factory=set)  # people whom the agent uploaded, typed in or edited
    merged: dict[str, str] = field(default_factory=dict)  # person → whose contact they became
    known: set[str] = field(default_factory=set)  # people whom a run brought once
    touched: set[str] = field(default_factory=set)  # people that were ever part of a merge
    uploads: list[dict[str, tuple[bool, bool]]] = field(default_factory=list)  # who → was there, was the agent's own


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
        for policy in self.belongs(account) - account.held:
            who = self.who(account, self.person[policy])
            account.known.add(self.person[policy])
            if who in account.gone:
                account.removed.setdefault(policy, who)
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
        found: dict[str, set[str]] = {who: set() for who in self.owned(account) - account.gone}
        for policy in self.shown(account):
            found.setdefault(self.who(account, self.person[policy]), set()).add(policy)
        return found

    def owned(self, account: Account) -> set[str]:
        """Whose contacts are the agent's own."""
        return {self.who(account, person) for person in account.own}

    def remove(self, account: Account, who: str) -> None:
        """The agent removes a contact: its policies go along."""
        account.removed |= {p: who for p in self.shown(account) if self.who(account, self.person[p]) == who}
        account.gone.add(who)

    def restore(self, account: Account, who: str) -> None:
        """The contact is back, and what went along with it, wherever that is meanwhile."""
        account.removed = {policy: how for policy, how in account.removed.items() if how != who}
        account.gone.discard(who)

    def upload(self, account: Account, people: set[str]) -> None:
        """A file names people: who is not there yet comes, and all are the agent's own. Nobody removed is restored."""
        named = {self.who(account, person) for person in people} - account.gone
        there, own = set(self.contacts(account)) | self.alone(account), self.owned(account)
        account.uploads.append({who: (who in there, who in own) for who in named})
        account.own |= named

    def undo(self, account: Account, which: int) -> None:
        """A file is taken back, as far as nothing was done since with whom it named, nor another file names them."""
        living = {self.who(account, self.person[policy]) for policy in account.held}
        taken = account.uploads.pop(which)
        others = {who for named in account.uploads for who in named}
        later = {who for named in account.uploads[which:] for who in named}
        for who, (was_there, was_own) in taken.items():
            if was_there and not was_own and who not in account.merged and who in living - later:
                account.own.discard(who)
            if not was_there and who not in living | account.touched | account.known | others:
                account.own.discard(who)
                account.gone.discard(who)

    def alone(self, account: Account) -> set[str]:
        """Who stays although each of their policies was removed by itself."""
        gone = {self.who(account, self.person[policy]) for policy in account.removed if policy in account.held}
        return gone - account.gone

    def left(self, account: Account) -> set[str]:
        """Whom a run brought once, and neither a policy nor the agent keeps in the account."""
        living = {self.who(account, self.person[policy]) for policy in account.held} | self.owned(account)
        return {person for person in account.known if self.who(account, person) not in living}
