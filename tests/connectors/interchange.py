"""834 interchanges of people who do not exist, with every count right unless it is said otherwise."""

from __future__ import annotations

from collections.abc import Sequence

Segments = list[str]


def member(
    number: str = "M1001", last: str = "ABERNATHY", first: str = "RUTH", *, born: str = "19510307", code: str = "030",
    reason: str = "XN", who: str = "Y*18", more: Sequence[str] = (), coverages: Sequence[Sequence[str]] = (("HLT",),),
    id_kind: str = "ZZ", id_value: str = "",
) -> Segments:  # fmt: skip
    """A member loop; a coverage is (insurance line, begin, end, maintenance code, description)."""
    found = [
        f"INS*{who}*{code}*{reason}*A***FT",
        f"REF*0F*{number}",
        "REF*1L*GRP-77",
        *more,
        f"NM1*IL*1*{last}*{first}*E**" + (f"*{id_kind}*{id_value}" if id_value else ""),
        "PER*IP**HP*8135550142*EM*ruth@mail.example",
        "N3*12 ORCHARD LN*APT 4",
        "N4*TAMPA*FL*33602**CY*12057",
        f"DMG*D8*{born}*F",
    ]
    for line, *rest in coverages:
        begin, end, maintenance, plan = [*rest, "", "", "", ""][:4] if rest else ("20260101", "", "", "")
        found.append(f"HD*{maintenance or code}**{line}*{plan or 'GOLD PLUS'}*IND")
        found += [f"DTP*348*D8*{begin}"] if begin else []
        found += [f"DTP*349*D8*{end}"] if end else []
        found.append("AMT*P3*142.5")
    return found


def transaction(
    *members: Segments, number: str = "0001", action: str = "4", payer: str = "66783", broker: Sequence[str] = (),
    day: str = "20261102",
) -> Segments:  # fmt: skip
    """ST to SE; `broker` are segments of 1000C."""
    body = [
        f"BGN*00*{number}*{day}*1015****{action}",
        "REF*38*MASTER1",
        f"DTP*007*D8*{day}",
        "N1*P5*LAKEMONT WORKS*FI*999000111",
        f"N1*IN*PAYER {payer}*FI*{payer}",
        *broker,
        *(segment for one in members for segment in one),
    ]
    return [f"ST*834*{number}*005010X220A1", *body, f"SE*{len(body) + 2}*{number}"]


def group(*transactions: Segments, number: str = "1", version: str = "005010X220A1") -> Segments:
    """GS to GE."""
    body = [segment for one in transactions for segment in one]
    head = f"GS*BE*SENDER*RECEIVER*20261102*1015*{number}*X*{version}"
    return [head, *body, f"GE*{len(transactions)}*{number}"]


def interchange(*groups: Segments, marks: str = "*:~", end: str = "\n", number: str = "000000905") -> str:
    """ISA to IEA; `marks` are element, component and segment terminator."""
    isa = "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *261102*1015*^*00501*"
    body = [segment for one in groups for segment in one]
    text = "".join(f"{segment}\x00" for segment in [f"{isa}{number}*0*P*\x01", *body, f"IEA*{len(groups)}*{number}"])
    element, component, terminator = marks[0], marks[1], marks[2]
    return text.replace("*", element).replace("\x01", component).replace("\x00", terminator + end)


def small(*members: Segments, **changes: str) -> str:
    """An interchange of one transaction with one broker."""
    broker = ["N1*BO*STONE AMY*94*1001001"]
    return interchange(group(transaction(*(members or (member(),)), broker=broker, **changes)))
