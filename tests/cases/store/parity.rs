//! Both trees of migrations say the same, in each database's own words.

use std::collections::BTreeSet;
use std::process::Command;

use estampe_store::Database as Place;
use estampe_tests::Database;

use super::Bench;

/// Columns with type and nullability, keys, foreign keys, uniqueness and checks.
const SQLITE: &str = r#"
import sys, sqlite3, re
c = sqlite3.connect(sys.argv[1])
types = {"TEXT": "text", "BIGINT": "bigint", "BLOB": "bytes", "BOOLEAN": "boolean"}
for (t, sql) in c.execute("SELECT name, sql FROM sqlite_master WHERE type='table' AND name NOT LIKE '\\_\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite%'").fetchall():
    pk = {}
    for (_, name, type, notnull, _, key) in c.execute(f"PRAGMA table_info({t})"):
        print(f"column {t}.{name} {types[type]} {'required' if notnull else 'optional'}")
        if key: pk[key] = name
    print(f"key {t} {','.join(pk[k] for k in sorted(pk))}")
    for f in c.execute(f"PRAGMA foreign_key_list({t})"):
        print(f"foreign {t}.{f[3]} -> {f[2]}.{f[4]}")
    for (_, name, unique, origin, partial) in c.execute(f"PRAGMA index_list({t})"):
        if origin == "pk": continue
        columns = ",".join(r[2] for r in c.execute(f"PRAGMA index_info({name})"))
        print(f"index {t} {columns} {'unique' if unique else 'plain'} {'partial' if partial else 'whole'}")
    for check in re.findall(r"CHECK \((\w+) ", sql):
        print(f"check {t}.{check}")
"#;

const POSTGRES: &str = r"
WITH ours AS (SELECT c.oid, c.relname AS t FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = 'public' AND c.relkind = 'r' AND left(c.relname, 2) <> '__')
SELECT format('column %s.%s %s %s', t, attname,
    CASE atttypid::regtype::text WHEN 'bytea' THEN 'bytes' ELSE atttypid::regtype::text END,
    CASE WHEN attnotnull THEN 'required' ELSE 'optional' END)
  FROM ours JOIN pg_attribute a ON attrelid = ours.oid WHERE attnum > 0 AND NOT attisdropped
UNION ALL
SELECT CASE WHEN indisprimary THEN format('key %s %s', t, columns)
    ELSE format('index %s %s %s %s', t, columns, CASE WHEN indisunique THEN 'unique' ELSE 'plain' END,
      CASE WHEN indpred IS NULL THEN 'whole' ELSE 'partial' END) END
  FROM ours JOIN pg_index i ON indrelid = ours.oid,
  LATERAL (SELECT string_agg(attname, ',' ORDER BY k.n) AS columns FROM unnest(indkey) WITH ORDINALITY k(a, n)
    JOIN pg_attribute ON attrelid = ours.oid AND attnum = k.a) c
UNION ALL
SELECT format('foreign %s.%s -> %s.%s', t, a.attname, confrelid::regclass, f.attname)
  FROM ours JOIN pg_constraint ON conrelid = ours.oid AND contype = 'f'
  JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = conkey[1]
  JOIN pg_attribute f ON f.attrelid = confrelid AND f.attnum = confkey[1]
UNION ALL
SELECT format('check %s.%s', t, a.attname) FROM ours JOIN pg_constraint ON conrelid = ours.oid AND contype = 'c'
  JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = conkey[1]
";

fn lines(command: &mut Command) -> BTreeSet<String> {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(ToOwned::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_trees_of_migrations_make_the_same_tables() {
    let (sqlite, postgres) = (Bench::new(Database::Sqlite), Bench::new(Database::Postgres));
    drop((sqlite.open(), postgres.open()));
    let Place::Sqlite(path) = &sqlite.settings.database else { unreachable!() };
    let Place::Postgres(url) = &postgres.settings.database else { unreachable!() };
    let ours = lines(Command::new("/usr/bin/python3").args(["-c", SQLITE]).arg(path));
    let theirs = lines(Command::new("psql").args(["-qAt", "-d", url, "-c", POSTGRES]));
    assert!(ours.len() > 150, "{}", ours.len());
    let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.difference(b).cloned().collect::<Vec<_>>();
    assert_eq!((only(&ours, &theirs), only(&theirs, &ours)), (Vec::new(), Vec::new()));
}

/// What each check and each partial index allows: its column and its words, in order.
#[tokio::test(flavor = "multi_thread")]
async fn both_trees_of_migrations_allow_the_same_words() {
    let (sqlite, postgres) = (Bench::new(Database::Sqlite), Bench::new(Database::Postgres));
    drop((sqlite.open(), postgres.open()));
    let read = |definitions: Vec<String>| {
        let mut allowed: Vec<String> = definitions.iter().flat_map(|text| conditions(text)).collect();
        allowed.sort();
        allowed
    };
    // one line a row: line breaks inside a definition are made spaces
    let ours = read(sqlite.ask("SELECT replace(sql, char(10), ' ') FROM sqlite_master WHERE sql IS NOT NULL"));
    let theirs = read(postgres.ask(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace
         UNION ALL SELECT 'WHERE ' || pg_get_expr(indpred, indrelid) FROM pg_index WHERE indpred IS NOT NULL",
    ));
    assert!(ours.len() >= 8, "{ours:?}");
    assert_eq!(ours, theirs);
}

/// The conditions in a definition, in the words that both databases use.
fn conditions(definition: &str) -> Vec<String> {
    let starts = definition.match_indices("CHECK (").chain(definition.match_indices(" WHERE "));
    let starts = starts.chain(definition.starts_with("WHERE ").then_some((0, "WHERE ")));
    starts
        .map(|(at, keyword)| {
            let rest = &definition[at + keyword.len()..];
            let mut depth = 0;
            let end = rest.find(|c| {
                depth += match c {
                    '(' => 1,
                    ')' => -1,
                    _ => 0,
                };
                depth < 0
            });
            let condition = &rest[..end.unwrap_or(rest.len())];
            let column = condition.trim_start_matches('(').split([' ', ')']).next().unwrap_or_default();
            let words: Vec<&str> = condition.split('\'').skip(1).step_by(2).collect();
            if words.is_empty() { condition.replace(['(', ')'], "") } else { format!("{column}: {words:?}") }
        })
        .collect()
}
