"""Who the patients are and how far each has come. One row a subject; nothing after the cut's cut-off is read."""

from functools import lru_cache

import pandas as pd
from sqlalchemy import Select, and_, case, func, literal, null, or_, select, union_all

from data.schema import (
    adverse_event,
    disposition,
    infusion,
    leukapheresis,
    lymphodepletion,
    manufacture,
    subject,
    subsequent_therapy,
    survival_status,
    visit,
)
from data.store import Cut

# A withdrawal ends follow-up; these words in DS do not.
_STAYS = ("COMPLETED", "SCREEN FAILURE", "INFORMED CONSENT OBTAINED", "FINAL LAB VISIT", "FINAL RETRIEVAL VISIT")

_SCREEN_FAILURE = ("SCRNFAIL", "SCREEN FAILURE")  # ARMCD and ARM by CDISC; DSDECOD says the same


@lru_cache(maxsize=32)
def subjects(cut: Cut) -> pd.DataFrame:
    """Everyone in DM who had come by the cut-off, ordered by consent then identifier. Shared: never written to.

    usubjid, subjid, siteid, cohort (None: not assigned), age, sex, arm [code as planned], consent, leukapheresis,
    manufacture_start, manufacture_end, manufacture_state, lymphodepletion, day0 [date-times, trial's clock, NaT where
    it has not happened], dose [unit of the dose levels], dose_fraction [1, NaN unknown], last_assessed [last visit or
    adverse event date], last_contact [visit, survival status or death], off_study, off_study_latest [first and last
    moment it can be], off_study_reason, left_study [off study by a disposition: NaT of who began another therapy and
    did not leave], death, screen_failed [bool]
    """
    end = cut.cutoff
    first_cells = _first(leukapheresis, leukapheresis.c.prstdtc_earliest, "leukapheresis", end)
    first_chemo = _first(lymphodepletion, lymphodepletion.c.exstdtc_earliest, "lymphodepletion", end)
    given, batch = _infusion(end), _last_batch(end)
    seen, contact, left = _last_assessed(end), _last_contact(end), _off_study(end)
    failed = _screen_failed(end)
    s = subject.c
    statement = (
        select(
            s.usubjid, s.subjid, s.siteid, s.cohort, s.age, s.sex, s.armcd.label("arm"),
            case((s.rficdtc_earliest <= end, s.rficdtc_earliest)).label("consent"),
            first_cells.c.leukapheresis,
            batch.c.manufacture_start, batch.c.manufacture_end, batch.c.manufacture_state,
            first_chemo.c.lymphodepletion,
            given.c.day0, given.c.dose, given.c.dose_fraction,
            seen.c.last_assessed, contact.c.last_contact,
            left.c.off_study, left.c.off_study_latest, left.c.off_study_reason, left.c.left_study,
            case((s.dthdtc_earliest <= end, s.dthdtc_earliest)).label("death"),
            case(
                (_says_failure(s.armcd) | _says_failure(s.arm) | failed.c.usubjid.is_not(None), True), else_=False
            ).label("screen_failed"),
        )
        .join_from(subject, first_cells, s.usubjid == first_cells.c.usubjid, isouter=True)
        .join(batch, s.usubjid == batch.c.usubjid, isouter=True)
        .join(first_chemo, s.usubjid == first_chemo.c.usubjid, isouter=True)
        .join(given, s.usubjid == given.c.usubjid, isouter=True)
        .join(seen, s.usubjid == seen.c.usubjid, isouter=True)
        .join(contact, s.usubjid == contact.c.usubjid, isouter=True)
        .join(left, s.usubjid == left.c.usubjid, isouter=True)
        .join(failed, s.usubjid == failed.c.usubjid, isouter=True)
        # A consent dated after the cut-off is a slip of the pen where something earlier is known of the subject.
        .where(
            or_(
                s.rficdtc_earliest.is_(None), s.rficdtc_earliest <= end, given.c.day0.is_not(None),
                first_chemo.c.lymphodepletion.is_not(None), first_cells.c.leukapheresis.is_not(None),
                seen.c.last_assessed.is_not(None), contact.c.last_contact.is_not(None),
            )
        )
        .order_by("consent", s.usubjid)
    )  # fmt: skip
    return cut.frame(statement)


