"""Lesions by reader (TR) and the response they give (RS), by RECIST 1.1 (Eur J Cancer 2009;45:228)."""

from data.simulate.biology import NODE
from data.simulate.course import Lesion, Tumour
from data.simulate.subject import Row, SubjectFile, result

READERS = {"INVESTIGATOR": "investigator", "INDEPENDENT ASSESSOR": "independent"}
STATES = {"P": "PRESENT", "A": "ABSENT", "U": "UNEQUIVOCAL PROGRESSION"}
NODE_SHORT_AXIS = 10  # mm; a smaller node is no disease


def sums(targets: tuple[Lesion, ...], reader: str) -> list[float]:
    """Sum of the target diameters at each scan, mm."""
    readings = [getattr(lesion, READERS[reader]) for lesion in targets]
    return [float(sum(scan)) for scan in zip(*readings, strict=True)]


def target_response(targets: tuple[Lesion, ...], reader: str, scan: int) -> str:
    """CR, PD (20 % and 5 mm above the smallest sum so far), PR (30 % below the baseline) or SD."""
    gone = all(
        getattr(lesion, READERS[reader])[scan] < (NODE_SHORT_AXIS if lesion.site == NODE else 1) for lesion in targets
    )
    if gone:
        return "CR"
    totals = sums(targets, reader)
    smallest = min(totals[:scan])
    if totals[scan] >= 1.2 * smallest and totals[scan] - smallest >= 5:
        return "PD"
    return "PR" if totals[scan] <= 0.7 * totals[0] else "SD"


def other_response(others: tuple[tuple[str, str, str], ...], scan: int) -> str:
    states = {letters[scan] for _, _, letters in others}
    return "PD" if "U" in states else "CR" if states == {"A"} else "NON-CR/NON-PD"


def responses(tumour: Tumour, reader: str, scan: int) -> dict[str, str]:
    """Target, non-target and overall response at a scan after the baseline; what was never there is left out."""
    found = {}
    if tumour.targets:
        found["TRGRESP"] = target_response(tumour.targets, reader, scan)
    if tumour.others:
        found["NTRGRESP"] = other_response(tumour.others, scan)
    new = any(first <= scan for _, _, first in tumour.new)
    found["OVRLRESP"] = _overall(found.get("TRGRESP"), found.get("NTRGRESP"), new)
    return found


def _overall(target: str | None, other: str | None, new: bool) -> str:
    if new or "PD" in (target, other):
        return "PD"
    if target is None:
        return other
    return "PR" if target == "CR" and other == "NON-CR/NON-PD" else target


def best_change(tumour: Tumour, reader: str = "INVESTIGATOR") -> float | None:
    """Smallest change of the sum from baseline up to the first progression, %; None without scans or targets."""
    totals = sums(tumour.targets, reader)
    changes = []
    for scan in range(1, len(totals)):
        changes.append(100 * (totals[scan] / totals[0] - 1))
        if responses(tumour, reader, scan)["OVRLRESP"] == "PD":
            break
    return min(changes, default=None)


# ---- rows ------------------------------------------------------------------------------------------------------------
def lesions(one: SubjectFile, _) -> list[Row]:
    rows = []
    for scan, visit in enumerate(one.scans):
        for reader in READERS:
            at = {"TREVAL": reader} | visit.row | {"TRDTC": one.on(visit.day)}
            rows += [row | at for row in _read(one.course.tumour, reader, scan)]
    return one.rows("TR", rows, "TRDTC")


def _read(tumour: Tumour, reader: str, scan: int) -> list[Row]:
    rows = [
        _lesion(
            *(("SAXIS", "Short Axis") if lesion.site == NODE else ("LDIAM", "Longest Diameter")),
            getattr(lesion, READERS[reader])[scan],
            "TARGET",
            lesion.id,
            lesion.site,
        )
        for lesion in tumour.targets
    ]
    if tumour.targets:
        rows.append(_lesion("SUMDIAM", "Sum of Diameters", sums(tumour.targets, reader)[scan], "TARGET"))
    rows += [
        _lesion("TUMSTATE", "Tumor State", STATES[letters[scan]], "NON-TARGET", name, site)
        for name, site, letters in tumour.others
    ]
    rows += [
        _lesion("TUMSTATE", "Tumor State", "PRESENT", "NEW", name, site)
        for name, site, first in tumour.new
        if first <= scan
    ]
    return rows


def _lesion(code: str, name: str, found: float | str, group: str, lesion: str = "", site: str = "") -> Row:
    number = None if isinstance(found, str) else float(found)
    text, unit = (found, "") if isinstance(found, str) else (f"{found:g}", "mm")
    what = {"TRTESTCD": code, "TRTEST": name, "TRLNKID": lesion, "TRGRPID": group, "TRLOC": site}
    return what | result("TR", text, number, unit)


def response_rows(one: SubjectFile, _) -> list[Row]:
    names = {"TRGRESP": "Target Response", "NTRGRESP": "Non-target Response", "OVRLRESP": "Overall Response"}
    rows = [
        {"RSTESTCD": code, "RSTEST": names[code], "RSCAT": "RECIST 1.1"}
        | result("RS", found, None, "")
        | {"RSEVAL": reader}
        | visit.row
        | {"RSDTC": one.on(visit.day)}
        for scan, visit in enumerate(one.scans)
        if scan
        for reader in READERS
        for code, found in responses(one.course.tumour, reader, scan).items()
    ]
    return one.rows("RS", rows, "RSDTC")
