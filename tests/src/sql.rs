//! What another program reads and writes in a server's database.

use std::process::Command;

use crate::server::Server;

const PYTHON: &str = "import sys,sqlite3\nc=sqlite3.connect(sys.argv[1],timeout=20)\n\
    for r in c.execute(sys.argv[2]): print('|'.join(v.hex() if isinstance(v,bytes) else str(v) for v in r))\n\
    c.commit()";

/// The text as a literal of SQL, in its quotes (an apostrophe of a name is doubled).
#[must_use]
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Server {
    /// Runs a statement of SQL behind the server's back: a line a row.
    pub fn sql(&self, sql: &str) -> Vec<String> {
        let base = std::fs::read_to_string(self.folder().join("base.toml")).unwrap();
        let url = base.split_once("url = \"").unwrap().1.split_once('"').unwrap().0.to_owned();
        let mut command = if url.is_empty() {
            let mut python = Command::new("/usr/bin/python3");
            python.args(["-c", PYTHON]).arg(self.data().join("estampe.db")).arg(sql);
            python
        } else {
            let mut psql = Command::new("psql");
            psql.args(["-qAt", "-v", "ON_ERROR_STOP=1", "-d", &url, "-c", sql]);
            psql
        };
        let output = command.output().unwrap();
        assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().lines().map(ToOwned::to_owned).collect()
    }
}
