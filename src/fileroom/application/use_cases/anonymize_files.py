"""Makes copies of files without what tells whose they are."""

from dataclasses import dataclass, field
from pathlib import Path

from fileroom.application.file_work import Destination, FileJob, FileSelection, FileWork, FileWorkResult
from fileroom.application.ports.cancellation import CancelToken
from fileroom.application.ports.deidentification_rules import DeidentificationRules
from fileroom.application.ports.deidentifier import Deidentified, Deidentifier
from fileroom.application.ports.progress import ProgressSink
from fileroom.application.ports.secret_key import SecretKey
from fileroom.domain.confidentiality.options import ProfileOptions
from fileroom.domain.confidentiality.plan import DeidentificationPlan
from fileroom.domain.confidentiality.rules import Rules


@dataclass(frozen=True, kw_only=True, slots=True)
class AnonymizeFilesRequest:
    """Which files, where to, and what may stay."""

    selection: FileSelection
    destination: Destination
    options: ProfileOptions = field(default_factory=ProfileOptions)
    key: Path | None = None
    """File with the key of pseudonyms; None: the one of the data directory."""
    rules: Path | None = None
    """File with rules of one's own."""
    patient_id: str | None = None
    """For every patient; None: a pseudonym for each."""
    patient_name: str = ""


class AnonymizeFiles:
    """De-identifies files one by one, all by the same plan."""

    def __init__(
        self, *, files: FileWork, deidentifier: Deidentifier, key: SecretKey, rules: DeidentificationRules
    ) -> None:
        """Use these."""
        self._files = files
        self._deidentifier = deidentifier
        self._key = key
        self._rules = rules

    def execute(
        self, request: AnonymizeFilesRequest, *, progress: ProgressSink, cancel: CancelToken
    ) -> FileWorkResult[Deidentified]:
        """De-identify every file; what cannot be done is told file by file.

        Raises:
            NotFound: a path, the key or the rules do not exist; nothing was done.
            InvalidInput: the key, the rules or the destination cannot be used; nothing was done.
            Unreadable: the key or the rules cannot be read; nothing was done.
            StorageError: the key of the data directory cannot be made; nothing was done.
        """
        plan = DeidentificationPlan(
            rules=self._rules.read(request.rules) if request.rules is not None else Rules(),
            key=self._key.read(request.key) if request.key is not None else self._key.own(),
            options=request.options,
            patient_id=request.patient_id,
            patient_name=request.patient_name,
        )
        return self._files.run(
            request.selection,
            _Deidentify(self._deidentifier, plan),
            title="anonymizing",
            progress=progress,
            cancel=cancel,
            destination=request.destination,
        )


@dataclass(frozen=True, slots=True)
class _Deidentify:
    deidentifier: Deidentifier
    plan: DeidentificationPlan

    def __call__(self, job: FileJob) -> Deidentified:
        if job.output is None:
            raise ValueError("a file to anonymize has no output")
        return self.deidentifier.deidentify(job.source, job.output, self.plan)
