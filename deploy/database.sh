#!/usr/bin/env bash
# Runs once, in an empty PostgreSQL container. The product's role has no superuser rights, so
# that row security binds it; createrole lets the migrations make one role for each part.
set -euo pipefail
psql -v ON_ERROR_STOP=1 -v password="$FRONTDESK_PASSWORD" -U postgres <<'SQL'
create role frontdesk login createrole password :'password';
create database frontdesk owner frontdesk;
SQL
