"""The tables of a data cut: the one place that names a column and says what it holds, with its unit.

Columns carry SDTM variable names in lower case. A `--dtc` column keeps the text as it came; beside it stand
`<name>_earliest` and `<name>_latest`, the first and the last moment the text can mean, in the trial's time zone
(a full date-time is one moment, `2026-03` is a month). Every row knows the file and the row it came from.
"""

from functools import cache

from sqlalchemy import Column, DateTime, Float, Integer, MetaData, Table, Text, create_mock_engine

SCHEMA_VERSION = 2

metadata = MetaData()


def text(name: str, comment: str) -> Column:
    return Column(name, Text, comment=comment)


def number(name: str, comment: str) -> Column:
    return Column(name, Float, comment=comment)


def whole(name: str, comment: str) -> Column:
    return Column(name, Integer, comment=comment)


def is_derived(column: Column) -> bool:
    """Whether the import works the column out: a column of that name in an incoming file is never taken for it."""
    return column.comment is not None and column.comment.startswith("Derived")


def dtc(name: str, comment: str) -> list[Column]:
    """An ISO 8601 text, partial or not, and the interval of moments it can mean."""
    return [
        Column(name, Text, comment=f"{comment}, as it came"),
        Column(f"{name}_earliest", DateTime, comment=f"{comment}, first moment it can mean"),
        Column(f"{name}_latest", DateTime, comment=f"{comment}, last moment it can mean"),
    ]


def _table(name: str, domain: str, key: list[str], required: list[str], *columns: Column | list[Column]) -> Table:
    """`domain`: the SDTM domain whose rows rest here by default; `key`: what tells its rows apart."""
    flat = [one for group in columns for one in (group if isinstance(group, list) else [group])]
    source = [
        Column("source_file", Text, nullable=False, comment="File the row came from, by name"),
        Column("source_row", Integer, nullable=False, comment="Row in that file, the first data row is 1"),
    ]
    return Table(name, metadata, *flat, *source, info={"domain": domain, "key": key, "required": required})


def _usubjid() -> Column:
    return Column("usubjid", Text, nullable=False, comment="Unique subject identifier")


def _visit() -> list[Column]:
    return [
        number("visitnum", "Visit number; unscheduled visits carry a fraction"),
        text("visit", "Visit name"),
        text("epoch", "Study period"),
    ]


def _finding(prefix: str, what: str) -> list[Column]:
    """The columns that every findings domain has."""
    return [
        number(f"{prefix}seq", "Sequence number within the subject"),
        text(f"{prefix}testcd", f"{what}: short name, CDISC code where there is one"),
        text(f"{prefix}test", f"{what}: name"),
        text(f"{prefix}cat", "Category"),
        text(f"{prefix}orres", "Result as it came, qualifiers included"),
        text(f"{prefix}orresu", "Unit as it came"),
        text(f"{prefix}stresc", "Result in the standard unit, as text"),
        number(f"{prefix}stresn", "Result in the standard unit; empty where it is not a number"),
        text(f"{prefix}stresu", "Standard unit"),
        text(f"{prefix}stat", "NOT DONE where it was not done"),
        text(f"{prefix}reasnd", "Reason not done"),
        *_visit(),
        *dtc(f"{prefix}dtc", "Date-time of the sample or measurement"),
    ]


def _measured(prefix: str, what: str) -> list[Column]:
    """A findings domain of measurements: what came, and beside it what the import reads from it (`data.results`)."""
    return [
        *_finding(prefix, what),
        number("value", "Derived: the result in `unit`; with a qualifier the limit; empty where none can be said"),
        text("unit", "Derived: unit of `value`, of the limits and the range; the store's own for tests it knows"),
        text("qualifier", "Derived: <, <=, > or >= where `value` is a limit; empty where it is the result"),
        text("qualitative", "Derived: NEGATIVE, POSITIVE, DETECTED or NOT DETECTED"),
        text("reason", "Derived: why there is no `value`"),
    ]


