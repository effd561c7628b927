"""What posts need: pinned accounts and their log-ins, media, threads, permalinks and recalls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aicmo.models import UtcDateTime

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    _pin_accounts()
    _know_posts()
    op.create_table('recall',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('delivery_id', sa.Integer(), nullable=False),
    sa.Column('provider_ref', sa.String(length=500), nullable=False),
    sa.Column('reason', sa.String(length=200), nullable=False),
    sa.Column('asked_by', sa.String(length=200), nullable=False),
    sa.Column('asked_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('approved_by', sa.String(length=200), nullable=False),
    sa.Column('approved_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('detail', sa.String(length=500), nullable=False),
    sa.Column('ended_at', UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['delivery_id'], ['delivery.id'], name=op.f('fk_recall_delivery_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recall'))
    )
    op.create_index(op.f('ix_recall_delivery_id'), 'recall', ['delivery_id'])


def _pin_accounts() -> None:
    for name, length in (('identity', 200), ('name', 200), ('server', 200)):
        _add_text('account', name, length)
    _add_json('account', 'profile')
    op.add_column('account', sa.Column('avatar', sa.LargeBinary(), nullable=True))
    op.add_column('account', sa.Column('checked_at', UtcDateTime(timezone=True), nullable=True))
    _add_text('approval', 'identity', 200)
    op.create_table('account_secret',
    sa.Column('account_id', sa.Integer(), nullable=False),
    sa.Column('source', sa.String(length=64), nullable=False),
    sa.Column('sealed', sa.LargeBinary(), nullable=False),
    sa.Column('expires_at', UtcDateTime(timezone=True), nullable=True),
    sa.Column('refreshed_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('needs_login', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_account_secret_account_id')),
    sa.PrimaryKeyConstraint('account_id', name=op.f('pk_account_secret'))
    )


def _know_posts() -> None:
    _add_text('item', 'part_of', 64)
    _add_text('item', 'text_sha256', 64)
    op.add_column('item', sa.Column('alike_since', UtcDateTime(timezone=True), nullable=True))
    op.create_index(op.f('ix_item_text_sha256'), 'item', ['text_sha256'],
                    sqlite_where=sa.text("text_sha256 <> ''"),
                    postgresql_where=sa.text("text_sha256 <> ''"))
    _add_text('delivery', 'permalink', 500)
    op.add_column('delivery', sa.Column('part', sa.Integer(), nullable=False, server_default='1'))
    _add_json('delivery', 'staged')
    _add_text('attempt', 'permalink', 500)
    op.add_column('attempt', sa.Column('payload', sa.Text(), nullable=False, server_default=''))
    op.create_table('post_media',
    sa.Column('item_id', sa.Integer(), nullable=False),
    sa.Column('part', sa.Integer(), nullable=False),
    sa.Column('role', sa.String(length=8), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('media_type', sa.String(length=64), nullable=False),
    sa.Column('width', sa.Integer(), nullable=False),
    sa.Column('height', sa.Integer(), nullable=False),
    sa.Column('alt_text', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['item_id'], ['item.id'], name=op.f('fk_post_media_item_id')),
    sa.ForeignKeyConstraint(['sha256'], ['asset.sha256'], name=op.f('fk_post_media_sha256')),
    sa.PrimaryKeyConstraint('item_id', 'part', 'role', 'place', name=op.f('pk_post_media'))
    )


def _add_text(table: str, name: str, length: int) -> None:
    op.add_column(
        table, sa.Column(name, sa.String(length=length), nullable=False, server_default='')
    )


def _add_json(table: str, name: str) -> None:
    op.add_column(table, sa.Column(name, sa.JSON(), nullable=False, server_default='{}'))
