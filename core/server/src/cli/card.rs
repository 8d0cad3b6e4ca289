//! `estampe card …`

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum CardCommand {
    /// List cards: whose, whether they are shown, what they received
    List {
        /// Words of their holder's name, title or address
        query: Option<String>,
        /// Only those in this state
        #[arg(long, value_parser = ["up", "down", "disabled"])]
        state: Option<String>,
        /// Go on where the last page ended
        #[arg(long)]
        after: Option<String>,
    },
    /// Take cards down, of some people or of all whom a search finds; waits for the end
    Down(Choose),
    /// Put cards up again that were taken down; waits for the end
    Up(Choose),
    /// Show how far such an act is, or what it did
    Show {
        /// Its id
        id: String,
    },
    /// Undo such an act: exactly the cards that it changed are put back
    Undo {
        /// Its id
        id: String,
    },
}

/// Whose cards.
#[derive(Debug, Args)]
pub struct Choose {
    /// Ids of people, or words that fit nobody else
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub people: Vec<String>,
    /// All whom --query and --group find; everybody without them
    #[arg(long)]
    pub all: bool,
    /// Words of their name, title or address
    #[arg(long, value_name = "WORDS", requires = "all")]
    pub query: Option<String>,
    /// Only the people of this group: its name, or its id
    #[arg(long, requires = "all")]
    pub group: Option<String>,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}
