//! The database of Estampe: SQLite and PostgreSQL, migrations, field encryption
