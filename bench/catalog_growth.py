"""How the SQL catalog grows: fills it in steps and measures, at each size, what people and peers ask of it.

    python -m bench.catalog_growth --instances 1000000

The shape is that of a hospital's archive: studies of about five series of ten instances, a few studies a patient,
names of several scripts, ten years of dates. Latencies are in milliseconds, the median and the 95th percentile of
different questions of one kind; every question is asked once, so that no cache but the operating system's answers it.
"""

import argparse
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from fileroom.adapters.catalog.sql.catalog import SqlCatalog
from fileroom.adapters.catalog.sql.engine import open_catalog_engine
from fileroom.domain.filing import Durability
from fileroom.domain.local_filter import LocalFilter, Page
from fileroom.domain.query import Query, QueryLevel, Selection
from fileroom.domain.records import CatalogEntry, InstanceRecord, Origin, StoredObject

ROOT = "1.2.826.0.1.3680043.10.1"
SERIES_A_STUDY, INSTANCES_A_SERIES = 5, 10
INSTANCES_A_STUDY = SERIES_A_STUDY * INSTANCES_A_SERIES
BATCH = 200
FIRST_DAY = date(2016, 1, 1)
STARTED = datetime(2026, 1, 1, tzinfo=UTC)
SYLLABLES = [
    "an",
    "ber",
    "cho",
    "del",
    "er",
    "fon",
    "gar",
    "hal",
    "is",
    "jo",
    "kel",
    "lin",
    "mar",
    "nor",
    "os",
    "pet",
]
GIVEN = ["Jane", "John", "Änne", "Zoë", "Ivan=伊万", "Tarou=太郎=たろう", "Maria", "Li"]
DESCRIPTIONS = [
    "CT Thorax",
    "MR Schädel",
    "CT Abdomen mit KM",
    "MG Screening",
    "US Schilddrüse",
    "RX Thorax pa",
]
MODALITIES = ["CT", "MR", "MG", "US", "CR"]


def family_name(patient: int) -> str:
    chooser = random.Random(patient)  # noqa: S311 - a name, no secret
    return "".join(chooser.choice(SYLLABLES) for _ in range(3)).capitalize()


def entries_of(study: int) -> Iterator[CatalogEntry]:
    """All instances of a study; everything follows from its number."""
    patient = study // 3
    day = FIRST_DAY + timedelta(days=(study * 7919) % 3650)
    modality = "NM" if study % 1000 == 999 else MODALITIES[study % len(MODALITIES)]  # one that is rare
    shared = {
        "PatientID": f"P{patient:07}",
        "PatientName": f"{family_name(patient)}^{GIVEN[patient % len(GIVEN)]}",
        "PatientBirthDate": f"{1930 + patient % 90}0101",
        "PatientSex": "FM"[patient % 2],
        "StudyDate": f"{day:%Y%m%d}",
        "StudyTime": f"{study % 24:02}3000",
        "AccessionNumber": f"A{study:08}",
        "StudyDescription": DESCRIPTIONS[study % len(DESCRIPTIONS)],
        "ReferringPhysicianName": family_name(study % 97) + "^Dr",
        "InstitutionName": "St. Anywhere",
        "Modality": modality,
        "Manufacturer": "ACME",
        "ContentDate": f"{day:%Y%m%d}",
        "Rows": "512",
        "Columns": "512",
    }
    scattered = (study * 2654435761) % (1 << 32)  # UIDs do not come in order
    for series in range(1, SERIES_A_STUDY + 1):
        for number in range(1, INSTANCES_A_SERIES + 1):
            uid = f"{ROOT}.{scattered}.{study}.{series}.{number}"
            yield CatalogEntry(
                record=InstanceRecord(
                    sop_instance_uid=uid,
                    sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
                    series_instance_uid=uid.rpartition(".")[0],
                    study_instance_uid=f"{ROOT}.{scattered}.{study}",
                    transfer_syntax_uid="1.2.840.10008.1.2.1",
                    attributes=shared
                    | {
                        "SeriesNumber": str(series),
                        "SeriesDescription": f"axial {series} mm",
                        "InstanceNumber": str(number),
                        "ContentTime": f"{study % 24:02}{series:02}{number:02}.000000",
                    },
                ),
                stored=StoredObject(
                    location=f"store:{scattered}.{study}/{series}/{uid}.dcm",
                    size=525_000,
                    data_offset=360,
                    digest=f"blake3:{hash(uid) & (1 << 63) - 1:064x}",
                ),
                origin=Origin.RECEIVED,
                source="MODALITY at 192.0.2.17",
                recorded_at=STARTED + timedelta(seconds=study, milliseconds=number),
            )


