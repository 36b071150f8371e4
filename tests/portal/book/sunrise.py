"""A carrier that no layout knows: semicolons, three lines above the header, days first, one column for the name."""

from __future__ import annotations

HEADER = ["Vertragsnr", "Person", "Geb", "Beginn", "Ende", "Zust", "Vermittler", "Plan", "Plan", "", "Tel"]
NAMES = ("REYES, DANA M", "OKAFOR, SAMUEL", "LINDQVIST, INGRID", "BAPTISTE, JEAN", "NAKAMURA, YUKI", "WHITE, ROSE A")
STATUSES = ("L", "L", "B", "L", "K", "L")


def rows() -> list[list[str]]:
    """Six policies of six people."""
    made = []
    for number, (name, status) in enumerate(zip(NAMES, STATUSES, strict=True)):
        end = "01.01.2300" if status == "L" else "31.10.2026"
        born, begin = f"{13 + number}.0{1 + number}.195{number}", f"01.0{1 + number}.2026"
        writer, plan = f"100100{number % 2 + 1}", f"HMO{number % 2}"
        made.append([f"SR-00{number}7", name, born, begin, end, status, writer, "Gold", plan, "x", "n/a"])
    return made


def file_of(lines: list[list[str]] | None = None, header: list[str] | None = None) -> bytes:
    """The file with everything above its header and a total below."""
    table = [header or HEADER, *(rows() if lines is None else lines)]
    above = ["Sunrise Gesundheit;;", "Bestand zum 03.11.2026", ""]
    return "\n".join([*above, *(";".join(line) for line in table), "Total;6"]).encode()


COLUMNS = {
    "field-policy_number": "0", "field-full_name": "1", "field-birth_date": "2", "field-effective_date": "3",
    "field-term_date": "4", "field-status": "5", "field-plan_name": "8", "field-phone": "10",
}  # fmt: skip
# Words come by their frequency, then by the alphabet: L, B, K.
READING = {
    "order": "dmy", "open_end": "2300-01-01", "nothing": "n/a", "status-0": "active", "status-1": "terminated",
    "status-2": "lapsed", "product_how": "fixed", "product": "MAPD", "identity": "policy", "npn": "6",
    "says": "The agent who signed the application.", "confirmed": "y", "new_carrier": "Sunrise Gesundheit",
}  # fmt: skip