def _intervention(prefix: str, what: str) -> list[Column]:
    return [
        number(f"{prefix}seq", "Sequence number within the subject"),
        text(f"{prefix}trt", f"{what}: name"),
        text(f"{prefix}decod", f"{what}: standardised name"),
        text(f"{prefix}cat", "Category"),
        text(f"{prefix}indc", "Indication"),
        number(f"{prefix}dose", "Amount given, in the unit beside it"),
        text(f"{prefix}dosu", "Unit of the amount"),
        text(f"{prefix}route", "Route"),
        *_visit(),
        *dtc(f"{prefix}stdtc", "Start"),
        *dtc(f"{prefix}endtc", "End; empty while it goes on or where it was not recorded"),
    ]


# ---- who ------------------------------------------------------------------------------------------------------
subject = _table(
    "subject",
    "DM",
    ["usubjid"],
    ["studyid", "usubjid"],
    _usubjid(),
    text("studyid", "Study identifier"),
    text("subjid", "Subject identifier on site"),
    text("siteid", "Site"),
    number("age", "Age in `ageu` at consent"),
    text("ageu", "Unit of age"),
    text("sex", "Sex"),
    text("race", "Race"),
    text("ethnic", "Ethnicity"),
    text("country", "Country"),
    text("armcd", "Planned arm, code"),
    text("arm", "Planned arm"),
    text("actarmcd", "Actual arm, code"),
    text("actarm", "Actual arm"),
    *dtc("rficdtc", "Informed consent"),
    *dtc("rfstdtc", "Reference start as the sender derived it; never used as Day 0"),
    *dtc("rfpendtc", "End of participation"),
    *dtc("dthdtc", "Death"),
    text("dthfl", "Y where the subject died"),
    text("cohort", "Derived: cohort of the protocol file; empty where none is assigned"),
    Column("day0", DateTime, comment="Derived: infusion date-time (Day 0); empty before infusion"),
)
subject_characteristic = _table(
    "subject_characteristic",
    "SC",
    ["usubjid", "scseq"],
    ["usubjid", "sctestcd"],
    _usubjid(),
    *_finding(
        "sc", "Characteristic (ECOG, HR/HER2 subtype, metastatic sites, prior lines, Nectin-4 IHC % and H-score)"
    ),
)
medical_history = _table(
    "medical_history",
    "MH",
    ["usubjid", "mhseq"],
    ["usubjid", "mhterm"],
    _usubjid(),
    number("mhseq", "Sequence number within the subject"),
    text("mhterm", "Reported term"),
    text("mhdecod", "Preferred term"),
    text("mhbodsys", "System organ class"),
    text("mhcat", "Category"),
    *_visit(),
    *dtc("mhstdtc", "Start"),
    *dtc("mhendtc", "End"),
)
survival_status = _table(
    "survival_status",
    "SS",
    ["usubjid", "ssseq"],
    ["usubjid", "sstestcd"],
    _usubjid(),
    *_finding("ss", "Survival status (SURVSTAT: ALIVE, DEAD; the date is the last known one)"),
)
disposition = _table(
    "disposition",
    "DS",
    ["usubjid", "dsseq"],
    ["usubjid", "dsdecod"],
    _usubjid(),
    number("dsseq", "Sequence number within the subject"),
    text("dsterm", "Disposition as reported"),
    text("dsdecod", "Disposition, standardised"),
    text("dscat", "Category"),
    *_visit(),
    *dtc("dsstdtc", "Date of the disposition event"),
)

