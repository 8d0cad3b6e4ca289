//! Another key takes the place of the one that wraps all others, a batch at a time.

use estampe_store::Database as Place;
use estampe_tests::on_both;

use super::Bench;
use super::leads::{details, leave, person};

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
            match store.rewrap_some().await.unwrap() {
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
}