def fill(catalog: SqlCatalog, studies: range) -> float:
    """Record studies; returns the seconds that the catalog took, without making the entries."""
    seconds = 0.0
    batch: list[CatalogEntry] = []
    for study in studies:
        batch.extend(entries_of(study))
        if len(batch) >= BATCH or study == studies[-1]:
            began = time.perf_counter()
            catalog.record(batch)
            seconds += time.perf_counter() - began
            batch = []
    return seconds


def questions(catalog: SqlCatalog, studies: int) -> dict[str, Callable[[int], object]]:
    """What is asked, by name; each takes the number of a study and asks about something near it."""

    def uid(study: int) -> str:
        return next(entries_of(study)).record.study_instance_uid

    def name(study: int) -> str:
        return family_name(study // 3)

    def day(study: int) -> date:
        return FIRST_DAY + timedelta(days=study % 3600)

    def find(level: QueryLevel, **keys: str) -> list[object]:
        return list(catalog.find(Query(level=level, keys=keys)))

    page = Page(limit=50)
    return {
        "studies, first page": lambda _: catalog.studies(LocalFilter(), page),
        "studies, deep page": lambda study: catalog.studies(LocalFilter(), Page(limit=50, offset=study)),
        "count of studies": lambda _: catalog.count_studies(LocalFilter()),
        "name prefix": lambda study: catalog.studies(LocalFilter(patient_name=name(study)[:6] + "*"), page),
        "name contains": lambda study: catalog.studies(LocalFilter(patient_name=name(study)[2:7]), page),
        "name contains, count": lambda study: catalog.count_studies(
            LocalFilter(patient_name=name(study)[2:7])
        ),
        "patient ID": lambda study: catalog.studies(LocalFilter(patient_id=f"P{study // 3:07}"), page),
        "accession number": lambda study: catalog.studies(LocalFilter(accession_number=f"A{study:08}"), page),
        "description contains": lambda _: catalog.studies(LocalFilter(study_description="schadel"), page),
        "a week": lambda study: catalog.studies(
            LocalFilter(study_date=f"{day(study):%Y%m%d}-{day(study) + timedelta(7):%Y%m%d}"), page
        ),
        "a week of a modality": lambda study: catalog.studies(
            LocalFilter(
                study_date=f"{day(study):%Y%m%d}-{day(study) + timedelta(7):%Y%m%d}", modalities=("CT",)
            ),
            page,
        ),
        "common modality": lambda _: catalog.studies(LocalFilter(modalities=("CT",)), page),
        "rare modality": lambda _: catalog.studies(LocalFilter(modalities=("NM",)), page),
        "rare modality, count": lambda _: catalog.count_studies(LocalFilter(modalities=("NM",))),
        "imported lately": lambda _: catalog.studies(
            LocalFilter(imported_from=STARTED + timedelta(seconds=studies - 20)), page
        ),
        "imported in an hour": lambda study: catalog.studies(
            LocalFilter(
                imported_from=STARTED + timedelta(seconds=study),
                imported_to=STARTED + timedelta(seconds=study + 3600),
            ),
            page,
        ),
        "with duplicates": lambda _: catalog.studies(LocalFilter(duplicate=True), page),
        "series of a study": lambda study: catalog.series(uid(study), LocalFilter(), page),
        "instances of a series": lambda study: catalog.instances(uid(study) + ".1", LocalFilter(), page),
        "C-FIND studies by name": lambda study: find(
            QueryLevel.STUDY, PatientName=name(study)[:6] + "*", StudyDate="", ModalitiesInStudy=""
        ),
        "C-FIND studies by date": lambda study: find(
            QueryLevel.STUDY, StudyDate=f"{day(study):%Y%m%d}", ModalitiesInStudy="CT", PatientName=""
        ),
        "C-FIND series of a study": lambda study: find(
            QueryLevel.SERIES, StudyInstanceUID=uid(study), Modality="", NumberOfSeriesRelatedInstances=""
        ),
        "C-FIND images of a series": lambda study: find(
            QueryLevel.IMAGE,
            StudyInstanceUID=uid(study),
            SeriesInstanceUID=uid(study) + ".2",
            InstanceNumber="",
        ),
        "selection of a study": lambda study: list(
            catalog.select(Selection(level=QueryLevel.STUDY, study_instance_uids=(uid(study),)))
        ),
        "one instance": lambda study: catalog.instance(uid(study) + ".1.1"),
        "totals": lambda _: catalog.totals(),
    }


def measure(question: Callable[[int], object], studies: int, times: int) -> tuple[float, float]:
    """Return the median and the 95th percentile in milliseconds."""
    chooser = random.Random(studies)  # noqa: S311 - a sample, no secret
    taken = []
    for _ in range(times):
        study = chooser.randrange(studies)
        began = time.perf_counter()
        question(study)
        taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    return statistics.median(taken), taken[int(len(taken) * 0.95)]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--instances", type=int, default=200_000, help="size at the end")
    parser.add_argument("--steps", type=int, default=4, help="sizes at which to measure, doubling")
    parser.add_argument("--times", type=int, default=40, help="questions of each kind")
    parser.add_argument(
        "--url", help="another database than an SQLite file in a temporary folder; it must be empty"
    )
    parser.add_argument("--folder", type=Path, help="where that file is made")
    parser.add_argument("--relaxed", action="store_true", help="do not wait for the disk")
    arguments = parser.parse_args()
    total = max(arguments.instances // INSTANCES_A_STUDY, 1)
    sizes = [max(total >> step, 1) for step in reversed(range(arguments.steps))]
    durability = Durability.RELAXED if arguments.relaxed else Durability.STRICT
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder) / "catalog.sqlite3"
        url = arguments.url or f"sqlite:///{path}"
        done = 0
        for size in sizes:
            catalog = SqlCatalog(open_catalog_engine(url, durability=durability))
            seconds = fill(catalog, range(done, size))
            inserted = (size - done) * INSTANCES_A_STUDY
            done = size
            catalog.count_duplicates(
                next(entries_of(study)).record.sop_instance_uid for study in range(0, size, 500)
            )
            catalog.close()
            began = time.perf_counter()
            catalog = SqlCatalog(open_catalog_engine(url, durability=durability))
            catalog.totals()
            opened = (time.perf_counter() - began) * 1000
            megabytes = path.stat().st_size / 1e6 if path.exists() else 0.0
            print(f"\n{size * INSTANCES_A_STUDY} instances, {size} studies; {megabytes:.0f} MB")
            print(f"  {'insert':28} {seconds / inserted * 1e6 if inserted else 0:9.1f} µs an instance")
            print(f"  {'open':28} {opened:9.2f} ms")
            for name, question in questions(catalog, size).items():
                median, late = measure(question, size, arguments.times)
                print(f"  {name:28} {median:9.2f} ms  {late:9.2f} ms", flush=True)
            catalog.close()


if __name__ == "__main__":
    main()