# ---- from cells collected to cells given ------------------------------------------------------------------------
leukapheresis = _table(
    "leukapheresis",
    "PR",
    ["usubjid", "prseq"],
    ["usubjid", "prstdtc"],
    _usubjid(),
    *_intervention("pr", "Leukapheresis"),
)
manufacture = _table(
    "manufacture",
    "XP",
    ["usubjid", "xpseq"],
    ["usubjid", "xpstdtc", "xpstat"],
    _usubjid(),
    number("xpseq", "Batch number within the subject"),
    text("xplot", "Batch"),
    text("xpstat", "IN PROCESS, RELEASED or FAILED"),
    *dtc("xpstdtc", "Start of manufacture"),
    *dtc("xpreldtc", "Release or failure"),
    number("xpviab", "Viability, %"),
    number("xptrans", "Transduction efficiency, % CAR+ of T cells"),
    number("xpvcn", "Vector copy number, copies per cell"),
    text("xpoos", "Y where out of specification"),
    text("xpreas", "Reason of failure or of the deviation"),
)
bridging = _table(
    "bridging", "CM", ["usubjid", "cmseq"], ["usubjid", "cmtrt"], _usubjid(), *_intervention("cm", "Bridging therapy")
)
lymphodepletion = _table(
    "lymphodepletion",
    "EX",
    ["usubjid", "exseq"],
    ["usubjid", "extrt", "exstdtc"],
    _usubjid(),
    *_intervention("ex", "Lymphodepleting drug, mg/m2"),
    number("expdose", "Planned amount, same unit"),
)
infusion = _table(
    "infusion",
    "EX",
    ["usubjid", "exseq"],
    ["usubjid", "extrt", "exstdtc"],
    _usubjid(),
    *_intervention("ex", "Cell product (or study treatment)"),
    number("expdose", "Planned amount, same unit"),
    number("dose", "Derived: amount in the unit of the dose levels"),
    number("dose_fraction", "Derived: amount received over amount assigned; empty where unknown"),
)
exposure = _table(
    "exposure", "EX", ["usubjid", "exseq"], ["usubjid", "extrt"], _usubjid(), *_intervention("ex", "Any other exposure")
)

# ---- safety -----------------------------------------------------------------------------------------------------
adverse_event = _table(
    "adverse_event",
    "AE",
    ["usubjid", "aeseq"],
    ["usubjid", "aeseq", "aeterm", "aestdtc"],
    _usubjid(),
    number("aeseq", "Sequence number within the subject"),
    text("aespid", "Identifier of the sponsor or of the form; rows of one event share it"),
    text("aegrpid", "Rows of one event whose grade changes share it"),
    text("aeterm", "Term as reported"),
    text("aedecod", "Preferred term; empty where uncoded"),
    text("aeptcd", "Preferred term, MedDRA code"),
    text("aebodsys", "System organ class; empty where uncoded"),
    text("aesev", "Severity MILD, MODERATE, SEVERE; never converted to a grade"),
    whole("aetoxgr", "Toxicity grade 1-5 by the protocol's scale; empty where not recorded"),
    text("aeser", "Serious: Y, N or empty"),
    text("aerel", "Relation to the study treatment as reported"),
    text(
        "causality", "Derived: related, unlikely, unrelated, cannot_be_judged by the protocol; empty where not recorded"
    ),
    text("aeacn", "Action taken"),
    text("aeout", "Outcome"),
    text("aesdth", "Y where the event is fatal"),
    text("epoch", "Study period"),
    *dtc("aestdtc", "Onset, or start of this grade"),
    *dtc("aeendtc", "End, or end of this grade; empty while it goes on or where it was not recorded"),
    text("aedlt", "Derived from the supplemental qualifier of the protocol: Y, N or empty (not adjudicated)"),
)
lab = _table(
    "lab",
    "LB",
    ["usubjid", "lbseq"],
    ["usubjid", "lbtestcd", "lbdtc"],
    _usubjid(),
    *_measured("lb", "Laboratory test"),
    text("lbspec", "Specimen"),
    text("lbornrlo", "Lower limit of the reference range as it came, or the whole range"),
    text("lbornrhi", "Upper limit of the reference range as it came"),
    number("lbstnrlo", "Lower limit of the reference range, standard unit"),
    number("lbstnrhi", "Upper limit of the reference range, standard unit"),
    number("range_low", "Derived: lower limit of the reference range in `unit`"),
    number("range_high", "Derived: upper limit of the reference range in `unit`"),
    text("lbnrind", "Reference range indicator as it came"),
)
vital_sign = _table(
    "vital_sign",
    "VS",
    ["usubjid", "vsseq"],
    ["usubjid", "vstestcd", "vsdtc"],
    _usubjid(),
    *_measured("vs", "Vital sign"),
    text("vsloc", "Site of the measurement (AXILLA, ORAL CAVITY, EAR ...)"),
    text("vspos", "Position"),
    text("vstpt", "Planned time point"),
)
support = _table(
    "support",
    "PR",
    ["usubjid", "prseq"],
    ["usubjid", "prtrt", "prcat"],
    _usubjid(),
    *_intervention("pr", "Oxygen device (flow in L/min) or vasopressor"),
)
ice = _table(
    "ice", "QS", ["usubjid", "qsseq"], ["usubjid", "qstestcd"], _usubjid(), *_finding("qs", "ICE item or total")
)
deviation = _table(
    "deviation",
    "DV",
    ["usubjid", "dvseq"],
    ["usubjid", "dvterm"],
    _usubjid(),
    number("dvseq", "Sequence number within the subject"),
    text("dvterm", "Deviation as reported"),
    text("dvdecod", "Deviation, standardised"),
    text("dvcat", "Category"),
    *dtc("dvstdtc", "Date"),
)
query = _table(
    "query",
    "XQ",
    ["usubjid", "xqseq"],
    ["usubjid", "xqtext"],
    _usubjid(),
    number("xqseq", "Sequence number within the subject"),
    text("xqdom", "Domain the query is about"),
    text("xqtext", "Query text"),
    text("xqstat", "OPEN, ANSWERED or CLOSED"),
    *dtc("xqdtc", "Date raised"),
)

