"""Total calcium corrected for albumin, which CTCAE's hypo- and hypercalcemia and tumour lysis syndrome ask for."""

import math

# unit of calcium: (albumin taken as normal, calcium that goes with one unit of albumin)
_BY_UNIT = {"mmol/L": (40.0, 0.02), "mg/dL": (4.0, 0.8)}

UNITS = tuple(_BY_UNIT)


def corrected(calcium: float | None, albumin: float | None, unit: str = "mmol/L") -> float:
    """Calcium in `unit`, as it would be at normal albumin; NaN where one of the two is not known.

    unit: "mmol/L" with albumin in g/L, or "mg/dL" with albumin in g/dL; KeyError for another. Of one sample.
    Ca + 0.02 x (40 - albumin) in mmol/L, Ca + 0.8 x (4.0 - albumin) in mg/dL.
    Source: the linear correction in common use; CTCAE asks for "corrected serum calcium" without giving one.
    """
    normal, slope = _BY_UNIT[unit]
    return (math.nan if calcium is None else calcium) + slope * (normal - (math.nan if albumin is None else albumin))
