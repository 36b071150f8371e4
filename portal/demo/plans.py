"""The four carriers of the demo and what they sell here; plan names and premiums are invented."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Carrier(StrEnum):
    """A carrier by the name that people see, as in `truth.csv`."""

    UHC = "UnitedHealthcare"
    HUMANA = "Humana"
    AETNA = "Aetna"
    MUTUAL = "Mutual of Omaha"

    @property
    def key(self) -> str:
        """The carrier's key in connectors and crosswalk."""
        return self.value.lower().replace(" ", "_")


class Plan(NamedTuple):
    """One product: CMS contract, plan and segment are empty for what Medicare does not number."""

    product: str
    name: str
    contract: str
    pbp: str
    segment: str
    premium: str


PLANS: dict[Carrier, tuple[Plan, ...]] = {
    Carrier.UHC: (
        Plan("MAPD", "UHC Meadow Choice HMO-POS", "H1045", "012", "000", "0.00"),
        Plan("MAPD", "UHC Harbor Complete PPO", "H2228", "041", "000", "29.00"),
        Plan("DSNP", "UHC Dual Bridge HMO D-SNP", "H0251", "004", "000", "0.00"),
        Plan("PDP", "UHC Rx Saver PDP", "S5921", "366", "000", "41.30"),
    ),
    Carrier.HUMANA: (
        Plan("MAPD", "Humana Orchard Plus HMO", "H1036", "335", "002", "0.00"),
        Plan("MAPD", "Humana Lantern PPO", "H5216", "207", "001", "34.00"),
        Plan("MA", "Humana Honor Giveback PPO", "H5216", "311", "000", "0.00"),
        Plan("PDP", "Humana Basic Rx PDP", "S5884", "132", "000", "52.70"),
    ),
    Carrier.AETNA: (
        Plan("MAPD", "Aetna Granite Premier PPO", "H8768", "015", "000", "0.00"),
        Plan("MAPD", "Aetna Willow Value HMO", "H3312", "068", "000", "12.00"),
        Plan("PDP", "Aetna Clover Script PDP", "S5810", "045", "000", "23.90"),
    ),
    Carrier.MUTUAL: (
        Plan("Medicare Supplement", "G", "", "", "", "148.20"),
        Plan("Medicare Supplement", "N", "", "", "", "112.75"),
        Plan("Medicare Supplement", "F", "", "", "", "203.40"),
        Plan("Living Promise Final Expense", "", "", "", "", "58.10"),
    ),
}
