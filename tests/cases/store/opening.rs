//! Opening: migrations, keys, one process a folder.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use estampe_domain::Ts;
use estampe_domain::audit::AuditEvent;
use estampe_store::{Database as Place, OpenError, StoreError};
use estampe_tests::on_both;

use super::{Bench, System};

/// Runs a statement beside the store, by another program.
fn meanwhile(bench: &Bench, sql: &str) {
    let output = match &bench.settings.database {
        Place::Postgres(url) => Command::new("psql").args(["-q", "-d", url, "-c", sql]).output(),
        Place::Sqlite(path) => Command::new("/usr/bin/python3")
            .args([
                "-c",
                "import sys,sqlite3; c=sqlite3.connect(sys.argv[1]); c.executescript(sys.argv[2]); c.commit()",
            ])
            .arg(path)
            .arg(sql)
            .output(),
    };
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

on_both! {
    async fn opening_again_changes_nothing_and_one_process_holds_a_folder(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        store.write(|tx| tx.set_setting("k", "v", Ts::from_micros(1))).await.unwrap();
        assert!(matches!(bench.try_open(), Err(OpenError::InUse(_))));
        drop(store);
        let store = bench.open();
        assert_eq!(store.read(|tx| tx.setting("k")).await.unwrap().as_deref(), Some("v"));
    }

    async fn a_database_of_a_newer_estampe_is_refused(database) {
        let bench = Bench::new(database);
        drop(bench.open());
        meanwhile(&bench, "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')");
        let Err(error) = bench.try_open() else { panic!("opened") };
        let words = error.to_string();
        assert!(words.contains("newer Estampe") && words.contains("99990101000000"), "{words}");
    }

    async fn the_key_must_be_the_databases_own_and_its_owners_alone(database) {
        let bench = Bench::new(database);
        drop(bench.open());
        let key = &bench.settings.kek_file;
        assert_eq!(std::fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o400);
        let right = std::fs::read(key).unwrap();
        std::fs::remove_file(key).unwrap();
        assert!(matches!(bench.try_open(), Err(OpenError::File { .. })), "no new key is made beside an old database");
        std::fs::write(key, "00".repeat(32)).unwrap();
        std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o400)).unwrap();
        assert!(matches!(bench.try_open(), Err(OpenError::WrongKey(_))));
        std::fs::remove_file(key).unwrap();
        std::fs::write(key, right).unwrap();
        std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o444)).unwrap();
        let Err(error) = bench.try_open() else { panic!("opened") };
        assert!(error.to_string().contains("others may read it"), "{error}");
        std::fs::set_permissions(key, std::fs::Permissions::from_mode(0o400)).unwrap();
        bench.open();
    }

    async fn an_error_that_nobody_heeds_is_not_acknowledged(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let source = crate::store::runs::source("siege", now);
        let done = store
            .write(move |tx| {
                tx.insert_source(&source)?;
                let _ = tx.insert_source(&source);
                Ok(())
            })
            .await;
        // what is acknowledged is there: SQLite goes on after such an error, PostgreSQL cannot
        let sources = store.read(|tx| tx.source_overviews()).await.unwrap().len();
        assert_eq!(done.is_ok(), sources == 1);
    }

    async fn a_unit_of_work_is_whole_or_nothing_its_audit_event_too(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let ctx = bench.context();
        let event = move || AuditEvent::done(&ctx, &System, "test.do", "thing", "1");
        let failed: Result<(), _> = store
            .write(move |tx| {
                tx.set_setting("k", "v", ctx.now)?;
                tx.audit(&event())?;
                Err(StoreError::Unreadable("test"))
            })
            .await;
        assert!(failed.is_err());
        let panicked = store
            .write(move |tx| -> estampe_store::Result<()> {
                tx.set_setting("k", "v", ctx.now)?;
                tx.audit(&event())?;
                panic!("in a unit of work")
            })
            .await;
        assert!(panicked.is_err());
        let seen = store.read(|tx| Ok((tx.setting("k")?, tx.audit_count("test.do", "1")?))).await.unwrap();
        assert_eq!(seen, (None, 0));
        store.write(move |tx| tx.audit(&event())).await.unwrap();
        assert_eq!(store.read(|tx| tx.audit_count("test.do", "1")).await.unwrap(), 1);
        // somebody rewrites history with another program
        meanwhile(&bench, "UPDATE audit_event SET actor_kind = 'visitor'");
        let altered = store.read(|tx| tx.audit_count("test.do", "1")).await;
        assert!(matches!(altered, Err(StoreError::Damaged("audit_event"))));
        let _ = &bench.folder;
    }
}
