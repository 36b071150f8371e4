"""Books, edits, attributions, moves, uploads, merges, removals and runs: the portal shows what the model says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from hypothesis import Phase, given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from portal.crm import removal
from tests.model import played
from tests.model.played import CODES, NPNS, OWN, PEOPLE
from tests.model.truth import Account, Truth
from tests.support.examples import examples

NAMES = ("one", "two")
npns = st.sampled_from(NPNS)
accounts = st.sampled_from(NAMES)
policies = st.integers(1, 6)
people = st.sets(st.sampled_from(PEOPLE + OWN), min_size=1)
steps = st.one_of(
    st.tuples(st.just("tell"), policies, st.sampled_from(PEOPLE), npns),
    st.tuples(st.just("tell"), policies, st.sampled_from(PEOPLE), npns),
    st.tuples(st.just("omit"), policies),
    st.tuples(st.just("number"), st.integers(1, 3), st.sampled_from(CODES)),
    st.just(("load",)),
    st.just(("load",)),
    st.tuples(st.just("crosswalk"), st.sampled_from(CODES), st.one_of(st.none(), npns)),
    st.tuples(st.just("join"), accounts, npns),
    st.tuples(st.just("leave"), accounts, npns),
    st.tuples(st.just("sync"), accounts),
    st.tuples(st.just("sync"), accounts),
    st.tuples(st.just("upload"), accounts, people, st.booleans()),
    st.tuples(st.just("remove"), accounts, st.integers(0, 5)),
    st.tuples(st.just("restore"), accounts, st.integers(0, 5)),
    st.tuples(st.just("merge"), accounts, st.integers(0, 5), st.integers(0, 5)),
    st.tuples(st.just("unmerge"), accounts),
    st.tuples(st.just("undone"), accounts, people, st.booleans()),
    st.tuples(st.just("undo"), accounts, st.integers(0, 3)),
    st.tuples(st.just("bring"), accounts, npns),
    st.tuples(st.just("move"), npns, accounts),
    st.tuples(st.just("see_off"), npns),
    st.tuples(st.just("remove_contact"), accounts, st.integers(0, 5)),
    st.tuples(st.just("restore_contact"), accounts, st.integers(0, 5)),
)
days = st.lists(steps, min_size=6, max_size=14)
openings = st.fixed_dictionaries({name: st.sets(npns, min_size=1, max_size=2) for name in NAMES})


class Both:
    """One step at a time, in the portal and in the model."""

    def __init__(self, app: Flask, store: Session, wanted: dict[str, set[str]]) -> None:
        self.place = played.open_place(app, store, wanted)
        self.truth = Truth({name: Account(set(npns)) for name, npns in wanted.items()})
        self.codes: dict[str, str | None] = {}
        self.loaded: dict[str, str] = {}  # policy → the writing number in the book
        self.merges: list[tuple[str, str, str]] = []  # account, kept person, merged person
        self.out: dict[tuple[str, str], UUID] = {}  # account, person → their contact, which the agent removed

    def tell(self, number: int, who: str, npn: str) -> None:
        # A policy insures whom it insured when it was first told: of somebody else it would be another policy.
        policy = f"P{number}"
        self.place.aetna[policy] = (self.truth.person.setdefault(policy, who), npn)

    def omit(self, number: int) -> None:
        self.place.aetna.pop(f"P{number}", None)

    def number(self, number: int, code: str) -> None:
        self.place.mutual[f"56000{number}"] = code

    def load(self) -> None:
        played.load(self.place)
        for policy, (who, npn) in self.place.aetna.items():
            self.truth.person[policy], self.truth.writer[policy] = who, npn
        self.loaded = dict(self.place.mutual)
        for policy, code in self.loaded.items():
            self.truth.person[policy], self.truth.writer[policy] = policy, self.codes.get(code)
        self.truth.settle()

    def crosswalk(self, code: str, npn: str | None) -> None:
        played.name_code(self.place, code, npn)
        # The old line ends first, and what it gave is taken away at once; the new one gives for the next run.
        for now in (None, npn):
            self.codes[code] = now
            self.truth.writer |= {policy: now for policy, its in self.loaded.items() if its == code}
            self.truth.settle()

    def join(self, account: str, npn: str) -> None:
        played.join(self.place, account, npn)
        self.truth.accounts[account].npns.add(npn)

    def leave(self, account: str, npn: str) -> None:
        if npn in self.truth.accounts[account].npns:
            played.leave(self.place, account, npn)
            self.truth.accounts[account].npns.discard(npn)
            self.truth.settle()

    def bring(self, account: str, npn: str) -> None:
        played.bring(self.place, account, npn)
        self.truth.accounts[account].npns.add(npn)

    def move(self, npn: str, origin: str) -> None:
        target = next(name for name in NAMES if name != origin)
        if npn in self.truth.accounts[origin].npns:
            played.move(self.place, npn, origin, target)
            self.truth.accounts[origin].npns.discard(npn)
            self.truth.accounts[target].npns.add(npn)
            self.truth.settle()

    def see_off(self, npn: str) -> None:
        played.see_off(self.place, npn)
        for account in self.truth.accounts.values():
            account.npns.discard(npn)
        self.truth.settle()

    def sync(self, account: str) -> None:
        played.run(self.place, account)
        self.truth.sync(self.truth.accounts[account])

    def upload(self, account: str, people: set[str], medicare: bool) -> None:
        if people := self._plain(account, people):
            played.upload(self.place, account, people, medicare=medicare)
            self.truth.upload(self.truth.accounts[account], people)

    def _plain(self, account: str, people: set[str]) -> set[str]:
        """Of whom a file makes no twin: who left with the last policy is not seen, and two people are never one."""
        mine = self.truth.accounts[account]
        return people - {who for pair in mine.merged.items() for who in pair} - self.truth.left(mine)

    def undo(self, account: str, which: int) -> None:
        mine = self.truth.accounts[account]
        if mine.uploads:
            number = which % len(mine.uploads)
            played.undo_upload(self.place, account, number)
            self.truth.undo(mine, number)

    def undone(self, account: str, people: set[str], medicare: bool) -> None:
        if people := self._plain(account, people):
            played.upload(self.place, account, people, medicare=medicare)
            played.undo_upload(self.place, account, -1)

    def merge(self, account: str, one: int, other: int) -> None:
        # Two people are never one: who merges somebody into them before a carrier tells of them is asked again.
        mine, ever = self.truth.accounts[account], self.truth.accounts[account].known | set(OWN)
        people = {who: contact for who, contact in self._contacts(account).items() if who in ever}
        kept, merged = (sorted(people)[number % len(people)] if people else "" for number in (one, other))
        if kept != merged:
            played.merge(self.place, account, people[kept], people[merged])
            mine.merged[merged] = kept
            mine.touched |= {kept, merged}
            self.merges.append((account, kept, merged))

    def unmerge(self, account: str) -> None:
        mine = [(kept, merged) for where, kept, merged in self.merges if where == account]
        if mine and (kept := mine[-1][0]) in (people := self._contacts(account)):
            played.unmerge(self.place, account, people[kept])
            del self.truth.accounts[account].merged[mine[-1][1]]
            self.merges.remove((account, *mine[-1]))

    def _contacts(self, account: str) -> dict[str, UUID]:
        """Whose contact each one is: person → contact, by their policies or else by a name of theirs."""
        policies, contacts = played.seen(self.place, self.place.admins[account])
        mine = self.truth.accounts[account]
        found = {self.truth.who(mine, self.truth.person[policy]): contact for policy, contact in policies.items()}
        rest = {contact: name for contact, name in contacts.items() if contact not in found.values()}
        return {self.truth.who(mine, played.called(name)): contact for contact, name in rest.items()} | found

    def remove(self, account: str, which: int) -> None:
        mine = self.truth.accounts[account]
        shown = sorted(self.truth.shown(mine))
        if shown:
            policy = shown[which % len(shown)]
            played.with_policy(self.place, account, policy, lambda copy, by: removal.remove_policy(copy, by=by))
            mine.removed[policy] = "alone"

    def restore(self, account: str, which: int) -> None:
        mine = self.truth.accounts[account]
        out = set(mine.removed) & mine.held
        gone = sorted(p for p in out if self.truth.who(mine, self.truth.person[p]) not in mine.gone)
        if gone:
            policy = gone[which % len(gone)]
            played.restore_policy(self.place, account, policy)
            del mine.removed[policy]

    def remove_contact(self, account: str, which: int) -> None:
        people, mine = self._contacts(account), self.truth.accounts[account]
        if people:
            who = sorted(people)[which % len(people)]
            played.remove_contact(self.place, account, people[who])
            self.truth.remove(mine, who)
            self.out[account, who] = people[who]

    def restore_contact(self, account: str, which: int) -> None:
        mine = self.truth.accounts[account]
        if mine.gone:
            who = sorted(mine.gone)[which % len(mine.gone)]
            if played.restore_contact(self.place, account, self.out[account, who]):
                self.truth.restore(mine, who)

    def check(self) -> None:
        for name, account in self.truth.accounts.items():
            self._whole(name, account)
            self._limited(name)

    def _limited(self, name: str) -> None:
        """A Limited user sees their own part of the account that they belong to by now."""
        where = {self.place.accounts[one].id: account for one, account in self.truth.accounts.items()}
        limited = played.today(self.place, name)
        policies, contacts = played.seen(self.place, limited)
        assert limited.business_id is not None
        assert set(policies) == self.truth.shown(where[limited.business_id], limited.npn)
        assert set(contacts) == set(policies.values())

    def _whole(self, name: str, account: Account) -> None:
        policies, contacts = played.seen(self.place, self.place.admins[name])
        assert set(policies) == self.truth.shown(account)
        together: dict[Any, set[str]] = {contact: set() for contact in contacts}
        for policy, contact in policies.items():
            together[contact].add(policy)
        told = self.truth.contacts(account)
        kept = {contact for contact, held in together.items() if not held}
        assert sorted(map(sorted, (held for held in together.values() if held))) == sorted(
            map(sorted, (held for held in told.values() if held))
        )
        # Somebody whose policies were removed one by one stays; nobody else is there without a policy.
        without = {who for who, held in told.items() if not held}
        staying = without | {who for who in self.truth.alone(account) if who not in told}
        assert len(kept) == len(staying)
        names = {contacts[contact] for contact in kept}
        assert "" not in names  # what the agent said of somebody stays, whichever carrier falls silent
        assert {self.truth.who(account, played.called(name)) for name in names} == staying


def play(app: Flask, store: Session, wanted: dict[str, set[str]], steps: list[tuple[Any, ...]]) -> None:
    """Play the days, look after every step, and at the end bring every account up to date."""
    both = Both(app, store, wanted)
    for what, *values in steps:
        do: Callable[..., None] = getattr(both, what)
        do(*values)
        both.check()
    for name in NAMES:
        both.sync(name)
    both.check()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(8))
@examples(25, phases=[Phase.generate])
@given(wanted=openings, steps=days)
def test_every_account_shows_what_the_model_says(
    app: Flask, store: Session, part: int, wanted: dict[str, set[str]], steps: list[tuple[Any, ...]]
) -> None:
    play(app, store, wanted, steps)


@pytest.mark.deep
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(8))
@examples(250, phases=[Phase.generate])
@given(wanted=openings, steps=st.lists(steps, min_size=10, max_size=30))
def test_thousands_of_days(
    app: Flask, store: Session, part: int, wanted: dict[str, set[str]], steps: list[tuple[Any, ...]]
) -> None:
    play(app, store, wanted, steps)
