"""Cells and tumours of the story as literal tables: how far the cells grew, how large the lesions were."""

from data.simulate.course import Expansion, Lesion, Tumour

# Solid tumours: lower and shorter than in B-cell disease, and higher at higher doses. 203, with 60 % of the dose of
# a poor product, never rises above the limit of quantification (50).
# fmt: off
EXPANSIONS = {
    #                 Cmax  Tmax  foldx alpha  fb     beta
    "101": Expansion(  620,  9.5, 2600, 0.24, 0.020, 0.010),
    "102": Expansion(  430, 10.5, 2100, 0.27, 0.015, 0.015),
    "103": Expansion(  780,  9.0, 3000, 0.30, 0.010, 0.012),
    "201": Expansion( 5200,  8.0, 4200, 0.26, 0.012, 0.010),
    "202": Expansion( 2300,  9.5, 3600, 0.28, 0.010, 0.015),
    "203": Expansion(   24, 10.0,  600, 0.30, 0.010, 0.015),
    "204": Expansion( 1500, 10.5, 3000, 0.25, 0.018, 0.012),
    "205": Expansion( 2800,  8.5, 3900, 0.31, 0.012, 0.010),
    "206": Expansion( 3400,  9.0, 4000, 0.22, 0.025, 0.008),
    "207": Expansion(  950, 11.0, 2400, 0.29, 0.010, 0.015),
    "301": Expansion( 9200,  8.5, 4500, 0.24, 0.010, 0.010),
    "302": Expansion( 5600,  9.5, 3900, 0.27, 0.012, 0.012),
    "303": Expansion( 7400,  8.0, 4300, 0.25, 0.010, 0.010),
}
DNA_YIELD_KNOWN = ("301", "302", "303")  # copies/uL can be told as well
OTHER_SPECIMEN = {"201": (14, "PLEURAL EFFUSION", 9400.0)}  # study day, specimen, copies/ug: never part of the curve
NO_DNA = {("207", 14): "INSUFFICIENT DNA"}  # (subject, study day) -> why there is no result

NODE = "LYMPH NODE"
# A reading a scan: baseline, Day 28, Months 2, 3, 6, 9, as far as the visits were kept. Sums of the investigator:
# 101  56  51  47  45  48  59: best 45/56 = -19.6 %, then 59/45 = +31.1 %, PD
# 102  59  49  38  34  35    : 38/59 = -35.6 % and 34/59 = -42.4 %, PR confirmed after 30 days; then a new lesion, PD
# 103  82  79  80  85 111    : best -3.7 %; 111/79 = +40.5 %, PD
# 201  73  49  40  37  36    : 49/73 = -32.9 %, PR from the first scan (53/73 = -27.4 %, SD, by the other reader)
# 203  60  66  81 100        : +10.0 %, then 81/60 = +35.0 %, PD
# 204  47  40  30  28        : 30/47 = -36.2 % and 28/47 = -40.4 %, PR confirmed after 33 days
# 205  75  71  69  72        : best -8.0 %, SD
# 206  36  23   8   7        : -36.1 %, then no lesion but a node below 10 mm: CR, confirmed after 28 days
# 207  53  67  85            : 67/53 = +26.4 % and 14 mm, PD at the first scan
# 301  56  37                : -33.9 %, PR, not confirmed yet (40/56 = -28.6 %, SD, by the other reader)
TUMOURS = {
    "101": Tumour(
        (Lesion("T01", "LIVER", (34, 31, 28, 27, 29, 35), (35, 32, 29, 28, 30, 37)),
         Lesion("T02", "LUNG",  (22, 20, 19, 18, 19, 24), (21, 20, 19, 18, 20, 25))),
        (("NT01", "BONE", "PPPPPP"),), best="SD"),
    "102": Tumour(
        (Lesion("T01", "LIVER", (41, 34, 27, 25, 26), (40, 34, 28, 26, 27)),
         Lesion("T02", NODE,    (18, 15, 11,  9,  9), (19, 16, 12, 10, 10))),
        (("NT01", "LUNG", "PPPPP"),), (("N01", "BRAIN", 4),), "PR", "Y"),
    "103": Tumour(
        (Lesion("T01", "LIVER", (52, 50, 51, 54, 70), (51, 50, 50, 55, 72)),
         Lesion("T02", "LIVER", (30, 29, 29, 31, 41), (31, 30, 30, 31, 40))),
        (("NT01", "LIVER", "PPPPU"),), best="SD"),
    "201": Tumour(
        (Lesion("T01", "LUNG",   (45, 30, 24, 22, 21), (44, 32, 25, 22, 22)),
         Lesion("T02", "PLEURA", (28, 19, 16, 15, 15), (29, 21, 17, 15, 15))),
        (("NT01", "PLEURAL EFFUSION", "PPPPP"),), best="PR", confirmed="Y"),
    "202": Tumour((), (("NT01", "BONE", "PPPPP"), ("NT02", "BONE", "PPPPP")), (("N01", "LIVER", 4),), "NON-CR/NON-PD"),
    "203": Tumour(
        (Lesion("T01", "LIVER", (36, 41, 50, 62), (35, 40, 50, 61)),
         Lesion("T02", "LIVER", (24, 25, 31, 38), (25, 26, 32, 38))),
        (("NT01", "BONE", "PPPP"),), best="SD"),
    "204": Tumour(
        (Lesion("T01", "LUNG", (26, 22, 17, 16), (27, 23, 18, 16)),
         Lesion("T02", NODE,   (21, 18, 13, 12), (20, 18, 13, 12))), best="PR", confirmed="Y"),
    "205": Tumour(
        (Lesion("T01", "LIVER", (38, 36, 35, 37), (39, 37, 36, 37)),
         Lesion("T02", "LIVER", (22, 21, 20, 21), (22, 22, 21, 21)),
         Lesion("T03", "LUNG",  (15, 14, 14, 14), (14, 14, 13, 14))),
        (("NT01", "BONE", "PPPP"),), best="SD"),
    "206": Tumour(
        (Lesion("T01", "LUNG", (19, 11,  0,  0), (20, 13,  0,  0)),
         Lesion("T02", NODE,   (17, 12,  8,  7), (16, 12,  8,  8))),
        (("NT01", "PLEURAL EFFUSION", "PPAA"),), best="CR", confirmed="Y"),
    "207": Tumour(
        (Lesion("T01", "LIVER", (33, 42, 55), (34, 40, 54)),
         Lesion("T02", "LIVER", (20, 25, 30), (19, 25, 29))),
        (("NT01", "BONE", "PPP"),), best="PD"),
    "301": Tumour(
        (Lesion("T01", "LIVER", (40, 27), (41, 30)),
         Lesion("T02", NODE,    (16, 10), (15, 10))), best="PR", confirmed="N"),
    "302": Tumour((Lesion("T01", "LIVER", (29,), (30,)), Lesion("T02", "LUNG", (17,), (17,)))),
    "303": Tumour((Lesion("T01", "LUNG", (30,), (29,)),), (("NT01", "SKIN", "P"),)),
}
# fmt: on
