"""Towns with a valid zip code, county and area code, so that invented addresses pass every check."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """One town: two-letter state, five-digit zip (leading zeros are kept), county, three-digit area code."""

    city: str
    state: str
    zip: str
    county: str
    area: str


PLACES = (
    Place("Boston", "MA", "02108", "Suffolk", "617"),
    Place("Worcester", "MA", "01608", "Worcester", "508"),
    Place("Springfield", "MA", "01103", "Hampden", "413"),
    Place("Providence", "RI", "02903", "Providence", "401"),
    Place("Portland", "ME", "04101", "Cumberland", "207"),
    Place("Concord", "NH", "03301", "Merrimack", "603"),
    Place("Burlington", "VT", "05401", "Chittenden", "802"),
    Place("Hartford", "CT", "06103", "Hartford", "860"),
    Place("Hoboken", "NJ", "07030", "Hudson", "201"),
    Place("Trenton", "NJ", "08608", "Mercer", "609"),
    Place("San Juan", "PR", "00901", "San Juan", "787"),
    Place("Albany", "NY", "12207", "Albany", "518"),
    Place("Rochester", "NY", "14604", "Monroe", "585"),
    Place("Pittsburgh", "PA", "15222", "Allegheny", "412"),
    Place("Lancaster", "PA", "17602", "Lancaster", "717"),
    Place("Dover", "DE", "19901", "Kent", "302"),
    Place("Annapolis", "MD", "21401", "Anne Arundel", "410"),
    Place("Roanoke", "VA", "24011", "Roanoke City", "540"),
    Place("Raleigh", "NC", "27601", "Wake", "919"),
    Place("Asheville", "NC", "28801", "Buncombe", "828"),
    Place("Charleston", "SC", "29401", "Charleston", "843"),
    Place("Savannah", "GA", "31401", "Chatham", "912"),
    Place("Tampa", "FL", "33602", "Hillsborough", "813"),
    Place("Ocala", "FL", "34471", "Marion", "352"),
    Place("Birmingham", "AL", "35203", "Jefferson", "205"),
    Place("Knoxville", "TN", "37902", "Knox", "865"),
    Place("Louisville", "KY", "40202", "Jefferson", "502"),
    Place("Columbus", "OH", "43215", "Franklin", "614"),
    Place("Toledo", "OH", "43604", "Lucas", "419"),
    Place("Fort Wayne", "IN", "46802", "Allen", "260"),
    Place("Grand Rapids", "MI", "49503", "Kent", "616"),
    Place("Des Moines", "IA", "50309", "Polk", "515"),
    Place("Madison", "WI", "53703", "Dane", "608"),
    Place("Duluth", "MN", "55802", "St. Louis", "218"),
    Place("Peoria", "IL", "61602", "Peoria", "309"),
    Place("St. Louis", "MO", "63101", "St. Louis City", "314"),
    Place("Omaha", "NE", "68102", "Douglas", "402"),
    Place("Tulsa", "OK", "74103", "Tulsa", "918"),
    Place("San Antonio", "TX", "78205", "Bexar", "210"),
    Place("Lubbock", "TX", "79401", "Lubbock", "806"),
    Place("Pueblo", "CO", "81003", "Pueblo", "719"),
    Place("Boise", "ID", "83702", "Ada", "208"),
    Place("Tucson", "AZ", "85701", "Pima", "520"),
    Place("Fresno", "CA", "93721", "Fresno", "559"),
    Place("Eugene", "OR", "97401", "Lane", "541"),
    Place("Spokane", "WA", "99201", "Spokane", "509"),
)
STREETS = (
    "Maple", "Oak", "Cedar", "Willow", "Juniper", "Birch", "Chestnut", "Sycamore", "Hawthorn", "Orchard", "Meadow",
    "Brook",
    "Ridge", "Valley", "Harbor", "Mill", "Quarry", "Granite", "Heron", "Sparrow", "Foxglove", "Clover", "Prairie",
    "Lantern",
)  # fmt: skip
STREET_KINDS = ("St", "Ave", "Rd", "Ln", "Dr", "Ct", "Way", "Pl", "Blvd")
