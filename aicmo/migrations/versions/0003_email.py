"""What the email channel keeps: clients, time zones, late rules, feedback."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aicmo.models import UtcDateTime

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    _name_clients()
    _name_time_zones()
    op.add_column('item', sa.Column('late', sa.String(length=8), nullable=False, server_default='hold'))
    op.add_column('attempt', sa.Column('feedback_sha256', sa.String(length=64), nullable=False, server_default=''))
    named = sa.text("feedback_sha256 <> ''")
    op.create_index(
        'ix_attempt_feedback_sha256', 'attempt', ['feedback_sha256'],
        sqlite_where=named, postgresql_where=named,
    )
    _address_attempts()
    _index_doubts_alone()
    op.create_table('feedback',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('delivery_id', sa.Integer(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('detail', sa.String(length=500), nullable=False),
    sa.Column('source_sha256', sa.String(length=64), nullable=False),
    sa.Column('received_at', UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('fk_feedback_delivery_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_feedback')),
    sa.UniqueConstraint('delivery_id', 'kind', 'source_sha256', name=op.f('uq_feedback_delivery_id_kind_source_sha256'))
    )
    # A run that was cut off before runs renewed a lease has crashed, too.
    op.execute('UPDATE run SET alive_until = started_at WHERE finished_at IS NULL AND alive_until IS NULL')


def _index_doubts_alone() -> None:
    op.drop_index('ix_delivery_project_id_state', 'delivery')
    op.create_index(op.f('ix_delivery_project_id'), 'delivery', ['project_id'])
    doubt = sa.text("state = 'unknown'")
    op.create_index(
        'ix_delivery_doubts', 'delivery', ['project_id'], sqlite_where=doubt, postgresql_where=doubt
    )


def _name_clients() -> None:
    op.add_column('project', sa.Column('client', sa.String(length=64), nullable=False, server_default=''))
    op.execute('UPDATE project SET client = id')
    with op.batch_alter_table('suppression') as batch:
        batch.drop_constraint('uq_suppression_project_id_address_hmac', type_='unique')
        batch.alter_column('project_id', new_column_name='client', existing_type=sa.String(length=64))
    with op.batch_alter_table('suppression') as batch:
        batch.create_unique_constraint(op.f('uq_suppression_client_address_hmac'), ['client', 'address_hmac'])


def _address_attempts() -> None:
    op.add_column('attempt', sa.Column('address_hmac', sa.String(length=64), nullable=False, server_default=''))
    op.execute(
        "UPDATE attempt SET address_hmac = coalesce((SELECT contact.address_hmac FROM delivery "
        "JOIN item ON item.id = delivery.item_id JOIN contact ON contact.id = delivery.contact_id "
        "WHERE delivery.id = attempt.delivery_id AND item.channel = 'email'), '')"
    )
    named = sa.text("address_hmac <> ''")
    op.create_index(
        'ix_attempt_address_hmac', 'attempt', ['address_hmac', 'armed_at'],
        sqlite_where=named, postgresql_where=named,
    )


def _name_time_zones() -> None:
    op.add_column('contact', sa.Column('timezone', sa.String(length=64), nullable=False, server_default=''))
    op.create_index(op.f('ix_contact_address_hmac'), 'contact', ['address_hmac'])
    contact = sa.table('contact', sa.column('id'), sa.column('timezone'), sa.column('details', sa.JSON()))
    zone = contact.c.details['timezone'].as_string()
    op.execute(contact.update().where(zone.is_not(None)).values(timezone=zone))