# ---- cells and cytokines ------------------------------------------------------------------------------------------
cytokine = _table(
    "cytokine",
    "LB",
    ["usubjid", "lbseq"],
    ["usubjid", "lbtestcd", "lbdtc"],
    _usubjid(),
    *_measured("lb", "Cytokine, pg/mL"),
    text("lbspec", "Specimen"),
    number("lblloq", "Lower limit of quantification, standard unit"),
    number("lloq", "Derived: lower limit of quantification in `unit`"),
)
kinetics = _table(
    "kinetics",
    "PC",
    ["usubjid", "pcseq"],
    ["usubjid", "pctestcd", "pcdtc"],
    _usubjid(),
    *_measured("pc", "CAR transgene, copies/ug genomic DNA or copies/uL"),
    text("pcspec", "Specimen; endpoints use peripheral blood"),
    text("pcmethod", "Assay"),
    number("pclloq", "Lower limit of quantification, standard unit"),
    number("lloq", "Derived: lower limit of quantification in `unit`"),
)
flow = _table(
    "flow",
    "CP",
    ["usubjid", "cpseq"],
    ["usubjid", "cptestcd", "cpdtc"],
    _usubjid(),
    *_measured("cp", "CAR+ cells by flow cytometry, cells/uL or % of T cells"),
    text("cpspec", "Specimen"),
    number("cplloq", "Lower limit of quantification, standard unit"),
    number("lloq", "Derived: lower limit of quantification in `unit`"),
)

