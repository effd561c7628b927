"""What a CRM needs: its account, its schema, what was read, asked, put back and told of consent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aicmo.models import UtcDateTime

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('contact', sa.Column('changed_at', UtcDateTime(timezone=True), nullable=True))
    _add_text('account', 'provider', 16)
    _tell_log_ins_apart()
    _add_text('item', 'follows', 64)
    op.create_table('crm_schema',
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('content', sa.Text(), nullable=False),
    sa.Column('read_at', UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_crm_schema_account_id')),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_crm_schema'))
    )
    op.create_table('crm_reading',
    sa.Column('contact_id', sa.Integer(), nullable=False),
    sa.Column('identity', sa.String(length=200), nullable=False),
    sa.Column('found', sa.String(length=8), nullable=False),
    sa.Column('record', sa.JSON(), nullable=False),
    sa.Column('read_at', UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_crm_reading_contact_id')),
    sa.PrimaryKeyConstraint('contact_id', name=op.f('pk_crm_reading'))
    )
    op.create_table('crm_answer',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('delivery_id', sa.Integer(), nullable=False),
    sa.Column('property', sa.String(length=200), nullable=False),
    sa.Column('theirs', sa.Text(), nullable=False),
    sa.Column('take', sa.String(length=8), nullable=False),
    sa.Column('answered_by', sa.String(length=200), nullable=False),
    sa.Column('answered_at', UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('fk_crm_answer_delivery_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_answer')),
    sa.UniqueConstraint('delivery_id', 'property', name=op.f('uq_crm_answer_delivery_id_property'))
    )
    op.create_table('crm_restoration',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('delivery_id', sa.Integer(), nullable=False),
    sa.Column('asked_by', sa.String(length=200), nullable=False),
    sa.Column('asked_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('approved_by', sa.String(length=200), nullable=False),
    sa.Column('approved_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('restored', sa.JSON(), nullable=False),
    sa.Column('detail', sa.String(length=500), nullable=False),
    sa.Column('ended_at', UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('fk_crm_restoration_delivery_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_crm_restoration'))
    )
    op.create_index(op.f('ix_crm_restoration_delivery_id'), 'crm_restoration', ['delivery_id'])
    op.create_table('crm_opt_out',
    sa.Column('contact_id', sa.Integer(), nullable=False),
    sa.Column('direction', sa.String(length=8), nullable=False),
    sa.Column('at', UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['contact_id'], ['contact.id'], name=op.f('fk_crm_opt_out_contact_id')),
    sa.PrimaryKeyConstraint('contact_id', 'direction', name=op.f('pk_crm_opt_out'))
    )


def _tell_log_ins_apart() -> None:
    """A block's log-in stands beside the one in use until its provider has said whose it is."""
    with op.batch_alter_table('account_secret') as table:
        table.add_column(sa.Column('is_proven', sa.Boolean(), nullable=False, server_default='1'))
        table.drop_constraint(op.f('pk_account_secret'), type_='primary')
        table.create_primary_key(op.f('pk_account_secret'), ['account_id', 'source'])


def _add_text(table: str, name: str, length: int) -> None:
    op.add_column(
        table, sa.Column(name, sa.String(length=length), nullable=False, server_default='')
    )
