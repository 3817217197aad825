"""Questions about the studies of `tests.interop.studies`, in the words of `fileroom query`, and the right answers."""

from dataclasses import dataclass

from tests.interop.studies import CHEST, HEAD, KNEE, PLAIN, STUDIES


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked at one level."""

    arguments: tuple[str, ...]
    """Options of `fileroom query`."""
    keyword: str
    """Which attribute tells the matches apart."""
    answers: frozenset[str]
    """Its values, one for each match."""


def _studies(*arguments: str, answers: set[str]) -> Question:
    return Question(arguments=arguments, keyword="StudyInstanceUID", answers=frozenset(answers))


PATIENT_ROOT = ("--model", "patient-root", "--level")
ONE_SERIES = ("--study-instance-uid", CHEST.uid, "--series-instance-uid", CHEST.series_uid())

QUESTIONS = {
    "patients": Question(
        arguments=(*PATIENT_ROOT, "patient"), keyword="PatientID", answers=frozenset({"P1", "P2", "P3"})
    ),
    "patient-root studies": _studies(
        *PATIENT_ROOT, "study", "--patient-id", "P1", answers={HEAD.uid, CHEST.uid}
    ),
    "patient-root series": Question(
        arguments=(*PATIENT_ROOT, "series", "--patient-id", "P1", "--study-instance-uid", HEAD.uid),
        keyword="SeriesInstanceUID",
        answers=frozenset({HEAD.series_uid(1), HEAD.series_uid(2)}),
    ),
    "patient-root images": Question(
        arguments=(*PATIENT_ROOT, "image", "--patient-id", "P1", *ONE_SERIES),
        keyword="SOPInstanceUID",
        answers=frozenset(CHEST.instance_uids()),
    ),
    "all studies": _studies(answers={study.uid for study in STUDIES}),
    "series": Question(
        arguments=("--level", "series", "--study-instance-uid", HEAD.uid),
        keyword="SeriesInstanceUID",
        answers=frozenset({HEAD.series_uid(1), HEAD.series_uid(2)}),
    ),
    "images": Question(
        arguments=("--level", "image", *ONE_SERIES),
        keyword="SOPInstanceUID",
        answers=frozenset(CHEST.instance_uids()),
    ),
    "date range": _studies(
        "--study-date-from", "2026-02-01", "--study-date-to", "2026-02-28", answers={CHEST.uid, KNEE.uid}
    ),
    "open date range": _studies("--study-date-from", "20260215", answers={CHEST.uid, KNEE.uid, PLAIN.uid}),
    "wildcard": _studies("--patient-name", "Do*", answers={HEAD.uid, CHEST.uid, KNEE.uid}),
    "single character wildcard": _studies(
        "--accession-number", "A?", "--patient-id", "P2", answers={KNEE.uid}
    ),
    "list of UIDs": _studies(
        "--study-instance-uid", f"{HEAD.uid},{PLAIN.uid}", answers={HEAD.uid, PLAIN.uid}
    ),
    "modality of series": Question(
        arguments=("--level", "series", "--study-instance-uid", HEAD.uid, "--modality", "MR,CR"),
        keyword="SeriesInstanceUID",
        answers=frozenset({HEAD.series_uid(2)}),
    ),
    "nothing": _studies("--patient-name", "Nobody", answers=set()),
}
