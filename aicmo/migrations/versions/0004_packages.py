"""What packages keep: the files plans refer to, packages, links to them and visits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from aicmo.models import UtcDateTime

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    _keep_assets()
    _keep_packages()
    op.create_table('package_link',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('package_id', sa.Integer(), nullable=False),
    sa.Column('token_sha256', sa.String(length=64), nullable=False),
    sa.Column('recipient', sa.String(length=200), nullable=False),
    sa.Column('created_by', sa.String(length=200), nullable=False),
    sa.Column('created_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('expires_at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', UtcDateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['package_id'], ['package.id'], name=op.f('fk_package_link_package_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_package_link')),
    sa.UniqueConstraint('token_sha256', name=op.f('uq_package_link_token_sha256'))
    )
    op.create_index(op.f('ix_package_link_package_id'), 'package_link', ['package_id'])
    op.create_table('package_visit',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('link_id', sa.Integer(), nullable=False),
    sa.Column('at', UtcDateTime(timezone=True), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('file', sa.String(length=200), nullable=False),
    sa.ForeignKeyConstraint(['link_id'], ['package_link.id'], name=op.f('fk_package_visit_link_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_package_visit'))
    )
    op.create_index(op.f('ix_package_visit_link_id'), 'package_visit', ['link_id'])


def _keep_assets() -> None:
    op.create_table('asset',
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('sha256', name=op.f('pk_asset'))
    )
    op.create_table('plan_asset',
    sa.Column('plan_id', sa.Integer(), nullable=False),
    sa.Column('path', sa.String(length=500), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.ForeignKeyConstraint(['plan_id'], ['plan.id'], name=op.f('fk_plan_asset_plan_id')),
    sa.ForeignKeyConstraint(['sha256'], ['asset.sha256'], name=op.f('fk_plan_asset_sha256')),
    sa.PrimaryKeyConstraint('plan_id', 'path', name=op.f('pk_plan_asset'))
    )


def _keep_packages() -> None:
    op.create_table('package',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('project_id', sa.String(length=64), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('identity', sa.String(length=64), nullable=False),
    sa.Column('plan_version', sa.Integer(), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('manifest', sa.JSON(), nullable=False),
    sa.Column('findings', sa.JSON(), nullable=False),
    sa.Column('archive', sa.JSON(), nullable=False),
    sa.Column('store_url', sa.Text(), nullable=False),
    sa.Column('built_by', sa.String(length=200), nullable=False),
    sa.Column('built_at', UtcDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['project_id'], ['project.id'], name=op.f('fk_package_project_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_package')),
    sa.UniqueConstraint('project_id', 'identity', name=op.f('uq_package_project_id_identity')),
    sa.UniqueConstraint('project_id', 'number', name=op.f('uq_package_project_id_number'))
    )
