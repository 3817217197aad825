"""A small archive's worth of studies, made for questions: names, dates, modalities, several series and instances."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.builders import a_dicom_file, a_record, a_uid

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
CR = "1.2.840.10008.5.1.4.1.1.1"


@dataclass(frozen=True, kw_only=True)
class Study:
    """One study; its UIDs follow from its number."""

    number: int
    patient_id: str
    patient_name: str
    date: str
    modalities: tuple[str, ...]
    """Of its series, in their order."""
    instances: int = 2
    """In each series."""
    description: str = ""

    @property
    def uid(self) -> str:
        """Study Instance UID."""
        return a_uid(self.number)

    def series_uid(self, series: int = 1) -> str:
        """Series Instance UID."""
        return a_uid(self.number, series)

    def instance_uid(self, series: int = 1, instance: int = 1) -> str:
        """SOP Instance UID."""
        return a_uid(self.number, series, instance)

    def instance_uids(self, *series: int) -> set[str]:
        """SOP Instance UIDs of these series, or of all."""
        return {
            self.instance_uid(one, instance)
            for one in series or range(1, len(self.modalities) + 1)
            for instance in range(1, self.instances + 1)
        }

    def write_to(self, folder: Path) -> list[Path]:
        """Write its instances as files."""
        paths = []
        for series, modality in enumerate(self.modalities, 1):
            for instance in range(1, self.instances + 1):
                record = a_record(
                    instance,
                    series=series,
                    study=self.number,
                    sop_class_uid={"CT": CT, "MR": MR, "CR": CR}[modality],
                    PatientID=self.patient_id,
                    PatientName=self.patient_name,
                    StudyDate=self.date,
                    StudyTime="101500",
                    StudyDescription=self.description,
                    AccessionNumber=f"A{self.number}",
                    StudyID=str(self.number),
                    Modality=modality,
                    SeriesDescription=f"{modality} {series}",
                )
                path = folder / f"{record.sop_instance_uid}.dcm"
                path.write_bytes(a_dicom_file(record))
                paths.append(path)
        return paths


STUDIES = (
    Study(
        number=1, patient_id="P1", patient_name="Doe^Jane", date="20260110", modalities=("CT", "MR"),
        description="Head",
    ),
    Study(
        number=2, patient_id="P1", patient_name="Doe^Jane", date="20260215", modalities=("CT",), instances=5,
        description="Chest follow-up",
    ),
    Study(
        number=3, patient_id="P2", patient_name="Doering^Max", date="20260215", modalities=("MR",),
        description="Knee",
    ),
    Study(
        number=4, patient_id="P3", patient_name="Roe^Richard", date="20260320", modalities=("CR",), instances=1,
        description="Chest",
    ),
)  # fmt: skip
HEAD, CHEST, KNEE, PLAIN = STUDIES


def write_all(folder: Path, studies: Iterable[Study] = STUDIES) -> list[Path]:
    """Write all instances of studies as files."""
    folder.mkdir(parents=True, exist_ok=True)
    return [path for study in studies for path in study.write_to(folder)]
