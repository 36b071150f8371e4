"""what agents' files said again, beneath what carriers say"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ADDRESS = ("address1", "address2", "city", "state", "zip")
FIELDS = ("first_name", "middle_name", "last_name", "suffix", "gender", "email", "phone", *ADDRESS)


def _old(field: str) -> str:
    return f"coalesce(typed->>'{field}', carried->>'{field}')"


def _new(field: str) -> str:
    brought = f"brought->>'{field}'"
    if field in ADDRESS:
        brought = f"CASE WHEN NOT jsonb_exists_any(carried, '{{{','.join(ADDRESS)}}}') THEN {brought} END"
    return f"coalesce(typed->>'{field}', carried->>'{field}', {brought})"


def _key(value: str) -> str:
    plain = f"lower(normalize(coalesce({value}, ''), NFKD) collate \"C\")"
    return f"regexp_replace({plain}, '[^a-z0-9]+', '', 'g')"


def upgrade() -> None:
    op.add_column("contact", sa.Column("brought", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False))
    _show({field: _new(field) for field in (*FIELDS, "birth_date")})
    op.add_column(
        "upload_row", sa.Column("lends", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False)
    )
    op.add_column(
        "upload_row", sa.Column("lends_mbi", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("upload_row", "lends_mbi")
    op.drop_column("upload_row", "lends")
    _show({field: _old(field) for field in (*FIELDS, "birth_date")})
    op.drop_column("contact", "brought")


def _show(values: dict[str, str]) -> None:
    """Compute every shown column by these expressions; the table is written once."""
    born = values.pop("birth_date")
    computed = {
        **values,
        "birth_date": f"make_date({', '.join(f'substr({born}, {part})::int' for part in ('1, 4', '6, 2', '9, 2'))})",
        "sort_key": f"{_key(values['last_name'])} || ' ' || {_key(values['first_name'])}",
        "first_key": _key(values["first_name"]),
    }
    parts = ", ".join(f"ALTER COLUMN {name} SET EXPRESSION AS ({how})" for name, how in computed.items())
    op.execute(f"ALTER TABLE contact {parts}")
