"""What the engine keeps about doubts, restores, limits and runs that crashed."""

from __future__ import annotations

import secrets

import sqlalchemy as sa
from alembic import op

from aicmo.models import UtcDateTime

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('reading',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('delivery_id', sa.Integer(), nullable=False),
    sa.Column('read_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('found', sa.String(length=16), nullable=False),
    sa.Column('provider_ref', sa.String(length=500), nullable=False),
    sa.Column('detail', sa.String(length=500), nullable=False),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('fk_reading_delivery_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_reading'))
    )
    op.create_index(op.f('ix_reading_delivery_id'), 'reading', ['delivery_id'])
    op.add_column('installation', sa.Column('uid', sa.String(length=32), nullable=False, server_default=''))
    op.execute(sa.text("UPDATE installation SET uid = :uid").bindparams(uid=secrets.token_hex(16)))
    op.add_column('installation', sa.Column('place', sa.String(length=200), nullable=False, server_default=''))
    for table, name in [
        ('installation', 'disarmed_at'), ('account', 'not_before'), ('item', 'cancelled_at'),
        ('item', 'held_since'), ('item', 'released_at'), ('run', 'alive_until'), ('run', 'crashed_at'),
        ('delivery', 'repeatable_until'),
    ]:
        op.add_column(table, sa.Column(name, UtcDateTime(timezone=True), nullable=True))
    op.add_column('account', sa.Column('wait_reason', sa.String(length=200), nullable=False, server_default=''))
    _name_the_account_of_each_attempt()


def _name_the_account_of_each_attempt() -> None:
    op.add_column('attempt', sa.Column('account_id', sa.Integer(), nullable=True))
    op.add_column('attempt', sa.Column('gateway', sa.String(length=32), nullable=False, server_default='smtp'))
    op.execute(
        'UPDATE attempt SET account_id ='
        ' (SELECT account_id FROM delivery WHERE delivery.id = attempt.delivery_id)'
    )
    with op.batch_alter_table('attempt') as batch:
        batch.alter_column('account_id', existing_type=sa.Integer(), nullable=False)
        batch.create_foreign_key(op.f('fk_attempt_account_id'), 'account', ['account_id'], ['id'])
        batch.create_index(op.f('ix_attempt_account_id_armed_at'), ['account_id', 'armed_at'])