# ---- treatment around it, visits, tumour -----------------------------------------------------------------------------
medication = _table(
    "medication", "CM", ["usubjid", "cmseq"], ["usubjid", "cmtrt"], _usubjid(), *_intervention("cm", "Medication"),
    text("cmclas", "Class"),
)  # fmt: skip
subsequent_therapy = _table(
    "subsequent_therapy",
    "CM",
    ["usubjid", "cmseq"],
    ["usubjid", "cmtrt"],
    _usubjid(),
    *_intervention("cm", "Anticancer therapy after the infusion"),
)
visit = _table(
    "visit",
    "SV",
    ["usubjid", "svstdtc", "visitnum"],  # an unscheduled number may come again on another day (`checks`)
    ["usubjid", "visitnum", "svstdtc"],
    _usubjid(),
    number("visitnum", "Visit number; unscheduled visits carry a fraction"),
    text("visit", "Visit name"),
    number("visitdy", "Planned study day as the sender wrote it"),
    text("epoch", "Study period"),
    text("svupdes", "Description of an unplanned visit"),
    *dtc("svstdtc", "Start of the visit"),
    *dtc("svendtc", "End of the visit"),
)
imaging = _table(
    "imaging", "PR", ["usubjid", "prseq"], ["usubjid", "prstdtc"], _usubjid(), *_intervention("pr", "Tumour imaging")
)
lesion = _table(
    "lesion",
    "TR",
    ["usubjid", "trseq"],
    ["usubjid", "trtestcd"],
    _usubjid(),
    *_measured("tr", "Lesion measurement, mm"),
    text("trlnkid", "Lesion"),
    text("trgrpid", "TARGET, NON-TARGET or NEW"),
    text("treval", "Reader"),
)
response = _table(
    "response",
    "RS",
    ["usubjid", "rsseq"],
    ["usubjid", "rstestcd"],
    _usubjid(),
    *_finding("rs", "Response (TRGRESP, NTRGRESP, OVRLRESP)"),
    text("rseval", "Reader"),
)

# ---- about the trial and about rows ---------------------------------------------------------------------------------
trial_summary = _table(
    "trial_summary",
    "TS",
    ["tsparmcd", "tsseq"],
    ["tsparmcd"],
    number("tsseq", "Sequence number within the parameter"),
    text("tsparmcd", "Parameter, CDISC code (DCUTDTC: data cut-off)"),
    text("tsparm", "Parameter"),
    text("tsval", "Value"),
)
supplemental_qualifier = _table(
    "supplemental_qualifier",
    "SUPP",
    ["rdomain", "usubjid", "idvar", "idvarval", "qnam"],
    ["rdomain", "usubjid", "qnam"],
    _usubjid(),
    text("rdomain", "Domain of the row that is qualified"),
    text("idvar", "Variable that names the row; empty where the subject is meant"),
    text("idvarval", "Its value"),
    text("qnam", "Qualifier"),
    text("qlabel", "Its label"),
    text("qval", "Its value"),
)

manifest = Table(
    "manifest",
    metadata,
    Column("key", Text, primary_key=True, comment="What is said about this cut"),
    Column("value", Text, nullable=False, comment="The text itself, or JSON"),
)


def is_measured(table: Table) -> bool:
    """Whether the import reads a value in the store's unit from each row."""
    return "qualifier" in table.columns


def study_tables() -> list[Table]:
    """Every table that holds rows of the trial's files."""
    return [table for table in metadata.sorted_tables if "domain" in table.info]


@cache
def definition() -> str:
    """The SQL that makes every table with its comments, as one text: one by one the statements take far longer."""
    statements: list[str] = []
    engine = create_mock_engine(
        "duckdb://", lambda one, *_, **__: statements.append(str(one.compile(dialect=engine.dialect)))
    )
    metadata.create_all(engine, checkfirst=False)
    return ";\n".join(statements)


def default_table(domain: str) -> str | None:
    """The table that takes the rows of an SDTM domain when the protocol file names no other; None: there is none."""
    own = {table.info["domain"]: table.name for table in study_tables() if table.name in _DEFAULTS}
    return own.get("SUPP" if domain.startswith("SUPP") else domain)


# A domain whose rows may go to several tables has one that takes what is left; PR has none.
_DEFAULTS = {
    "subject", "subject_characteristic", "medical_history", "survival_status", "disposition", "manufacture", "exposure",
    "adverse_event", "lab", "vital_sign", "deviation", "query", "kinetics", "flow", "medication", "visit", "lesion",
    "response", "trial_summary", "supplemental_qualifier",
}  # fmt: skip
