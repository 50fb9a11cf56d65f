//! `okibi model` and `okibi library`.

use std::path::PathBuf;

use clap::Subcommand;

use super::Label;

#[derive(Debug, Subcommand)]
pub enum Model {
    /// Copy a GGUF file into the node and give it a name
    Add {
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Name for -m; from the file's name when missing
        #[arg(long)]
        name: Option<String>,
        #[command(flatten)]
        label: Label,
    },
    /// List the models
    List,
    /// Show what is known of a model, and whether it fits into memory
    Show {
        name: String,
        /// Reckon with so many tokens of context
        #[arg(long, value_name = "N")]
        context: Option<u64>,
    },
    /// Choose the model that chat uses when none is named; nothing: none
    Use { name: Option<String> },
    /// Share a model in a circle
    Share {
        name: String,
        #[arg(long, value_name = "NAME")]
        circle: Option<String>,
        #[command(flatten)]
        label: Label,
        /// You know the licence's terms and may pass it on: no question
        #[arg(short, long)]
        yes: bool,
    },
    /// Take a model back that you shared: every node hides it and drops its content
    Withdraw {
        /// Name, or beginning of the record's id
        name: String,
        #[arg(long, value_name = "NAME")]
        circle: Option<String>,
    },
    /// Forget a model's name on this node; a shared one stays away until it is fetched
    Remove { name: String },
    /// Write a model in fewer bits to a new file
    Quantize {
        /// A GGUF file, best in F16, BF16 or F32, or the name of a model of this node
        #[arg(value_name = "IN")]
        input: PathBuf,
        /// The new file
        #[arg(value_name = "OUT")]
        output: PathBuf,
        /// Q4_K_M is a good middle; Q8_0 loses next to nothing
        #[arg(long = "type", value_name = "TYPE")]
        kind: String,
        /// Take a file that is packed already, and accept that its weights lose twice
        #[arg(long)]
        again: bool,
        /// Say what would be written
        #[arg(long)]
        dry_run: bool,
    },
    /// Take a shared model back that was removed here
    Fetch {
        /// Name, or beginning of the record's id
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub enum Library {
    /// Add text or markdown files; they stay on this node until you share them
    Add {
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        /// Title, for a single file
        #[arg(long)]
        title: Option<String>,
        /// BCP 47 tag, such as en or ja
        #[arg(long, default_value = "")]
        language: String,
    },
    /// List the documents
    List,
    /// Find sections by words; a question does, too
    Search {
        #[arg(required = true)]
        words: Vec<String>,
        /// Most hits
        #[arg(short, long, default_value_t = 5)]
        limit: usize,
        /// Search the built-in manual as well
        #[arg(long)]
        manual: bool,
    },
    /// Share a document in a circle
    Share {
        /// Title, or beginning of the hash
        document: String,
        #[arg(long, value_name = "NAME")]
        circle: Option<String>,
        #[command(flatten)]
        label: Label,
    },
    /// Take a document back that you shared: every node hides it and drops its content
    Withdraw {
        /// Title, or beginning of the record's id
        document: String,
        #[arg(long, value_name = "NAME")]
        circle: Option<String>,
    },
    /// Remove a document that was never shared
    Remove {
        /// Title, or beginning of the hash
        document: String,
    },
}