def _first(table, moment, name: str, end) -> Select:
    return (
        select(table.c.usubjid, func.min(moment).label(name)).where(moment <= end).group_by(table.c.usubjid).subquery()
    )


def _infusion(end) -> Select:
    """The infusion that is Day 0, with the amount given then: unknown where that of one of its bags is."""
    who, given = subject.c, infusion.c
    return (
        select(
            who.usubjid, who.day0,
            *(
                case((func.count(amount) == func.count(), func.sum(amount))).label(amount.name)
                for amount in (given.dose, given.dose_fraction)
            ),
        )
        .join_from(subject, infusion, and_(given.usubjid == who.usubjid, given.exstdtc_earliest == who.day0))
        .where(who.day0 <= end)
        .group_by(who.usubjid, who.day0)
        .subquery()
    )  # fmt: skip


def _last_batch(end) -> Select:
    """The latest batch of each subject; a release or failure after the cut-off has not happened yet."""
    m = manufacture.c
    later = m.xpreldtc_earliest > end
    newest_first = (m.xpstdtc_earliest.desc(), m.xpseq.desc().nulls_last())
    batches = (
        select(
            m.usubjid,
            m.xpstdtc_earliest.label("manufacture_start"),
            case((later, None), else_=m.xpreldtc_earliest).label("manufacture_end"),
            case((later, "IN PROCESS"), else_=func.upper(m.xpstat)).label("manufacture_state"),
            func.row_number().over(partition_by=m.usubjid, order_by=newest_first).label("place"),
        )
        .where(m.xpstdtc_earliest <= end)
        .subquery()
    )
    return select(batches).where(batches.c.place == 1).subquery()


def _last_assessed(end) -> Select:
    """The last day on which somebody looked for adverse events: a visit, or a date of an adverse event."""
    ae = adverse_event.c
    seen = union_all(
        select(visit.c.usubjid, visit.c.svstdtc_earliest.label("at")),
        select(ae.usubjid, ae.aestdtc_earliest),
        select(ae.usubjid, ae.aeendtc_earliest),
    ).subquery()
    return (
        select(seen.c.usubjid, func.max(seen.c.at).label("last_assessed"))
        .where(seen.c.at <= end)
        .group_by(seen.c.usubjid)
        .subquery()
    )


def _last_contact(end) -> Select:
    seen = union_all(
        select(visit.c.usubjid, visit.c.svstdtc_earliest.label("at")),
        select(survival_status.c.usubjid, survival_status.c.ssdtc_earliest),
        select(subject.c.usubjid, subject.c.dthdtc_earliest),
    ).subquery()
    return (
        select(seen.c.usubjid, func.max(seen.c.at).label("last_contact"))
        .where(seen.c.at <= end)
        .group_by(seen.c.usubjid)
        .subquery()
    )


def _says_failure(column):
    return func.upper(column).in_(_SCREEN_FAILURE)


def _screen_failed(end) -> Select:
    ds = disposition.c
    return select(ds.usubjid).where(_says_failure(ds.dsdecod), ds.dsstdtc_earliest <= end).distinct().subquery()


def _off_study(end) -> Select:
    """Withdrawal, death or another anticancer therapy, the first of them: after it a DLT window says nothing more."""
    ds, new, s = disposition.c, subsequent_therapy.c, subject.c
    ends = union_all(
        select(
            ds.usubjid, ds.dsstdtc_earliest.label("at"), ds.dsstdtc_latest.label("until"), ds.dsdecod.label("why"),
            ds.dsstdtc_earliest.label("left"),
        ).where(func.upper(ds.dscat) == "DISPOSITION EVENT", func.upper(ds.dsdecod).not_in(_STAYS)),
        select(new.usubjid, new.cmstdtc_earliest, new.cmstdtc_latest, new.cmtrt, null()),
        select(s.usubjid, s.dthdtc_earliest, s.dthdtc_latest, literal("DEATH"), s.dthdtc_earliest),
    ).subquery()  # fmt: skip
    return (
        select(
            ends.c.usubjid,
            func.min(ends.c.at).label("off_study"),
            func.min(ends.c.until).label("off_study_latest"),
            func.arg_min(ends.c.why, ends.c.at).label("off_study_reason"),
            func.min(ends.c.left).label("left_study"),
        )
        .where(ends.c.at <= end)
        .group_by(ends.c.usubjid)
        .subquery()
    )
