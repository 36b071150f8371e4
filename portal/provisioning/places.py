"""The States of the United States, as the forms offer them, and which time zone is theirs."""

from __future__ import annotations

_EAST, _CENTRAL, _MOUNTAIN, _WEST = "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"
_BY_ZONE = {
    _EAST: {
        "CT": "Connecticut", "DE": "Delaware", "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia",
        "IN": "Indiana", "KY": "Kentucky", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan",
        "NH": "New Hampshire", "NJ": "New Jersey", "NY": "New York", "NC": "North Carolina", "OH": "Ohio",
        "PA": "Pennsylvania", "RI": "Rhode Island", "SC": "South Carolina", "VT": "Vermont", "VA": "Virginia",
        "WV": "West Virginia",
    },
    _CENTRAL: {
        "AL": "Alabama", "AR": "Arkansas", "IL": "Illinois", "IA": "Iowa", "KS": "Kansas", "LA": "Louisiana",
        "MN": "Minnesota", "MS": "Mississippi", "MO": "Missouri", "NE": "Nebraska", "ND": "North Dakota",
        "OK": "Oklahoma", "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "WI": "Wisconsin",
    },
    _MOUNTAIN: {
        "CO": "Colorado", "ID": "Idaho", "MT": "Montana", "NM": "New Mexico", "UT": "Utah", "WY": "Wyoming",
    },
    "America/Phoenix": {"AZ": "Arizona"},
    _WEST: {"CA": "California", "NV": "Nevada", "OR": "Oregon", "WA": "Washington"},
    "America/Anchorage": {"AK": "Alaska"},
    "Pacific/Honolulu": {"HI": "Hawaii"},
    "America/Puerto_Rico": {"PR": "Puerto Rico", "VI": "Virgin Islands"},
    "Pacific/Guam": {"GU": "Guam"},
}  # fmt: skip
STATES = dict(
    sorted(((code, name) for states in _BY_ZONE.values() for code, name in states.items()), key=lambda one: one[1])
)


def zone_of(state: str | None) -> str:
    """The time zone in which most of a state lives; Eastern where the state is not known."""
    return next((zone for zone, states in _BY_ZONE.items() if state in states), _EAST)
