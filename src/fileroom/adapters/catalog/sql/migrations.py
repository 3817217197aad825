"""The schema's versions: frozen statements that lead from one to the next.

A version that was released is never edited. A change of `schema.py` comes with a new entry at the end of
`MIGRATIONS`; a test compares what the migrations make with the tables that the program uses.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    MetaData,
    Table,
    insert,
    inspect,
    select,
    update,
)

from fileroom.domain.errors import ConfigurationError

_TYPES: Final[Mapping[str, Mapping[str, str]]] = {
    "sqlite": {
        "key": "INTEGER NOT NULL",
        "text": "TEXT NOT NULL",
        "number": "BIGINT NOT NULL",
    },
    "postgresql": {
        "key": "BIGINT NOT NULL",
        "text": 'TEXT COLLATE "C" NOT NULL',
        "number": "BIGINT NOT NULL",
    },
}
"""What the statements below leave open, for each dialect."""

_VERSION_1: Final = """
CREATE TABLE nodes (
    node_key {text}, name {text}, ae_title {text}, host {text}, port {number}, move_destination {text},
    notes {text}, character_set {text}, retrieve {text}, PRIMARY KEY (node_key)
);
CREATE TABLE patients (
    pk {key}, patient_key {text}, patient_id {text}, issuer_of_patient_id {text}, patient_name {text},
    patient_name_alphabetic {text}, patient_name_ideographic {text}, patient_name_phonetic {text},
    patient_birth_date {text}, patient_birth_date_normal {text}, patient_sex {text}, study_count
    {number}, series_count {number}, instance_count {number}, PRIMARY KEY (pk)
);
CREATE INDEX patients_by_alphabetic ON patients (patient_name_alphabetic);
CREATE INDEX patients_by_id ON patients (patient_id);
CREATE INDEX patients_by_ideographic ON patients (patient_name_ideographic);
CREATE UNIQUE INDEX patients_by_key ON patients (patient_key);
CREATE INDEX patients_by_phonetic ON patients (patient_name_phonetic);
CREATE TABLE totals (
    pk {key}, patients {number}, studies {number}, series {number}, instances {number}, bytes {number},
    last_patient {number}, last_study {number}, last_series {number}, last_instance {number}, PRIMARY
    KEY (pk)
);
INSERT INTO totals VALUES (1, 0, 0, 0, 0, 0, 0, 0, 0, 0);
CREATE TABLE studies (
    pk {key}, patient_pk {number}, patient_id {text}, issuer_of_patient_id {text}, patient_name {text},
    patient_name_alphabetic {text}, patient_name_ideographic {text}, patient_name_phonetic {text},
    patient_birth_date {text}, patient_birth_date_normal {text}, patient_sex {text}, study_instance_uid
    {text}, study_date {text}, study_date_normal {text}, study_time {text}, study_time_normal {text},
    accession_number {text}, study_id {text}, study_description {text}, study_description_folded {text},
    referring_physician_name {text}, referring_physician_name_alphabetic {text},
    referring_physician_name_ideographic {text}, referring_physician_name_phonetic {text},
    institution_name {text}, institution_name_folded {text}, modalities {text}, series_count {number},
    instance_count {number}, study_date_max {text}, imported_at_max {number}, PRIMARY KEY (pk), FOREIGN
    KEY (patient_pk) REFERENCES patients (pk)
);
CREATE INDEX studies_by_accession ON studies (accession_number);
CREATE INDEX studies_by_alphabetic ON studies (patient_name_alphabetic);
CREATE INDEX studies_by_date ON studies (study_date_normal);
CREATE INDEX studies_by_description ON studies (study_description_folded);
CREATE INDEX studies_by_import ON studies (imported_at_max);
CREATE INDEX studies_by_ideographic ON studies (patient_name_ideographic);
CREATE INDEX studies_by_latest ON studies (study_date_max DESC, study_instance_uid);
CREATE INDEX studies_by_patient ON studies (patient_pk);
CREATE INDEX studies_by_patient_id ON studies (patient_id);
CREATE INDEX studies_by_phonetic ON studies (patient_name_phonetic);
CREATE UNIQUE INDEX studies_by_uid ON studies (study_instance_uid);
CREATE TABLE series (
    pk {key}, study_pk {number}, series_instance_uid {text}, modality {text}, series_number {text},
    series_number_value {number}, series_description {text}, series_description_folded {text},
    series_date {text}, series_date_normal {text}, series_time {text}, series_time_normal {text},
    body_part_examined {text}, protocol_name {text}, protocol_name_folded {text}, manufacturer {text},
    manufacturer_folded {text}, station_name {text}, instance_count {number}, study_date_max {text},
    imported_at_min {number}, imported_at_max {number}, PRIMARY KEY (pk), FOREIGN KEY (study_pk)
    REFERENCES studies (pk)
);
CREATE INDEX series_by_modality ON series (modality, study_pk);
CREATE UNIQUE INDEX series_by_study ON series (study_pk, series_instance_uid);
CREATE INDEX series_by_uid ON series (series_instance_uid);
CREATE TABLE instances (
    pk {key}, series_pk {number}, sop_instance_uid {text}, sop_class_uid {text}, instance_number {text},
    instance_number_value {number}, content_date {text}, content_date_normal {text}, content_time
    {text}, content_time_normal {text}, number_of_frames {text}, number_of_frames_value {number}, rows
    {text}, rows_value {number}, columns {text}, columns_value {number}, study_date {text},
    transfer_syntax_uid {text}, location {text}, size {number}, data_offset {number}, digest {text},
    in_place {number}, origin {text}, source {text}, recorded_at {number}, duplicates {number}, PRIMARY
    KEY (pk), FOREIGN KEY (series_pk) REFERENCES series (pk)
);
CREATE INDEX instances_by_series ON instances (series_pk, instance_number_value);
CREATE UNIQUE INDEX instances_by_uid ON instances (sop_instance_uid);
CREATE INDEX instances_with_duplicates ON instances (series_pk) WHERE duplicates > 0
"""

_VERSION_2: Final = """
DROP INDEX instances_by_series;
CREATE INDEX instances_by_series ON instances (series_pk, instance_number_value, sop_instance_uid)
"""

MIGRATIONS: Final[Sequence[str]] = (_VERSION_1, _VERSION_2)
"""Statements, separated by semicolons, that lead from the version before to the next."""

LATEST: Final = len(MIGRATIONS)
"""The version that this program reads and writes."""

_metadata: Final = MetaData()
_version: Final = Table("schema_version", _metadata, Column("version", BigInteger, nullable=False))


def migrate(writer: Engine, *, to: int = LATEST) -> None:
    """Bring a database to a version, in one transaction for each; `writer` excludes other writers from the start.

    Raises:
        ConfigurationError: the database was made by a newer program.
    """
    with writer.connect() as connection:
        version = _version_of(connection)
    while version < to:
        with writer.begin() as connection:
            # Another process may have been here between the two transactions.
            version = _version_of(connection)
            if version < to:
                _step(connection, version)
                version += 1
    if version > LATEST:
        raise ConfigurationError(
            f"the catalog has version {version}, and this program knows versions up to {LATEST}",
            hint="use a newer fileroom, or another catalog",
        )


def _version_of(connection: Connection) -> int:
    if not inspect(connection).has_table(_version.name):
        return 0
    return int(connection.execute(select(_version.c.version)).scalar_one())


def _step(connection: Connection, version: int) -> None:
    if version == 0:
        _refuse_strangers(connection)
        _metadata.create_all(connection, checkfirst=False)
        connection.execute(insert(_version).values(version=0))
    for statement in MIGRATIONS[version].format_map(_TYPES[connection.dialect.name]).split(";"):
        if statement.strip():
            connection.exec_driver_sql(statement)
    connection.execute(update(_version).values(version=version + 1))


def _refuse_strangers(connection: Connection) -> None:
    there = set(inspect(connection).get_table_names()) & {
        "instances",
        "nodes",
        "patients",
        "series",
        "studies",
    }
    if there:
        raise ConfigurationError(
            f"the database belongs to another program: it has a table {min(there)!r} and no version",
            hint="choose another database for the catalog",
        )
