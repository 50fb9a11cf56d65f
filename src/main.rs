//! The `okibi` program: it only starts the command line.

fn main() -> std::process::ExitCode {
    okibi::cli::run()
}
