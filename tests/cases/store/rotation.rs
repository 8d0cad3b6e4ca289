//! Another key takes the place of the one that wraps all others, a batch at a time.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use estampe_store::{Database as Place, Rewrapped, Store, StoreError, key_file_id, next_key_file};
use estampe_tests::on_both;

use super::leads::{details, leave, person};
use super::{Bench, System};

/// More than two batches.
const LEADS: usize = 1_100;

on_both! {
    async fn many_rows_are_wrapped_anew_in_batches_and_the_former_key_is_remembered_for_an_hour(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let holder = person(&store, now, "Zoé Lefèvre", "Directrice").await;
        let mut leads = Vec::new();
        for number in 0..LEADS {
            let left = details(&format!("v{number}@visitors.example"), "un message");
            leads.push(leave(&store, now, &holder, &format!("0123456789abcd{number:06}"), left).await.unwrap());
        }
        let before = store.key_state().await.unwrap().id;
        let of_first = format!(
            "SELECT data_key.id, data_key.kek_id, data_key.wrapped FROM lead JOIN subject ON subject.id = lead.subject_id \
             JOIN data_key ON data_key.id = subject.data_key_id WHERE lead.id = '{}'",
            leads[0]
        );
        let stale = bench.ask(&of_first)[0].clone();
        let wrapped = |by: &str| bench.ask(&format!("SELECT count(*) FROM data_key WHERE kek_id = '{by}'"))[0].clone();

        store.begin_rotation().unwrap();
        let after = store.key_state().await.unwrap().id;
        assert!(after != before && store.is_rotating());
        let mut batches = Vec::new();
        loop {
            match store.rewrap_some().await.unwrap().rows {
                0 => break,
                rows => batches.push(rows),
            }
            // in the middle all can be read, by either key
            let lead = leads[batches.len() * 300 % LEADS];
            assert!(store.read(move |tx| tx.lead(lead)).await.unwrap().unwrap().0.details.is_some());
        }
        // the appliance's own keys go with the first
        assert!(batches.len() == 3 && batches[0] > 500 && batches[1] == 500, "{batches:?}");
        assert!(store.end_rotation().await.unwrap() && !store.is_rotating());
        assert_eq!((wrapped(&before), wrapped(&after)), ("0".to_owned(), LEADS.to_string()));

        // somebody who read a row just before opens it for another hour
        let [id, kek, octets]: [&str; 3] = stale.split('|').collect::<Vec<_>>().try_into().unwrap();
        let octets = octets.trim_start_matches("\\x");
        let literal = match &bench.settings.database {
            Place::Sqlite(_) => format!("x'{octets}'"),
            Place::Postgres(_) => format!("'\\x{octets}'"),
        };
        bench.ask(&format!("UPDATE data_key SET kek_id = '{kek}', wrapped = {literal} WHERE id = '{id}'"));
        let first = leads[0];
        for (seconds, opens) in [(0, true), (3_500, true), (200, false)] {
            bench.clock.pass(seconds);
            store.forget_former_key();
            let read = store.read(move |tx| tx.lead(first)).await;
            assert_eq!(read.is_ok(), opens, "after {seconds} more seconds");
        }
    }

    async fn a_next_key_that_somebody_took_away_is_written_again(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let holder = person(&store, now, "Zoé Lefèvre", "Directrice").await;
        let lead = leave(&store, now, &holder, "0123456789abcd000001", details("v@visitors.example", "x")).await.unwrap();
        let (file, before) = (bench.settings.kek_file.clone(), store.key_state().await.unwrap().id);
        let next = next_key_file(&file);

        store.begin_rotation().unwrap();
        let after = store.key_state().await.unwrap().id;
        // tidied away before anything was wrapped, put there by somebody else, and gone again at the end
        fs::remove_file(&next).unwrap();
        assert!(store.is_rotating());
        store.begin_rotation().unwrap();
        assert_eq!(store.key_state().await.unwrap().id, after, "no third key");
        wrap_all(&store).await;
        assert_eq!(key_file_id(&next, &System).unwrap(), after);
        write_key(&next, "ab");
        assert_eq!(store.rewrap_some().await.unwrap(), Rewrapped::default());
        assert_eq!(key_file_id(&next, &System).unwrap(), after);
        fs::remove_file(&next).unwrap();
        assert_eq!(key_file_id(&file, &System).unwrap(), before);
        assert!(store.end_rotation().await.unwrap() && !store.is_rotating() && !next.exists());
        assert_eq!(key_file_id(&file, &System).unwrap(), after);
        drop(store);
        let store = bench.open();
        assert!(store.read(move |tx| tx.lead(lead)).await.unwrap().unwrap().0.details.is_some());

        // one that lies there without a rotation is nobody's to use, nor to write over
        write_key(&next, "cd");
        assert!(!store.is_rotating());
        assert!(matches!(store.begin_rotation(), Err(StoreError::KeyFile(why)) if why.contains("put it aside")));
        assert!(!store.is_rotating() && fs::read_to_string(&next).unwrap().starts_with("cdcd"));
        assert_eq!(store.key_state().await.unwrap().id, after);
    }

    async fn a_key_that_does_not_open_holds_up_no_rotation(database) {
        let bench = Bench::new(database);
        let store = bench.open();
        let now = bench.context().now;
        let holder = person(&store, now, "Zoé Lefèvre", "Directrice").await;
        let mut leads = Vec::new();
        for number in 0..3 {
            let left = details(&format!("v{number}@visitors.example"), "un message");
            leads.push(leave(&store, now, &holder, &format!("0123456789abcd{number:06}"), left).await.unwrap());
        }
        let keys = bench.ask("SELECT id FROM data_key ORDER BY id");
        let flip = match &bench.settings.database {
            Place::Sqlite(_) => "CAST(substr(wrapped, 1, length(wrapped) - 1) || \
                CASE WHEN substr(wrapped, -1) = x'00' THEN x'01' ELSE x'00' END AS BLOB)",
            Place::Postgres(_) => "set_byte(wrapped, length(wrapped) - 1, get_byte(wrapped, length(wrapped) - 1) # 1)",
        };
        bench.ask(&format!("UPDATE data_key SET wrapped = {flip} WHERE id = '{}'", keys[0]));
        // of a key that nobody here has: not for this rotation to judge
        bench.ask(&format!("UPDATE data_key SET kek_id = '0011223344556677' WHERE id = '{}'", keys[1]));

        let before = store.key_state().await.unwrap().id;
        store.begin_rotation().unwrap();
        assert_eq!(wrap_all(&store).await, [keys[0].clone()]);
        assert!(store.end_rotation().await.unwrap());
        let wraps = |id: &str| bench.ask(&format!("SELECT count(*) FROM data_key WHERE kek_id = '{id}'"))[0].clone();
        let after = store.key_state().await.unwrap().id;
        assert_eq!((wraps(&before), wraps(&after), wraps("0011223344556677")), ("0".into(), "2".into(), "1".into()));
        let mut opening = 0;
        for lead in leads {
            opening += usize::from(store.read(move |tx| tx.lead(lead)).await.is_ok());
        }
        assert_eq!(opening, 1);
    }
}

/// Wraps all that is left: keys that were lost.
async fn wrap_all(store: &Store) -> Vec<String> {
    let mut lost = Vec::new();
    loop {
        match store.rewrap_some().await.unwrap() {
            done if done == Rewrapped::default() => return lost,
            done => lost.extend(done.lost),
        }
    }
}

fn write_key(path: &std::path::Path, digits: &str) {
    _ = fs::remove_file(path);
    fs::write(path, digits.repeat(32)).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o400)).unwrap();
}
