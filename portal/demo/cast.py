"""Who writes the business: agents and agencies of both invented FMOs, and the fixed people whom guides name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from random import Random

from portal.demo.people import LAST as LAST_NAMES
from portal.demo.people import MEN, WOMEN, ascii_name, phone
from portal.demo.places import PLACES


@dataclass(frozen=True, slots=True)
class Producer:
    """An agent or agency that writes policies. `npn` is canonical; the carrier identifiers are this FMO's crosswalk.

    `share` is the part of the FMO's policies written under this NPN; 0 for a licence without business.
    `listed` is False for an NPN that appears in carrier files but not in the downline.
    """

    npn: str
    first: str
    last: str
    name: str  # of an agency; empty for a person
    email: str
    phone: str
    state: str
    agency_npn: str
    principal: str  # of an agency: the NPN of its principal
    san: str
    tin: str
    writing_number: str
    share: float = 0.0
    listed: bool = True

    @property
    def display(self) -> str:
        """The name as carriers print it."""
        return self.name or f"{self.first} {self.last}"


@dataclass(frozen=True, slots=True)
class CrosswalkLine:
    """What one carrier calls one NPN, with the days on which that holds; None is open."""

    carrier: str
    kind: str
    value: str
    npn: str
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True, slots=True)
class Fmo:
    """One FMO with its downline. Producers are unique by NPN inside one FMO; two FMOs may share an NPN."""

    slug: str
    name: str
    share: float
    agencies: tuple[Producer, ...]
    agents: tuple[Producer, ...]
    strangers: tuple[Producer, ...]  # write policies, are not in the downline

    @property
    def writers(self) -> tuple[Producer, ...]:
        """Everybody with a part of the business, in a stable order."""
        return tuple(one for one in (*self.agencies, *self.agents, *self.strangers) if one.share > 0)


AGENT_NPN = "8214467"  # Rosa Delgado, contracted with both FMOs
AGENCY_NPN = "17403921"  # Harbor Light Insurance Group LLC
PRINCIPAL_NPN = "6120934"  # Thomas Okafor, who writes under his own NPN and under the agency's
PRODUCER_NPN = "9345120"  # Dana Whitfield
MEMBER_NPN = "15520078"  # Luis Ferrara, third of the agency
BIGGEST_NPN = "1048822"  # Margaret Kowalczyk-Reyes: a fifth of Summit's book
IDLE_AGENTS = 6

AGENCY_NAMES = (
    "Bluebird Senior Solutions LLC", "Cornerstone Benefit Partners Inc", "Evergreen Health Advisors LLC",
    "Golden Meadow Insurance Agency", "Lighthouse Medicare Group LLC", "Riverbend Financial & Insurance",
    "Stillwater Coverage Co", "Northfield Family Insurance LLC", "Quiet Harbor Benefits Inc",
    "Tall Pines Insurance Agency",
)  # fmt: skip


def summit(rng: Random) -> Fmo:
    """Summit Senior Benefits: 8 agencies and 60 agents, among them everybody with a fixed NPN."""
    agencies = [
        _agency(rng, AGENCY_NPN, "Harbor Light Insurance Group LLC", PRINCIPAL_NPN, 1001, share=0.025),
        *(
            _agency(rng, _npn(rng, 8), name, "", 1002 + index, share=0.012)
            for index, name in enumerate(AGENCY_NAMES[:7])
        ),
    ]
    cast = [
        _named(rng, AGENT_NPN, "Rosa", "Delgado", "agent@summit.example", 2001, share=0.0341),
        _named(rng, PRINCIPAL_NPN, "Thomas", "Okafor", "principal@summit.example", 2002, AGENCY_NPN, share=0.012),
        _named(rng, PRODUCER_NPN, "Dana", "Whitfield", "producer@summit.example", 2003, AGENCY_NPN, share=0.017),
        _named(rng, MEMBER_NPN, "Luis", "Ferrara", "luis.ferrara@harborlight.example", 2004, AGENCY_NPN, share=0.011),
        _named(rng, BIGGEST_NPN, "Margaret", "Kowalczyk-Reyes", "margaret@kowalczykreyes.example", 2005, share=0.2273),
    ]
    others = _others(rng, 60 - len(cast), 2006, agencies[1:], busy=0.556)
    return Fmo(
        slug="summit",
        name="Summit Senior Benefits",
        share=0.88,
        agencies=_with_principals(agencies, others),
        agents=(*cast, *others),
        strangers=_strangers(rng, 6, 3001),
    )


def lakeside(rng: Random) -> Fmo:
    """Lakeside Insurance Marketing: 2 agencies, 14 agents; one is Rosa Delgado, with other policies than at Summit."""
    agencies = [
        _agency(rng, _npn(rng, 8), name, "", 5001 + index, share=0.06) for index, name in enumerate(AGENCY_NAMES[8:])
    ]
    rosa = _named(rng, AGENT_NPN, "Rosa", "Delgado", "agent@lakeside.example", 5101, share=0.1)
    # Summit's own SAN of Rosa belongs to somebody else here: a crosswalk holds inside one FMO only.
    others = [replace(one, san="1402001") if index == 0 else one for index, one in enumerate(
        _others(rng, 13, 5102, agencies, busy=0.754)
    )]  # fmt: skip
    return Fmo(
        slug="lakeside",
        name="Lakeside Insurance Marketing",
        share=0.12,
        agencies=_with_principals(agencies, others),
        agents=(rosa, *others),
        strangers=_strangers(rng, 2, 6001),
    )


def _npn(rng: Random, digits: int) -> str:
    return str(rng.randrange(10 ** (digits - 1), 10**digits))


def _ids(number: int) -> tuple[str, str, str]:
    """SAN, TIN (with a prefix that is never issued) and a writing number whose leading zeros count."""
    writing = f"{number * 7:06d}WDL{number % 9 + 1}" if number % 2 else f"0{number:04d}BK{number % 89:02d}"
    return str(1_400_000 + number), str(960_000_000 + number * 137), writing


def _agency(rng: Random, npn: str, name: str, principal: str, number: int, *, share: float) -> Producer:
    place = rng.choice(PLACES)
    mail = f"office@{ascii_name(name)[:24]}.example"
    return Producer(
        npn, "", "", name, mail, phone(rng, place.area), place.state, "", principal, *_ids(number), share=share
    )  # fmt: skip


def _named(
    rng: Random, npn: str, first: str, last: str, email: str, number: int, agency_npn: str = "", *, share: float
) -> Producer:
    place = rng.choice(PLACES)
    return Producer(
        npn, first, last, "", email, phone(rng, place.area), place.state, agency_npn, "", *_ids(number), share=share
    )  # fmt: skip


def _others(rng: Random, count: int, number: int, agencies: list[Producer], *, busy: float) -> list[Producer]:
    """Agents with NPNs of 1 to 10 digits, half of them in an agency; the last ones have no business."""
    lengths = [1, 3, 4, 6, 9, 10] + [7, 8, 8, 8] * count
    idle = min(IDLE_AGENTS, count // 4)
    weights = [rng.uniform(0.3, 1.0) if index < count - idle else 0.0 for index in range(count)]
    total = sum(weights)
    agents: list[Producer] = []
    seen = {AGENT_NPN, PRINCIPAL_NPN, PRODUCER_NPN, MEMBER_NPN, BIGGEST_NPN, *(one.npn for one in agencies)}
    for index in range(count):
        npn = _npn(rng, lengths[index])
        while npn in seen:
            npn = _npn(rng, lengths[index])
        seen.add(npn)
        first, last = rng.choice(WOMEN + MEN), rng.choice(LAST_NAMES)
        email = f"{ascii_name(first)}.{ascii_name(last)}@agents{number + index}.example"
        agency = agencies[index // 2 % len(agencies)].npn if index % 2 == 0 else ""
        share = busy * weights[index] / total
        agents.append(_named(rng, npn, first, last, email, number + index, agency, share=share))
    return agents


def _with_principals(agencies: list[Producer], agents: list[Producer]) -> tuple[Producer, ...]:
    """Every agency without a fixed principal gets its first member agent."""
    first = {agent.agency_npn: agent.npn for agent in reversed(agents)}
    return tuple(one if one.principal else replace(one, principal=first.get(one.npn, "")) for one in agencies)


def _strangers(rng: Random, count: int, number: int) -> tuple[Producer, ...]:
    """NPNs of agents who left or never joined: carriers still print them."""
    return tuple(
        replace(
            _named(rng, _npn(rng, 9), rng.choice(WOMEN + MEN), rng.choice(LAST_NAMES), "", number + index, share=0.003),
            listed=False,
        )
        for index in range(count)
    )
